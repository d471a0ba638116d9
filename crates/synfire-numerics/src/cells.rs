//! Dense input, cell by cell: time in cells of 1/8 ms, the growth of a leaky integrator's coordinate within them, and Poisson
//! processes that can be drawn again from (unit, cell).

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use crate::math;
use crate::random::{StreamKey, philox};

/// Cells in a millisecond: a power of two, so that cells begin at exact times.
pub const CELLS_PER_MS: u64 = 8;
const CELLS: usize = CELLS_PER_MS as usize;
/// The length of a cell, ms.
pub const CELL_MS: f64 = 1.0 / CELLS_PER_MS as f64;

/// Spikes within a cell lie at multiples of this, ms: 2^-35.
const GRAIN_MS: f64 = CELL_MS / 4_294_967_296.0;

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
    fn within(&self, start: f64, since: f64) -> f64 {
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

/// Independent Poisson processes of one rate, one a unit, drawn cell by cell: the number of spikes of a cell by inversion, then
/// their times, uniform and independent. Each cell of each unit can be drawn alone, at any time.
#[derive(Clone, Debug)]
pub struct PoissonCells {
    key: StreamKey,
    /// There are more than j spikes if 64 random bits are at or above number j: the distribution function, times 2^64.
    more_than: Vec<u64>,
    mean: f64,
}

/// The largest mean number of spikes in a cell.
pub const MOST_SPIKES: f64 = 20.0;

/// Units that are drawn side by side.
const LANES: usize = 16;
type Lanes<T> = [T; LANES];

impl PoissonCells {
    /// With `mean` spikes a cell, at most [`MOST_SPIKES`].
    pub fn new(key: StreamKey, mean: f64) -> PoissonCells {
        let mut more_than = Vec::new();
        let mut term = math::exp(-mean);
        let mut sum = term;
        let mut count = 0.0;
        while sum < 1.0 && term > 1e-20 {
            more_than.push((sum * 18_446_744_073_709_551_616.0) as u64);
            count += 1.0;
            term *= mean / count;
            sum += term;
        }
        PoissonCells { key, more_than, mean }
    }

    /// The mean number of spikes in a cell.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    fn block(&self, unit: u32, cell: u64, block: u32) -> [u32; 4] {
        philox([block, cell as u32, unit, (cell >> 32) as u32], self.key.0)
    }

    /// The number of spikes, where the upper half of the 64 bits may decide; else the lower half is drawn, too.
    fn count_for(&self, high: u32, unit: u32, cell: u64) -> u32 {
        let is_undecided = self.more_than.iter().any(|bound| (bound >> 32) as u32 == high);
        let low = if is_undecided { self.block(unit, cell, u32::MAX)[0] } else { 0 };
        let bits = u64::from(high) << 32 | u64::from(low);
        self.more_than.iter().filter(|bound| bits >= **bound).count() as u32
    }

    /// The spikes of a unit in a cell, in no order: ms after the cell's beginning.
    pub fn draw(&self, unit: u32, cell: u64, mut spike: impl FnMut(f64)) {
        let first = self.block(unit, cell, 0);
        let count = self.count_for(first[0], unit, cell);
        let mut words = [first[1], first[2], first[3], 0];
        let (mut left, mut held, mut block) = (count, 3, 0);
        while left > 0 {
            let taken = left.min(held);
            words[..taken as usize].iter().for_each(|&word| spike(f64::from(word) * GRAIN_MS));
            left -= taken;
            block += 1;
            if left > 0 {
                words = self.block(unit, cell, block);
                held = 4;
            }
        }
    }

    /// For unit `first_unit` and those that follow it: adds up the growths at the spikes of a cell, in units, where the
    /// cell of the arrivals begins with growth `start`. Tells how many spikes there are.
    ///
    /// The same sums as of [`PoissonCells::draw`], many units side by side.
    pub fn add_growths(
        &self,
        first_unit: u32,
        cell: u64,
        growth: &Growth,
        start: f64,
        sums: &mut [u64],
        more: &mut Vec<(u32, u32)>,
    ) -> u64 {
        more.clear();
        let mut total = 0;
        let bounds: Vec<u32> = self.more_than.iter().map(|bound| (bound >> 32) as u32).collect();
        for (chunk, sums) in sums.chunks_mut(LANES).enumerate() {
            let first = (chunk * LANES) as u32;
            let units = std::array::from_fn(|lane| first_unit + first + lane as u32);
            let words = self.blocks(&units, cell, 0);
            let mut counts = counts_for(&bounds, &words[0]);
            if is_undecided(&bounds, &words[0]) {
                for lane in 0..LANES {
                    counts[lane] = self.count_for(words[0][lane], units[lane], cell);
                }
            }
            counts[sums.len()..].fill(0);
            let added = growths(&[words[1], words[2], words[3]], &counts, growth, start);
            sums.iter_mut().zip(added).for_each(|(sum, more)| *sum += more);
            for (lane, &count) in counts.iter().enumerate() {
                total += u64::from(count);
                if count > 3 {
                    more.push((first + lane as u32, count - 3));
                }
            }
        }
        let mut block = 1;
        while !more.is_empty() {
            let mut kept = 0;
            for begin in (0..more.len()).step_by(LANES) {
                let size = LANES.min(more.len() - begin);
                let (mut places, mut counts) = ([0; LANES], [0; LANES]);
                for lane in 0..size {
                    (places[lane], counts[lane]) = more[begin + lane];
                }
                let words = self.blocks(&places.map(|place| first_unit + place), cell, block);
                let added = growths(&words, &counts, growth, start);
                for lane in 0..size {
                    sums[places[lane] as usize] += added[lane];
                    if counts[lane] > 4 {
                        more[kept] = (places[lane], counts[lane] - 4);
                        kept += 1;
                    }
                }
            }
            more.truncate(kept);
            block += 1;
        }
        total
    }

    /// The same block of many units.
    #[inline(always)]
    fn blocks(&self, units: &Lanes<u32>, cell: u64, block: u32) -> [Lanes<u32>; 4] {
        let (mut c0, mut c1) = ([block; LANES], [cell as u32; LANES]);
        let (mut c2, mut c3) = (*units, [(cell >> 32) as u32; LANES]);
        let [mut k0, mut k1] = self.key.0;
        for _ in 0..10 {
            for lane in 0..LANES {
                let even = u64::from(c0[lane]) * 0xd251_1f53;
                let odd = u64::from(c2[lane]) * 0xcd9e_8d57;
                c0[lane] = (odd >> 32) as u32 ^ c1[lane] ^ k0;
                c2[lane] = (even >> 32) as u32 ^ c3[lane] ^ k1;
                c1[lane] = odd as u32;
                c3[lane] = even as u32;
            }
            k0 = k0.wrapping_add(0x9e37_79b9);
            k1 = k1.wrapping_add(0xbb67_ae85);
        }
        [c0, c1, c2, c3]
    }
}

