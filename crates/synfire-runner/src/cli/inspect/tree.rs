//! Causes as trees.

use crate::cli::table::table;
use crate::event_log::line::Instant;
use crate::inspect::{CauseArrival, Difference, Divergence, LAST_DIGITS_MS, Quiet, SpikeCauses};
use crate::numbers::{counted, grouped, short, stated};
use serde_json::Value;

/// Why a neuron spiked.
pub fn why(why: &SpikeCauses) -> String {
    let mut text =
        format!("{}:{} spiked at {} ms: {}\n", why.population, why.neuron, why.spike.time, made_by(why));
    if why.cause != "schedule" {
        text += &since(why.spike_before.as_ref(), why.arrivals, why.v_alone, why.unit);
        text += &sums(why.arrivals, [why.up, why.down], why.earlier, why.ran_away, why.unit);
    }
    text.push('\n');
    branches(why, "", &mut text);
    text
}

fn made_by(why: &SpikeCauses) -> String {
    let at = why.v.map(|v| format!(" ({})", quantity(v, why.unit))).unwrap_or_default();
    match why.cause {
        "crossing" => format!("its membrane came to threshold{at} between arrivals"),
        "arrival" => format!("an arrival carried its membrane over threshold{at}"),
        _ => "on its own schedule".to_owned(),
    }
}

fn since(before: Option<&Instant>, arrivals: usize, v_alone: Option<f64>, unit: &str) -> String {
    let since = match before {
        Some(spike) => format!("since its spike before, at {} ms", spike.time),
        None => "since the beginning".to_owned(),
    };
    let them = if arrivals == 1 { "it" } else { "them" };
    let alone =
        v_alone.map(|v| format!("; without {them} the membrane would have drifted to {}", quantity(v, unit)));
    let alone = alone.filter(|_| arrivals > 0);
    format!("{} {since}{}\n", counted(arrivals as u64, "arrival"), alone.unwrap_or_default())
}

/// What arrivals did to the membrane: those that moved it up, those that moved it down, those before that were not looked at one
/// by one, and those that found it refractory or have worn off.
fn sums(
    arrivals: usize,
    [up, down]: [(usize, f64); 2],
    earlier: Option<(usize, f64)>,
    ran_away: usize,
    unit: &str,
) -> String {
    let part = |(count, moved): (usize, f64), which: &str| {
        (count > 0)
            .then(|| format!("{} moved it {which} by {}", grouped(count as u64), quantity(moved.abs(), unit)))
    };
    let idle = arrivals.saturating_sub(up.0 + down.0 + ran_away + earlier.map_or(0, |earlier| earlier.0));
    let ran_away = (ran_away > 0).then(|| {
        format!(
            "without {} alone it would have run away",
            if ran_away == 1 { "1".to_owned() } else { format!("any of {}", grouped(ran_away as u64)) }
        )
    });
    let idle = (idle > 0).then(|| format!("{} had no effect", grouped(idle as u64)));
    let earlier = earlier.map(|(count, moved)| {
        let which = if moved < 0.0 { "down" } else { "up" };
        let count = grouped(count as u64);
        format!("{count} before, together, moved it {which} by {}", quantity(moved.abs(), unit))
    });
    let parts: Vec<String> =
        [part(up, "up"), part(down, "down"), ran_away, idle, earlier].into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}

