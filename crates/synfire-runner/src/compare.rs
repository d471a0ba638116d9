//! Comparing what came out with what must come out: spikes one by one, states, rates; and two runs bit for bit.
//!
//! Differences of times are taken on the clock, never between doubles of absolute time.

use crate::recording::{RecordingError, Spike};
use crate::scenario::{ExpectedRate, ExpectedState, ExpectedTime};
use std::collections::BTreeMap;
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// How a neuron's spike differs from what was expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// It was expected and did not come.
    Missing {
        /// When it should have come.
        expected: ExpectedTime,
    },
    /// It came and was not expected.
    Extra {
        /// When it came.
        found: Time,
    },
    /// It came at another time.
    Shifted {
        /// When it should have come.
        expected: ExpectedTime,
        /// When it came.
        found: Time,
    },
}

/// The first difference of a spike train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpikeDifference {
    /// Index of the population.
    pub population: usize,
    /// The neuron.
    pub neuron: u32,
    /// Which of the neuron's spikes, counted from 1.
    pub number: u64,
    /// What is different.
    pub kind: Kind,
}

impl SpikeDifference {
    /// The earlier of the expected and the found time: from then on the runs differ.
    pub fn at(&self) -> Time {
        match self.kind {
            Kind::Missing { expected } => expected.at(),
            Kind::Extra { found } => found,
            Kind::Shifted { expected, found } => found.min(expected.at()),
        }
    }

    /// The later of the two times: what led to the difference came before.
    pub fn last(&self) -> Time {
        match self.kind {
            Kind::Shifted { expected, found } => found.max(expected.at()),
            _ => self.at(),
        }
    }
}

/// What came out of comparing spike trains.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SpikeVerdict {
    /// How many spikes were expected.
    pub expected: u64,
    /// The largest distance between an expected and a found spike that were held against each other, ms.
    pub worst_ms: f64,
    /// How many neurons differ.
    pub differing: usize,
    /// The difference that is first in time.
    pub first: Option<SpikeDifference>,
}

impl SpikeVerdict {
    /// Holds one neuron's found spikes against the expected ones.
    pub fn add_train(
        &mut self,
        population: usize,
        neuron: u32,
        expected: &[ExpectedTime],
        found: &[Time],
        tolerance: f64,
    ) {
        self.expected += expected.len() as u64;
        for (&expected, &found) in expected.iter().zip(found) {
            let distance = distance_ms(expected, found, tolerance);
            if distance <= tolerance {
                self.worst_ms = self.worst_ms.max(distance);
            }
        }
        let Some((number, kind)) = first_of_train(expected, found, tolerance) else { return };
        self.differing += 1;
        let difference = SpikeDifference { population, neuron, number, kind };
        if self.first.is_none_or(|first| difference.at() < first.at()) {
            self.first = Some(difference);
        }
    }
}

fn first_of_train(expected: &[ExpectedTime], found: &[Time], tolerance: f64) -> Option<(u64, Kind)> {
    let matches = |e: Option<&ExpectedTime>, f: Option<&Time>| match (e, f) {
        (Some(&e), Some(&f)) => distance_ms(e, f, tolerance) <= tolerance,
        _ => false,
    };
    let place = (0..expected.len().max(found.len())).find(|&i| !matches(expected.get(i), found.get(i)))?;
    let kind = match (expected.get(place), found.get(place)) {
        (Some(&expected), None) => Kind::Missing { expected },
        (None, Some(&found)) => Kind::Extra { found },
        (None, None) => return None,
        // A spike too few or too many shows in that the next one fits again.
        (Some(&e), Some(&f)) if f < e.at() && matches(Some(&e), found.get(place + 1)) => {
            Kind::Extra { found: f }
        }
        (Some(&e), Some(&f)) if f > e.at() && matches(expected.get(place + 1), Some(&f)) => {
            Kind::Missing { expected: e }
        }
        (Some(&expected), Some(&found)) => Kind::Shifted { expected, found },
    };
    Some((place as u64 + 1, kind))
}

/// How far a found spike is from the expected one, ms. With a tolerance of 0 a number stands for all instants of which it
/// is the nearest double.
fn distance_ms(expected: ExpectedTime, found: Time, tolerance: f64) -> f64 {
    if let ExpectedTime::Number(ms) = expected
        && tolerance == 0.0
        && found.as_ms() == ms
    {
        return 0.0;
    }
    found.since(expected.at()).abs()
}

/// The spacing of doubles at a time, ms: the unit of its last place.
pub fn last_place_ms(at: Time) -> f64 {
    let ms = at.as_ms();
    ms.next_up() - ms
}

/// Keeps the spike trains of the populations that are judged.
#[derive(Clone, Debug, Default)]
pub struct Trains {
    populations: Vec<Option<Vec<Vec<Time>>>>,
}

