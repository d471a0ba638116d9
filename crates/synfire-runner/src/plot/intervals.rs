//! How interspike intervals, and their coefficients of variation, are distributed.

use super::figure::{Panel, colour};
use super::rates::nice;
use super::recorded::{Recorded, RecordedPopulation};

const BINS: f64 = 60.0;
/// The histogram of intervals ends where this share of them lies below.
const SHOWN: f64 = 0.99;
/// A CV needs at least this many intervals.
const LEAST_INTERVALS: usize = 2;

/// Interspike intervals, ms, as a share of all of their population; `None` without any.
pub fn interval_panel(recorded: &Recorded) -> Option<Panel> {
    let all: Vec<Vec<f64>> = recorded.populations.iter().map(|p| intervals(p).concat()).collect();
    distributions(recorded, &all, "interspike intervals", "interval (ms)")
}

/// The coefficients of variation of the neurons' intervals (standard deviation over mean), as a share of the neurons that
/// have at least three spikes; `None` without such neurons.
pub fn cv_panel(recorded: &Recorded) -> Option<Panel> {
    let of = |p: &RecordedPopulation| intervals(p).iter().filter_map(|train| cv(train)).collect();
    let all: Vec<Vec<f64>> = recorded.populations.iter().map(of).collect();
    distributions(recorded, &all, "coefficients of variation of interspike intervals", "CV")
}

/// The intervals of each neuron that has any, ms.
fn intervals(population: &RecordedPopulation) -> Vec<Vec<f64>> {
    let mut spikes: Vec<(u32, f64)> =
        population.spikes.iter().map(|&(at_ms, neuron)| (neuron, at_ms)).collect();
    spikes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let trains = spikes.chunk_by(|a, b| a.0 == b.0);
    trains.map(|train| train.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()).collect()
}

/// Standard deviation (of a population) over mean.
fn cv(intervals: &[f64]) -> Option<f64> {
    let n = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / n;
    let variance = intervals.iter().map(|i| (i - mean) * (i - mean)).sum::<f64>() / n;
    (intervals.len() >= LEAST_INTERVALS && mean > 0.0).then(|| variance.sqrt() / mean)
}

fn distributions(recorded: &Recorded, all: &[Vec<f64>], title: &str, x: &str) -> Option<Panel> {
    let mut sorted = all.concat();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.get(((sorted.len() as f64 * SHOWN) as usize).min(sorted.len().saturating_sub(1)))?;
    let width = nice(last.max(f64::MIN_POSITIVE) / BINS);
    let bins = (last / width).floor() as usize + 1;
    let shares: Vec<(usize, Vec<f64>)> = all
        .iter()
        .enumerate()
        .filter(|(_, values)| !values.is_empty())
        .map(|(index, values)| (index, histogram(values, width, bins)))
        .collect();
    let top = shares.iter().flat_map(|(_, share)| share).copied().fold(0.0, f64::max);
    let panel = Panel::new((0.0, bins as f64 * width), (0.0, 1.05 * top), 190.0);
    let mut panel = panel.labelled(title, x, "share");
    panel
        .legend(shares.iter().map(|(index, _)| (recorded.populations[*index].name.as_str(), colour(*index))));
    for (index, share) in shares {
        let edge = |bin: usize| bin as f64 * width;
        let steps = share.iter().enumerate().flat_map(|(bin, &y)| [(edge(bin), y), (edge(bin + 1), y)]);
        panel.line(steps.collect(), 1.3, colour(index));
    }
    Some(panel)
}

/// The share of values in each bin; those beyond the last bin count in the whole.
fn histogram(values: &[f64], width: f64, bins: usize) -> Vec<f64> {
    let mut shares = vec![0.0; bins];
    for value in values {
        let bin = (value / width) as usize;
        if bin < bins {
            shares[bin] += 1.0 / values.len() as f64;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::super::recorded::Neurons;
    use super::*;

    #[test]
    fn intervals_are_those_of_each_neuron() {
        let spikes = vec![(1.0, 1), (2.0, 0), (4.0, 1), (9.0, 1)];
        let population = RecordedPopulation { name: "p".into(), neurons: Neurons::All(2), spikes };
        assert_eq!(intervals(&population), [vec![], vec![3.0, 5.0]]);
        assert_eq!(cv(&[3.0, 5.0]), Some(0.25));
        assert_eq!(cv(&[3.0]), None);
    }

    #[test]
    fn shares_add_up_to_what_is_shown() {
        assert_eq!(histogram(&[0.5, 1.5, 1.6, 7.0], 1.0, 2), [0.25, 0.5]);
    }
}
