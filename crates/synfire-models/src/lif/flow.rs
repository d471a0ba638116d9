//! The flow under currents, in closed form, and the decay of all receptor variables.

use synfire_numerics::response::Decay;

use super::{Effect, Input, Lif, LifLapse};

impl Lif {
    /// m after a lapse, with the receptor variables moved on too: both need the same exponentials.
    #[inline]
    pub(super) fn flow_under_currents(
        &self,
        m: f64,
        m_inf: f64,
        inputs: &mut [f64],
        lapse: &LifLapse,
    ) -> f64 {
        let LifLapse { dt_ms: dt, membrane } = *lapse;
        let mut push = 0.0;
        for input in &self.inputs {
            let (s, x) = input.values(inputs);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            let decay = Decay::after(dt * input.rate);
            push += input.push(s, x, dt, membrane, decay);
            input.store_decayed(inputs, s, x, dt, decay);
        }
        relax(m, m_inf, membrane) + push * self.per_capacitance
    }

    /// The same without moving anything: m at `t` after the anchor.
    pub(super) fn m_under_currents(&self, m: f64, m_inf: f64, inputs: &[f64], t: f64) -> f64 {
        let membrane = Decay::after(t * self.leak_rate);
        let mut push = 0.0;
        for input in &self.inputs {
            let (s, x) = input.values(inputs);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            push += input.push(s, x, t, membrane, Decay::after(t * input.rate));
        }
        relax(m, m_inf, membrane) + push * self.per_capacitance
    }

    /// Moves the receptor variables alone.
    pub(super) fn decay_inputs(&self, inputs: &mut [f64], dt: f64) {
        for input in &self.inputs {
            let (s, x) = input.values(inputs);
            if s != 0.0 || x != 0.0 {
                if self.has_conductances {
                    input.set(inputs, input.fading().after((s, x), dt));
                } else {
                    input.store_decayed(inputs, s, x, dt, Decay::after(dt * input.rate));
                }
            }
        }
    }
}

impl Input {
    /// What the current has added to c_m m after `t`.
    #[inline]
    pub(super) fn push(&self, s: f64, x: f64, t: f64, membrane: Decay, decay: Decay) -> f64 {
        let Effect::Current { response, .. } = self.effect else { return 0.0 };
        let k = response.exponential(t, membrane, decay);
        if self.is_alpha { s * k + x * response.ramp(t, membrane, decay, k) } else { s * k }
    }

    #[inline]
    fn store_decayed(&self, inputs: &mut [f64], s: f64, x: f64, dt: f64, decay: Decay) {
        self.set(inputs, ((s + x * dt) * decay.left, x * decay.left));
    }
}

/// Exponential relaxation towards m_inf, in the form that keeps the digits of what is small: the change at first, the
/// distance from m_inf later.
#[inline]
pub(super) fn relax(m: f64, m_inf: f64, membrane: Decay) -> f64 {
    if membrane.lost < 0.5 { m + (m_inf - m) * membrane.lost } else { m_inf + (m - m_inf) * membrane.left }
}
