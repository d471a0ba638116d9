//! How a linear flow in the plane answers an input that fades exponentially and enters the first variable: receptor
//! variables join the linear system.
//!
//! For the input (s + x t) e^(k t) with k = -1/tau the answer is s K(t) + x L(t), where K is the integral over u from 0 to t
//! of e^(A (t-u)) e1 e^(k u) and L the same with u e^(k u). Where k is no eigenvalue of A, nor near one,
//! K = (A - k I)^-1 (e^(At) - e^(kt)) e1. Else the exponential of the system with its input is taken by its series over a
//! short time, and the time is doubled until it is long enough.

use crate::linear::{Linear, Matrix, Propagator, Vector, plus};
use synfire_numerics::math;

/// The part of the scale (spectral radius and input rate) by which the resonance is missed, squared, above which the
/// inverse is used: it costs at most a factor of about its reciprocal of the last place.
const FAR_FROM_RESONANCE: f64 = 0.02;

/// Up to this size of (rate times t) the series is used.
const SERIES_REACH: f64 = 1.0;

/// Terms of a series that are surely enough.
const MOST_TERMS: u32 = 30;

/// A fading input of a neuron that is not 0: (s + x t) e^(rate t).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fading {
    /// Its place among the inputs of the system.
    pub index: usize,
    /// Its value now.
    pub s: f64,
    /// Its rise, per ms; 0 unless it has one.
    pub x: f64,
    /// -1/tau, 1/ms.
    pub rate: f64,
}

impl Fading {
    /// The same `t` ms later.
    #[inline]
    pub fn after(&self, t: f64) -> Fading {
        let left = math::exp(self.rate * t);
        Fading { s: (self.s + self.x * t) * left, x: self.x * left, ..*self }
    }

    /// No later value has a larger modulus.
    pub fn bound(&self) -> f64 {
        // (t/tau) e^(-t/tau) is at most 1/e.
        self.s.abs() + (self.x / self.rate).abs() / math::E
    }
}

/// What a linear flow needs to answer an input of one rate.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    rate: f64,
    /// (A - rate I)^-1 away from resonance.
    inverse: Option<Matrix>,
}

impl Answer {
    /// For inputs that fade with `rate` = -1/tau.
    pub fn new(linear: &Linear, rate: f64) -> Answer {
        let [a, b] = linear.matrix.rows;
        let shifted = Matrix::new([[a[0] - rate, a[1]], [b[0], b[1] - rate]]);
        let scale = linear.radius + rate.abs();
        let is_far = shifted.determinant().abs() > FAR_FROM_RESONANCE * scale * scale;
        Answer { rate, inverse: is_far.then(|| shifted.inverse()) }
    }

    /// K(t), and L(t) if `with_rise`.
    pub fn after(&self, linear: &Linear, over: &Propagator, t: f64, with_rise: bool) -> (Vector, Vector) {
        let scale = linear.radius + self.rate.abs();
        match &self.inverse {
            _ if scale * t <= SERIES_REACH => self.by_series(linear, t),
            Some(inverse) => {
                let lost = math::exp_m1(self.rate * t);
                let grown = linear.grown(over, [1.0, 0.0]);
                let k = inverse.times([grown[0] - lost, grown[1]]);
                let rise = if with_rise { inverse.times([k[0] - t * (1.0 + lost), k[1]]) } else { [0.0; 2] };
                (k, rise)
            }
            None => self.by_doubling(linear, t, scale),
        }
    }

    fn by_series(&self, linear: &Linear, t: f64) -> (Vector, Vector) {
        let ([mut k, mut rise], [mut k_sum, mut rise_sum]) = ([[0.0; 2]; 2], [[0.0; 2]; 2]);
        // The terms of e^(rate t) and of t e^(rate t).
        let (mut input, mut rising) = (1.0, 0.0);
        for n in 1..=MOST_TERMS {
            let step = t / f64::from(n);
            let (ak, al) = (linear.matrix.times(k), linear.matrix.times(rise));
            k = [(ak[0] + input) * step, ak[1] * step];
            rise = [(al[0] + rising) * step, al[1] * step];
            rising = t * input;
            input *= self.rate * step;
            let ([v, w], [v_rise, w_rise]) = (k_sum, rise_sum);
            (k_sum, rise_sum) = (plus(k_sum, 1.0, k), plus(rise_sum, 1.0, rise));
            let same = v == k_sum[0] && w == k_sum[1] && v_rise == rise_sum[0] && w_rise == rise_sum[1];
            if n > 2 && same {
                break;
            }
        }
        (k_sum, rise_sum)
    }