impl Trains {
    /// For populations of these sizes, of which those in `judged` are kept.
    pub fn new(sizes: &[usize], judged: &[usize]) -> Trains {
        let kept = sizes.iter().enumerate();
        Trains { populations: kept.map(|(i, &n)| judged.contains(&i).then(|| vec![vec![]; n])).collect() }
    }

    /// Holds the trains of one population against the expected ones.
    pub fn judge(
        &self,
        population: usize,
        expected: &[Vec<ExpectedTime>],
        tolerance: f64,
        verdict: &mut SpikeVerdict,
    ) {
        let Some(found) = &self.populations[population] else { return };
        for (neuron, found) in found.iter().enumerate() {
            let expected = expected.get(neuron).map_or(&[][..], Vec::as_slice);
            verdict.add_train(population, neuron as u32, expected, found, tolerance);
        }
    }
}

impl Observer for Trains {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        if let Some(trains) = &mut self.populations[population.index()] {
            trains[neuron.index()].push(at);
        }
    }
}

/// Shows gain switches to an observer of spikes.
#[derive(Debug)]
pub struct Switches<O>(pub O);

impl<O: Observer> Observer for Switches<O> {
    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, _gain: f64) {
        self.0.spike(at, population, unit);
    }
}

/// What came out of comparing gains at t = 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GainVerdict {
    /// How many gains were judged.
    pub judged: usize,
    /// The first that differs, by population and unit: those, what was expected, and what was found.
    pub first: Option<(usize, u32, f64, f64)>,
}

impl GainVerdict {
    /// Holds the gains of one population against the expected ones.
    pub fn add(&mut self, population: usize, expected: &[f64], found: &[f64], tolerance: f64) {
        self.judged += expected.len();
        for (unit, (&expected, &found)) in expected.iter().zip(found).enumerate() {
            // False for NaN, too.
            let fits = (found - expected).abs() <= tolerance;
            if !fits && self.first.is_none() {
                self.first = Some((population, unit as u32, expected, found));
            }
        }
    }
}

/// A state variable that is not what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct StateDifference {
    /// Index of the population.
    pub population: usize,
    /// The neuron.
    pub neuron: u32,
    /// Index of the variable.
    pub variable: usize,
    /// When.
    pub at: Time,
    /// The value expected.
    pub expected: f64,
    /// The value found; `None` if the run never came there.
    pub found: Option<f64>,
}

/// What came out of comparing state variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateVerdict {
    /// How many values were judged.
    pub judged: usize,
    /// The largest difference within the tolerance.
    pub worst: f64,
    /// The difference that is first in time.
    pub first: Option<StateDifference>,
}

impl StateVerdict {
    /// Holds a found value against an expected one.
    pub fn add(&mut self, expected: &ExpectedState, found: Option<f64>, tolerance: f64) {
        self.judged += 1;
        let distance = found.map_or(f64::INFINITY, |found| (found - expected.value).abs());
        if distance <= tolerance {
            self.worst = self.worst.max(distance);
        } else if self.first.as_ref().is_none_or(|first| expected.at < first.at) {
            self.first = Some(StateDifference {
                population: expected.population,
                neuron: expected.id,
                variable: expected.variable,
                at: expected.at,
                expected: expected.value,
                found,
            });
        }
    }
}

/// What was found where a rate is expected.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoundRate {
    /// Hz.
    pub rate: f64,
    /// The mean coefficient of variation; `None` if no neuron has three spikes.
    pub cv: Option<f64>,
}

/// Whether a found rate is within the tolerance of the expected one.
pub fn rate_fits(expected: &ExpectedRate, found: &FoundRate) -> bool {
    (found.rate - expected.rate).abs() <= expected.tolerance
}

/// Whether a found coefficient of variation is within the tolerance of the expected one, if there is one.
pub fn cv_fits(expected: &ExpectedRate, found: &FoundRate) -> bool {
    let fits =
        |(cv, tolerance): (f64, f64)| found.cv.is_some_and(|found: f64| (found - cv).abs() <= tolerance);
    expected.cv.is_none_or(fits)
}

/// How many spikes behind the first difference are looked at to tell what kind it is.
const TAIL: usize = 100_000;

/// Holds a run against recorded spikes, in the order of both: the same bits or not. Memory does not grow while they are
/// the same.
#[derive(Debug)]
pub struct SameSpikes<I> {
    recorded: I,
    judged: Vec<bool>,
    /// How many spikes each neuron of a judged population has had while they were the same.
    before: Vec<Vec<u64>>,
    same: u64,
    differs: bool,
    found_tail: Vec<Spike>,
    expected_tail: Vec<Spike>,
    unreadable: Option<RecordingError>,
}

