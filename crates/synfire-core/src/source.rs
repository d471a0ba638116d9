//! Populations of units that spike on their own: they take no input, so nothing can change their spike trains.

use crate::group::{
    Arrival, Cause, DenseSource, Group, GroupError, Outbox, PopulationSetup, SetupError, Touch, Until, What,
};
use crate::ids::LocalId;
use crate::spec::ModelSpec;
use crate::time::Time;
use std::sync::Arc;

/// One unit's spike train, drawn from front to back.
pub trait SpikeTrain: Send + Clone {
    /// The next spike, never earlier than the one before; `Time::NEVER` after the last.
    fn next_spike(&mut self) -> Time;

    /// How many spikes it makes per ms, about; 0 if that cannot be told.
    fn spikes_per_ms(&self) -> f64 {
        0.0
    }

    /// How others can draw its spikes, if it is dense.
    fn dense(&self) -> Option<DenseSource> {
        None
    }
}

/// A model of units that spike on their own.
pub trait SourceModel {
    /// One unit's spikes.
    type Train: SpikeTrain + 'static;

    /// The model's page.
    const SPEC: ModelSpec;

    /// The spike trains of a population. Single ranges have been checked before.
    ///
    /// # Errors
    /// A condition between parameters that does not hold.
    fn trains(setup: &PopulationSetup) -> Result<Vec<Self::Train>, SetupError>;
}

/// Spikes at given times.
impl SpikeTrain for std::vec::IntoIter<Time> {
    fn next_spike(&mut self) -> Time {
        self.next().unwrap_or(Time::NEVER)
    }
}

/// A population of units with their own spike trains.
pub struct SourceGroup<T> {
    trains: Vec<T>,
    upcoming: Vec<Time>,
}

impl<T: SpikeTrain> SourceGroup<T> {
    /// One unit a train.
    pub fn new(mut trains: Vec<T>) -> SourceGroup<T> {
        let upcoming = trains.iter_mut().map(T::next_spike).collect();
        SourceGroup { trains, upcoming }
    }

    fn spike(&mut self, index: usize, generation: u32, out: &mut Outbox) {
        let (at, neuron) = (self.upcoming[index], LocalId(index as u32));
        out.spikes.push((at, neuron));
        out.note(at, generation, neuron, What::Spike { cause: Cause::Schedule });
        self.upcoming[index] = self.trains[index].next_spike();
    }
}

impl<T: SpikeTrain> Group for SourceGroup<T> {
    fn size(&self) -> usize {
        self.trains.len()
    }

    fn start(&mut self, out: &mut Outbox) {
        out.wakes.extend(self.upcoming.iter().enumerate().map(|(index, &at)| (LocalId(index as u32), at)));
    }

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        _: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        for touch in touched {
            let index = touch.neuron.index();
            match until {
                // Once even if the train has this instant twice: the second spike is of the next generation.
                Until::Instant(now) => {
                    if self.upcoming[index] == now {
                        self.spike(index, 0, out);
                    }
                }
                Until::Before(to) => {
                    let mut generation = 0;
                    while self.upcoming[index] < to {
                        let at = self.upcoming[index];
                        self.spike(index, generation, out);
                        generation = if self.upcoming[index] == at { generation + 1 } else { 0 };
                    }
                }
            }
            out.wakes.push((touch.neuron, self.upcoming[index]));
        }
        Ok(())
    }

    fn sample(&self, _: Time, _: LocalId, _: usize) -> f64 {
        f64::NAN // sources have no variables; scenarios that ask for one are refused
    }

    fn dense_source(&self) -> Option<DenseSource> {
        let first = self.trains.first()?.dense()?;
        let is_same = |train: &T| {
            train.dense().is_some_and(|other| {
                Arc::ptr_eq(&other.cells, &first.cells)
                    && (other.start, other.stop) == (first.start, first.stop)
            })
        };
        self.trains.iter().all(is_same).then_some(first)
    }

    fn source_spikes_per_ms(&self) -> f64 {
        self.trains.iter().map(T::spikes_per_ms).sum()
    }

    #[inline]
    fn take_arrivals(&mut self, neuron: LocalId, delay_ms: f64, before: Time, arrivals: &mut Vec<Time>) {
        let (train, upcoming) = (&mut self.trains[neuron.index()], &mut self.upcoming[neuron.index()]);
        loop {
            let arrival = upcoming.after(delay_ms);
            if arrival >= before {
                return;
            }
            arrivals.push(arrival);
            *upcoming = train.next_spike();
        }
    }

    fn spikes_left(&self, neuron: LocalId, before: Time) -> u64 {
        let mut train = self.trains[neuron.index()].clone();
        let mut at = self.upcoming[neuron.index()];
        let mut left = 0;
        while at < before {
            left += 1;
            at = train.next_spike();
        }
        left
    }
}
