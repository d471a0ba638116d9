//! Where a constant plus fading terms (a + b t) e^(-t/tau) changes its sign, for t > 0: exactly and completely.
//!
//! Two rules do it.
//! * Laguerre: order the terms by falling tau (the constant first) and add them up one by one. The partial sums at t = 0
//!   change their sign at least as often as the function does in t > 0, and the difference is even. A term with b counts
//!   as the limit of two with nearly the same tau: it puts the sign of b before its partial sum. No change: no zero. One
//!   change: one zero.
//! * Rolle: multiplied by e^(t/tau) of its slowest term and differentiated, the function loses that term, and between two
//!   zeros of what is left the product is monotone. So the zeros of the simpler function bracket those of this one.
//!
//! Rounding acts as if a, b had been given with a relative error of a few 1e-16.

use crate::{math, roots};

/// (a + b t) e^(-t/tau); tau may be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fading {
    /// The value at t = 0.
    pub a: f64,
    /// The rise, per ms; 0 for a plain exponential.
    pub b: f64,
    /// The time constant, ms.
    pub tau: f64,
}

impl Fading {
    /// The value at `t`.
    #[inline]
    pub fn at(&self, t: f64) -> f64 {
        (self.a + self.b * t) * math::exp(-t / self.tau)
    }
}

/// The sum at `t`.
pub fn sum_at(constant: f64, terms: impl Iterator<Item = Fading>, t: f64) -> f64 {
    terms.fold(constant, |sum, term| sum + term.at(t))
}

/// What the partial sums tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pattern {
    /// The sign changes at most this often for t > 0, or an even number of times less.
    pub most_changes: usize,
    /// The sum is positive right after t = 0.
    pub starts_positive: bool,
    /// The sum is positive for all t that are large enough.
    pub ends_positive: bool,
}

/// The pattern of `constant` plus all `terms`, which come by falling tau.
pub fn pattern(constant: f64, terms: impl Iterator<Item = Fading>) -> Pattern {
    let mut pattern = Pattern { most_changes: 0, starts_positive: false, ends_positive: false };
    let mut last = 0.0;
    let mut next = |value: f64| {
        if value == 0.0 {
            return;
        }
        if last == 0.0 {
            pattern.ends_positive = value > 0.0;
        } else if (value > 0.0) != (last > 0.0) {
            pattern.most_changes += 1;
        }
        pattern.starts_positive = value > 0.0;
        last = value;
    };
    let mut sum = constant;
    next(sum);
    for term in terms {
        next(term.b);
        sum += term.a;
        next(sum);
    }
    pattern
}

/// Rising times in (0, horizon) between which `constant` plus all `terms` (by falling tau) changes its sign at most once,
/// and so after the last one. They are good to about 1e-9 relative.
pub fn turning_points(constant: f64, terms: impl Iterator<Item = Fading>, horizon: f64) -> Vec<f64> {
    let mut all = vec![Fading { a: constant, b: 0.0, tau: f64::INFINITY }];
    all.extend(terms);
    Scaled::new(all).derivative().sign_changes(horizon)
}

/// The rising times in (0, horizon) at which `constant` plus all `terms` (by falling tau) changes its sign, good to about
/// 1e-9 relative.
pub fn sign_changes(constant: f64, terms: impl Iterator<Item = Fading>, horizon: f64) -> Vec<f64> {
    let mut all = vec![Fading { a: constant, b: 0.0, tau: f64::INFINITY }];
    all.extend(terms);
    Scaled::new(all).sign_changes(horizon)
}

/// A sum of terms by falling tau, multiplied by e^(t/tau) of the first: it does not fade away.
struct Scaled {
    terms: Vec<Fading>,
    /// For each term its rate beyond that of the first.
    rates: Vec<f64>,
}

impl Scaled {
    fn new(given: Vec<Fading>) -> Scaled {
        let mut terms: Vec<Fading> = Vec::with_capacity(given.len());
        for term in given {
            match terms.last_mut() {
                Some(last) if last.tau == term.tau => {
                    last.a += term.a;
                    last.b += term.b;
                }
                _ => terms.push(term),
            }
        }
        terms.retain(|term| (term.a, term.b) != (0.0, 0.0));
        let slowest = terms.first().map_or(f64::INFINITY, |term| term.tau);
        let rates = terms.iter().map(|term| rate_beyond(slowest, term.tau)).collect();
        Scaled { terms, rates }
    }

    fn at(&self, t: f64) -> f64 {
        let value = |(term, rate): (&Fading, &f64)| (term.a + term.b * t) * math::exp(-rate * t);
        self.terms.iter().zip(&self.rates).map(value).sum()
    }

    fn derivative(&self) -> Scaled {
        let fall = |(term, rate): (&Fading, &f64)| Fading {
            a: term.b - rate * term.a,
            b: -rate * term.b,
            tau: term.tau,
        };
        Scaled::new(self.terms.iter().zip(&self.rates).map(fall).collect())
    }

    fn sign_changes(&self, horizon: f64) -> Vec<f64> {
        let pattern = pattern(0.0, self.terms.iter().copied());
        let turns = match pattern.most_changes {
            0 => return Vec::new(),
            1 => Vec::new(),
            _ => self.derivative().sign_changes(horizon),
        };
        let mut changes = Vec::new();
        let (mut left, mut positive) = (0.0, pattern.starts_positive);
        for right in turns.into_iter().chain([horizon]) {
            if (self.at(right) >= 0.0) != positive {
                changes.push(self.zero_between(left, right));
                positive = !positive;
            }
            left = right;
        }
        changes
    }

    /// The zero in a bracket on which the sum changes its sign once.
    fn zero_between(&self, left: f64, right: f64) -> f64 {
        if let [slow, fast] = self.terms[..]
            && slow.b == 0.0
            && fast.b == 0.0
        {
            let zero = math::ln(-fast.a / slow.a) / self.rates[1];
            return zero.clamp(left, right);
        }
        let (left, right) = self.narrowed(left, right);
        let tolerance = roots::Tolerance { noise: 0.0, relative_width: 1e-9 };
        roots::refine(|t| self.at(t), left, right, tolerance)
    }

    /// A bracket by doubling steps from the left: a secant over all of a long one would say little.
    fn narrowed(&self, mut left: f64, right: f64) -> (f64, f64) {
        let fastest = self.rates.last().copied().unwrap_or(0.0);
        let positive_at_end = self.at(right) >= 0.0;
        let mut step = 0.5 / fastest;
        while step < right - left {
            let t = left + step;
            if (self.at(t) >= 0.0) == positive_at_end {
                return (left, t);
            }
            left = t;
            step *= 2.0;
        }
        (left, right)
    }
}

/// 1/tau - 1/slowest, from the difference of the time constants: that keeps its digits where they are close.
fn rate_beyond(slowest: f64, tau: f64) -> f64 {
    if slowest.is_infinite() { 1.0 / tau } else { (slowest - tau) / slowest / tau }
}
