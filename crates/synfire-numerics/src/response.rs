//! How a leaky integrator answers an input that fades exponentially, in forms that stay accurate whatever the ratio of
//! the two time constants: equal, nearly equal or far apart.

use crate::math;

/// What is left of 1, and what is lost, after a number of time constants.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Decay {
    /// e^-x.
    pub left: f64,
    /// 1 - e^-x.
    pub lost: f64,
}

impl Decay {
    /// After no time.
    pub const NONE: Decay = Decay { left: 1.0, lost: 0.0 };

    /// The decay after `x` time constants; `x` is at least 0.
    #[inline]
    pub fn after(x: f64) -> Decay {
        // Whichever of the two is small is computed, so that it keeps its digits.
        if x < std::f64::consts::LN_2 {
            let lost = -math::exp_m1(-x);
            Decay { left: 1.0 - lost, lost }
        } else {
            let left = math::exp(-x);
            Decay { left, lost: 1.0 - left }
        }
    }
}

/// The answer of a leaky integrator (time constant tau_m) to an input of time constant tau_s:
/// K(t), the integral over u from 0 to t of e^(-(t-u)/tau_m) e^(-u/tau_s), and L(t), the same with u e^(-u/tau_s).
#[derive(Clone, Copy, Debug)]
pub struct Response {
    /// 1/tau_s - 1/tau_m.
    gap: f64,
    /// 1/gap, or 0 where the gap is 0.
    gap_inverse: f64,
    /// The difference of the two exponentials loses digits.
    close: bool,
    peak: f64,
}

impl Response {
    /// For these time constants, both above 0.
    pub fn new(tau_m: f64, tau_s: f64) -> Response {
        // From the difference of the time constants, which is exact where they are close; that of the rates is not.
        let difference = tau_m - tau_s;
        let gap = difference / tau_m / tau_s;
        let gap_inverse = if gap == 0.0 { 0.0 } else { tau_m / difference * tau_s };
        // K is largest where it equals tau_m e^(-t/tau_s): at t/tau_s = ln(tau_m/tau_s) tau_m/(tau_m - tau_s).
        let ratio = difference / tau_s;
        let peak_time = if ratio == 0.0 { 1.0 } else { math::ln_1p(ratio) / ratio * (tau_m / tau_s) };
        let peak = tau_m * math::exp(-peak_time);
        Response { gap, gap_inverse, close: difference.abs() < 0.25 * tau_m.max(tau_s), peak }
    }

    /// The largest value of K.
    pub fn peak(&self) -> f64 {
        self.peak
    }

    /// K(t), given what is left of integrator and input after `t`.
    #[inline]
    pub fn exponential(&self, t: f64, membrane: Decay, input: Decay) -> f64 {
        if self.close {
            return self.close_exponential(t, membrane, input);
        }
        let difference =
            if membrane.lost < 0.5 { input.lost - membrane.lost } else { membrane.left - input.left };
        difference * self.gap_inverse
    }

    fn close_exponential(&self, t: f64, membrane: Decay, input: Decay) -> f64 {
        let slower = if self.gap > 0.0 { membrane.left } else { input.left };
        if self.gap == 0.0 {
            return slower * t;
        }
        let gap = self.gap.abs();
        slower * (-math::exp_m1(-gap * t) / gap)
    }

    /// L(t), given what is left of integrator and input after `t`, and `k` = K(t).
    #[inline]
    pub fn ramp(&self, t: f64, membrane: Decay, input: Decay, k: f64) -> f64 {
        let z = -self.gap * t;
        if z.abs() < 1.0 {
            membrane.left * t * t * ramp_series(z)
        } else {
            (k - t * input.left) * self.gap_inverse
        }
    }
}

/// The integral over u from 0 to 1 of u e^(u z), for |z| < 1: the sum of z^k / (k! (k + 2)).
fn ramp_series(z: f64) -> f64 {
    const TERMS: usize = 19;
    const COEFFICIENTS: [f64; TERMS] = ramp_coefficients();
    COEFFICIENTS.iter().rev().fold(0.0, |sum, coefficient| sum * z + coefficient)
}

const fn ramp_coefficients<const N: usize>() -> [f64; N] {
    let mut coefficients = [0.0; N];
    let mut factorial = 1.0;
    let mut k = 0;
    while k < N {
        coefficients[k] = 1.0 / (factorial * (k as f64 + 2.0));
        k += 1;
        factorial *= k as f64;
    }
    coefficients
}
