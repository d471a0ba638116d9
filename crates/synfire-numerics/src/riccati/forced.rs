//! The equation with fading terms: the linear pair, by power series.
//!
//! With x = -y'/(a y) the equation becomes linear, y'' + G y' + a Q y = 0: nothing in it is ever infinite, and its solutions
//! are analytic everywhere, so that steps may be as long as the time scale of G and Q, however steep x is.

use super::Autonomous;
use crate::math;

/// (q + q_rise t) e^(-t/tau) in Q, and the same with g in G.
#[derive(Clone, Copy, Debug, Default)]
pub struct Term {
    /// In Q at t = 0.
    pub q: f64,
    /// Its rise, per ms.
    pub q_rise: f64,
    /// In G at t = 0, 1/ms; at least 0.
    pub g: f64,
    /// Its rise, per ms; at least 0.
    pub g_rise: f64,
    /// The time constant, ms.
    pub tau: f64,
}

/// The equation x' = a x^2 - G(t) x + Q(t).
#[derive(Clone, Copy, Debug)]
pub struct Forced<I> {
    /// What is left when all terms have faded.
    pub constant: Autonomous,
    /// The fading terms at t = 0.
    pub terms: I,
}

/// Steps are at most this part of the shortest time scale. Two zeros of y' + a height y are more than twice as far apart.
/// And with time in that scale the coefficients are no larger than those of Y'' = e^s (Y' + Y), which are below B_k/k! (Bell
/// numbers): at 0.75 the last is below 1e-17.
const STEP: f64 = 0.75;

/// More steps are not made in one flow.
const MOST_STEPS: usize = 1_000_000;

/// A term this far below the sum of all is lost in the rounding of that sum.
const NEGLIGIBLE: f64 = 1e-18;

/// Coefficients this far below those that make the change are lost in rounding.
const LAST: f64 = 1e-18;

/// The most coefficients that a step needs.
const ORDER: usize = 40;

const ONE_OVER_E: f64 = 1.0 / math::E;

/// How large G and Q are over some time to come, at most.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    q: f64,
    g: f64,
    /// The fastest rate at which anything in the linear equation changes.
    rate: f64,
}

/// The series of y over one step: y = sum of coefficient k times s^k, where s in [0, 1] is the part of the step.
pub(super) struct Series {
    /// The length of the step.
    pub h: f64,
    /// x at its start.
    x: f64,
    /// a h.
    ah: f64,
    coefficients: [f64; ORDER + 2],
    order: usize,
}

impl Term {
    /// The term as it is after `t`.
    pub(super) fn after(&self, t: f64) -> Term {
        if t == 0.0 {
            return *self;
        }
        let left = math::exp(-t / self.tau);
        Term {
            q: (self.q + self.q_rise * t) * left,
            q_rise: self.q_rise * left,
            g: (self.g + self.g_rise * t) * left,
            g_rise: self.g_rise * left,
            tau: self.tau,
        }
    }

    pub(super) fn q_size(&self) -> f64 {
        self.q.abs() + self.q_rise.abs() * self.tau
    }

    fn g_size(&self) -> f64 {
        self.g + self.g_rise * self.tau
    }

    /// The most that it adds to Q from now on: t e^(-t/tau) is at most tau/e.
    pub(super) fn most_q(&self) -> f64 {
        self.q.max(0.0) + self.q_rise.max(0.0) * self.tau * ONE_OVER_E
    }

    /// The most that it adds to G from now on.
    pub(super) fn most_g(&self) -> f64 {
        self.g + self.g_rise * self.tau * ONE_OVER_E
    }

    fn matters(&self, sizes: &Sizes) -> bool {
        self.q_size() > NEGLIGIBLE * sizes.q || self.g_size() > NEGLIGIBLE * sizes.rate
    }
}

impl<I: Iterator<Item = Term> + Clone> Forced<I> {
    /// The equation seen from `t` on, without the terms that have faded away; and its sizes, if any term is left.
    fn seen_from(&self, t: f64) -> (impl Iterator<Item = Term> + Clone, Option<Sizes>) {
        let terms = self.terms.clone().map(move |term| term.after(t));
        let a = self.constant.a();
        let q = terms.clone().fold(self.constant.q().abs(), |sum, term| sum + term.q_size());
        let g = terms.clone().fold(0.0, |sum, term| sum + term.g_size());
        let mut sizes = Sizes { q, g, rate: (a * q).sqrt().max(g) };
        let all = sizes;
        let live = terms.filter(move |term| term.matters(&all));
        let fastest = live.clone().fold(0.0, |fastest: f64, term| fastest.max(1.0 / term.tau));
        sizes.rate = sizes.rate.max(fastest);
        (live, (fastest > 0.0).then_some(sizes))
    }

    /// x after `t`, a time in which it does not pass infinity. NaN if that takes too many steps: the terms are beyond all
    /// measure.
    pub fn flow(&self, x: f64, t: f64) -> f64 {
        let (mut x, mut done) = (x, 0.0);
        for _ in 0..MOST_STEPS {
            if done >= t {
                return x;
            }
            let Some(series) = self.series(x, done, t - done) else {
                return self.constant.flow(x, self.constant.passage(t - done));
            };
            x = series.end();
            if !x.is_finite() {
                return x;
            }
            done = if series.h >= t - done { t } else { done + series.h };
        }
        f64::NAN
    }

