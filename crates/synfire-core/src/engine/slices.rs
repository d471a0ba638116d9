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

/// Windows of this many slices: windows end with slices, so that more of them waste less.
const PER_WINDOW: f64 = 3.0;

/// How many slices a millisecond has where windows are at most `window_ms` long.
pub(super) fn slices_per_ms(window_ms: f64) -> usize {
    let least = (PER_WINDOW / window_ms).min(MOST_PER_MS as f64).ceil() as usize;
    least.next_power_of_two().clamp(LEAST_PER_MS, MOST_PER_MS)
}

/// Slices of two epochs, of which the second may have begun to fill.
#[derive(Default)]
pub(super) struct Slices {
    per_ms: usize,
    slices: Vec<Vec<Single>>,
    sorter: Sorter,
}

impl Slices {
    pub(super) fn new(per_ms: usize) -> Slices {
        Slices { per_ms, slices: vec![Vec::new(); 2 * per_ms], sorter: Sorter::default() }
    }

    /// Lays an arrival into its slice; it lies in the epoch in hand or in the next one.
    #[inline]
    pub(super) fn push(&mut self, epoch: u64, single: Single) {
        let slice = (single.offset * self.per_ms as f64) as usize;
        self.slices[(epoch & 1) as usize * self.per_ms + slice].push(single);
    }

    /// Takes what arrives from `from` up to before `to`, both in one epoch (or `to` at its end), in canonical order.
    pub(super) fn take(
        &mut self,
        (from, to): (Time, Time),
        projections: &[Projection],
        first: &[u32],
        taken: &mut Vec<Single>,
    ) {
        let per_ms = self.per_ms as f64;
        let (epoch, begin) = from.parts();
        let end = if to.parts().0 == epoch { to.parts().1 } else { 1.0 };
        let base = (epoch & 1) as usize * self.per_ms;
        for number in (begin * per_ms) as usize..(end * per_ms).ceil() as usize {
            let slice = &mut self.slices[base + number];
            let begin = number as f64 / per_ms;
            if end >= (number + 1) as f64 / per_ms {
                self.sorter.sort(slice, (begin, per_ms), projections, first, taken);
                slice.clear();
            } else {
                let later = slice.extract_if(.., |single| single.offset >= end).collect();
                let now = std::mem::replace(slice, later);
                self.sorter.sort(&now, (begin, per_ms), projections, first, taken);
            }
        }
    }
}

/// A key has a time within a slice in its upper bits and a place in its lower ones.
const PLACE_BITS: u32 = 20;
const TIMES: f64 = (1u64 << (64 - PLACE_BITS)) as f64;

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
        if singles.len() >= 1 << PLACE_BITS {
            let start = taken.len();
            taken.extend_from_slice(singles);
            taken[start..].sort_unstable_by_key(canonical);
            return;
        }
        // A later time has no smaller key: differences and products are monotone under rounding.
        let time = |single: &Single| ((single.offset - begin) * per_ms * TIMES) as u64;
        keys.clear();
        keys.extend(singles.iter().enumerate().map(|(place, s)| time(s) << PLACE_BITS | place as u64));
        let buckets = singles.len().next_power_of_two();
        let shift = 64 - buckets.trailing_zeros();
        slots.clear();
        slots.resize(buckets, 0);
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
        // Little is left to do: a bucket has one or two.
        for place in 1..sorted.len() {
            let key = sorted[place];
            let mut free = place;
            while free > 0 && sorted[free - 1] > key {
                sorted[free] = sorted[free - 1];
                free -= 1;
            }
            sorted[free] = key;
        }
        let single_of = |key: u64| singles[(key & ((1 << PLACE_BITS) - 1)) as usize];
        let meet = |a: &u64, b: &u64| a >> PLACE_BITS == b >> PLACE_BITS;
        if sorted.windows(2).any(|pair| meet(&pair[0], &pair[1])) {
            for together in sorted.chunk_by_mut(meet) {
                together.sort_unstable_by_key(|&key| canonical(&single_of(key)));
            }
        }
        taken.extend(sorted.iter().map(|&key| single_of(key)));
    }
}
