//! Intervals: enclosures of all that rounding may have done, for proofs.
//!
//! Every bound is moved one double outwards after an operation, which is at least as far as its rounding error.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::math;
use crate::scalar::Scalar;

/// All numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// All numbers.
    pub const EVERYTHING: Interval = Interval { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// From `low` to `high`.
    pub fn new(low: f64, high: f64) -> Interval {
        Interval { low, high }
    }

    /// The least interval that holds both.
    pub fn hull(self, other: Interval) -> Interval {
        Interval { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// Whether all of `inner` lies strictly inside.
    pub fn surrounds(self, inner: Interval) -> bool {
        self.low < inner.low && inner.high < self.high
    }

    /// Whether `x` is one of its numbers.
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// The distance from end to end.
    pub fn width(self) -> f64 {
        (self.high - self.low).next_up()
    }

    fn outward(low: f64, high: f64) -> Interval {
        // What is not a number is unknown.
        if low.is_nan() || high.is_nan() {
            return Interval::EVERYTHING;
        }
        Interval { low: low.next_down(), high: high.next_up() }
    }

    /// The image under a function that rises.
    fn rising(self, f: impl Fn(f64) -> f64) -> Interval {
        Interval::outward(f(self.low), f(self.high))
    }

    /// The image under a function whose values are at most 1 in size and change by at most one per unit.
    fn gentle(self, at_middle: f64) -> Interval {
        let radius = (0.5 * self.width()).next_up();
        let image = Interval::outward(at_middle, at_middle) + Interval::new(-radius, radius);
        Interval { low: image.low.max(-1.0), high: image.high.min(1.0) }
    }
}

impl From<f64> for Interval {
    fn from(x: f64) -> Interval {
        Interval { low: x, high: x }
    }
}

impl Add for Interval {
    type Output = Interval;

    fn add(self, other: Interval) -> Interval {
        Interval::outward(self.low + other.low, self.high + other.high)
    }
}

impl Sub for Interval {
    type Output = Interval;

    fn sub(self, other: Interval) -> Interval {
        Interval::outward(self.low - other.high, self.high - other.low)
    }
}

impl Neg for Interval {
    type Output = Interval;

    fn neg(self) -> Interval {
        Interval { low: -self.high, high: -self.low }
    }
}

impl Mul for Interval {
    type Output = Interval;

    fn mul(self, other: Interval) -> Interval {
        let products =
            [self.low * other.low, self.low * other.high, self.high * other.low, self.high * other.high];
        if products.iter().any(|p| p.is_nan()) {
            return Interval::EVERYTHING;
        }
        let low = products.iter().copied().fold(f64::INFINITY, f64::min);
        let high = products.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Interval::outward(low, high)
    }
}

impl Mul<f64> for Interval {
    type Output = Interval;

    fn mul(self, factor: f64) -> Interval {
        self * Interval::from(factor)
    }
}

impl Div for Interval {
    type Output = Interval;

    fn div(self, other: Interval) -> Interval {
        if other.contains(0.0) {
            return Interval::EVERYTHING;
        }
        self * Interval::outward(1.0 / other.high, 1.0 / other.low)
    }
}

impl Div<f64> for Interval {
    type Output = Interval;

    fn div(self, divisor: f64) -> Interval {
        self / Interval::from(divisor)
    }
}

impl Scalar for Interval {
    const ZERO: Interval = Interval { low: 0.0, high: 0.0 };
    const NEGLIGIBLE: f64 = 0.25 * f64::EPSILON;

    fn exp(self) -> Interval {
        let image = self.rising(math::exp);
        Interval { low: image.low.max(0.0), high: image.high }
    }

    fn ln(self) -> Interval {
        self.rising(math::ln)
    }

    fn sqrt(self) -> Interval {
        self.rising(f64::sqrt)
    }

    fn sin_cos(self) -> (Interval, Interval) {
        let (sine, cosine) = math::sin_cos(self.nearest());
        (self.gentle(sine), self.gentle(cosine))
    }

    fn tanh(self) -> Interval {
        self.rising(math::tanh)
    }

    fn logistic(self) -> Interval {
        Interval::from(1.0) / ((-self).exp() + Interval::from(1.0))
    }

    fn nearest(self) -> f64 {
        0.5 * (self.low + self.high)
    }

    fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }
}
