//! Receptor variables between two events: closed forms, and their Taylor coefficients.

use std::ops::Range;

use synfire_core::receptor::{ReceptorKind, ReceptorSet};
use synfire_numerics::jet::{Arithmetic, Coefficients};
use synfire_numerics::math;
use synfire_numerics::scalar::Scalar;
use synfire_numerics::taylor::{GIVEN, Given};

/// The receptors of one neuron that have variables.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    all: Vec<Input>,
    pub(super) has_conductances: bool,
    /// There are receptors, all of which make jumps.
    pub(super) only_jumps: bool,
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

/// Bounds on the current from the anchor on, whatever time it is: what excludes a crossing without any series.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    pub(super) inputs: &'a Inputs,
    pub(super) anchor: &'a [f64],
    pub(super) constant: f64,
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
        let only_jumps = all.is_empty() && !receptors.receptors().is_empty();
        Inputs { all, has_conductances, only_jumps }
    }

    /// Moves the variables `dt_ms` on.
    #[inline]
    pub(super) fn decay(&self, variables: &mut [f64], dt_ms: f64) {
        for input in &self.all {
            let (s, x) = input.after::<f64>(variables, dt_ms);
            variables[input.place] = s;
            if input.is_alpha {
                variables[input.place + 1] = x;
            }
        }
    }
}

impl Input {
    /// The variables s (or g) and x at the anchor.
    #[inline(always)]
    fn values(&self, variables: &[f64]) -> (f64, f64) {
        (variables[self.place], if self.is_alpha { variables[self.place + 1] } else { 0.0 })
    }

    /// The variables, `dt_ms` later: (s + x t) e^(-t/tau) and x e^(-t/tau).
    #[inline(always)]
    fn after<T: Scalar>(&self, variables: &[f64], dt_ms: f64) -> (T, T) {
        let (s, x) = self.values(variables);
        if dt_ms == 0.0 || (s == 0.0 && x == 0.0) {
            return (T::from(s), T::from(x));
        }
        let left = (T::from(-dt_ms) / self.tau).exp();
        ((T::from(s) + T::from(x) * dt_ms) * left, T::from(x) * left)
    }

    /// No more than this will s be, for all times: (t/tau) e^(-t/tau) is at most 1/e.
    #[inline]
    fn most(&self, variables: &[f64]) -> f64 {
        let (s, x) = self.values(variables);
        s.max(0.0) + x.max(0.0) * self.tau * ONE_OVER_E
    }

    /// No less.
    #[inline]
    fn least(&self, variables: &[f64]) -> f64 {
        let (s, x) = self.values(variables);
        s.min(0.0) + x.min(0.0) * self.tau * ONE_OVER_E
    }
}

const ONE_OVER_E: f64 = 1.0 / math::E;

/// Sums of currents are right to this part of their terms.
const ROUNDING: f64 = 1e-9;

impl Envelope<'_> {
    /// No more than this will the current be, for all times at which the membrane is at `m` or above.
    #[inline]
    pub fn most(&self, m: f64) -> f64 {
        self.inputs.all.iter().fold(self.constant, |sum, input| {
            let most = input.most(self.anchor);
            sum + input.reversal.map_or(most, |reversal| most * (reversal - m).max(0.0))
        })
    }

    /// A time, ms, before which the membrane certainly does not get from `m`, where it is, to `charge` (c_m times mV; pA ms)
    /// above, where at time t, at `m` and above, all but the inputs drives it by at most `more` + `growth` t (pA, pA/ms). What
    /// holds it back is taken on the tangent of its fading, below which it never falls.
    pub fn climb(&self, m: f64, charge: f64, more: f64, growth: f64) -> f64 {
        let (mut held, mut growth) = (0.0, growth);
        for input in &self.inputs.all {
            let (s, _) = input.values(self.anchor);
            let back = match input.reversal {
                None => (-s).max(0.0),
                Some(reversal) => s.max(0.0) * (m - reversal).max(0.0),
            };
            held += back;
            growth += back / input.tau;
        }
        let most = self.most(m);
        let drive = more + most - held + ROUNDING * (more.abs() + most.abs() + held);
        // The drive rises all the time; what of it is above 0 has to add up to the charge.
        if drive > 0.0 {
            2.0 * charge / (drive + (drive * drive + 2.0 * growth * charge).sqrt())
        } else if growth > 0.0 {
            ((2.0 * growth * charge).sqrt() - drive) / growth
        } else {
            0.0 // never, but for rounding: who asks knows that better
        }
    }

    /// No less than this will the current be, for all times at which the membrane is at `m` or below.
    #[inline]
    pub fn least(&self, m: f64) -> f64 {
        self.inputs.all.iter().fold(self.constant, |sum, input| match input.reversal {
            None => sum + input.least(self.anchor),
            Some(reversal) => sum + input.most(self.anchor) * (reversal - m).min(0.0),
        })
    }
}

impl Past<'_> {
    /// The current at a time (since the anchor) and a membrane that are functions themselves.
    #[inline(always)] // into vector instructions
    pub(super) fn current<A: Arithmetic>(&self, a: &mut A, elapsed: A::Number, m: A::Number) -> A::Number {
        let mut current = a.constant(self.constant);
        let mut conductance = a.constant(0.0);
        for input in &self.inputs.all {
            let (s, x) = input.values(self.anchor);
            let left = a.exp(elapsed / -input.tau);
            let value = if input.is_alpha {
                let risen = elapsed * x + a.constant(s);
                a.mul(risen, left)
            } else {
                left * s
            };
            match input.reversal {
                None => current = current + value,
                Some(reversal) => {
                    current = current + value * reversal;
                    conductance = conductance + value;
                }
            }
        }
        if self.inputs.has_conductances { current - a.mul(conductance, m) } else { current }
    }

    /// How many slots [`Self::current`] takes, at most.
    pub(super) fn slots(&self) -> usize {
        2 * self.inputs.all.len() + 1
    }

    pub(super) fn envelope(&self) -> Envelope<'_> {
        Envelope { inputs: self.inputs, anchor: self.anchor, constant: self.constant }
    }
}

impl<T: Scalar> Given<T> for Past<'_> {
    /// The current, with g (e_rev - v_th) of conductances in it, and the conductance: coefficient k of (s + x t) e^(-t/tau)
    /// is s q_k + x unit q_(k - 1) with q_k = (-unit/tau)^k/k!.
    #[inline(always)]
    fn expand(&self, unit: f64, orders: Range<usize>, coefficients: &mut [Coefficients<T>; GIVEN]) {
        let [current, conductance] = coefficients;
        if orders.contains(&0) {
            current[0] = T::from(self.constant);
        }
        for input in &self.inputs.all {
            if input.values(self.anchor) == (0.0, 0.0) {
                continue;
            }
            let (s, x): (T, T) = input.after(self.anchor, self.elapsed_ms);
            let (rate, slope) = (T::from(-unit) / input.tau, x * unit);
            let (mut q, mut before) = (T::from(1.0), T::ZERO);
            for k in 0..orders.end {
                if k > 0 {
                    (q, before) = (q * rate.over(k), q);
                }
                if k < orders.start {
                    continue;
                }
                let value = if input.is_alpha { s * q + slope * before } else { s * q };
                match input.reversal {
                    None => current[k] = current[k] + value,
                    Some(reversal) => {
                        current[k] = current[k] + value * reversal;
                        conductance[k] = conductance[k] + value;
                    }
                }
            }
        }
    }
}
