//! Populations of equal leaky integrators with jumps as input and a drive beyond threshold: phases instead of potentials.
//!
//! With m the membrane potential relative to threshold and m_inf > 0 what it tends to,
//!
//! > y = (m_inf - m) e^(t/tau)
//!
//! does not change between events. It is the neuron's state and the key of its next spike at once: threshold is reached at
//! t = tau ln(y/m_inf), so the lowest y is the next to spike. An arrival of weight w subtracts w e^(t/tau), which is the same
//! for all targets of a spike: no exponential and no logarithm per synapse, one of each per spike. A refractory neuron has
//! y = infinity and loses its input without being asked.
//!
//! y is kept in units of a power of two that grows with e^(t/tau), so it neither overflows nor loses digits, and the units
//! are in no bit of it. What is done to one neuron at one instant is in this file, `Instant`; [`PhasePopulation`] does it
//! to many, [`OraclePhases`] one by one.
//!
//! R. Engelken (2023), SparseProp: efficient event-based simulation and training of sparse recurrent spiking neural networks,
//! NeurIPS 36, has the idea of one phase for all; here it is rounded to the same bits whoever computes it.

mod frontier;
mod growth;
mod oracle;
mod population;

pub use oracle::OraclePhases;
pub use population::PhasePopulation;

use crate::group::PopulationSetup;
use crate::model::NeuronModel;
use crate::receptor::{ReceptorKind, ReceptorSet};
use crate::spec::Column;
use crate::time::Time;
use growth::{Grown, Growth};

/// The constants of such neurons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PhaseLaw {
    /// The membrane time constant, ms.
    pub tau_ms: f64,
    /// What the membrane potential tends to, relative to threshold; above 0.
    pub drive: f64,
    /// The reset, relative to threshold; below 0.
    pub reset: f64,
    /// The threshold.
    pub threshold: f64,
    /// The refractory time, ms.
    pub refractory_ms: f64,
    /// Where the membrane potential starts if nothing else is given.
    pub rest: f64,
}

/// Nothing that makes a phase may be larger than this, nor the drive smaller than its inverse: then no phase overflows.
const LARGEST: f64 = 1e30;
/// Time constants that are allowed, ms.
const TAUS: std::ops::RangeInclusive<f64> = 1e-6..=1e12;

/// The law of a population that is to be run by phase: it is reached by projections of one weight each, without delay; all its
/// neurons are the same leaky integrator with a drive beyond threshold; its only input are jumps. The scenario alone
/// decides, so every engine and queue and the oracle do the same arithmetic.
pub fn law_of<M: NeuronModel>(setup: &PopulationSetup) -> Option<PhaseLaw> {
    let only_jumps = setup.receptors.iter().all(|receptor| receptor.kind == ReceptorKind::Delta);
    let all_equal = setup.parameters.is_uniform() && setup.stimuli.is_empty();
    if setup.jumps.is_empty() || setup.size == 0 || !only_jumps || !all_equal {
        return None;
    }
    crate::spec::check_ranges(&setup.parameters, setup.size).ok()?;
    let model = M::prepare(setup.parameters.row(0), &ReceptorSet::new(setup.receptors.clone())).ok()?;
    let law = model.phase_law()?;
    let mut sizes = vec![law.threshold, law.reset, law.rest, law.drive, 1.0 / law.drive];
    sizes.extend(&setup.jumps);
    for (_, column) in &setup.initial {
        match column {
            Column::Same(v) => sizes.push(*v),
            Column::Each(all) => sizes.extend(all),
        }
    }
    let in_range = law.drive > 0.0 && TAUS.contains(&law.tau_ms) && sizes.iter().all(|x| x.abs() <= LARGEST);
    in_range.then_some(law)
}

/// Units of phases are 2^64 apart: so rarely that changing them costs nothing, so often that no weight overflows.
const UNIT_STEP: i64 = 64;

/// The law with what follows from it.
#[derive(Clone, Copy, Debug)]
struct Law {
    law: PhaseLaw,
    growth: Growth,
    /// (m_inf - m) after a reset.
    reset: f64,
}

/// e^(t/tau) at one instant, in given units, and what a neuron's phase is told then.
#[derive(Clone, Copy, Debug)]
struct Instant {
    now: Time,
    grown: f64,
    /// The phase of a neuron at threshold.
    threshold: f64,
    /// The phase of a neuron after its reset.
    reset: f64,
}

impl Law {
    fn new(law: PhaseLaw) -> Law {
        Law { law, growth: Growth::new(law.tau_ms), reset: law.drive - law.reset }
    }

    /// The phases at t = 0, in units of 1, from the potentials in `setup`.
    fn initial(&self, setup: &PopulationSetup) -> Vec<f64> {
        let column = setup.initial.iter().find(|(variable, _)| *variable == 0).map(|(_, column)| column);
        let phase = |index| {
            let v = column.map_or(self.law.rest, |column| column.at(index));
            self.law.drive - (v - self.law.threshold)
        };
        (0..setup.size).map(phase).collect()
    }

    /// The units for phases at a time at which e^(t/tau) is `grown`.
    fn unit(grown: Grown) -> i64 {
        grown.exponent.div_euclid(UNIT_STEP) * UNIT_STEP
    }

    fn instant(&self, now: Time, grown: f64) -> Instant {
        Instant { now, grown, threshold: self.law.drive * grown, reset: self.reset * grown }
    }

    /// When a neuron of this phase crosses threshold, if its last event was not after `now`.
    fn crossing(&self, phase: f64, unit: i64, now: Time) -> Time {
        match phase {
            f64::INFINITY => Time::NEVER,
            _ => self.growth.reaches(phase / self.law.drive, unit).max(now),
        }
    }

    /// The end of the refractory time that begins at `now`, if there is one.
    fn refractory_end(&self, now: Time) -> Option<Time> {
        Some(now.after(self.law.refractory_ms)).filter(|end| *end > now)
    }

    /// The membrane potential of a neuron of this phase.
    fn potential(&self, phase: f64, unit: i64, at: Time) -> f64 {
        let law = &self.law;
        match phase {
            f64::INFINITY => law.threshold + law.reset,
            _ => law.threshold + (law.drive - phase / self.growth.at(at).in_units_of(unit)),
        }
    }
}

impl Instant {
    /// What an arrival of this weight subtracts from the phase of its target.
    #[inline]
    fn jump(&self, weight: f64) -> f64 {
        weight * self.grown
    }

    /// The one threshold test after all arrivals of a generation.
    #[inline]
    fn reaches_threshold(&self, phase: f64) -> bool {
        phase <= self.threshold
    }
}
