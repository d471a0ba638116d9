//! The oracle's view of such populations: neuron by neuron, with nothing shared and nothing put off.

use super::growth::power_of_two;
use super::{Law, PhaseLaw};
use crate::group::{Arrival, PopulationSetup};
use crate::oracle::OracleUnits;
use crate::time::Time;

/// Neurons by phase, for [`crate::oracle::run`].
pub struct OraclePhases {
    law: Law,
    neurons: Vec<Phase>,
}

/// A phase in units that are the neuron's own, changed at each of its events.
struct Phase {
    value: f64,
    unit: i64,
    next: Time,
}

impl OraclePhases {
    /// The population at t = 0.
    pub fn new(law: PhaseLaw, setup: &PopulationSetup) -> OraclePhases {
        let law = Law::new(law);
        let phase = |value| Phase { value, unit: 0, next: law.crossing(value, 0, Time::ZERO) };
        OraclePhases { law, neurons: law.initial(setup).into_iter().map(phase).collect() }
    }
}

impl OracleUnits for OraclePhases {
    fn size(&self) -> usize {
        self.neurons.len()
    }

    fn next(&self, index: usize) -> Time {
        self.neurons[index].next
    }

    fn touch(&mut self, index: usize, now: Time, arrivals: &[Arrival]) -> bool {
        let neuron = &mut self.neurons[index];
        let grown = self.law.growth.at(now);
        let instant = self.law.instant(now, grown.mantissa);
        neuron.value *= power_of_two(neuron.unit - grown.exponent);
        neuron.unit = grown.exponent;
        if neuron.next == now {
            let was_refractory = neuron.value == f64::INFINITY;
            neuron.value = if was_refractory { instant.reset } else { instant.threshold };
        }
        for arrival in arrivals {
            neuron.value -= instant.jump(arrival.weight);
        }
        let fires = instant.reaches_threshold(neuron.value);
        let refractory_end = self.law.refractory_end(now).filter(|_| fires);
        if fires {
            neuron.value = if refractory_end.is_some() { f64::INFINITY } else { instant.reset };
        }
        if neuron.value < f64::INFINITY {
            neuron.next = self.law.crossing(neuron.value, neuron.unit, now);
        } else if let Some(end) = refractory_end {
            neuron.next = end;
        }
        fires
    }
}
