//! Receptor variables between two events: closed forms, and their Taylor coefficients.

use synfire_core::receptor::{ReceptorKind, ReceptorSet};
use synfire_numerics::jet::Coefficients;
use synfire_numerics::math;
use synfire_numerics::scalar::Scalar;
use synfire_numerics::taylor::{GIVEN, Given};

/// The receptors of one neuron that have variables.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    all: Vec<Input>,
    pub(super) has_conductances: bool,
}

#[derive(Clone, Copy, Debug)]
struct Input {
    /// Where its variables begin.
    place: usize,
    is_alpha: bool,
    tau: f64,
    /// e_rev - v_th, mV, of a conductance.
    reversal: Option<f64>,
}

/// Receptor variables at the anchor, a constant current, and a time since then: what drives the neuron from there on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Past<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) anchor: &'a [f64],
    pub(super) constant: f64,
    pub(super) elapsed_ms: f64,
}

impl Inputs {
    pub(super) fn new(receptors: &ReceptorSet, v_th: f64) -> Inputs {
        let mut all = Vec::new();
        for (index, receptor) in receptors.receptors().iter().enumerate() {
            if receptor.kind != ReceptorKind::Delta {
                all.push(Input {
                    place: receptors.first_variable(index),
                    is_alpha: receptor.kind.is_alpha(),
                    tau: receptor.tau,
                    reversal: receptor.kind.is_conductance().then_some(receptor.e_rev - v_th),
                });
            }
        }
        let has_conductances = all.iter().any(|input| input.reversal.is_some());
        Inputs { all, has_conductances }
    }

    /// Moves the variables `dt_ms` on.
    #[inline]
    pub(super) fn decay(&self, variables: &mut [f64], dt_ms: f64) {
        for input in &self.all {
            let (s, x) = input.after(variables, dt_ms);
            variables[input.place] = s;
            if input.is_alpha {
                variables[input.place + 1] = x;
            }
        }
    }
}

impl Input {
    /// The variables s (or g) and x, `dt_ms` after they were `variables`: (s + x t) e^(-t/tau) and x e^(-t/tau).
    #[inline]
    fn after(&self, variables: &[f64], dt_ms: f64) -> (f64, f64) {
        let s = variables[self.place];
        let x = if self.is_alpha { variables[self.place + 1] } else { 0.0 };
        if dt_ms == 0.0 || (s == 0.0 && x == 0.0) {
            return (s, x);
        }
        let left = math::exp(-dt_ms / self.tau);
        ((s + x * dt_ms) * left, x * left)
    }
}

impl<T: Scalar> Given<T> for Past<'_> {
    /// The current, with g (e_rev - v_th) of conductances in it, and the conductance.
    fn expand(&self, unit: f64, order: usize, coefficients: &mut [Coefficients<T>; GIVEN]) {
        let [current, conductance] = coefficients;
        current[..=order].fill(T::ZERO);
        current[0] = T::from(self.constant);
        conductance[..=order].fill(T::ZERO);
        for input in &self.inputs.all {
            let (s, x) = input.after(self.anchor, self.elapsed_ms);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            let (mut s, mut x) = (T::from(s), T::from(x));
            let rate = T::from(-unit) / input.tau;
            for k in 0..=order {
                match input.reversal {
                    None => current[k] = current[k] + s,
                    Some(reversal) => {
                        current[k] = current[k] + s * reversal;
                        conductance[k] = conductance[k] + s;
                    }
                }
                s = (s * rate + x * unit).over(k + 1);
                x = (x * rate).over(k + 1);
            }
        }
    }
}
