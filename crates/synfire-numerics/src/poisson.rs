//! Poisson processes that can be drawn again from (unit, cell).

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use crate::cells::{CELL_MS, Growth, in_units};
use crate::math;
use crate::random::{StreamKey, philox};
use crate::vector::vectorised;
use std::ops::Range;

/// Spikes within a cell lie at multiples of this, ms: 2^-35.
const GRAIN_MS: f64 = CELL_MS / 4_294_967_296.0;

/// Independent Poisson processes of one rate, one a unit, drawn cell by cell: the number of spikes of a cell by inversion, then
/// their times, uniform and independent. Each cell of each unit can be drawn alone, at any time.
///
/// Where most cells would be empty, sixteen neighbouring units are drawn as one process whose spikes are dealt out at random:
/// what each of them gets is again a Poisson process, independent of the others.
#[derive(Clone, Debug)]
pub struct PoissonCells {
    /// As given.
    key: StreamKey,
    /// Where random words come from.
    words: StreamKey,
    /// There are more than j spikes if 64 random bits are at or above number j: the distribution function, times 2^64.
    more_than: Vec<u64>,
    /// The upper halves of these, which nearly always decide; greatest numbers fill the last part, which nothing is above.
    high: Vec<[u32; BOUNDS_AT_ONCE]>,
    mean: f64,
    is_dealt: bool,
}

/// With fewer spikes a cell, units are drawn together.
const FEW_SPIKES: f64 = 2.0;

/// The largest mean number of spikes in a cell.
pub const MOST_SPIKES: f64 = 20.0;

/// Units whose spikes make a list.
const UNITS_A_LIST: usize = 128;

/// Units that are drawn side by side, or together.
const LANES: usize = 16;
const LANE_BITS: u32 = LANES.trailing_zeros();
type Lanes<T> = [T; LANES];

impl PoissonCells {
    /// With `mean` spikes a cell, at most [`MOST_SPIKES`].
    pub fn new(key: StreamKey, mean: f64) -> PoissonCells {
        let is_dealt = mean < FEW_SPIKES;
        let more_than = distribution(if is_dealt { mean * LANES as f64 } else { mean });
        let part = |bounds: &[u64]| {
            std::array::from_fn(|place| bounds.get(place).map_or(u32::MAX, |bound| (bound >> 32) as u32))
        };
        let high = more_than.chunks(BOUNDS_AT_ONCE).map(part).collect();
        if !is_dealt {
            return PoissonCells { key, words: key, more_than, high, mean, is_dealt };
        }
        // Processes of different rates with one key must not be dealt out by the same numbers.
        let [first, second] = key.0;
        let words =
            StreamKey::derive((u64::from(first) | u64::from(second) << 32) ^ mean.to_bits(), "dealt", 0);
        PoissonCells { key, words, more_than, high, mean, is_dealt }
    }

    /// The key that [`PoissonCells::new`] was given.
    pub fn key(&self) -> StreamKey {
        self.key
    }

