//! One neuron after the other: what the engines are held against.

use super::{DenseNeuron, Membrane, One};
use crate::group::{Arrival, PopulationSetup};
use crate::oracle::OracleUnits;
use crate::time::Time;

/// Neurons under dense jumps, as the oracle sees them.
struct OracleDense<const W: usize> {
    membrane: Membrane<W>,
    neurons: Vec<One<W>>,
    /// Which start at threshold.
    starts: Vec<bool>,
}

impl<const W: usize> OracleDense<W> {
    fn new(neuron: &DenseNeuron, weights: &[f64], size: usize) -> OracleDense<W> {
        let membrane = Membrane::new(neuron, weights);
        let one = |index| One {
            cell: 0,
            base: membrane.initial(neuron, index),
            sums: [0; W],
            refractory_until: Time::NEVER,
        };
        let neurons: Vec<One<W>> = (0..size).map(one).collect();
        let starts = neurons.iter().map(|one| one.base >= membrane.threshold(1.0)).collect();
        OracleDense { membrane, neurons, starts }
    }
}

impl<const W: usize> OracleUnits for OracleDense<W> {
    fn size(&self) -> usize {
        self.neurons.len()
    }

    fn next(&self, index: usize) -> Time {
        if self.starts[index] { Time::ZERO } else { Time::NEVER }
    }

    fn touch(&mut self, index: usize, now: Time, arrivals: &[Arrival]) -> bool {
        self.starts[index] = false;
        self.neurons[index].move_to(&self.membrane, now);
        self.neurons[index].receive(&self.membrane, now, arrivals)
    }
}

/// Makes the population for the oracle.
///
/// # Panics
/// If there are no weights or more than [`super::MOST_WEIGHTS`].
pub fn oracle(neuron: &DenseNeuron, weights: &[f64], setup: &PopulationSetup) -> Box<dyn OracleUnits> {
    match weights.len() {
        1 => Box::new(OracleDense::<1>::new(neuron, weights, setup.size)),
        2 => Box::new(OracleDense::<2>::new(neuron, weights, setup.size)),
        3 => Box::new(OracleDense::<3>::new(neuron, weights, setup.size)),
        weights => panic!("a population of {weights} weights"),
    }
}