impl<I: Iterator<Item = Result<Spike, RecordingError>>> SameSpikes<I> {
    /// Against `recorded`, the spikes of the populations that are `judged`.
    pub fn new(recorded: I, judged: Vec<bool>, sizes: &[usize]) -> SameSpikes<I> {
        let before = sizes.iter().zip(&judged).map(|(&n, &judged)| vec![0; if judged { n } else { 0 }]);
        SameSpikes {
            recorded,
            before: before.collect(),
            judged,
            same: 0,
            differs: false,
            found_tail: vec![],
            expected_tail: vec![],
            unreadable: None,
        }
    }

    /// The verdict, after the run.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn verdict(mut self) -> Result<SpikeVerdict, RecordingError> {
        for spike in self.recorded.by_ref() {
            self.expected_tail.push(spike?);
            if self.expected_tail.len() > TAIL {
                break;
            }
        }
        if let Some(error) = self.unreadable {
            return Err(error);
        }
        let mut verdict = SpikeVerdict { expected: self.same, ..SpikeVerdict::default() };
        let mut trains: BTreeMap<(usize, u32), (Vec<ExpectedTime>, Vec<Time>)> = BTreeMap::new();
        for spike in &self.expected_tail {
            let train = trains.entry((spike.population.index(), spike.neuron.0)).or_default();
            train.0.push(ExpectedTime::Digits(spike.at));
        }
        for spike in &self.found_tail {
            trains.entry((spike.population.index(), spike.neuron.0)).or_default().1.push(spike.at);
        }
        for ((population, neuron), (expected, found)) in trains {
            verdict.add_train(population, neuron, &expected, &found, 0.0);
        }
        if verdict.first.is_none()
            && let Some(found) = self.found_tail.first()
        {
            // The same trains in another order, or a difference beyond the tails: the runs are not the same.
            let (population, neuron) = (found.population.index(), found.neuron.0);
            let kind = Kind::Extra { found: found.at };
            verdict.first = Some(SpikeDifference { population, neuron, number: 1, kind });
        }
        if let Some(first) = &mut verdict.first {
            // A damaged recording can name neurons that are not there; those had no spikes before.
            let trains = self.before.get(first.population);
            first.number += trains.and_then(|t| t.get(first.neuron as usize)).copied().unwrap_or(0);
        }
        Ok(verdict)
    }

    fn take(&mut self, found: Spike) {
        match self.recorded.next() {
            Some(Ok(expected)) if expected == found => {
                self.same += 1;
                self.before[found.population.index()][found.neuron.index()] += 1;
                return;
            }
            Some(Ok(expected)) => self.expected_tail.push(expected),
            Some(Err(error)) => self.unreadable = Some(error),
            None => {}
        }
        self.differs = true;
        self.found_tail.push(found);
    }
}