/// The arrivals of a spike, each with those of the spike that it came from.
fn branches(why: &SpikeCauses, indent: &str, text: &mut String) {
    let rows: Vec<[String; 5]> = why.from.iter().map(|arrival| row(arrival, &why.spike, why.unit)).collect();
    let rows = table(&rows, 5);
    let more = why.arrivals - why.from.len().min(why.arrivals);
    for (place, (line, arrival)) in rows.lines().zip(&why.from).enumerate() {
        let is_last = place + 1 == why.from.len() && more == 0;
        let (fork, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        *text += &format!("{indent}{fork}{line}\n");
        if let Some(why) = arrival.why.as_ref().filter(|why| why.cause != "schedule") {
            let below = format!("{indent}{below}");
            *text += &format!("{below}{}\n", short_reason(why));
            branches(why, &below, text);
        }
    }
    if more > 0 {
        *text += &format!("{indent}└─ {} more\n", grouped(more as u64));
    }
}

fn short_reason(why: &SpikeCauses) -> String {
    let down = match why.down.0 {
        0 => String::new(),
        count => format!(", {} down by {}", grouped(count as u64), quantity(why.down.1.abs(), why.unit)),
    };
    format!("{} moved it up by {}{down}", grouped(why.up.0 as u64), quantity(why.up.1, why.unit))
}

fn row(arrival: &CauseArrival, spike: &Instant, unit: &str) -> [String; 5] {
    let moved = match arrival.moved {
        Some(moved) => signed(moved, unit),
        None => "ran away".to_owned(),
    };
    let without = match &arrival.without {
        None => "without it no spike by then".to_owned(),
        Some(at) if is_same(at, spike) => "without it the same spike".to_owned(),
        Some(at) => format!("without it a spike at {} ms", at.time),
    };
    [
        moved,
        format!("{}:{}, spiked at {}", arrival.population, arrival.neuron, arrival.spiked.time),
        format!("arrived at {}", arrival.arrived.time),
        format!("{} {} {}", arrival.receptor, stated(arrival.weight), arrival.weight_unit)
            .trim_end()
            .to_owned(),
        without,
    ]
}

/// Whether two spikes are one, to within what living a neuron again can tell.
fn is_same(a: &Instant, b: &Instant) -> bool {
    (a.epoch as f64 - b.epoch as f64 + (a.offset - b.offset)).abs() <= LAST_DIGITS_MS
}

/// Why a neuron did not spike.
pub fn why_not(quiet: &Quiet) -> String {
    let name = format!("{}:{}", quiet.population, quiet.neuron);
    let mut text = format!("{name} did not spike at {} ms: ", quiet.at.time);
    let gap = |v: f64| {
        quiet.threshold.map(|threshold| {
            let side = if v < threshold { "below" } else { "above" };
            format!(", {} {side} threshold", quantity((threshold - v).abs(), quiet.unit))
        })
    };
    match &quiet.refractory_until {
        Some(end) => text += &format!("it was refractory, until {} ms\n", end.time),
        None => {
            text += &format!(
                "its membrane was at {}{}\n",
                quantity(quiet.v, quiet.unit),
                gap(quiet.v).unwrap_or_default()
            )
        }
    }
    if let Some(nearest) = quiet.nearest.as_ref().filter(|nearest| !is_same(&nearest.at, &quiet.at)) {
        let gap = gap(nearest.v).unwrap_or_default();
        text += &format!(
            "it came nearest at about {} ms: {}{gap}\n",
            nearest.at.time,
            quantity(nearest.v, quiet.unit)
        );
    }
    text += &since(quiet.spike_before.as_ref(), quiet.arrivals, Some(quiet.v_alone), quiet.unit);
    text += &sums(quiet.arrivals, [quiet.up, quiet.down], quiet.earlier, quiet.ran_away, quiet.unit);
    text += &held_back(quiet);
    text.push('\n');
    let rows: Vec<[String; 5]> =
        quiet.from.iter().map(|arrival| row(arrival, &quiet.at, quiet.unit)).collect();
    let more = quiet.arrivals - quiet.from.len().min(quiet.arrivals);
    for (place, line) in table(&rows, 5).lines().enumerate() {
        let fork = if place + 1 == rows.len() && more == 0 { "└─" } else { "├─" };
        text += &format!("{fork} {line}\n");
    }
    if more > 0 {
        text += &format!("└─ {} more\n", grouped(more as u64));
    }
    text
}

/// Whether what pushed a membrane down kept it from spiking.
fn held_back(quiet: &Quiet) -> String {
    let (pushes, them) = match quiet.pushed_down {
        0 => return String::new(),
        1 => ("1 arrival pushed it down".to_owned(), "it"),
        more => (format!("{} pushed it down", counted(more as u64, "arrival")), "them"),
    };
    match &quiet.without_down {
        Some(at) => {
            format!(
                "{pushes} and held it back: without {them} the neuron would have spiked at {} ms\n",
                at.time
            )
        }
        None => format!("{pushes}, but without {them} the neuron would not have spiked by then either\n"),
    }
}

/// How two recordings differ.
pub fn difference(difference: &Difference) -> String {
    let Difference { spikes, neurons, runs, first, spread } = difference;
    let Some(first) = first else {
        return format!(
            "no difference: {}, the same bits\n{}",
            counted(spikes.0 as u64, "spike"),
            lines(runs, "")
        );
    };
    let mut text = format!("{} differ\n", counted(*neurons as u64, "neuron"));
    text += &format!(
        "{} in the first, {} in the second\n",
        counted(spikes.0 as u64, "spike"),
        grouped(spikes.1 as u64)
    );
    text += &lines(runs, "");
    text += &format!(
        "\nthe first difference is spike {} of {}:{}\n",
        first.number, first.population, first.neuron
    );
    text += &divergence(first);
    text += "\nneurons that differ, by time after that\n";
    let rows: Vec<[String; 2]> = spread
        .iter()
        .map(|(after, count)| [format!("{} ms", short(*after)), grouped(*count as u64)])
        .collect();
    text += &lines(&table(&rows, 0).lines().map(str::to_owned).collect::<Vec<_>>(), "  ");
    text
}

fn divergence(first: &Divergence) -> String {
    let mut text = String::new();
    let sides = [
        ("first ", &first.in_first, &first.arrival_in_first),
        ("second", &first.in_second, &first.arrival_in_second),
    ];
    for (side, spike, _) in sides {
        text += &match spike {
            Some(at) => format!("  {side}  {} ms\n", at.time),
            None => format!("  {side}  none\n"),
        };
    }
    if sides.iter().all(|(.., arrival)| arrival.is_none()) {
        text += "up to then the same reached it: the difference is in the neuron itself\n";
    } else {
        text += "the first arrival at it that is not in both:\n";
        for (side, _, arrival) in sides {
            text += &format!("  {side}  {}\n", arrival.as_ref().map_or("none".to_owned(), arrival_words));
        }
    }
    for (side, causes) in [("first", &first.causes_in_first), ("second", &first.causes_in_second)] {
        if let Some(causes) = causes {
            text += &format!("\nin the {side}: {}", why(causes));
        }
    }
    text
}

/// An arrival, of its JSON.
fn arrival_words(arrival: &Value) -> String {
    let word = |key: &str| match &arrival[key] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or(number.to_string(), stated),
        other => other.to_string(),
    };
    let weight = format!("{} {}", word("weight"), word("unit"));
    let from = format!("{}:{}", word("source_population"), word("source"));
    format!(
        "{} ms, {} {}, from {from}, {} ms away",
        word("time"),
        word("receptor"),
        weight.trim_end(),
        word("delay")
    )
}

fn lines(words: &[String], indent: &str) -> String {
    words.iter().map(|line| format!("{indent}{line}\n")).collect()
}

fn quantity(value: f64, unit: &str) -> String {
    format!("{} {unit}", short(value)).trim_end().to_owned()
}

fn signed(value: f64, unit: &str) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    format!("{sign}{}", quantity(value.abs(), unit))
}
