//! What a replay says.

use super::arrivals::NamedArrival;
use super::cases::Case;
use super::judge::Judgement;
use crate::compare::{
    FoundRate, GainVerdict, Kind, SpikeDifference, SpikeVerdict, StateDifference, StateVerdict, cv_fits,
    last_place_ms, rate_fits,
};
use crate::numbers::{counted, grouped};
use crate::run::{neuron_name, unit_word};
use crate::scenario::{ExpectedRate, ExpectedTime, Scenario};
use synfire_core::receptor::variable_names;
use synfire_core::{LocalId, PopulationId, Time};

/// The line of a case that passed.
pub fn passed(label: &str, judgement: &Judgement) -> String {
    let mut parts = vec![];
    for (verdict, what) in [(&judgement.spikes, "spike"), (&judgement.switches, "switch")] {
        let Some(verdict) = verdict else { continue };
        let count = counted(verdict.expected, what);
        parts.push(match judgement.tolerance {
            0.0 => format!("{count}, the same bits"),
            tolerance => format!("{count}, worst {} ms of {}", brief(verdict.worst_ms), number(tolerance)),
        });
    }
    if let Some(gains) = &judgement.gains {
        parts.push(format!("{} at the start", counted(gains.judged as u64, "gain")));
    }
    if let Some(states) = &judgement.states {
        let count = counted(states.judged as u64, "state");
        parts.push(match judgement.state_tolerance {
            0.0 => format!("{count}, the same bits"),
            tolerance => format!("{count}, worst {} of {}", brief(states.worst), number(tolerance)),
        });
    }
    if !judgement.rates.is_empty() {
        parts.push(format!("{} within tolerance", counted(judgement.rates.len() as u64, "rate")));
    }
    if let Some(end) = judgement.partial {
        parts.push(format!("a partial recording, up to {end} ms"));
    }
    format!("ok   {label}   {}\n", parts.join("; "))
}

/// The lines of a case that came out otherwise: the first difference, and what led to it.
pub fn failed(case: &Case, judgement: &Judgement) -> String {
    let scenario = &judgement.scenario;
    let mut lines = vec![];
    if let Some(spikes) = &judgement.spikes
        && let Some(first) = &spikes.first
    {
        spike_difference(scenario, "spike", spikes, first, judgement.tolerance, &mut lines);
        arrivals(&judgement.arrivals, &mut lines);
        hints(case, scenario, first, &mut lines);
    }
    if let Some(GainVerdict { first: Some((population, unit, expected, found)), .. }) = judgement.gains {
        let unit = neuron_name(scenario, PopulationId(population as u32), LocalId(unit));
        lines.push(format!("the gain of {unit} at the start is {found}, expected {expected}"));
    }
    if let Some(switches) = &judgement.switches
        && let Some(first) = &switches.first
    {
        spike_difference(scenario, "switch", switches, first, judgement.tolerance, &mut lines);
    }
    if let Some(states) = &judgement.states
        && let Some(first) = &states.first
    {
        state_difference(scenario, states, first, judgement.state_tolerance, &mut lines);
    }
    for (expected, found) in judgement.wrong_rates() {
        rate_difference(scenario, expected, found, &mut lines);
    }
    if judgement.is_empty() {
        lines.push("nothing is judged: `expect` names no spikes, switches, states or rates".to_owned());
    }
    failure(&case.label, &lines.join("\n"))
}

/// The lines of a case that could not be judged.
pub fn failure(label: &str, reason: &str) -> String {
    let mut lines = reason.lines();
    let mut text = format!("FAIL {label}   {}\n", lines.next().unwrap_or(""));
    for line in lines {
        text += &format!("     {line}\n");
    }
    text
}

fn spike_difference(
    scenario: &Scenario,
    what: &str,
    verdict: &SpikeVerdict,
    first: &SpikeDifference,
    tolerance: f64,
    lines: &mut Vec<String>,
) {
    let neuron = neuron_name(scenario, PopulationId(first.population as u32), LocalId(first.neuron));
    let spike = format!("{what} {} of {neuron}", first.number);
    match first.kind {
        Kind::Missing { expected } => {
            lines.push(format!("{spike} is missing"));
            lines.push(format!("expected   {} ms", digits(expected)));
        }
        Kind::Extra { found } => {
            lines.push(format!("{spike} was not expected"));
            lines.push(format!("found      {found} ms"));
        }
        Kind::Shifted { expected, found } => {
            let by = found.since(expected.at());
            let places = by.abs() / last_place_ms(expected.at());
            let late = if by >= 0.0 { "late" } else { "early" };
            lines.push(format!("{spike} is {late}"));
            lines.push(format!("expected   {} ms", digits(expected)));
            lines.push(format!("found      {found} ms"));
            lines.push(format!("difference {} ms, {} units of the last place", number(by), brief(places)));
        }
    }
    let unit = unit_word(scenario, first.population);
    let differ = match verdict.differing {
        1 => format!("1 {unit} differs"),
        more => format!("{} {unit}s differ; this is the first difference in time", grouped(more as u64)),
    };
    lines.push(format!("tolerance  {} ms; {differ}", number(tolerance)));
}