    /// The longest step that the search makes at `t`; `None` if all terms have faded.
    pub(super) fn longest_step(&self, t: f64) -> Option<f64> {
        self.seen_from(t).1.map(|sizes| STEP / sizes.rate)
    }

    /// The series from `t` on over at most `longest`; `None` if all terms have faded.
    pub(super) fn series(&self, x: f64, t: f64, longest: f64) -> Option<Series> {
        let (terms, sizes) = self.seen_from(t);
        let sizes = sizes?;
        let h = longest.min(STEP / sizes.rate);
        Some(Series::new(&self.constant, terms, x, h, &sizes))
    }
}

impl Series {
    /// y_(k+2) = -(sum of A_j y_(k-j) + sum of B_j (k-j+1) y_(k-j+1))/((k+1)(k+2)) with a h^2 Q = sum of A_j s^j and
    /// h G = sum of B_j s^j.
    fn new(
        constant: &Autonomous,
        terms: impl Iterator<Item = Term> + Clone,
        x: f64,
        h: f64,
        sizes: &Sizes,
    ) -> Series {
        let ah = constant.a() * h;
        let mut series = Series { h, x, ah, coefficients: [0.0; ORDER + 2], order: 1 };
        let y = &mut series.coefficients;
        // x = -y_1/(a h y_0), the larger of the two being 1.
        let steep = ah * x.abs();
        (y[0], y[1]) = if x == f64::NEG_INFINITY {
            (0.0, 1.0)
        } else if steep > 1.0 {
            (1.0 / steep, -x.signum())
        } else {
            (1.0, -ah * x)
        };
        let (mut big_a, mut big_b) = ([0.0; ORDER], [0.0; ORDER]);
        let with_g = sizes.g > 0.0;
        let count = Series::add_terms(constant, terms, h, &mut big_a, &mut big_b);
        for k in 0..ORDER {
            let first = k.saturating_sub(count - 1);
            let mut sum = 0.0;
            for i in first..=k {
                sum += big_a[k - i] * y[i];
            }
            if with_g {
                for i in first..=k {
                    sum += big_b[k - i] * (i + 1) as f64 * y[i + 1];
                }
            }
            y[k + 2] = -sum / ((k + 1) * (k + 2)) as f64;
            series.order = k + 2;
            let last = y[k + 2].abs().max(y[k + 1].abs()).max(y[k].abs());
            if k >= 2 && last <= LAST * y[1].abs().max(y[2].abs()) {
                break;
            }
        }
        series
    }

    /// The coefficients of a h^2 Q and of h G; tells how many there are before they are lost in rounding.
    fn add_terms(
        constant: &Autonomous,
        terms: impl Iterator<Item = Term>,
        h: f64,
        big_a: &mut [f64; ORDER],
        big_b: &mut [f64; ORDER],
    ) -> usize {
        let scale = constant.a() * h * h;
        big_a[0] = scale * constant.q();
        let mut count = 1;
        for term in terms {
            // (v + r u) e^(-u/tau), u = s h.
            let z = -h / term.tau;
            let (q, q_rise) = (scale * term.q, scale * h * term.q_rise);
            let (g, g_rise) = (h * term.g, h * h * term.g_rise);
            big_a[0] += q;
            big_b[0] += g;
            let mut power = 1.0;
            for j in 1..ORDER {
                let next = power * z / j as f64;
                big_a[j] += q * next + q_rise * power;
                big_b[j] += g * next + g_rise * power;
                count = count.max(j + 1);
                if power.abs() < LAST {
                    break;
                }
                power = next;
            }
        }
        count
    }

    /// y at a part of the step.
    pub(super) fn y(&self, s: f64) -> f64 {
        self.coefficients[..=self.order].iter().rev().fold(0.0, |sum, c| sum * s + c)
    }

    /// h y' at a part of the step.
    fn slope(&self, s: f64) -> f64 {
        (1..=self.order).rev().fold(0.0, |sum, k| sum * s + k as f64 * self.coefficients[k])
    }

    /// x at the end of the step: +infinity if it has gone beyond.
    pub(super) fn end(&self) -> f64 {
        let y = self.y(1.0);
        if y <= 0.0 {
            return f64::INFINITY;
        }
        if self.x.is_finite() {
            let change = -self.gain(1.0) / y;
            if change.abs() < 0.5 * self.x.abs() {
                return self.x + change;
            }
        }
        -self.slope(1.0) / (self.ah * y)
    }

    /// How much larger an error of x at the start has become at a part of the step, at most: it grows by the exponential of
    /// the integral of 2 a x - G, where 2 a x is -2 y'/y.
    pub(super) fn growth(&self, s: f64) -> f64 {
        let ratio = self.coefficients[0] / self.y(s);
        ratio * ratio
    }

    /// y times (x at the start - x at `s`): the constant terms, which cancel, are left out.
    fn gain(&self, s: f64) -> f64 {
        let slope = self.ah * self.x;
        let c = &self.coefficients;
        let sum =
            (1..self.order).rev().fold(0.0, |sum, k| (sum + ((k + 1) as f64 * c[k + 1] + slope * c[k])) * s);
        sum / self.ah
    }

    /// y times (height - x) at a part of the step, or y itself for an infinite height: positive below the height.
    pub(super) fn gap(&self, height: f64, s: f64) -> f64 {
        if height == f64::INFINITY {
            self.y(s)
        } else if self.x == f64::NEG_INFINITY {
            self.y(s) * height + self.slope(s) / self.ah
        } else {
            self.y(s) * (height - self.x) + self.gain(s)
        }
    }
}