impl<I: Iterator<Item = Result<Spike, RecordingError>>> Observer for SameSpikes<I> {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        let found = Spike { at, population, neuron };
        if !self.judged[population.index()] || self.unreadable.is_some() {
            return;
        }
        if !self.differs {
            self.take(found);
        } else if self.found_tail.len() < TAIL {
            self.found_tail.push(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: f64) -> Time {
        Time::from_ms(ms).unwrap()
    }

    fn numbers(times: &[f64]) -> Vec<ExpectedTime> {
        times.iter().map(|&ms| ExpectedTime::Number(ms)).collect()
    }

    fn judged(expected: &[&[f64]], found: &[&[f64]], tolerance: f64) -> SpikeVerdict {
        let mut verdict = SpikeVerdict::default();
        for (neuron, (e, f)) in expected.iter().zip(found).enumerate() {
            let found: Vec<Time> = f.iter().map(|&t| ms(t)).collect();
            verdict.add_train(0, neuron as u32, &numbers(e), &found, tolerance);
        }
        verdict
    }

    #[test]
    fn rates_and_their_cv_are_judged_apart() {
        let expected = |cv| ExpectedRate { population: 0, ids: None, rate: 5.0, tolerance: 0.5, cv };
        let found = |rate, cv| FoundRate { rate, cv };
        assert!(
            rate_fits(&expected(None), &found(5.5, None)) && !rate_fits(&expected(None), &found(5.6, None))
        );
        assert!(cv_fits(&expected(None), &found(9.0, None)));
        let regular = expected(Some((0.25, 0.125)));
        assert!(cv_fits(&regular, &found(9.0, Some(0.375))) && cv_fits(&regular, &found(9.0, Some(0.125))));
        assert!(!cv_fits(&regular, &found(5.0, Some(0.4))) && !cv_fits(&regular, &found(5.0, None)));
    }

    #[test]
    fn equal_trains_have_no_difference() {
        let verdict = judged(&[&[1.0, 2.0], &[]], &[&[1.0, 2.25], &[]], 0.25);
        assert_eq!(verdict, SpikeVerdict { expected: 2, worst_ms: 0.25, differing: 0, first: None });
    }

    #[test]
    fn the_first_difference_is_first_in_time_not_in_neurons() {
        let verdict = judged(&[&[5.0], &[1.0, 4.0], &[2.0]], &[&[6.0], &[1.0, 4.5], &[2.0]], 0.125);
        let kind = Kind::Shifted { expected: ExpectedTime::Number(4.0), found: ms(4.5) };
        assert_eq!(verdict.first, Some(SpikeDifference { population: 0, neuron: 1, number: 2, kind }));
        assert_eq!((verdict.differing, verdict.expected), (2, 4));
    }

    #[test]
    fn missing_and_extra_spikes_are_told_from_shifted_ones() {
        let missing = judged(&[&[1.0, 2.0, 3.0]], &[&[1.0, 3.0]], 0.1).first.unwrap();
        assert_eq!(missing.kind, Kind::Missing { expected: ExpectedTime::Number(2.0) });
        let extra = judged(&[&[1.0, 3.0]], &[&[1.0, 2.0, 3.0]], 0.1).first.unwrap();
        assert_eq!((extra.kind, extra.number), (Kind::Extra { found: ms(2.0) }, 2));
        let at_the_end = judged(&[&[1.0, 3.0]], &[&[1.0]], 0.1).first.unwrap();
        assert_eq!(at_the_end.kind, Kind::Missing { expected: ExpectedTime::Number(3.0) });
        let beyond = judged(&[&[]], &[&[1.0]], 0.1).first.unwrap();
        assert_eq!(beyond.kind, Kind::Extra { found: ms(1.0) });
    }

    #[test]
    fn with_tolerance_0_a_number_is_all_instants_it_is_the_nearest_double_of() {
        // At 10^6 ms the clock tells instants apart that are one double.
        let found = Time::from_parts(1_000_000, 0.1).unwrap();
        let mut verdict = SpikeVerdict::default();
        verdict.add_train(0, 0, &numbers(&[1_000_000.1]), &[found], 0.0);
        assert_eq!(verdict.first, None);
        let mut verdict = SpikeVerdict::default();
        verdict.add_train(0, 0, &[ExpectedTime::Digits(found.next_up())], &[found], 0.0);
        assert!(verdict.first.is_some());
    }

    #[test]
    fn late_differences_keep_their_digits() {
        let expected = Time::from_parts(10_000_000, 0.25).unwrap();
        let found = expected.after(1e-13);
        let mut verdict = SpikeVerdict::default();
        verdict.add_train(0, 0, &[ExpectedTime::Digits(expected)], &[found], 2e-13);
        assert!((verdict.worst_ms - 1e-13).abs() < 1e-16);
        assert_eq!(last_place_ms(expected), 2f64.powi(-29));
    }

    #[test]
    fn a_state_that_is_no_number_never_fits() {
        let expected = ExpectedState { population: 0, id: 0, variable: 0, at: ms(1.0), value: 1.0 };
        let mut verdict = StateVerdict::default();
        verdict.add(&expected, Some(1.0), 0.0);
        assert!(verdict.first.is_none());
        verdict.add(&expected, Some(f64::NAN), 1e300);
        assert!(verdict.first.is_some());
    }

    fn spike(at: f64, population: u32, neuron: u32) -> Spike {
        Spike { at: ms(at), population: PopulationId(population), neuron: LocalId(neuron) }
    }

    fn same_bits(recorded: &[Spike], found: &[Spike]) -> SpikeVerdict {
        let recorded = recorded.iter().map(|&spike| Ok(spike));
        let mut same = SameSpikes::new(recorded, vec![true, false], &[3, 3]);
        for spike in found {
            same.spike(spike.at, spike.population, spike.neuron);
        }
        same.verdict().unwrap()
    }

    #[test]
    fn two_runs_are_held_against_each_other() {
        let run = [spike(1.0, 0, 0), spike(1.5, 0, 1), spike(2.0, 0, 0), spike(3.0, 0, 1)];
        assert_eq!(same_bits(&run, &run).first, None);
        let with_others = [run[0], spike(1.1, 1, 0), run[1], run[2], run[3]];
        assert_eq!(
            same_bits(&run, &with_others).first,
            None,
            "populations that are not recorded do not count"
        );

        let shifted = [run[0], run[1], spike(2.5, 0, 0), run[3]];
        let first = same_bits(&run, &shifted).first.unwrap();
        let kind = Kind::Shifted { expected: ExpectedTime::Digits(ms(2.0)), found: ms(2.5) };
        assert_eq!(first, SpikeDifference { population: 0, neuron: 0, number: 2, kind });

        let first = same_bits(&run, &run[..3]).first.unwrap();
        assert_eq!((first.neuron, first.number), (1, 2));
        let first = same_bits(&run[..3], &run).first.unwrap();
        assert_eq!(first.kind, Kind::Extra { found: ms(3.0) });
    }
}
