//! Arrivals that come one by one, each at an instant of its own: over delays that vary from synapse to synapse, or from dense
//! sources.
//!
//! They are laid into short slices of time as soon as their epoch has come, and put in order slice by slice when a window
//! comes to them. A slice never lies in two epochs.

use crate::group::Single;
use crate::network::Projection;
use crate::time::Time;

/// Slices of an epoch: a power of two, so that they begin at exact times; no fewer than cells, so that a cell's end is a
/// slice's.
const LEAST_PER_MS: usize = 8;
const MOST_PER_MS: usize = 128;

/// A window has so many slices or more. Windows end with slices: where they are short, little of a window is wasted.
const PER_WINDOW: f64 = 3.0;

/// How many slices a millisecond has where windows are at most `window_ms` long.
pub(super) fn slices_per_ms(window_ms: f64) -> usize {
    let least = (PER_WINDOW / window_ms).min(MOST_PER_MS as f64).ceil() as usize;
    least.next_power_of_two().clamp(LEAST_PER_MS, MOST_PER_MS)
}

/// Slices of two epochs, of which the second may have begun to fill.
#[derive(Default)]
pub(super) struct Slices {
    /// How many there are in a millisecond, as both kinds of number.
    per_ms: usize,
    rate: f64,
    slices: Vec<Vec<Single>>,
    /// Lists that are free: those used last are still in the cache.
    free: Vec<Vec<Single>>,
    sorter: Sorter,
}

impl Slices {
    pub(super) fn new(per_ms: usize) -> Slices {
        let slices = vec![Vec::new(); 2 * per_ms];
        Slices { per_ms, rate: per_ms as f64, slices, free: Vec::new(), sorter: Sorter::default() }
    }

    /// Lays an arrival into its slice; it lies in the epoch in hand or in the next one.
    #[inline]
    pub(super) fn push(&mut self, epoch: u64, single: Single) {
        let slice = (single.offset * self.rate) as i32 as usize;
        let slice = &mut self.slices[(epoch & 1) as usize * self.per_ms + slice];
        if slice.len() == slice.capacity() {
            make_room(slice, &mut self.free);
        }
        slice.push(single);
    }

    /// Takes what arrives from `from` up to before `to`, both in one epoch (or `to` at its end), in canonical order.
    pub(super) fn take(
        &mut self,
        (from, to): (Time, Time),
        projections: &[Projection],
        first: &[u32],
        taken: &mut Vec<Single>,
    ) {
        let per_ms = self.rate;
        let (epoch, begin) = from.parts();
        let end = if to.parts().0 == epoch { to.parts().1 } else { 1.0 };
        let base = (epoch & 1) as usize * self.per_ms;
        for number in (begin * per_ms) as usize..(end * per_ms).ceil() as usize {
            let slice = &mut self.slices[base + number];
            let begin = number as f64 / per_ms;
            if end >= (number + 1) as f64 / per_ms {
                self.sorter.sort(slice, (begin, per_ms), projections, first, taken);
                slice.clear();
                if slice.capacity() > 0 {
                    self.free.push(std::mem::take(slice));
                }
            } else {
                let later = slice.extract_if(.., |single| single.offset >= end).collect();
                let now = std::mem::replace(slice, later);
                self.sorter.sort(&now, (begin, per_ms), projections, first, taken);
            }
        }
    }
}

/// Makes room for more in a slice that is full, or has no list yet.
#[cold]
fn make_room(slice: &mut Vec<Single>, free: &mut Vec<Vec<Single>>) {
    match free.pop() {
        Some(list) if slice.is_empty() => *slice = list,
        list => {
            free.extend(list);
            slice.reserve(slice.len().max(LEAST_ROOM));
        }
    }
}

/// A list has room for so many at least.
const LEAST_ROOM: usize = 64;

/// A key has a time within a slice in its upper bits and a place in its lower ones.
const PLACE_BITS: u32 = 20;
const PLACES: u64 = (1 << PLACE_BITS) - 1;

/// The time of a key rises with the time after a slice's beginning, and needs few instructions: added to two slices' length it
/// lies in one binade, so that the bits of the mantissa, of which the first is not set, count it.
#[inline(always)]
fn key(since: f64, slice_ms: f64, place: usize) -> u64 {
    (2.0 * slice_ms + since).to_bits() << 12 & !PLACES | place as u64
}

/// Puts singles in canonical order.
#[derive(Default)]
struct Sorter {
    keys: Vec<u64>,
    sorted: Vec<u64>,
    slots: Vec<u32>,
}