#[inline(always)]
fn counts_for(bounds: &[u32], high: &Lanes<u32>) -> Lanes<u32> {
    let mut counts = [0; LANES];
    for &bound in bounds {
        for lane in 0..LANES {
            counts[lane] += u32::from(high[lane] > bound);
        }
    }
    counts
}

#[inline(always)]
fn is_undecided(bounds: &[u32], high: &Lanes<u32>) -> bool {
    let mut undecided = [0; LANES];
    for &bound in bounds {
        for lane in 0..LANES {
            undecided[lane] |= u32::from(high[lane] == bound);
        }
    }
    undecided.iter().any(|lane| *lane != 0)
}

/// The sums of the growths at the first `counts` of these spikes.
#[inline(always)]
fn growths<const N: usize>(
    words: &[Lanes<u32>; N],
    counts: &Lanes<u32>,
    growth: &Growth,
    start: f64,
) -> Lanes<u64> {
    let mut sums = [0; LANES];
    for (place, words) in words.iter().enumerate() {
        for lane in 0..LANES {
            let units = in_units(growth.within(start, f64::from(words[lane]) * GRAIN_MS));
            sums[lane] += if counts[lane] > place as u32 { units } else { 0 };
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> StreamKey {
        StreamKey::derive(7, "cells", 0)
    }

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

        /// Drawing many units side by side is drawing each alone.
        #[test]
        fn sums_are_those_of_single_draws(mean in 0.05..MOST_SPIKES, first in 0u32..1000, size in 1usize..40, cell in 0u64..1 << 40, tau in 5.0..100.0) {
            let (cells, growth) = (PoissonCells::new(key(), mean), Growth::new(tau));
            let place = (cell % CELLS_PER_MS) as usize;
            let mut sums = vec![3; size];
            let total = cells.add_growths(first, cell, &growth, growth.start(place), &mut sums, &mut Vec::new());
            let mut count = 0;
            for (unit, &sum) in (first..).zip(&sums) {
                let mut alone = 3;
                cells.draw(unit, cell, |since| {
                    alone += in_units(growth.at(place as f64 * CELL_MS + since));
                    count += 1;
                });
                prop_assert_eq!(sum, alone);
            }
            prop_assert_eq!(total, count);
        }
    }

    /// Mean and variance of counts are those of Poisson processes, and spikes lie evenly in their cell.
    #[test]
    fn counts_are_poisson_and_times_uniform() {
        for mean in [0.25, 2.5, 20.0] {
            let cells = PoissonCells::new(key(), mean);
            let (mut sum, mut squares, mut times) = (0.0, 0.0, [0.0; 2]);
            const DRAWS: u32 = 40_000;
            for unit in 0..DRAWS {
                let mut count = 0.0;
                cells.draw(unit % 200, u64::from(unit / 200), |since| {
                    assert!((0.0..CELL_MS).contains(&since));
                    count += 1.0;
                    times[0] += since / CELL_MS;
                    times[1] += (since / CELL_MS).powi(2);
                });
                sum += count;
                squares += count * count;
            }
            let draws = f64::from(DRAWS);
            let found = sum / draws;
            let variance = squares / draws - found * found;
            // Five standard errors.
            assert!((found - mean).abs() < 5.0 * (mean / draws).sqrt(), "mean {found} of {mean}");
            let spread = ((2.0 * mean * mean + mean) / draws).sqrt();
            assert!((variance - mean).abs() < 5.0 * spread, "variance {variance} of {mean}");
            assert!((times[0] / sum - 0.5).abs() < 5.0 * (1.0 / 12.0 / sum).sqrt());
            assert!((times[1] / sum - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / sum).sqrt());
        }
    }

    /// Where the upper half of the random bits meets a bound, the lower half decides; any other time it does not matter.
    #[test]
    fn undecided_counts_are_settled_by_more_bits() {
        let cells = PoissonCells::new(key(), 1.0);
        let bound = (cells.more_than[0] >> 32) as u32;
        assert_eq!(cells.count_for(bound - 1, 3, 4), 0);
        assert_eq!(cells.count_for(bound + 1, 3, 4), 1);
        let counts: Vec<u32> = (0..200).map(|unit| cells.count_for(bound, unit, 4)).collect();
        assert!(counts.contains(&0) && counts.contains(&1));
        assert!(is_undecided(&[bound], &[bound; LANES]));
    }
}
