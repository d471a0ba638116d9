//! Names of things: populations, neurons, receptors.

/// A neuron of the whole network: populations in the order in which they are declared, their neurons by rising id.
/// The order of these ids is the canonical order of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeuronId(pub u32);

/// A population, counted from 0 in the order of declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PopulationId(pub u32);

/// A neuron of one population, from 0 to its size less 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub u32);

impl NeuronId {
    /// As an index into arrays over all neurons.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl PopulationId {
    /// As an index into arrays over populations.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl LocalId {
    /// As an index into arrays over one population.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
