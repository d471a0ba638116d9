//! Mean firing rates over time.

use super::figure::{Panel, colour};
use super::recorded::Recorded;

/// About so many bins.
const BINS: f64 = 150.0;

/// Rates of all populations; `None` without populations.
pub fn panel(recorded: &Recorded) -> Option<Panel> {
    let width = nice((recorded.until_ms - recorded.from_ms) / BINS);
    let shown = recorded.populations.iter().enumerate().filter(|(_, p)| p.neurons.count() > 0);
    let rates: Vec<(usize, Vec<(f64, f64)>)> = shown
        .map(|(index, population)| {
            let times = population.spikes.iter().map(|spike| spike.0);
            let range = (recorded.from_ms, recorded.until_ms);
            (index, rate_hz(times, population.neurons.count(), range, width))
        })
        .collect();
    let top = rates.iter().flat_map(|(_, rate)| rate).map(|point| point.1).fold(0.0, f64::max);
    if rates.is_empty() {
        return None;
    }
    let panel = Panel::new((recorded.from_ms, recorded.until_ms), (0.0, 1.05 * top), 170.0);
    let mut panel = panel.labelled(&format!("firing rate, in bins of {width} ms"), "time (ms)", "rate (Hz)");
    let names = rates.iter().map(|(index, _)| (recorded.populations[*index].name.as_str(), colour(*index)));
    panel.legend(names);
    for (index, rate) in rates {
        panel.line(rate, 1.3, colour(index));
    }
    Some(panel)
}

/// The steps of a rate histogram: spikes a neuron and second in bins of `width` ms from the beginning of the range on; the
/// last bin may be shorter and is divided by what it has.
fn rate_hz(
    times: impl Iterator<Item = f64>,
    neurons: u32,
    (from, until): (f64, f64),
    width: f64,
) -> Vec<(f64, f64)> {
    let bins = ((until - from) / width).ceil().max(1.0) as usize;
    let mut counts = vec![0u32; bins];
    for time in times {
        counts[(((time - from) / width) as usize).min(bins - 1)] += 1;
    }
    let step = |(bin, count): (usize, u32)| {
        let (begin, end) = (from + bin as f64 * width, (from + (bin + 1) as f64 * width).min(until));
        let rate = f64::from(count) * 1000.0 / (f64::from(neurons) * (end - begin));
        [(begin, rate), (end, rate)]
    };
    counts.into_iter().enumerate().flat_map(step).collect()
}

/// The number 1, 2 or 5 times a power of ten at or above `x`.
pub(super) fn nice(x: f64) -> f64 {
    let mut power = 1.0;
    while power > x {
        power /= 10.0;
    }
    while power * 10.0 <= x {
        power *= 10.0;
    }
    [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|&y| y >= x).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_spikes_a_neuron_and_second() {
        let rate = rate_hz([0.0, 1.0, 12.0, 24.9].into_iter(), 2, (0.0, 25.0), 10.0);
        let expected =
            [(0.0, 100.0), (10.0, 100.0), (10.0, 50.0), (20.0, 50.0), (20.0, 100.0), (25.0, 100.0)];
        assert_eq!(rate, expected);
    }

    #[test]
    fn bins_have_round_widths() {
        assert_eq!([0.3, 1.0, 1.1, 6.7, 99.0].map(nice), [0.5, 1.0, 2.0, 10.0, 100.0]);
    }
}
