//! State variables over time.

use super::figure::{Panel, colour};
use super::recorded::{Recorded, Trace};

/// More traces than this are not drawn, each in a panel of its own.
const MOST: usize = 12;

/// A panel for each trace; where it is the membrane potential, with the threshold and a stroke at each spike.
pub fn panels(recorded: &Recorded) -> Vec<Panel> {
    let shown = recorded.traces.iter().take(MOST);
    shown.enumerate().map(|(index, trace)| panel(recorded, trace, index)).collect()
}

fn panel(recorded: &Recorded, trace: &Trace, index: usize) -> Panel {
    let spikes = match trace.threshold {
        Some(_) => recorded.train(&trace.population, trace.neuron),
        None => Vec::new(),
    };
    let values = trace.samples.iter().map(|sample| sample.1).filter(|value| value.is_finite());
    let (low, high) = values
        .chain(trace.threshold)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let reach = (high - low).max(1e-9);
    // A stroke stands above threshold, as spikes are drawn by hand.
    let stroke = 0.25 * reach;
    let top = if spikes.is_empty() { high + 0.05 * reach } else { high + stroke };
    let place = recorded.populations.iter().position(|population| population.name == trace.population);
    let colour = colour(place.unwrap_or(index));
    let panel = Panel::new((recorded.from_ms, recorded.until_ms), (low - 0.05 * reach, top), 170.0);
    let title = format!("{} of {} {}", trace.variable, trace.population, trace.neuron);
    let label = match trace.unit.as_str() {
        "" => trace.variable.clone(),
        unit => format!("{} ({unit})", trace.variable),
    };
    let mut panel = panel.labelled(&title, "time (ms)", &label);
    panel.line(trace.samples.iter().copied().filter(|sample| sample.1.is_finite()).collect(), 1.2, colour);
    if let Some(threshold) = trace.threshold {
        panel.level(threshold, "threshold");
        for at_ms in spikes {
            panel.line(vec![(at_ms, threshold), (at_ms, threshold + 0.9 * stroke)], 1.2, colour);
        }
    }
    panel
}
