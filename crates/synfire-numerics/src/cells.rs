//! Dense input, cell by cell: time in cells of 1/8 ms, and the growth of a leaky integrator's coordinate within them.

use crate::math;

/// Cells in a millisecond: a power of two, so that cells begin at exact times.
pub const CELLS_PER_MS: u64 = 8;
const CELLS: usize = CELLS_PER_MS as usize;
/// The length of a cell, ms.
pub const CELL_MS: f64 = 1.0 / CELLS_PER_MS as f64;

/// The cell in which an offset (from 0 to below 1 ms) lies.
#[inline(always)]
pub fn cell_of(offset: f64) -> usize {
    (offset * CELLS_PER_MS as f64) as usize
}

/// e^(t/tau) for offsets t within a millisecond, and the same as an integer, so that sums of it do not depend on their order.
///
/// At cells' beginnings it is correctly rounded; within a cell it is multiplied by a polynomial whose coefficients are positive.
/// So it never falls within a cell: rounding of sums and products is monotone.
#[derive(Clone, Copy, Debug)]
pub struct Growth {
    starts: [f64; CELLS],
    rate: f64,
    after_one: f64,
}

/// The least time constant, ms, for which the polynomial is exact to rounding: (1/8/5)^8/8! is 4e-18.
pub const LEAST_TAU_MS: f64 = 5.0;

/// The integers count units of 2^-48.
pub const UNIT: f64 = 1.0 / 281_474_976_710_656.0;
/// In a double from 16 to below 32 the last place is 2^-48.
const SHIFT: f64 = 16.0;

impl Growth {
    /// For a time constant of at least [`LEAST_TAU_MS`].
    pub fn new(tau_ms: f64) -> Growth {
        let rate = 1.0 / tau_ms;
        let starts = std::array::from_fn(|cell| math::exp(cell as f64 * CELL_MS * rate));
        Growth { starts, rate, after_one: math::exp(-rate) }
    }

    /// At the beginning of a cell.
    #[inline]
    pub fn start(&self, cell: usize) -> f64 {
        self.starts[cell]
    }

    /// At an offset from 0 to below 1 ms.
    #[inline]
    pub fn at(&self, offset: f64) -> f64 {
        let cell = cell_of(offset);
        self.within(self.starts[cell], offset - cell as f64 * CELL_MS)
    }

    #[inline(always)]
    pub(crate) fn within(&self, start: f64, since: f64) -> f64 {
        start * exp_near_0(since * self.rate)
    }

    /// e^(-t/tau).
    pub fn fade(&self, offset: f64) -> f64 {
        math::exp(-offset * self.rate)
    }

    /// A coordinate in the next millisecond's terms.
    #[inline(always)]
    pub fn moved_on(&self, x: f64) -> f64 {
        let moved = x * self.after_one;
        // Products of numbers so small are slow, and nobody sees them.
        if moved.abs() < 1e-200 { 0.0 } else { moved }
    }
}

/// A growth, from 1 to below 16, in units of 2^-48.
#[inline(always)]
pub fn in_units(growth: f64) -> u64 {
    (growth + SHIFT).to_bits() - SHIFT.to_bits()
}

/// e^z for z from 0 to 1/40: the series up to z^7. At least 1.
#[inline(always)]
fn exp_near_0(z: f64) -> f64 {
    let mut sum = 1.0 / 5040.0;
    for coefficient in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        sum = sum * z + coefficient;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn growths_are_exponentials(tau in LEAST_TAU_MS..100.0, offset in 0.0..1.0f64) {
            let (growth, exact) = (Growth::new(tau), math::exp(offset / tau));
            prop_assert!((growth.at(offset) - exact).abs() <= 4.0 * f64::EPSILON * exact);
            prop_assert!((growth.fade(offset) * exact - 1.0).abs() <= 4.0 * f64::EPSILON);
        }

        /// Bounds rest on this: within a cell a later growth is no smaller, not even by rounding.
        #[test]
        fn growths_never_fall_within_a_cell(tau in LEAST_TAU_MS..100.0, cell in 0..CELLS, since in 0.0..CELL_MS, steps in 1u32..9) {
            let (growth, begin) = (Growth::new(tau), cell as f64 * CELL_MS);
            let later = (0..steps).fold(begin + since, |offset, _| offset.next_up());
            prop_assume!(cell_of(later) == cell);
            prop_assert!(growth.start(cell) <= growth.at(begin + since));
            prop_assert!(growth.at(begin + since) <= growth.at(later));
        }

        #[test]
        fn units_are_growths_rounded_once(growth in 1.0..16.0f64) {
            let back = in_units(growth) as f64 * UNIT;
            prop_assert!((back - growth).abs() <= 0.5 * UNIT, "{growth} and {back}");
        }
    }
}
