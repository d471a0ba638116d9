//! Who watches a run. An observer is told what happens and can change nothing.

use crate::group::Arrival;
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::time::Time;

/// Told of spikes in order of time, then generation, then neuron.
pub trait Observer {
    /// A compile-time question: an observer that does not care for arrivals costs nothing.
    const ARRIVALS: bool = false;

    /// A neuron spikes.
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        let _ = (at, population, neuron);
    }

    /// A spike of `source` reaches a neuron. Only called where `ARRIVALS` is true.
    fn arrival(&mut self, source: NeuronId, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        let _ = (source, population, neuron, arrival);
    }

    /// The gain of a rate unit switches: from now on it is 0, 1 or, where the unit slides along its threshold, the value
    /// that keeps it there. In order of time, then unit, beside the spikes.
    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        let _ = (at, population, unit, gain);
    }

    /// A sample that was asked for: the plan's place, the instant and the value.
    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        let _ = (probe, at, value);
    }
}

/// Nobody watches.
impl Observer for () {}

/// Two watch.
impl<A: Observer, B: Observer> Observer for (A, B) {
    const ARRIVALS: bool = A::ARRIVALS || B::ARRIVALS;

    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        self.0.spike(at, population, neuron);
        self.1.spike(at, population, neuron);
    }

    fn arrival(&mut self, source: NeuronId, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        self.0.arrival(source, population, neuron, arrival);
        self.1.arrival(source, population, neuron, arrival);
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        self.0.switch(at, population, unit, gain);
        self.1.switch(at, population, unit, gain);
    }

    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        self.0.sample(probe, at, value);
        self.1.sample(probe, at, value);
    }
}

impl<O: Observer> Observer for &mut O {
    const ARRIVALS: bool = O::ARRIVALS;

    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        (**self).spike(at, population, neuron);
    }

    fn arrival(&mut self, source: NeuronId, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        (**self).arrival(source, population, neuron, arrival);
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        (**self).switch(at, population, unit, gain);
    }

    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        (**self).sample(probe, at, value);
    }
}

/// All spikes in memory, for tests and small runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raster {
    /// Spikes in the order in which they happened.
    pub spikes: Vec<(Time, PopulationId, LocalId)>,
}

impl Raster {
    /// The spike train of one neuron.
    pub fn train(&self, population: PopulationId, neuron: LocalId) -> Vec<Time> {
        self.spikes.iter().filter(|s| s.1 == population && s.2 == neuron).map(|s| s.0).collect()
    }
}

impl Observer for Raster {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        self.spikes.push((at, population, neuron));
    }
}