fn arrivals(arrivals: &[NamedArrival], lines: &mut Vec<String>) {
    if arrivals.is_empty() {
        lines.push("nothing arrived at the neuron up to then".to_owned());
        return;
    }
    lines.push("arrivals up to then, at most the last ten:".to_owned());
    let times: Vec<String> = arrivals.iter().map(|arrival| arrival.at.to_string()).collect();
    let width = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or(0);
    let time = width(&mut times.iter().map(|time| time.chars().count()));
    let source = width(&mut arrivals.iter().map(|arrival| arrival.source.chars().count()));
    let receptor = width(&mut arrivals.iter().map(|arrival| arrival.receptor.chars().count()));
    for (arrival, at) in arrivals.iter().zip(&times) {
        let NamedArrival { source: from, receptor: to, weight, .. } = arrival;
        lines.push(format!("  {at:<time$} ms  from {from:<source$}  {to:<receptor$}  {weight}"));
    }
}

/// The commands that tell more: why there is a spike, why there is none.
fn hints(case: &Case, scenario: &Scenario, first: &SpikeDifference, lines: &mut Vec<String>) {
    let population = &scenario.populations[first.population];
    if population.model.spec.is_source {
        return;
    }
    let neuron = shell_word(&format!("{}:{}", population.name, first.neuron));
    let path = shell_word(&case.path.display().to_string());
    let mut hint = |command: &str, at: Time| {
        lines.push(format!("more: synfire inspect {path} {command} {neuron} {at}"));
    };
    if let Kind::Extra { found } | Kind::Shifted { found, .. } = first.kind {
        hint("why", found);
    }
    if let Kind::Missing { expected } | Kind::Shifted { expected, .. } = first.kind {
        hint("why-not", digits(expected));
    }
}

/// A word that a shell takes as it is.
fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:".contains(c);
    match word.chars().all(is_plain) && !word.is_empty() {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn state_difference(
    scenario: &Scenario,
    verdict: &StateVerdict,
    first: &StateDifference,
    tolerance: f64,
    lines: &mut Vec<String>,
) {
    let population = &scenario.populations[first.population];
    let names = variable_names(population.model.spec.variables, &population.receptors);
    let name = names.get(first.variable).map_or("?", String::as_str);
    let neuron = neuron_name(scenario, PopulationId(first.population as u32), LocalId(first.neuron));
    lines.push(format!("{name} of {neuron} at {} ms is another", first.at));
    lines.push(format!("expected   {}", first.expected));
    match first.found {
        Some(found) => {
            lines.push(format!("found      {found}"));
            lines.push(format!("difference {}", number(found - first.expected)));
        }
        None => lines.push("found      none: the run never came there".to_owned()),
    }
    lines.push(format!(
        "tolerance  {}; {} judged",
        number(tolerance),
        counted(verdict.judged as u64, "state")
    ));
}

fn rate_difference(scenario: &Scenario, expected: &ExpectedRate, found: &FoundRate, lines: &mut Vec<String>) {
    let name = &scenario.populations[expected.population].name;
    let who = match &expected.ids {
        Some(ids) if ids.len() == 1 => format!("neuron {} of \"{name}\"", ids[0]),
        Some(ids) => format!("{} neurons of \"{name}\"", ids.len()),
        None => format!("\"{name}\""),
    };
    if !rate_fits(expected, found) {
        let ExpectedRate { rate, tolerance, .. } = expected;
        lines.push(format!("the rate of {who} is {} Hz, expected {rate} within {tolerance} Hz", found.rate));
    }
    if let Some((cv, tolerance)) = expected.cv.filter(|_| !cv_fits(expected, found)) {
        let is = found.cv.map_or("that of no neuron: none has three spikes".to_owned(), |cv| format!("{cv}"));
        lines.push(format!("the CV of {who} is {is}, expected {cv} within {tolerance}"));
    }
}

/// An expected time with all digits that the clock has.
fn digits(expected: ExpectedTime) -> Time {
    expected.at()
}

/// A number with all its digits.
fn number(number: f64) -> String {
    if number == 0.0 || (1e-3..1e6).contains(&number.abs()) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}

/// A small number in two digits.
fn brief(number: f64) -> String {
    if number == 0.0 { "0".to_owned() } else { format!("{number:.1e}") }
}