impl Sorter {
    /// Adds the singles of a slice, of which there are `per_ms` and which begins at `begin`, to `taken`.
    fn sort(
        &mut self,
        singles: &[Single],
        (begin, per_ms): (f64, f64),
        projections: &[Projection],
        first: &[u32],
        taken: &mut Vec<Single>,
    ) {
        let Sorter { keys, sorted, slots } = self;
        if singles.len() < 2 {
            taken.extend_from_slice(singles);
            return;
        }
        let canonical = |single: &Single| {
            let projection = &projections[single.projection as usize];
            let row = projection.row((single.source.0 - first[projection.source.index()]) as usize);
            let rank = projection.rank(&row, row.start + single.place as usize);
            // An offset is not negative: its bits rise with it.
            (single.offset.to_bits(), single.source, single.projection, rank, single.place)
        };
        if singles.len() > PLACES as usize {
            let start = taken.len();
            taken.extend_from_slice(singles);
            taken[start..].sort_unstable_by_key(canonical);
            return;
        }
        let slice_ms = 1.0 / per_ms;
        keys.clear();
        keys.extend(singles.iter().enumerate().map(|(place, s)| key(s.offset - begin, slice_ms, place)));
        // Rounding can make the end of the slice of a time just before it: one bucket more.
        let buckets = (2 * singles.len()).next_power_of_two();
        let shift = 63 - buckets.trailing_zeros();
        slots.clear();
        slots.resize(buckets + 1, 0);
        keys.iter().for_each(|key| slots[(key >> shift) as usize] += 1);
        let mut next = 0;
        for slot in slots.iter_mut() {
            next += std::mem::replace(slot, next);
        }
        sorted.clear();
        sorted.resize(singles.len(), 0);
        for &key in &*keys {
            let slot = &mut slots[(key >> shift) as usize];
            sorted[*slot as usize] = key;
            *slot += 1;
        }
        // Little is left to do: few buckets have more than one.
        for place in 1..sorted.len() {
            let key = sorted[place];
            let mut free = place;
            while free > 0 && sorted[free - 1] > key {
                sorted[free] = sorted[free - 1];
                free -= 1;
            }
            sorted[free] = key;
        }
        let single_of = |key: u64| singles[(key & PLACES) as usize];
        let meet = |a: &u64, b: &u64| a >> PLACE_BITS == b >> PLACE_BITS;
        if sorted.windows(2).any(|pair| meet(&pair[0], &pair[1])) {
            for together in sorted.chunk_by_mut(meet) {
                together.sort_unstable_by_key(|&key| canonical(&single_of(key)));
            }
        }
        taken.extend(sorted.iter().map(|&key| single_of(key)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{NeuronId, PopulationId};
    use crate::network::Values;
    use proptest::prelude::*;

    /// Two sources with rows of four synapses.
    fn projection() -> Projection {
        Projection {
            source: PopulationId(0),
            target: PopulationId(0),
            receptor: 0,
            offsets: vec![0, 4, 8],
            targets: vec![0; 8],
            weights: Values::Same(1.0),
            delays: Values::Each(vec![0.5; 8]),
            declared: None,
            drawn: None,
        }
    }

    proptest! {
        /// Whatever the slices and the windows: everything is taken once, in its window and in canonical order.
        #[test]
        fn singles_come_in_canonical_order(
            seeds in prop::collection::vec((0u32..64, 0.0..1.0f64, 0u32..2, 0u32..2, 0u32..4), 0..300),
            grid: bool,
            stops in prop::collection::vec(0.0..1.0f64, 0..9),
            window_ms in 0.01..2.0f64,
            epoch in 0u64..3,
        ) {
            let projections = [projection(), projection()];
            let single = |&(at, fine, source, projection, place): &(u32, f64, u32, u32, u32)| Single {
                offset: (f64::from(at) + if grid { 0.0 } else { fine }) / 64.0,
                weight: 1.0,
                target: 0,
                source: NeuronId(source),
                projection,
                place,
            };
            let mut expected: Vec<Single> = seeds.iter().map(single).collect();
            let mut slices = Slices::new(slices_per_ms(window_ms));
            expected.iter().for_each(|&single| slices.push(epoch, single));
            let key = |s: &Single| (s.offset.to_bits(), s.source, s.projection, s.place);
            expected.sort_by_key(key);
            let mut ends: Vec<Time> = stops.iter().map(|&stop| Time::from_parts(epoch, stop).unwrap()).collect();
            ends.push(Time::from_parts(epoch + 1, 0.0).unwrap());
            ends.sort();
            let (mut from, mut taken) = (Time::from_parts(epoch, 0.0).unwrap(), Vec::new());
            for to in ends {
                let before = taken.len();
                slices.take((from, to), &projections, &[0], &mut taken);
                for single in &taken[before..] {
                    let at = Time::from_parts(epoch, single.offset).unwrap();
                    prop_assert!(from <= at && at < to);
                }
                from = to;
            }
            let keys = |all: &[Single]| -> Vec<_> { all.iter().map(key).collect() };
            prop_assert_eq!(keys(&taken), keys(&expected));
        }
    }

    #[test]
    fn slices_are_shorter_than_windows() {
        for (window_ms, per_ms) in [(5.0, 8), (0.5, 8), (0.1, 32), (0.05, 64), (0.01, 128)] {
            assert_eq!(slices_per_ms(window_ms), per_ms);
        }
    }
}
