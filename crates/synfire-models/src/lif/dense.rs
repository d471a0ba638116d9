//! Which populations can be driven under dense jumps: see [`synfire_core::dense`].

use synfire_core::dense::{DenseModel, DenseNeuron};
use synfire_core::group::PopulationSetup;
use synfire_core::model::NeuronModel;
use synfire_core::receptor::{ReceptorKind, ReceptorSet};
use synfire_core::spec::Column;
use synfire_numerics::cells::{CELL_MS, LEAST_TAU_MS};

use super::Lif;

/// A membrane that is slower, ms, gathers too many roundings.
const MOST_TAU_MS: f64 = 100.0;

impl DenseModel for Lif {
    /// Describes the population if all its neurons are the same, rest below threshold, have delta receptors only, and do not
    /// spike twice in a cell.
    fn dense(setup: &PopulationSetup) -> Option<DenseNeuron> {
        let has_jumps_only = setup.receptors.iter().all(|r| r.kind == ReceptorKind::Delta);
        let is_uniform = setup.parameters.is_uniform() && setup.size > 0;
        if !has_jumps_only || !is_uniform || !setup.stimuli.is_empty() {
            return None;
        }
        let lif = Lif::prepare(setup.parameters.row(0), &ReceptorSet::new(setup.receptors.clone())).ok()?;
        let rest = lif.resting.m_inf(0.0);
        if !(LEAST_TAU_MS..=MOST_TAU_MS).contains(&lif.tau_m) || rest >= 0.0 || lif.t_ref < CELL_MS {
            return None;
        }
        let given = setup.initial.iter().find(|i| i.0 == 0).map(|i| i.1.clone());
        Some(DenseNeuron {
            v_th: lif.v_th,
            rest,
            reset: lif.m_reset,
            refractory_ms: lif.t_ref,
            tau_m: lif.tau_m,
            initial_v: given.unwrap_or(Column::Same(lif.resting.e_l)),
        })
    }
}
