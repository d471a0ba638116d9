//! Numbers that a formula can be written for once: doubles, double-doubles, intervals.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::math;

/// A real number as a computer has it. Formulas that are generic over it are evaluated fast (`f64`), in twice the digits
/// ([`crate::dd::DoubleDouble`]) or as an enclosure of all that rounding may do ([`crate::interval::Interval`]).
pub trait Scalar:
    Copy
    + Debug
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + From<f64>
{
    /// 0.
    const ZERO: Self;
    /// About a quarter of a unit in the last place of 1: what a series may leave out.
    const NEGLIGIBLE: f64;

    /// e^x.
    fn exp(self) -> Self;
    /// The natural logarithm.
    fn ln(self) -> Self;
    /// The square root.
    fn sqrt(self) -> Self;
    /// Sine and cosine.
    fn sin_cos(self) -> (Self, Self);
    /// The hyperbolic tangent.
    fn tanh(self) -> Self;
    /// 1/(1 + e^-x).
    fn logistic(self) -> Self;

    /// The nearest double; of an interval its middle.
    fn nearest(self) -> f64;

    /// The largest |x| that it may be, as a double.
    fn magnitude(self) -> f64;

    /// x/n for a small whole number.
    fn over(self, n: usize) -> Self {
        self / n as f64
    }

    /// The sum of a_j b_j. As many of one as of the other, a multiple of four.
    fn dot(a: &[Self], b: &[Self]) -> Self {
        a.iter().zip(b).fold(Self::ZERO, |sum, (&a, &b)| sum + a * b)
    }
}

/// 1/n, for series: a multiplication is several times cheaper than a division, and costs half a last place.
const RECIPROCALS: [f64; 33] = {
    let mut table = [1.0; 33];
    let mut n = 1;
    while n < 33 {
        table[n] = 1.0 / n as f64;
        n += 1;
    }
    table
};

impl Scalar for f64 {
    const ZERO: f64 = 0.0;
    const NEGLIGIBLE: f64 = 0.25 * f64::EPSILON;

    #[inline]
    fn exp(self) -> f64 {
        math::exp(self)
    }

    #[inline]
    fn ln(self) -> f64 {
        math::ln(self)
    }

    #[inline]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    #[inline]
    fn sin_cos(self) -> (f64, f64) {
        math::sin_cos(self)
    }

    #[inline]
    fn tanh(self) -> f64 {
        math::tanh(self)
    }

    #[inline]
    fn logistic(self) -> f64 {
        1.0 / (1.0 + math::exp(-self))
    }

    #[inline]
    fn nearest(self) -> f64 {
        self
    }

    #[inline(always)]
    fn magnitude(self) -> f64 {
        self.abs()
    }

    #[inline(always)]
    fn over(self, n: usize) -> f64 {
        match RECIPROCALS.get(n) {
            Some(reciprocal) => self * reciprocal,
            None => self / n as f64,
        }
    }

    /// Four sums side by side, so that additions need not wait for one another; always in this order.
    #[inline(always)]
    fn dot(a: &[f64], b: &[f64]) -> f64 {
        let mut sums = [0.0; 4];
        for (a, b) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
            // Written out, or the compiler shuffles lanes to no end.
            sums[0] += a[0] * b[0];
            sums[1] += a[1] * b[1];
            sums[2] += a[2] * b[2];
            sums[3] += a[3] * b[3];
        }
        (sums[0] + sums[2]) + (sums[1] + sums[3])
    }
}
