//! Firing statistics of every population, while the network runs: memory is a few numbers a neuron.

use crate::scenario::Scenario;
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// Counts spikes and follows interspike intervals.
#[derive(Clone, Debug)]
pub struct Statistics {
    populations: Vec<Vec<Train>>,
}

/// What is kept of one spike train.
#[derive(Clone, Copy, Debug)]
struct Train {
    spikes: u64,
    last: Time,
    mean_interval: f64,
    /// The sum of squared distances of intervals from their mean.
    squares: f64,
}

/// The statistics of one population.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many neurons.
    pub neurons: usize,
    /// How many neurons spiked at least once.
    pub active: usize,
    /// All spikes.
    pub spikes: u64,
    /// The mean rate; `None` without neurons or time.
    pub rate_hz: Option<f64>,
    /// The mean, over the neurons with at least three spikes, of the coefficient of variation of their intervals: standard
    /// deviation (of a population: divided by the number of intervals) over mean. `None` without such neurons.
    pub cv: Option<f64>,
}

impl Statistics {
    /// For populations of these sizes.
    pub fn new(sizes: impl IntoIterator<Item = usize>) -> Statistics {
        let silent = Train { spikes: 0, last: Time::ZERO, mean_interval: 0.0, squares: 0.0 };
        Statistics { populations: sizes.into_iter().map(|size| vec![silent; size]).collect() }
    }

    /// For the populations of a scenario.
    pub fn of(scenario: &Scenario) -> Statistics {
        Statistics::new(scenario.populations.iter().map(|population| population.size))
    }

    /// How often a neuron has spiked.
    pub fn spikes(&self, population: usize, neuron: u32) -> u64 {
        self.populations[population][neuron as usize].spikes
    }

    /// The mean rate of some neurons of a population, all if `ids` is `None`, over the time from 0 to `until`, Hz. 0 if
    /// there are no neurons or no time.
    pub fn rate_hz(&self, population: usize, ids: Option<&[u32]>, until: Time) -> f64 {
        let trains = &self.populations[population];
        let (spikes, neurons) = match ids {
            Some(ids) => (ids.iter().map(|&id| trains[id as usize].spikes).sum::<u64>(), ids.len()),
            None => (trains.iter().map(|train| train.spikes).sum(), trains.len()),
        };
        mean_rate_hz(spikes, neurons, until).unwrap_or(0.0)
    }

    /// The mean coefficient of variation of some neurons of a population, all if `ids` is `None`: see [`Summary::cv`].
    pub fn cv(&self, population: usize, ids: Option<&[u32]>) -> Option<f64> {
        let trains = &self.populations[population];
        match ids {
            Some(ids) => mean_cv(ids.iter().map(|&id| &trains[id as usize])),
            None => mean_cv(trains.iter()),
        }
    }

    /// The statistics of a population over the time from 0 to `until`.
    pub fn summary(&self, population: usize, until: Time) -> Summary {
        let trains = &self.populations[population];
        let spikes = trains.iter().map(|train| train.spikes).sum();
        Summary {
            neurons: trains.len(),
            active: trains.iter().filter(|train| train.spikes > 0).count(),
            spikes,
            rate_hz: mean_rate_hz(spikes, trains.len(), until),
            cv: mean_cv(trains.iter()),
        }
    }
}

fn mean_cv<'t>(trains: impl Iterator<Item = &'t Train>) -> Option<f64> {
    let (sum, count) =
        trains.filter_map(Train::cv).fold((0.0, 0u32), |(sum, count), cv| (sum + cv, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Spikes a neuron and second, Hz; `None` without neurons or time.
pub fn mean_rate_hz(spikes: u64, neurons: usize, until: Time) -> Option<f64> {
    let seconds = until.as_ms() / 1000.0;
    (neurons > 0 && seconds > 0.0).then(|| spikes as f64 / (neurons as f64 * seconds))
}

impl Train {
    /// Welford's running mean and sum of squares (Technometrics 4, 1962, 419-420).
    fn spike(&mut self, at: Time) {
        if self.spikes > 0 {
            let interval = at.since(self.last);
            let intervals = self.spikes as f64;
            let distance = interval - self.mean_interval;
            self.mean_interval += distance / intervals;
            self.squares += distance * (interval - self.mean_interval);
        }
        self.spikes += 1;
        self.last = at;
    }

    fn cv(&self) -> Option<f64> {
        if self.spikes < 3 || self.mean_interval <= 0.0 {
            return None;
        }
        let variance = self.squares / (self.spikes - 1) as f64;
        Some(variance.max(0.0).sqrt() / self.mean_interval)
    }
}

impl Observer for Statistics {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        self.populations[population.index()][neuron.index()].spike(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seen(size: usize, trains: &[&[f64]]) -> Statistics {
        let mut statistics = Statistics::new([size]);
        for (neuron, train) in trains.iter().enumerate() {
            for &ms in *train {
                statistics.spike(Time::from_ms(ms).unwrap(), PopulationId(0), LocalId(neuron as u32));
            }
        }
        statistics
    }

    #[test]
    fn a_summary_of_known_trains() {
        let statistics = seen(4, &[&[10.0, 20.0, 40.0], &[5.0, 6.0], &[1.0, 2.0, 3.0, 4.0]]);
        let summary = statistics.summary(0, Time::from_ms(500.0).unwrap());
        // Intervals 10 and 20: mean 15, deviation 5. The regular train has 0, the pair and the silent neuron none.
        assert!((summary.cv.unwrap() - (5.0 / 15.0) / 2.0).abs() < 1e-15);
        let (neurons, active, spikes) = (summary.neurons, summary.active, summary.spikes);
        assert_eq!((neurons, active, spikes, summary.rate_hz), (4, 3, 9, Some(4.5)));
        assert_eq!(statistics.rate_hz(0, Some(&[0, 3]), Time::from_ms(500.0).unwrap()), 3.0);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let end = Time::from_ms(10.0).unwrap();
        assert_eq!(seen(0, &[]).summary(0, end).rate_hz, None);
        assert_eq!(seen(1, &[&[1.0]]).summary(0, Time::ZERO).rate_hz, None);
        assert_eq!(seen(1, &[&[1.0, 1.0, 1.0]]).summary(0, end).cv, None);
    }

    proptest! {
        #[test]
        fn the_running_cv_is_the_direct_one_however_late(
            start in 0u64..1 << 40,
            intervals in proptest::collection::vec(0.001..100.0f64, 2..50)
        ) {
            let mut statistics = Statistics::new([1]);
            let mut at = Time::from_parts(start, 0.0).unwrap();
            statistics.spike(at, PopulationId(0), LocalId(0));
            for &interval in &intervals {
                at = at.after(interval);
                statistics.spike(at, PopulationId(0), LocalId(0));
            }
            let n = intervals.len() as f64;
            let mean = intervals.iter().sum::<f64>() / n;
            let variance = intervals.iter().map(|i| (i - mean) * (i - mean)).sum::<f64>() / n;
            let direct = variance.sqrt() / mean;
            let cv = statistics.summary(0, at).cv.unwrap();
            prop_assert!((cv - direct).abs() < 1e-10, "{} {}", cv, direct);
        }
    }
}
