//! Formulas on intervals: enclosures of all values that they can have where their variables lie in given intervals.

use crate::interval::Interval;
use crate::jet::Arithmetic;
use crate::math;
use crate::scalar::Scalar;

/// [`Arithmetic`] with values alone, enclosed. It takes no slots.
#[derive(Clone, Copy, Debug)]
pub struct Enclosures;

impl Arithmetic for Enclosures {
    type Number = Interval;

    fn constant(&mut self, value: f64) -> Interval {
        Interval::from(value)
    }

    fn mul(&mut self, a: Interval, b: Interval) -> Interval {
        a * b
    }

    fn div(&mut self, a: Interval, b: Interval) -> Interval {
        a / b
    }

    fn exp(&mut self, a: Interval) -> Interval {
        a.exp()
    }

    fn ln(&mut self, a: Interval) -> Interval {
        a.ln()
    }

    fn sqrt(&mut self, a: Interval) -> Interval {
        a.sqrt()
    }

    fn sin_cos(&mut self, a: Interval) -> (Interval, Interval) {
        a.sin_cos()
    }

    fn tanh(&mut self, a: Interval) -> Interval {
        a.tanh()
    }

    fn logistic(&mut self, a: Interval) -> Interval {
        a.logistic()
    }

    fn leading(&mut self, a: Interval) -> f64 {
        a.nearest()
    }

    /// The function falls.
    fn over_exp_m1(&mut self, a: Interval) -> Interval {
        Interval { low: over_exp_m1(a.high).low, high: over_exp_m1(a.low).high }
    }
}

/// x/(e^x - 1) between two numbers. Its series is 1 - x/2 + x^2/12 - x^4/720 + ...
fn over_exp_m1(x: f64) -> Interval {
    if x.abs() < 1e-3 {
        return Interval::from(1.0) - Interval::from(x) * 0.5 + Interval::new(0.0, x * x / 11.0);
    }
    Interval::from(x) / Interval::new(math::exp_m1(x).next_down(), math::exp_m1(x).next_up())
}
