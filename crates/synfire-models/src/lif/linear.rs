//! Which populations can be driven in coordinates that rest between events.
//!
//! Those coordinates are differences of exponentials, so the time constants must be clear of one another; they grow within
//! an epoch, so the time constants must not be short; and they are moved on from epoch to epoch with a rounding each, so the
//! time constants must not be long. A membrane that only just reaches threshold by constant current needs more digits than
//! that leaves.

use synfire_core::group::PopulationSetup;
use synfire_core::linear::{LinearModel, LinearNeuron, MOST_RECEPTORS};
use synfire_core::model::NeuronModel;
use synfire_core::receptor::{ReceptorKind, ReceptorSet};
use synfire_core::spec::Column;

use super::Lif;

/// The time constants, ms.
const TAUS: std::ops::RangeInclusive<f64> = 0.2..=100.0;
/// A receptor's time constant and the membrane's differ at least by this factor.
const CLEAR: f64 = 1.25;
/// Rest is clear of threshold by this part of the way from reset.
const CLEAR_REST: f64 = 1e-2;
/// Shorter refractory times, ms, do not count as any.
const LEAST_REFRACTORY: f64 = 1e-2;

impl LinearModel for Lif {
    /// Describes the population if all its neurons are the same, have exponential currents only and time constants for
    /// which the coordinates are accurate to rounding.
    fn linear(setup: &PopulationSetup) -> Option<LinearNeuron> {
        let receptors = ReceptorSet::new(setup.receptors.clone());
        let plain = setup
            .receptors
            .iter()
            .all(|r| r.kind == ReceptorKind::Exponential && !r.reset && r.refractory_input);
        if !plain
            || !(1..=MOST_RECEPTORS).contains(&setup.receptors.len())
            || !setup.stimuli.is_empty()
            || !setup.parameters.is_uniform()
            || setup.size == 0
        {
            return None;
        }
        let lif = Lif::prepare(setup.parameters.row(0), &receptors).ok()?;
        let tau_m = lif.tau_m;
        let is_clear = |tau: f64| TAUS.contains(&tau) && (tau / tau_m).max(tau_m / tau) >= CLEAR;
        let rest = lif.resting.m_inf(0.0);
        let is_accurate = TAUS.contains(&tau_m)
            && setup.receptors.iter().all(|r| is_clear(r.tau))
            && rest.abs() >= CLEAR_REST * -lif.m_reset
            && lif.t_ref >= LEAST_REFRACTORY;
        if !is_accurate {
            return None;
        }
        let given = |variable| setup.initial.iter().find(|i| i.0 == variable).map(|i| i.1.clone());
        let first_input = Lif::SPEC.variables.len();
        Some(LinearNeuron {
            v_th: lif.v_th,
            rest,
            reset: lif.m_reset,
            refractory_ms: lif.t_ref,
            taus: std::iter::once(tau_m).chain(setup.receptors.iter().map(|r| r.tau)).collect(),
            capacitance: lif.resting.c_m,
            initial_v: given(0).unwrap_or(Column::Same(lif.resting.e_l)),
            initial_currents: (0..setup.receptors.len()).map(|r| given(first_input + r)).collect(),
        })
    }
}
