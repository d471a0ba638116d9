//! Causes as trees.

use crate::cli::table::table;
use crate::event_log::line::Instant;
use crate::inspect::{CauseArrival, Difference, Divergence, Quiet, SpikeCauses};
use crate::numbers::{grouped, short};
use serde_json::Value;

/// Why a neuron spiked.
pub fn why(why: &SpikeCauses) -> String {
    let mut text =
        format!("{}:{} spiked at {} ms: {}\n", why.population, why.neuron, why.spike.time, made_by(why));
    if why.cause != "schedule" {
        text += &since(why.spike_before.as_ref(), why.arrivals, why.v_alone, why.unit);
        text += &sums(why.up, why.down, why.unit);
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
    let alone = v_alone.map(|v| format!("; without them it would be at {}", quantity(v, unit)));
    format!("{} arrivals {since}{}\n", grouped(arrivals as u64), alone.unwrap_or_default())
}

fn sums(up: (usize, f64), down: (usize, f64), unit: &str) -> String {
    let part = |(count, moved): (usize, f64), which: &str| {
        (count > 0)
            .then(|| format!("{} moved it {which} by {}", grouped(count as u64), quantity(moved.abs(), unit)))
    };
    let parts: Vec<String> = [part(up, "up"), part(down, "down")].into_iter().flatten().collect();
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
        if let Some(why) = &arrival.why {
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
    match why.cause {
        "schedule" => "on its own schedule".to_owned(),
        _ => {
            let down = match why.down.0 {
                0 => String::new(),
                count => {
                    format!(", {} down by {}", grouped(count as u64), quantity(why.down.1.abs(), why.unit))
                }
            };
            format!("{} moved it up by {}{down}", grouped(why.up.0 as u64), quantity(why.up.1, why.unit))
        }
    }
}

fn row(arrival: &CauseArrival, spike: &Instant, unit: &str) -> [String; 5] {
    let moved = match arrival.moved {
        Some(moved) => signed(moved, unit),
        None => "ran away".to_owned(),
    };
    let without = match &arrival.without {
        None => "without it no spike by then".to_owned(),
        Some(at) if at == spike => "without it the same spike".to_owned(),
        Some(at) => format!("without it a spike at {} ms", at.time),
    };
    [
        moved,
        format!("{}:{}, spiked at {}", arrival.population, arrival.neuron, arrival.spiked.time),
        format!("arrived at {}", arrival.arrived.time),
        format!("{} {} {}", arrival.receptor, arrival.weight, arrival.weight_unit).trim_end().to_owned(),
        without,
    ]
}

/// Why a neuron did not spike.
pub fn why_not(quiet: &Quiet) -> String {
    let name = format!("{}:{}", quiet.population, quiet.neuron);
    let mut text = format!("{name} did not spike at {} ms: ", quiet.at.time);
    let gap = |v: f64| {
        quiet.threshold.map(|threshold| format!(", {} below threshold", quantity(threshold - v, quiet.unit)))
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
    if let Some(nearest) = quiet.nearest.as_ref().filter(|nearest| nearest.at != quiet.at) {
        let gap = gap(nearest.v).unwrap_or_default();
        text += &format!(
            "it came nearest at about {} ms: {}{gap}\n",
            nearest.at.time,
            quantity(nearest.v, quiet.unit)
        );
    }
    text += &since(quiet.spike_before.as_ref(), quiet.arrivals, Some(quiet.v_alone), quiet.unit);
    text += &sums(quiet.up, quiet.down, quiet.unit);
    if quiet.down.0 > 0 {
        text += &match &quiet.without_down {
            Some(at) => format!("what moved it down held it back: without that it would have spiked at {} ms\n", at.time),
            None => "what moved it down did not hold it back: without that it would not have spiked by then either\n".to_owned(),
        };
    }
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

/// How two recordings differ.
pub fn difference(difference: &Difference) -> String {
    let Difference { spikes, neurons, runs, first, spread } = difference;
    let Some(first) = first else {
        return format!(
            "no difference: {} spikes, the same bits\n{}",
            grouped(spikes.0 as u64),
            lines(runs, "")
        );
    };
    let mut text = format!("{} differ\n", counted(*neurons, "neuron"));
    text += &format!(
        "{} spikes in the first, {} in the second\n",
        grouped(spikes.0 as u64),
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

fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

fn quantity(value: f64, unit: &str) -> String {
    format!("{} {unit}", short(value)).trim_end().to_owned()
}

fn signed(value: f64, unit: &str) -> String {
    let sign = if value < 0.0 { "-" } else { "+" };
    format!("{sign}{}", quantity(value.abs(), unit))
}