    /// K(2t) = (e^(At) + e^(kt)) K(t) and L(2t) = (e^(At) + e^(kt)) L(t) + t e^(kt) K(t).
    fn by_doubling(&self, linear: &Linear, t: f64, scale: f64) -> (Vector, Vector) {
        let mut doublings = 0;
        let mut h = t;
        while scale * h > SERIES_REACH && doublings < 64 {
            h *= 0.5;
            doublings += 1;
        }
        let (mut k, mut rise) = self.by_series(linear, h);
        for _ in 0..doublings {
            let over = linear.over(h);
            let left = math::exp(self.rate * h);
            let twice = |x: Vector| plus(plus(x, left, x), 1.0, linear.grown(&over, x));
            rise = plus(twice(rise), h * left, k);
            k = twice(k);
            h *= 2.0;
        }
        (k, rise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the flow under what is constant over very short steps, with Simpson's rule.
    fn brute(linear: &Linear, rate: f64, t: f64) -> (Vector, Vector) {
        let n = 4000;
        let h = t / f64::from(n);
        let (mut k, mut rise) = ([0.0; 2], [0.0; 2]);
        for i in 0..=n {
            let weight = h / 3.0 * if i == 0 || i == n { 1.0 } else { f64::from(2 + 2 * (i % 2)) };
            let u = f64::from(i) * h;
            let along = linear.exponential(&linear.over(t - u)).times([1.0, 0.0]);
            let input = math::exp(rate * u);
            k = plus(k, weight * input, along);
            rise = plus(rise, weight * u * input, along);
        }
        (k, rise)
    }

    #[test]
    fn answers_are_right_away_from_resonance_and_at_it() {
        for rows in [
            [[1.0, -1.0], [0.15, -0.1]],
            [[-1.0, -1.0], [0.15, -0.1]],
            [[-0.5, 0.0], [0.0, -0.5]],
            [[0.0, 0.0], [0.0, 0.0]],
            [[-1.0, -1.0], [0.02, -0.01]],
            [[0.5, -1.0], [0.140625, -0.25]],
        ] {
            let linear = Linear::new(Matrix::new(rows));
            let mut rates = vec![-0.25, -0.5, -2.0, -0.5 - 1e-9];
            if let crate::linear::Spectrum::Real(fast, slow) = linear.spectrum {
                rates.extend([fast, slow, slow * (1.0 + 1e-6)].iter().filter(|rate| **rate < 0.0));
            }
            for rate in rates {
                for t in [0.05, 0.6, 3.0, 12.0] {
                    let answer = Answer::new(&linear, rate);
                    let (k, rise) = answer.after(&linear, &linear.over(t), t, true);
                    let (right_k, right_rise) = brute(&linear, rate, t);
                    for i in 0..2 {
                        let k_scale = right_k[0].abs().max(right_k[1].abs());
                        let rise_scale = right_rise[0].abs().max(right_rise[1].abs());
                        assert!(
                            (k[i] - right_k[i]).abs() < 2e-9 * k_scale,
                            "{rows:?} {rate} {t}: {k:?} {right_k:?}"
                        );
                        assert!(
                            (rise[i] - right_rise[i]).abs() < 2e-9 * rise_scale,
                            "{rows:?} {rate} {t}: {rise:?} {right_rise:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn both_ways_agree_to_rounding_where_both_are_good() {
        let linear = Linear::new(Matrix::new([[1.0, -1.0], [0.15, -0.1]]));
        let answer = Answer::new(&linear, -0.3);
        for t in [1.0, 2.0, 5.0] {
            let (k, rise) = answer.after(&linear, &linear.over(t), t, true);
            let (k2, rise2) = answer.by_doubling(&linear, t, linear.radius + 0.3);
            for i in 0..2 {
                assert!((k[i] - k2[i]).abs() < 1e-14 * k[0].abs().max(k[1].abs()), "{t}: {k:?} {k2:?}");
                assert!((rise[i] - rise2[i]).abs() < 3e-14 * rise[0].abs(), "{t}: {rise:?} {rise2:?}");
            }
        }
    }
}
