//! e^(r t) within a unit of time, by a table and a short series: for numbers that are needed millions of times a second.

#![allow(clippy::needless_range_loop)] // loops over lanes

use crate::math;
use crate::vector::vectorised;

/// Steps of the table: a power of two, so that they begin at exact times.
const STEPS: usize = 128;
const STEP: f64 = 1.0 / STEPS as f64;

/// Growths that are found side by side: lists whose length is a multiple of this are found fastest.
pub const LANES: usize = 8;

/// The greatest rate for which the series is exact to rounding: (5/128)^9/9! is 6e-19.
pub const GREATEST_RATE: f64 = 5.0;

/// e^(r t) for t from 0 to below 1: correct to two units in the last place, and a function of r and t alone.
#[derive(Clone, Debug)]
pub struct Growth {
    rate: f64,
    starts: Box<[f64; STEPS]>,
}

impl Growth {
    /// For a rate from 0 to [`GREATEST_RATE`].
    pub fn new(rate: f64) -> Growth {
        Growth { rate, starts: Box::new(std::array::from_fn(|step| math::exp(step as f64 * STEP * rate))) }
    }

    /// At `t`, from 0 to below 1.
    #[inline(always)]
    pub fn at(&self, t: f64) -> f64 {
        let step = step_of(t);
        near_1((t - step * STEP) * self.rate) * self.starts[place_of(step)]
    }

    /// Puts growths in place of times.
    #[inline(never)]
    pub fn replace(&self, times: &mut [f64]) {
        let (whole, few) = times.as_chunks_mut::<LANES>();
        vectorised(
            #[inline(always)]
            || {
                for times in whole {
                    *times = self.at_many(times);
                }
            },
        );
        few.iter_mut().for_each(|t| *t = self.at(*t));
    }

    /// The same as [`Growth::at`], side by side.
    #[inline(always)]
    fn at_many(&self, times: &[f64; LANES]) -> [f64; LANES] {
        // Plain loops: what the standard library would call for each lane need not be inlined, and then it has no vectors.
        let (mut steps, mut growths) = ([0.0; LANES], [0.0; LANES]);
        for lane in 0..LANES {
            steps[lane] = step_of(times[lane]);
        }
        for lane in 0..LANES {
            growths[lane] = near_1((times[lane] - steps[lane] * STEP) * self.rate);
        }
        for lane in 0..LANES {
            growths[lane] *= self.starts[place_of(steps[lane])];
        }
        growths
    }
}

/// A double of this size has a last place of 1.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// The step of the table in which a time lies. Conversions to integers would do, but not side by side.
#[inline(always)]
fn step_of(t: f64) -> f64 {
    let steps = t * STEPS as f64;
    let nearest = (steps + WHOLE) - WHOLE;
    nearest - if nearest > steps { 1.0 } else { 0.0 }
}

/// Where the table has a step.
#[inline(always)]
fn place_of(step: f64) -> usize {
    (step + WHOLE).to_bits() as usize & (STEPS - 1)
}

/// e^z for z from 0 to 5/128: the series up to z^8.
#[inline(always)]
fn near_1(z: f64) -> f64 {
    // Two short chains instead of one long one: powers of z^2 with even and with odd factors.
    let square = z * z;
    let even = 1.0
        + square * (1.0 / 2.0 + square * (1.0 / 24.0 + square * (1.0 / 720.0 + square * (1.0 / 40320.0))));
    let odd = 1.0 + square * (1.0 / 6.0 + square * (1.0 / 120.0 + square * (1.0 / 5040.0)));
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
    fn side_by_side_is_the_same() {
        let growth = Growth::new(2.0);
        let times: Vec<f64> = (0..1003).map(|place| f64::from(place) / 1003.0).collect();
        let mut growths = times.clone();
        growth.replace(&mut growths);
        assert!(times.iter().zip(growths).all(|(&t, found)| found.to_bits() == growth.at(t).to_bits()));
    }

    #[test]
    fn it_begins_at_1() {
        assert_eq!(Growth::new(0.05).at(0.0), 1.0);
    }
}
