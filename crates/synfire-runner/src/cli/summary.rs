//! What a run says at its end.

use super::table::table;
use crate::numbers::{bytes, grouped, short, span};
use crate::scenario::Scenario;
use crate::statistics::{Statistics, mean_rate_hz};
use std::time::Duration;
use synfire_core::engine::Counts;
use synfire_core::{PopulationId, Time};

/// Measures of a run.
#[derive(Clone, Debug)]
pub struct Measures {
    /// How far it came.
    pub reached: Time,
    /// Wall-clock time of building the network.
    pub build: Duration,
    /// Wall-clock time of running it.
    pub run: Duration,
    /// What happened.
    pub counts: Counts,
}

/// The summary: a line on the whole run, a table of populations, a line of counts. Of populations in `unwatched` only the
/// number of spikes is known.
pub fn summary(
    scenario: &Scenario,
    statistics: &Statistics,
    unwatched: &[PopulationId],
    measures: &Measures,
) -> String {
    let Measures { reached, build, run, counts } = measures;
    let seconds = run.as_secs_f64();
    let mut text = format!("{}: {reached} ms in {}", scenario.name, span(seconds));
    if *reached > Time::ZERO {
        text += &format!(" (real-time factor {})", short(seconds / (reached.as_ms() / 1000.0)));
    }
    text += &format!(", built in {}\n\n", span(build.as_secs_f64()));
    let has_neurons = scenario.populations.iter().any(|population| !population.is_rate());
    let has_rates = scenario.populations.iter().any(|population| population.is_rate());
    if has_neurons {
        text += &populations(scenario, statistics, unwatched, measures);
    }
    if has_neurons && has_rates {
        text.push('\n');
    }
    if has_rates {
        text += &rates(scenario, measures);
    }
    let spikes: u64 = counts.spikes.iter().sum();
    text += &format!("\n{} spikes, {} synaptic events", grouped(spikes), grouped(counts.arrivals));
    if has_rates {
        text += &format!(", {} gain switches", grouped(counts.switches.iter().sum()));
    }
    if counts.arrivals > 0 && seconds > 0.0 {
        text += &format!(" ({} a second)", grouped((counts.arrivals as f64 / seconds) as u64));
    }
    if let Some(peak) = peak_memory() {
        text += &format!(", at most {} of memory", bytes(peak));
    }
    text.push('\n');
    if counts.ambiguous > 0 {
        let times = if counts.ambiguous == 1 { "time" } else { "times" };
        text += &format!(
            "{} {times} rounding alone decided whether a neuron reached its threshold\n",
            grouped(counts.ambiguous)
        );
    }
    text
}

fn populations(
    scenario: &Scenario,
    statistics: &Statistics,
    unwatched: &[PopulationId],
    measures: &Measures,
) -> String {
    let heading = ["population", "neurons", "active", "spikes", "rate (Hz)", "CV"].map(str::to_owned);
    let mut rows = vec![heading];
    for (index, population) in scenario.populations.iter().enumerate().filter(|(_, p)| !p.is_rate()) {
        let summary = statistics.summary(index, measures.reached);
        let is_watched = !unwatched.contains(&PopulationId(index as u32));
        let spikes = measures.counts.spikes[index];
        let rate = mean_rate_hz(spikes, population.size, measures.reached);
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        rows.push([
            population.name.clone(),
            grouped(population.size as u64),
            or_dash(is_watched.then(|| grouped(summary.active as u64))),
            grouped(spikes),
            or_dash(rate.map(|rate| format!("{rate:.2}"))),
            or_dash(summary.cv.map(|cv| format!("{cv:.3}"))),
        ]);
    }
    table(&rows, 1)
}

/// The table of rate populations: how often gains switched.
fn rates(scenario: &Scenario, measures: &Measures) -> String {
    let mut rows = vec![["rates", "units", "gain", "switches", "per unit and s"].map(str::to_owned)];
    for (index, population) in scenario.populations.iter().enumerate().filter(|(_, p)| p.is_rate()) {
        let switches = measures.counts.switches.get(index).copied().unwrap_or(0);
        let rate = mean_rate_hz(switches, population.size, measures.reached);
        let has_switches = population.has_switches();
        let or_dash = |text: String| if has_switches { text } else { "-".to_owned() };
        rows.push([
            population.name.clone(),
            grouped(population.size as u64),
            if has_switches { "heaviside" } else { "sigmoid" }.to_owned(),
            or_dash(grouped(switches)),
            or_dash(rate.map_or("-".to_owned(), |rate| format!("{rate:.2}"))),
        ]);
    }
    table(&rows, 1)
}

/// The largest memory that this process has had, as Linux tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
