//! e^(r t) within a unit of time, by a table and a short series: for numbers that are needed millions of times a second.

use crate::math;

/// Steps of the table: a power of two, so that they begin at exact times.
const STEPS: usize = 128;
const STEP: f64 = 1.0 / STEPS as f64;

/// The greatest rate for which the series is exact to rounding: (5/128)^9/9! is 6e-19.
pub const GREATEST_RATE: f64 = 5.0;

/// e^(r t) for t from 0 to below 1: correct to two units in the last place, and a function of r and t alone.
#[derive(Clone, Debug)]
pub struct Growth {
    rate: f64,
    starts: Vec<f64>,
}

impl Growth {
    /// For a rate from 0 to [`GREATEST_RATE`].
    pub fn new(rate: f64) -> Growth {
        Growth { rate, starts: (0..STEPS).map(|step| math::exp(step as f64 * STEP * rate)).collect() }
    }

    /// At `t`, from 0 to below 1.
    #[inline(always)]
    pub fn at(&self, t: f64) -> f64 {
        let step = (t * STEPS as f64) as usize & (STEPS - 1);
        self.starts[step] * near_1((t - step as f64 * STEP) * self.rate)
    }
}

/// e^z for z from 0 to 5/128: the series up to z^8.
#[inline(always)]
fn near_1(z: f64) -> f64 {
    // Two short chains instead of one long one: powers of z^2 with even and with odd factors.
    let square = z * z;
    let even = 1.0 + square * (1.0 / 2.0 + square * (1.0 / 24.0 + square * (1.0 / 720.0 + square / 40320.0)));
    let odd = 1.0 + square * (1.0 / 6.0 + square * (1.0 / 120.0 + square / 5040.0));
    even + z * odd
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn growths_are_exponentials(rate in 0.0..GREATEST_RATE, t in 0.0..1.0f64) {
            let (found, exact) = (Growth::new(rate).at(t), math::exp(rate * t));
            // The product r t of the right-hand side is rounded, too.
            prop_assert!((found - exact).abs() <= (2.0 + rate * t) * f64::EPSILON * exact, "{found:e}, not {exact:e}");
        }
    }

    #[test]
    fn it_begins_at_1() {
        assert_eq!(Growth::new(0.05).at(0.0), 1.0);
    }
}