    /// The mean number of spikes in a cell.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    fn block(&self, unit: u32, cell: u64, block: u32) -> [u32; 4] {
        philox([block, cell as u32, unit, (cell >> 32) as u32], self.words.0)
    }

    /// The number of spikes, where the upper half of the 64 bits may decide; else the lower half is drawn, too.
    fn count_for(&self, high: u32, unit: u32, cell: u64) -> u32 {
        let is_undecided = self.high.as_flattened().contains(&high);
        let low = if is_undecided { self.block(unit, cell, u32::MAX)[0] } else { 0 };
        let bits = u64::from(high) << 32 | u64::from(low);
        self.more_than.iter().filter(|bound| bits >= **bound).count() as u32
    }

    /// The spikes of sixteen units together: the unit's place among them, and ms after the cell's beginning.
    #[inline]
    fn deal(&self, sixteen: u32, cell: u64, mut spike: impl FnMut(u32, f64)) {
        let [high, low, ..] = self.block(sixteen, cell, 0);
        let bits = u64::from(high) << 32 | u64::from(low);
        let count = self.more_than.partition_point(|bound| *bound <= bits);
        for first in (0..count).step_by(2) {
            let [time, unit, other_time, other_unit] = self.block(sixteen, cell, 1 + first as u32 / 2);
            spike(unit >> (32 - LANE_BITS), f64::from(time) * GRAIN_MS);
            if first + 1 < count {
                spike(other_unit >> (32 - LANE_BITS), f64::from(other_time) * GRAIN_MS);
            }
        }
    }

    /// The spikes of a unit in a cell, in no order: ms after the cell's beginning.
    pub fn draw(&self, unit: u32, cell: u64, mut spike: impl FnMut(f64)) {
        if self.is_dealt {
            let place = unit % LANES as u32;
            self.deal(unit / LANES as u32, cell, |lane, since| {
                if lane == place {
                    spike(since);
                }
            });
            return;
        }
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

    /// The spikes of the first `units` units in a cell, in no order: unit, and ms after the cell's beginning.
    ///
    /// The same spikes as of [`PoissonCells::draw`], many units side by side.
    pub fn draw_many(&self, units: u32, cell: u64, mut spike: impl FnMut(u32, f64)) {
        self.draw_lists(units, cell, &mut Drawn::default(), |units, times| {
            units.iter().zip(times).for_each(|(&unit, &time)| spike(unit, time));
        });
    }

    /// The same, list by list of some hundred spikes: their units, and ms after the cell's beginning.
    pub fn draw_lists(
        &self,
        units: u32,
        cell: u64,
        drawn: &mut Drawn,
        mut spikes: impl FnMut(&[u32], &[f64]),
    ) {
        let units_a_list = if self.is_dealt { LANES * LANES } else { UNITS_A_LIST };
        for first in (0..units).step_by(units_a_list) {
            drawn.clear();
            if self.is_dealt {
                self.deal_side_by_side(first / LANES as u32, units, cell, drawn);
            } else {
                self.draw_side_by_side(first..units.min(first + units_a_list as u32), cell, drawn);
            }
            spikes(&drawn.units[..drawn.count], &drawn.times[..drawn.count]);
        }
    }

    /// The spikes of sixteen times sixteen units, from sixteen number `first` on, but for units beyond the first `units`.
    ///
    /// The same spikes as of [`PoissonCells::deal`].
    fn deal_side_by_side(&self, first: u32, units: u32, cell: u64, drawn: &mut Drawn) {
        let sixteens: Lanes<u32> = std::array::from_fn(|lane| first + lane as u32);
        let counts = vectorised(
            #[inline(always)]
            || {
                let [high, low, ..] = self.blocks(&sixteens, cell, 0);
                let (mut counts, is_undecided) = counts_for(&self.high, &high);
                if is_undecided {
                    for lane in 0..LANES {
                        let bits = u64::from(high[lane]) << 32 | u64::from(low[lane]);
                        counts[lane] = self.more_than.partition_point(|bound| *bound <= bits) as u32;
                    }
                }
                counts
            },
        );
        let most = counts.iter().fold(0, |most, &count| most.max(count));
        for taken in (0..most).step_by(2) {
            let (dealt, times) = vectorised(
                #[inline(always)]
                || {
                    let words = self.blocks(&sixteens, cell, 1 + taken / 2);
                    let (mut dealt, mut times) = ([[0; LANES]; 2], [[0.0; LANES]; 2]);
                    for spare in 0..2 {
                        for lane in 0..LANES {
                            let [time, unit] = [words[2 * spare][lane], words[2 * spare + 1][lane]];
                            dealt[spare][lane] = sixteens[lane] * LANES as u32 + (unit >> (32 - LANE_BITS));
                            times[spare][lane] = f64::from(time) * GRAIN_MS;
                        }
                    }
                    (dealt, times)
                },
            );
            for (spare, (dealt, times)) in (0..).zip(dealt.iter().zip(&times)) {
                drawn.add(dealt, times, |lane| taken + spare < counts[lane] && dealt[lane] < units);
            }
        }
    }

    /// The spikes of some units.
    fn draw_side_by_side(&self, units: Range<u32>, cell: u64, drawn: &mut Drawn) {
        let mut more = [(0, 0); UNITS_A_LIST];
        let mut left = 0;
        for first in units.clone().step_by(LANES) {
            let lanes: Lanes<u32> = std::array::from_fn(|lane| first + lane as u32);
            let (times, mut counts, is_undecided) = vectorised(
                #[inline(always)]
                || {
                    let [counts, words @ ..] = self.blocks(&lanes, cell, 0);
                    let (found, is_undecided) = counts_for(&self.high, &counts);
                    (words.map(times_of), if is_undecided { counts } else { found }, is_undecided)
                },
            );
            if is_undecided {
                counts = std::array::from_fn(|lane| self.count_for(counts[lane], lanes[lane], cell));
            }
            let size = LANES.min((units.end - first) as usize);
            counts[size..].fill(0);
            for (place, times) in (0..).zip(&times) {
                drawn.add(&lanes, times, |lane| place < counts[lane]);
            }
            for lane in 0..LANES {
                more[left] = (lanes[lane], counts[lane].saturating_sub(3));
                left += usize::from(counts[lane] > 3);
            }
        }
        let mut block = 1;
        while left > 0 {
            let mut kept = 0;
            for begin in (0..left).step_by(LANES) {
                let (mut lanes, mut counts) = ([0; LANES], [0; LANES]);
                for (lane, &(unit, count)) in more[begin..left].iter().take(LANES).enumerate() {
                    (lanes[lane], counts[lane]) = (unit, count);
                }
                let times = vectorised(
                    #[inline(always)]
                    || self.blocks(&lanes, cell, block).map(times_of),
                );
                for (place, times) in (0..).zip(&times) {
                    drawn.add(&lanes, times, |lane| place < counts[lane]);
                }
                for lane in 0..LANES {
                    if counts[lane] > 4 {
                        more[kept] = (lanes[lane], counts[lane] - 4);
                        kept += 1;
                    }
                }
            }
            left = kept;
            block += 1;
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
        if self.is_dealt {
            return self.add_dealt_growths(first_unit, cell, growth, start, sums);
        }
        vectorised(
            #[inline(always)]
            || self.add_growths_side_by_side(first_unit, cell, growth, start, sums, more),
        )
    }

    #[inline(always)]
    fn add_growths_side_by_side(
        &self,
        first_unit: u32,
        cell: u64,
        growth: &Growth,
        start: f64,
        sums: &mut [u64],
        more: &mut Vec<(u32, u32)>,
    ) -> u64 {
        more.clear();
        let (mut total, mut left) = (0, 0);
        for (chunk, sums) in sums.chunks_mut(LANES).enumerate() {
            let first = (chunk * LANES) as u32;
            let units = std::array::from_fn(|lane| first_unit + first + lane as u32);
            let words = self.blocks(&units, cell, 0);
            let (mut counts, is_undecided) = counts_for(&self.high, &words[0]);
            if is_undecided {
                for lane in 0..LANES {
                    counts[lane] = self.count_for(words[0][lane], units[lane], cell);
                }
            }
            counts[sums.len()..].fill(0);
            let added = growths(&[words[1], words[2], words[3]], &counts, growth, start);
            sums.iter_mut().zip(added).for_each(|(sum, more)| *sum += more);
            // Nobody can foresee who has more: each is written, and what is not overwritten counts.
            more.resize(left + LANES, (0, 0));
            let room = &mut more[left..];
            let mut here = 0;
            for (lane, &count) in counts.iter().enumerate() {
                total += u64::from(count);
                room[here] = (first + lane as u32, count.wrapping_sub(3));
                here += usize::from(count > 3);
            }
            left += here;
        }
        more.truncate(left);
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

    fn add_dealt_growths(
        &self,
        first_unit: u32,
        cell: u64,
        growth: &Growth,
        start: f64,
        sums: &mut [u64],
    ) -> u64 {
        let (lanes, end) = (LANES as u32, first_unit + sums.len() as u32);
        let mut total = 0;
        for sixteen in first_unit / lanes..end.div_ceil(lanes) {
            self.deal(sixteen, cell, |lane, since| {
                let unit = sixteen * lanes + lane;
                if (first_unit..end).contains(&unit) {
                    let sum = &mut sums[(unit - first_unit) as usize];
                    *sum = sum.wrapping_add(in_units(growth.within(start, since)));
                    total += 1;
                }
            });
        }
        total
    }

    /// The same block of many units.
    ///
    /// Words of 32 bits lie in lanes of 64, as products need them; what products leave above them does no harm.
    #[inline(always)]
    fn blocks(&self, units: &Lanes<u32>, cell: u64, block: u32) -> [Lanes<u32>; 4] {
        let (mut c0, mut c1, mut c2) = ([u64::from(block); LANES], [cell; LANES], [0; LANES]);
        let mut c3 = [cell >> 32; LANES];
        for lane in 0..LANES {
            c2[lane] = u64::from(units[lane]);
        }
        let [mut k0, mut k1] = self.words.0;
        for _ in 0..10 {
            for lane in 0..LANES {
                let even = (c0[lane] & WORD) * 0xd251_1f53;
                let odd = (c2[lane] & WORD) * 0xcd9e_8d57;
                c0[lane] = odd >> 32 ^ c1[lane] ^ u64::from(k0);
                c2[lane] = even >> 32 ^ c3[lane] ^ u64::from(k1);
                c1[lane] = odd;
                c3[lane] = even;
            }
            k0 = k0.wrapping_add(0x9e37_79b9);
            k1 = k1.wrapping_add(0xbb67_ae85);
        }
        let mut words = [[0; LANES]; 4];
        for (words, c) in words.iter_mut().zip([c0, c1, c2, c3]) {
            for lane in 0..LANES {
                words[lane] = c[lane] as u32;
            }
        }
        words
    }
}

/// Room for spikes that are drawn, to be used again: units, and ms after the cell's beginning.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    units: Vec<u32>,
    times: Vec<f64>,
    count: usize,
}

impl Drawn {
    fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds the spikes in those lanes that count.
    #[inline(always)]
    fn add(&mut self, units: &Lanes<u32>, times: &Lanes<f64>, counts: impl Fn(usize) -> bool) {
        let end = self.count + LANES;
        if self.units.len() < end {
            self.units.resize(2 * end, 0);
            self.times.resize(2 * end, 0.0);
        }
        let (to_units, to_times) = (&mut self.units[self.count..end], &mut self.times[self.count..end]);
        // Every spike is written, and the next one over it if it does not count: no branch, which nobody could foresee.
        let mut count = 0;
        for lane in 0..LANES {
            to_units[count & (LANES - 1)] = units[lane];
            to_times[count & (LANES - 1)] = times[lane];
            count += usize::from(counts(lane));
        }
        self.count += count;
    }
}

/// The lower half of 64 bits.
const WORD: u64 = 0xffff_ffff;

/// Times of spikes, ms after the cell's beginning.
#[inline(always)]
fn times_of(words: Lanes<u32>) -> Lanes<f64> {
    let mut times = [0.0; LANES];
    for lane in 0..LANES {
        times[lane] = f64::from(words[lane]) * GRAIN_MS;
    }
    times
}

/// Bounds that are compared with before it is asked whether any lane is beyond the last of them.
const BOUNDS_AT_ONCE: usize = 4;

/// The numbers of spikes as far as the upper halves of random bits decide; and whether any of them meets a bound, so that it does
/// not decide.
#[inline(always)]
fn counts_for(bounds: &[[u32; BOUNDS_AT_ONCE]], high: &Lanes<u32>) -> (Lanes<u32>, bool) {
    let (mut counts, mut undecided) = ([0; LANES], [0; LANES]);
    for bounds in bounds {
        let mut beyond = [0; LANES];
        for bound in bounds {
            for lane in 0..LANES {
                beyond[lane] = u32::from(high[lane] > *bound);
                counts[lane] += beyond[lane];
                undecided[lane] |= u32::from(high[lane] == *bound);
            }
        }
        // Bounds rise.
        if beyond.iter().fold(0, |any, beyond| any | beyond) == 0 {
            break;
        }
    }
    (counts, undecided.iter().fold(0, |any, undecided| any | undecided) != 0)
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

/// The distribution function of a Poisson number, times 2^64.
fn distribution(mean: f64) -> Vec<u64> {
    let mut more_than = Vec::new();
    let mut term = math::exp(-mean);
    let (mut sum, mut count) = (term, 0.0);
    // The terms rise up to the mean.
    while sum < 1.0 && (term > 1e-20 || count < mean) {
        more_than.push((sum * 18_446_744_073_709_551_616.0) as u64);
        count += 1.0;
        term *= mean / count;
        sum += term;
    }
    more_than
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::CELLS_PER_MS;
    use proptest::prelude::*;

    fn key() -> StreamKey {
        StreamKey::derive(7, "cells", 0)
    }

    proptest! {
        /// Drawing many units side by side is drawing each alone.
        #[test]
        fn sums_are_those_of_single_draws(mean in 0.05..MOST_SPIKES, first in 0u32..1000, size in 1usize..40, cell in 0u64..1 << 40, tau in 5.0..100.0) {
            let (cells, growth) = (PoissonCells::new(key(), mean), Growth::new(tau));
            let place = (cell % CELLS_PER_MS) as usize;
            let mut sums = vec![3; size];
            let total = cells.add_growths(first, cell, &growth, growth.start(place), &mut sums, &mut Vec::new());
            let (mut one_by_one, mut together) = (Vec::new(), Vec::new());
            let units = size as u32;
            (0..units).for_each(|unit| cells.draw(unit, cell, |since| one_by_one.push((unit, since))));
            cells.draw_many(units, cell, |unit, since| together.push((unit, since)));
            let in_order = |mut spikes: Vec<(u32, f64)>| {
                spikes.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
                spikes
            };
            prop_assert_eq!(in_order(one_by_one), in_order(together));
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

    /// Units that are drawn together have counts that know nothing of each other.
    #[test]
    fn units_that_are_drawn_together_are_independent() {
        const CELLS: u64 = 40_000;
        for mean in [0.3, 1.9] {
            let cells = PoissonCells::new(key(), mean);
            let (mut product, mut sums) = (0.0, [0.0; 2]);
            for cell in 0..CELLS {
                let counts = [16, 21].map(|unit| {
                    let mut count = 0.0;
                    cells.draw(unit, cell, |_| count += 1.0);
                    count
                });
                product += (counts[0] - mean) * (counts[1] - mean);
                (0..2).for_each(|unit| sums[unit] += counts[unit]);
            }
            let cells = CELLS as f64;
            sums.iter()
                .for_each(|sum: &f64| assert!((sum / cells - mean).abs() < 5.0 * (mean / cells).sqrt()));
            assert!((product / cells).abs() < 5.0 * mean / cells.sqrt(), "covariance {}", product / cells);
        }
    }

    /// Where the upper half of the random bits meets a bound, the lower half decides; any other time it does not matter.
    #[test]
    fn undecided_counts_are_settled_by_more_bits() {
        const MAX: u32 = u32::MAX;
        let cells = PoissonCells::new(key(), 2.5);
        let bound = (cells.more_than[0] >> 32) as u32;
        assert_eq!(cells.count_for(bound - 1, 3, 4), 0);
        assert_eq!(cells.count_for(bound + 1, 3, 4), 1);
        let counts: Vec<u32> = (0..200).map(|unit| cells.count_for(bound, unit, 4)).collect();
        assert!(counts.contains(&0) && counts.contains(&1));
        assert!(counts_for(&[[bound, MAX, MAX, MAX]], &[bound; LANES]).1);
        let meets = counts_for(&[[1, 2, 3, 4], [bound, MAX, MAX, MAX]], &[bound; LANES]);
        assert_eq!(meets, ([4; LANES], true));
    }
}
