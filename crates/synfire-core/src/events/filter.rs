//! What is kept of all that happens: decided before anything is stored or formatted.

use super::{DenseTrains, EventKind, Kinds};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::time::Time;

/// Neurons of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeuronSet {
    /// The first neuron of each population, and the number of all at the end.
    first: Vec<u32>,
    /// One bit a neuron.
    bits: Vec<u64>,
}

impl NeuronSet {
    /// No neuron of a network with populations of these sizes.
    pub fn none(sizes: &[usize]) -> NeuronSet {
        let mut first = vec![0];
        for size in sizes {
            first.push(first[first.len() - 1] + *size as u32);
        }
        let bits = vec![0; first[sizes.len()].div_ceil(64) as usize];
        NeuronSet { first, bits }
    }

    /// Adds a neuron; one that the network has not is left out.
    pub fn add(&mut self, population: PopulationId, neuron: LocalId) {
        let id = self.first[population.index()] + neuron.0;
        if id < self.first[population.index() + 1] {
            self.bits[id as usize / 64] |= 1 << (id % 64);
        }
    }

    /// Whether a neuron is in the set.
    #[inline]
    pub fn has(&self, population: PopulationId, neuron: LocalId) -> bool {
        self.has_id(NeuronId(self.first[population.index()] + neuron.0))
    }

    /// Whether a neuron, as the network counts it, is in the set.
    #[inline]
    pub fn has_id(&self, id: NeuronId) -> bool {
        self.bits.get(id.index() / 64).is_some_and(|word| word >> (id.0 % 64) & 1 != 0)
    }

    /// Whether a neuron from `first` to before `end`, as the network counts them, is in the set.
    pub fn has_one_of(&self, first: u32, end: u32) -> bool {
        (first..end).any(|id| self.has_id(NeuronId(id)))
    }

    /// Its neurons, as the network counts them, rising.
    pub fn ids(&self) -> impl Iterator<Item = NeuronId> {
        (0..self.first[self.first.len() - 1]).map(NeuronId).filter(|id| self.has_id(*id))
    }
}

/// What is kept: all parts must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct EventFilter {
    /// Which kinds.
    pub kinds: Kinds,
    /// Events of which neurons; `None` for all.
    pub neurons: Option<NeuronSet>,
    /// Arrivals from which neurons; `None` for all. With sources named, only arrivals are kept.
    pub sources: Option<NeuronSet>,
    /// From when on.
    pub from: Time,
    /// Before when.
    pub until: Time,
}

impl EventFilter {
    /// Keeps everything.
    pub const ALL: EventFilter =
        EventFilter { kinds: Kinds::ALL, neurons: None, sources: None, from: Time::ZERO, until: Time::NEVER };

    /// Whether an event passes; `source` is that of an arrival.
    #[inline]
    pub fn passes(
        &self,
        kind: EventKind,
        at: Time,
        population: PopulationId,
        neuron: LocalId,
        source: Option<NeuronId>,
    ) -> bool {
        self.neurons.as_ref().is_none_or(|set| set.has(population, neuron))
            && self.passes_some(kind, at, source)
    }

    /// Whether an event passes if its neuron does.
    #[inline]
    pub fn passes_some(&self, kind: EventKind, at: Time, source: Option<NeuronId>) -> bool {
        self.kinds.has(kind)
            && self.from <= at
            && at < self.until
            && self.sources.as_ref().is_none_or(|set| source.is_some_and(|id| set.has_id(id)))
    }

    /// Whether dense input that passes can be drawn again by whoever reads: all of it, or all spikes or arrivals of some time.
    pub fn redraws(&self) -> bool {
        let is_of_all = self.neurons.is_none() && self.sources.is_none();
        is_of_all && !self.kinds.and(DenseTrains::KINDS).is_empty()
    }

    /// Whether a window passes, by its beginning. Windows are nobody's: a filter that names neurons keeps none.
    pub fn passes_window(&self, from: Time) -> bool {
        self.kinds.has(EventKind::Window)
            && self.neurons.is_none()
            && self.sources.is_none()
            && self.from <= from
            && from < self.until
    }
}
