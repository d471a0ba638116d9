//! One neuron after the other, with no bound and nothing put off: what the engines are held against.

use super::{Coordinates, Membrane};
use crate::group::Arrival;
use crate::oracle::OracleUnits;
use crate::time::Time;

/// Neurons in coordinates that rest between events, as the oracle sees them.
pub(super) struct OracleLinear<C, const K: usize> {
    membrane: Membrane<K>,
    neurons: Vec<OracleNeuron<C>>,
}

struct OracleNeuron<C> {
    coordinates: C,
    anchor: Time,
    crossing: Time,
    refractory_until: Option<Time>,
}

impl<C: Coordinates<K>, const K: usize> OracleLinear<C, K> {
    /// The population at t = 0.
    pub(super) fn new(membrane: Membrane<K>, states: Vec<C>) -> OracleLinear<C, K> {
        let make = |coordinates| {
            let mut made = OracleNeuron {
                coordinates,
                anchor: Time::ZERO,
                crossing: Time::NEVER,
                refractory_until: None,
            };
            made.find_crossing(&membrane);
            made
        };
        let neurons = states.into_iter().map(make).collect();
        OracleLinear { membrane, neurons }
    }
}

impl<C> OracleNeuron<C> {
    fn find_crossing<const K: usize>(&mut self, membrane: &Membrane<K>)
    where
        C: Coordinates<K>,
    {
        let integrator = &membrane.integrator;
        self.crossing = Time::NEVER;
        if self.refractory_until.is_some() {
            return;
        }
        let (mut epoch, mut from) = self.anchor.parts();
        let mut coordinates = self.coordinates;
        let x = coordinates.x(membrane);
        let fade = integrator.fade(from);
        let (mut y, mut drives) = (integrator.value(&x, &fade), integrator.drives(&x, &fade));
        while !integrator.stays_below(y, &drives) {
            if let Some(offset) = integrator.passage(&coordinates.x(membrane), from).at {
                self.crossing = Time::from_parts(epoch, offset).expect("an offset");
                return;
            }
            coordinates.move_on(membrane);
            let x = coordinates.x(membrane);
            (epoch, from) = (epoch + 1, 0.0);
            (y, drives) = (integrator.value(&x, &[1.0; K]), integrator.drives(&x, &[1.0; K]));
        }
    }
}

impl<C: Coordinates<K>, const K: usize> OracleUnits for OracleLinear<C, K> {
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
        (neuron.anchor.parts().0..epoch).for_each(|_| neuron.coordinates.move_on(membrane));
        let fade = membrane.integrator.fade(offset);
        if neuron.refractory_until == Some(now) {
            let membrane_at_reset = membrane.released(&neuron.coordinates.x(membrane), &fade, offset);
            neuron.coordinates.set_membrane(membrane_at_reset);
            neuron.refractory_until = None;
        }
        for arrival in arrivals {
            let k = arrival.receptor as usize + 1;
            let kick = membrane.kick(k, arrival.weight, membrane.growths(k, offset));
            neuron.coordinates.add(membrane, k, kick);
        }
        let fires = neuron.crossing == now
            || membrane.integrator.value(&neuron.coordinates.x(membrane), &fade) >= 0.0;
        if fires {
            neuron.coordinates.set_membrane(f64::NEG_INFINITY);
            neuron.refractory_until = Some(now.after(membrane.refractory_ms));
        }
        neuron.anchor = now;
        neuron.find_crossing(membrane);
        fires
    }
}
