//! The same flow in twice the digits: how far spikes can be trusted.

use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::jet::Slot;
use synfire_numerics::taylor::{self, Series};

use super::{Driven, Dynamics, Integrated, IntegratedState};

/// Steps are multiples of this, 2^-24 ms, so that sums of them are exact.
const QUANTUM_MS: f64 = 1.0 / 16_777_216.0;

impl<M: Dynamics<D>, const D: usize> Integrated<M, D> {
    /// m = v - v_th and the other variables `dt_ms` after the anchor, in double-double: without threshold and without
    /// arrivals, as `flow`, from the same state and with the same constants, good to about 30 digits. Slow.
    pub fn audit_flow(
        &self,
        state: &IntegratedState<D>,
        inputs: &[f64],
        stimulus: f64,
        dt_ms: f64,
    ) -> [DoubleDouble; D] {
        let (series, rest_ms) = self.audit_series(state, inputs, stimulus, dt_ms);
        series.at(rest_ms)
    }

    /// The series of the step that holds the time `dt_ms` after the anchor, and how far into the step it lies, ms.
    pub fn audit_series(
        &self,
        state: &IntegratedState<D>,
        inputs: &[f64],
        stimulus: f64,
        dt_ms: f64,
    ) -> (Series<DoubleDouble, D>, f64) {
        let field = Driven { model: &self.model, has_conductances: self.inputs.has_conductances };
        let mut slots = vec![Slot::EMPTY; self.model.slots() + 1];
        let mut past = self.past(inputs, stimulus);
        let mut x = state.x.map(DoubleDouble::from);
        loop {
            let series = taylor::expand(&field, x, &past, &mut slots, None);
            let rest_ms = dt_ms - past.elapsed_ms;
            let step = (series.step / QUANTUM_MS).floor() * QUANTUM_MS;
            if rest_ms <= series.step || step.is_nan() || step <= 0.0 {
                return (series, rest_ms);
            }
            x = series.at(step);
            past.elapsed_ms += step;
        }
    }

    /// The model's equations and constants.
    pub fn dynamics(&self) -> &M {
        &self.model
    }

    /// The threshold that the distances m belong to.
    pub fn threshold(&self) -> f64 {
        self.common.v_th
    }
}

impl<const D: usize> IntegratedState<D> {
    /// m = v - v_th and the model's other variables.
    pub fn variables(&self) -> &[f64; D] {
        &self.x
    }
}
