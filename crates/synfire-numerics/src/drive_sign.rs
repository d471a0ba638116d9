//! The sign of a constant plus fading terms (a + b t) e^(-t/tau) on an interval, by enclosure: every term lies between its
//! values at the ends and at its one extremum, so an interval on which the sum of the enclosures has one sign is proved.

use crate::math;

/// (a + b t) e^(-t/tau).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fading {
    /// The value at t = 0.
    pub a: f64,
    /// The rise, per ms; 0 for a plain exponential.
    pub b: f64,
    /// The time constant, ms.
    pub tau: f64,
}

/// What is known of a sum on an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// Never below 0.
    NotNegative,
    /// Never above 0.
    NotPositive,
    /// Falls: positive first, then negative; a single zero.
    Falling,
    /// Rises: negative first, then positive; a single zero.
    Rising,
    /// Not decided on an interval of this length.
    Unknown,
}

/// Lower and upper end.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    fn of(x: f64, y: f64) -> Range {
        Range { low: x.min(y), high: x.max(y) }
    }

    fn add(&mut self, other: Range) {
        self.low += other.low;
        self.high += other.high;
    }
}

impl Fading {
    /// The value at `t`.
    #[inline]
    pub fn at(&self, t: f64) -> f64 {
        (self.a + self.b * t) * math::exp(-t / self.tau)
    }

    /// An upper bound of the value from `t` on, at least 0.
    pub fn bound_from(&self, t: f64) -> f64 {
        let here = self.at(t);
        let peak = if self.b > 0.0 && t < self.extremum() { self.at(self.extremum()) } else { 0.0 };
        here.max(peak).max(0.0)
    }

    /// Where a term with `b` has its one extremum.
    fn extremum(&self) -> f64 {
        self.tau - self.a / self.b
    }

    fn derivative(&self) -> Fading {
        Fading { a: self.b - self.a / self.tau, b: -self.b / self.tau, tau: self.tau }
    }

    /// The range on an interval, given e^(-t/tau) at its ends.
    fn range(&self, ends: [f64; 2], decays: [f64; 2]) -> Range {
        let mut range =
            Range::of((self.a + self.b * ends[0]) * decays[0], (self.a + self.b * ends[1]) * decays[1]);
        if self.b != 0.0 {
            let extremum = self.extremum();
            if ends[0] < extremum && extremum < ends[1] {
                let value = self.at(extremum);
                range = Range { low: range.low.min(value), high: range.high.max(value) };
            }
        }
        range
    }
}

/// The sign of `constant` plus all `terms` on [left, right].
pub fn sign_on(constant: f64, terms: impl Iterator<Item = Fading>, left: f64, right: f64) -> Sign {
    let ends = [left, right];
    let mut value = Range::of(constant, constant);
    let mut slope = Range::of(0.0, 0.0);
    let mut at_ends = [constant; 2];
    for term in terms {
        let decays = [math::exp(-left / term.tau), math::exp(-right / term.tau)];
        value.add(term.range(ends, decays));
        slope.add(term.derivative().range(ends, decays));
        for end in 0..2 {
            at_ends[end] += (term.a + term.b * ends[end]) * decays[end];
        }
    }
    if value.low >= 0.0 {
        Sign::NotNegative
    } else if value.high <= 0.0 {
        Sign::NotPositive
    } else if slope.high <= 0.0 {
        by_ends(at_ends, Sign::Falling)
    } else if slope.low >= 0.0 {
        by_ends(at_ends, Sign::Rising)
    } else {
        Sign::Unknown
    }
}

/// The sign of a monotone sum from its values at both ends.
fn by_ends(at_ends: [f64; 2], otherwise: Sign) -> Sign {
    if at_ends[0] >= 0.0 && at_ends[1] >= 0.0 {
        Sign::NotNegative
    } else if at_ends[0] <= 0.0 && at_ends[1] <= 0.0 {
        Sign::NotPositive
    } else {
        otherwise
    }
}

/// The sum at `t`.
pub fn sum_at(constant: f64, terms: impl Iterator<Item = Fading>, t: f64) -> f64 {
    terms.fold(constant, |sum, term| sum + term.at(t))
}

/// An upper bound of the sum from `t` on.
pub fn bound_from(constant: f64, terms: impl Iterator<Item = Fading>, t: f64) -> f64 {
    terms.fold(constant, |sum, term| sum + term.bound_from(t))
}
