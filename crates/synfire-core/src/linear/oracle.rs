//! One neuron after the other, with no bound and nothing put off: what the engines are held against.

use super::{LinearNeuron, Membrane};
use crate::group::{Arrival, PopulationSetup};
use crate::oracle::OracleUnits;
use crate::time::Time;

/// Neurons in coordinates that rest between events, as the oracle sees them.
struct OracleLinear<const K: usize> {
    membrane: Membrane<K>,
    neurons: Vec<OracleNeuron<K>>,
}

struct OracleNeuron<const K: usize> {
    x: [f64; K],
    anchor: Time,
    crossing: Time,
    refractory_until: Option<Time>,
}

impl<const K: usize> OracleLinear<K> {
    /// The population at t = 0.
    fn new(neuron: &LinearNeuron, setup: &PopulationSetup) -> OracleLinear<K> {
        let membrane = Membrane::new(neuron);
        let make = |index| {
            let mut made = OracleNeuron {
                x: membrane.initial(neuron, index),
                anchor: Time::ZERO,
                crossing: Time::NEVER,
                refractory_until: None,
            };
            made.find_crossing(&membrane);
            made
        };
        let neurons = (0..setup.size).map(make).collect();
        OracleLinear { membrane, neurons }
    }
}

impl<const K: usize> OracleNeuron<K> {
    fn find_crossing(&mut self, membrane: &Membrane<K>) {
        let integrator = &membrane.integrator;
        self.crossing = Time::NEVER;
        if self.refractory_until.is_some() {
            return;
        }
        let (mut epoch, mut from) = self.anchor.parts();
        let mut x = self.x;
        let fade = integrator.fade(from);
        let (mut y, mut drives) = (integrator.value(&x, &fade), integrator.drives(&x, &fade));
        while !integrator.stays_below(y, &drives) {
            if let Some(offset) = integrator.passage(&x, from).at {
                self.crossing = Time::from_parts(epoch, offset).expect("an offset");
                return;
            }
            integrator.move_on(&mut x);
            (epoch, from) = (epoch + 1, 0.0);
            (y, drives) = (integrator.value(&x, &[1.0; K]), integrator.drives(&x, &[1.0; K]));
        }
    }
}

impl<const K: usize> OracleUnits for OracleLinear<K> {
    fn size(&self) -> usize {
        self.neurons.len()
    }

    fn next(&self, index: usize) -> Time {
        let neuron = &self.neurons[index];
        neuron.crossing.min(neuron.refractory_until.unwrap_or(Time::NEVER))
    }

    fn touch(&mut self, index: usize, now: Time, arrivals: &[Arrival]) -> bool {
        let membrane = &self.membrane;
        let neuron = &mut self.neurons[index];
        let (epoch, offset) = now.parts();
        (neuron.anchor.parts().0..epoch).for_each(|_| membrane.integrator.move_on(&mut neuron.x));
        let fade = membrane.integrator.fade(offset);
        if neuron.refractory_until == Some(now) {
            neuron.x[0] = membrane.released(&neuron.x, &fade, offset);
            neuron.refractory_until = None;
        }
        for arrival in arrivals {
            let k = arrival.receptor as usize + 1;
            let kick = membrane.kick(k, arrival.weight, membrane.growths(k, offset));
            neuron.x[0] += kick.membrane;
            neuron.x[k] += kick.input;
        }
        let fires = neuron.crossing == now || membrane.integrator.value(&neuron.x, &fade) >= 0.0;
        if fires {
            neuron.x[0] = f64::NEG_INFINITY;
            neuron.refractory_until = Some(now.after(membrane.refractory_ms));
        }
        neuron.anchor = now;
        neuron.find_crossing(membrane);
        fires
    }
}

/// Makes the population for the oracle.
///
/// # Panics
/// If there are no receptors or more than [`super::MOST_RECEPTORS`].
pub fn oracle(neuron: &LinearNeuron, setup: &PopulationSetup) -> Box<dyn OracleUnits> {
    match neuron.taus.len() {
        2 => Box::new(OracleLinear::<2>::new(neuron, setup)),
        3 => Box::new(OracleLinear::<3>::new(neuron, setup)),
        4 => Box::new(OracleLinear::<4>::new(neuron, setup)),
        receptors => panic!("a population of {} receptors", receptors.wrapping_sub(1)),
    }
}
