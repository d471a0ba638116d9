//! Who watches a run. An observer is told what happens and can change nothing.

use crate::group::{Arrival, Note};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::network::Projection;
use crate::time::Time;
use std::ops::Range;

/// Where an arrival comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    /// Whose spike it is.
    pub source: NeuronId,
    /// The projection over which it came, counted from 0 in the order of declaration.
    pub projection: u32,
    /// How long it was under way, ms: the spike's time and this, added and rounded to the clock, are the time of arrival.
    pub delay_ms: f64,
    /// The generation of the instant of arrival; 0 but for arrivals over zero delays.
    pub generation: u32,
}

/// One spike at several neurons of one population: the arrivals of one instant and one generation over one projection.
#[derive(Clone, Debug)]
pub struct Fan<'a> {
    /// When.
    pub at: Time,
    /// The generation of the instant.
    pub generation: u32,
    /// Whose spike.
    pub source: NeuronId,
    /// The projection, counted from 0 in the order of declaration.
    pub number: u32,
    /// The same.
    pub projection: &'a Projection,
    /// The synapses, as places in the projection.
    pub places: Range<usize>,
}

impl Fan<'_> {
    /// Its arrivals, one by one, in the order of places.
    pub fn arrivals(&self) -> impl Iterator<Item = (Origin, LocalId, Arrival)> {
        let Fan { at, generation, source, number, projection, .. } = *self;
        self.places.clone().map(move |place| {
            let delay_ms = projection.delays.at(place);
            let arrival = Arrival { at, receptor: projection.receptor, weight: projection.weights.at(place) };
            let origin = Origin { source, projection: number, delay_ms, generation };
            (origin, LocalId(projection.targets[place]), arrival)
        })
    }
}

/// Told of spikes in order of time, then generation, then neuron.
pub trait Observer {
    /// A compile-time question: an observer that does not care for arrivals costs nothing.
    const ARRIVALS: bool = false;

    /// A compile-time question: an observer that does not care for notes and windows costs nothing.
    const NOTES: bool = false;

    /// The same question as `ARRIVALS` at run time, where the answer there is true.
    fn wants_arrivals(&self) -> bool {
        true
    }

    /// A neuron spikes.
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        let _ = (at, population, neuron);
    }

    /// A spike reaches a neuron. What one source sends over one projection to one neuron comes in order; what reaches a neuron at
    /// one instant from several may come by source, so that order is the observer's to make: time, generation, source,
    /// projection. Only called where `ARRIVALS` is true.
    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        let _ = (origin, population, neuron, arrival);
    }

    /// A spike reaches several neurons at once: told instead of their arrivals, one by one, where the engine has them so.
    fn fan(&mut self, population: PopulationId, fan: &Fan<'_>) {
        if Self::ARRIVALS {
            fan.arrivals()
                .for_each(|(origin, neuron, arrival)| self.arrival(&origin, population, neuron, &arrival));
        }
    }

    /// What a neuron does by itself, spikes included. Each neuron's notes come in order. Only called where `NOTES` is true.
    fn note(&mut self, population: PopulationId, note: &Note) {
        let _ = (population, note);
    }

    /// Everything from `from` to before `to` has been told: an instant of the queue engine, a window of the lookahead engine.
    /// Only called where `NOTES` is true.
    fn window(&mut self, from: Time, to: Time) {
        let _ = (from, to);
    }

    /// The gain of a rate unit switches: from now on it is 0, 1 or, where the unit slides along its threshold, the value
    /// that keeps it there. In order of time, then unit; a call of [`crate::engine::Simulation::run`] tells of all its switches
    /// before anything else.
    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        let _ = (at, population, unit, gain);
    }

    /// What stimuli add to the input of a rate unit changes. In order among the switches, before those of the same instant.
    /// Only called where `NOTES` is true.
    fn rate_stimulus(&mut self, at: Time, population: PopulationId, unit: LocalId, input: f64) {
        let _ = (at, population, unit, input);
    }

    /// A run has come to where it was to come: everything before `until` has been told. Only called where `NOTES` is true.
    fn reached(&mut self, until: Time) {
        let _ = until;
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
    const NOTES: bool = A::NOTES || B::NOTES;

    fn wants_arrivals(&self) -> bool {
        A::ARRIVALS && self.0.wants_arrivals() || B::ARRIVALS && self.1.wants_arrivals()
    }

    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        self.0.spike(at, population, neuron);
        self.1.spike(at, population, neuron);
    }

    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        self.0.arrival(origin, population, neuron, arrival);
        self.1.arrival(origin, population, neuron, arrival);
    }

    fn fan(&mut self, population: PopulationId, fan: &Fan<'_>) {
        self.0.fan(population, fan);
        self.1.fan(population, fan);
    }

    fn note(&mut self, population: PopulationId, note: &Note) {
        self.0.note(population, note);
        self.1.note(population, note);
    }

    fn window(&mut self, from: Time, to: Time) {
        self.0.window(from, to);
        self.1.window(from, to);
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        self.0.switch(at, population, unit, gain);
        self.1.switch(at, population, unit, gain);
    }

    fn rate_stimulus(&mut self, at: Time, population: PopulationId, unit: LocalId, input: f64) {
        self.0.rate_stimulus(at, population, unit, input);
        self.1.rate_stimulus(at, population, unit, input);
    }

    fn reached(&mut self, until: Time) {
        self.0.reached(until);
        self.1.reached(until);
    }

    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        self.0.sample(probe, at, value);
        self.1.sample(probe, at, value);
    }
}

impl<O: Observer> Observer for &mut O {
    const ARRIVALS: bool = O::ARRIVALS;
    const NOTES: bool = O::NOTES;

    fn wants_arrivals(&self) -> bool {
        (**self).wants_arrivals()
    }

    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        (**self).spike(at, population, neuron);
    }

    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        (**self).arrival(origin, population, neuron, arrival);
    }

    fn fan(&mut self, population: PopulationId, fan: &Fan<'_>) {
        (**self).fan(population, fan);
    }

    fn note(&mut self, population: PopulationId, note: &Note) {
        (**self).note(population, note);
    }

    fn window(&mut self, from: Time, to: Time) {
        (**self).window(from, to);
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        (**self).switch(at, population, unit, gain);
    }

    fn rate_stimulus(&mut self, at: Time, population: PopulationId, unit: LocalId, input: f64) {
        (**self).rate_stimulus(at, population, unit, input);
    }

    fn reached(&mut self, until: Time) {
        (**self).reached(until);
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
