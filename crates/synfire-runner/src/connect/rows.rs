//! Synapses in compressed rows by source, while they are being made.

use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use synfire_core::network::{Ranks, Values};

/// Rows by source. Synapses have numbers: their places in the order of declaration.
pub struct Rows {
    /// Where the rows begin, and where the last one ends.
    pub offsets: Vec<u64>,
    /// Targets, row by row.
    pub targets: Vec<u32>,
    /// The number of the synapse at each place; `None` if numbers are places, or if nobody will ask.
    numbers: Option<Vec<u32>>,
}

/// Fewer synapses than this are not worth a thread of their own.
const PIECE: usize = 1 << 16;

impl Rows {
    /// Rows whose synapses are declared in this order.
    pub fn in_order(offsets: Vec<u64>, targets: Vec<u32>) -> Rows {
        Rows { offsets, targets, numbers: None }
    }

    /// Rows of equal length, in the order of declaration.
    pub fn of_equal_length(rows: u32, length: usize, targets: Vec<u32>) -> Rows {
        Rows::in_order((0..=u64::from(rows)).map(|row| row * length as u64).collect(), targets)
    }

    /// Sorts pairs of source and target by source. `pairs` gives those of some numbers in the order of declaration, and is
    /// asked twice for all `synapses`: once to count, once to sort. Equal sources stay in this order. At most 2^32 - 1.
    pub fn by_source<I>(
        sources: u32,
        numbered: bool,
        synapses: usize,
        pairs: impl Fn(Range<usize>) -> I + Sync,
    ) -> Rows
    where
        I: Iterator<Item = (u32, u32)>,
    {
        // Each piece counts for itself, so that it knows its places in every row.
        let most = (synapses / PIECE).min(synapses / (sources as usize).max(1)).max(1);
        let pieces = rayon::current_num_threads().min(most);
        let piece = |index: usize| synapses * index / pieces..synapses * (index + 1) / pieces;
        let count = |index| {
            let mut counts = vec![0u32; sources as usize];
            pairs(piece(index)).for_each(|(source, _)| counts[source as usize] += 1);
            counts
        };
        let mut places: Vec<Vec<u32>> = (0..pieces).into_par_iter().map(count).collect();
        let mut offsets = Vec::with_capacity(sources as usize + 1);
        let mut next = 0;
        for row in 0..sources as usize {
            offsets.push(u64::from(next));
            for places in &mut places {
                let first = next;
                next += places[row];
                places[row] = first;
            }
        }
        offsets.push(u64::from(next));

        let targets = zeros(synapses);
        let numbers = numbered.then(|| zeros(synapses));
        places.into_par_iter().enumerate().for_each(|(index, mut places)| {
            let numbered = pairs(piece(index)).zip(piece(index));
            for ((source, target), number) in numbered {
                let place = places[source as usize] as usize;
                places[source as usize] += 1;
                targets[place].store(target, Ordering::Relaxed);
                if let Some(numbers) = &numbers {
                    numbers[place].store(number as u32, Ordering::Relaxed);
                }
            }
        });
        Rows { offsets, targets: filled(targets), numbers: numbers.map(filled) }
    }

    /// The number of the synapse at `place`.
    pub fn number(&self, place: usize) -> usize {
        self.numbers.as_ref().map_or(place, |numbers| numbers[place] as usize)
    }

    /// Sorts each row by (target, number). Counting by source keeps the order of numbers, and most rules declare by rising
    /// target: little is left to do.
    pub fn sort_by_target(&mut self) {
        let rows = split(&self.offsets, &mut self.targets);
        let Some(numbers) = &mut self.numbers else {
            return rows.into_par_iter().for_each(|row| {
                if !row.is_sorted() {
                    row.sort_unstable();
                }
            });
        };
        let numbers = split(&self.offsets, numbers);
        rows.into_par_iter().zip(numbers).filter(|(row, _)| !row.is_sorted()).for_each(|(row, numbers)| {
            let mut synapses: Vec<_> = row.iter().copied().zip(numbers.iter().copied()).collect();
            synapses.sort_unstable();
            for (place, (target, number)) in synapses.into_iter().enumerate() {
                (row[place], numbers[place]) = (target, number);
            }
        });
    }

    /// Numbers will not be asked for any more.
    pub fn forget_numbers(&mut self) {
        self.numbers = None;
    }

    /// Sorts rows that are sorted by (target, number) by (delay, target, number), with their weights and delays. Gives the
    /// ranks in the order of declaration, if some row has the same target twice with different delays.
    pub fn sort_by_delay(&mut self, weights: &mut Values, delays: &mut Values) -> Option<Ranks> {
        if let Values::Same(_) = delays {
            return None;
        }
        let pairs = self.pairs(delays);
        let mut order = vec![0; self.targets.len()];
        let rows = (0..self.offsets.len() - 1).into_par_iter();
        rows.clone().zip(split(&self.offsets, &mut order)).for_each_init(Vec::new, |keys, (row, order)| {
            let first = self.offsets[row] as usize;
            order_by_delay((0..order.len()).map(|place| delays.at(first + place)), keys);
            order.iter_mut().zip(keys).for_each(|(place, key)| *place = key.1);
        });
        let ranks = match pairs.most {
            _ if !pairs.differ => None,
            0..=256 => Some(Ranks::Bytes(self.ranks(&order, |rank| rank as u8))),
            _ => Some(Ranks::Words(self.ranks(&order, |rank| rank))),
        };
        permute(&self.offsets, &order, &mut self.targets);
        for values in [weights, delays] {
            match values {
                Values::Same(_) => {}
                Values::Each(values) => permute(&self.offsets, &order, values),
                Values::Single(values) => permute(&self.offsets, &order, values),
            }
        }
        ranks
    }

    /// How many synapses pairs of neurons have. Rows are sorted by target.
    fn pairs(&self, delays: &Values) -> PairUse {
        let of_row = |row: usize| {
            let (first, end) = (self.offsets[row] as usize, self.offsets[row + 1] as usize);
            PairUse::of(&self.targets[first..end], |place| delays.at(first + place))
        };
        let rows = (0..self.offsets.len() - 1).into_par_iter().map(of_row);
        rows.reduce(PairUse::default, PairUse::and)
    }

    /// For each synapse of the rows put into this order, its rank among those of the same two neurons.
    fn ranks<R: Copy + Default + Send>(&self, order: &[u32], rank: impl Fn(u32) -> R + Sync) -> Vec<R> {
        let mut ranks = vec![R::default(); order.len()];
        let rows = (0..self.offsets.len() - 1).into_par_iter();
        rows.zip(split(&self.offsets, &mut ranks)).for_each_init(Vec::new, |by_target, (row, ranks)| {
            let first = self.offsets[row] as usize;
            rank_by_target(&self.targets[first..first + ranks.len()], by_target);
            let order = &order[first..];
            ranks.iter_mut().zip(order).for_each(|(place, &from)| *place = rank(by_target[from as usize]));
        });
        ranks
    }
}

/// How many synapses two neurons have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairUse {
    /// At most.
    pub most: usize,
    /// Whether any two have synapses with different delays.
    pub differ: bool,
}

impl PairUse {
    /// Of one row, which is sorted by target.
    pub fn of(targets: &[u32], delay: impl Fn(usize) -> f64) -> PairUse {
        let (mut pairs, mut begin) = (PairUse::default(), 0);
        for place in 0..targets.len() {
            if targets[place] != targets[begin] {
                begin = place;
            }
            pairs.most = pairs.most.max(place + 1 - begin);
            pairs.differ |= delay(place) != delay(begin);
        }
        pairs
    }

    /// Of these and of others.
    pub fn and(self, other: PairUse) -> PairUse {
        PairUse { most: self.most.max(other.most), differ: self.differ || other.differ }
    }
}

/// The order of a row by delay: the delays' bits, which rise with them because delays are not negative, and places.
pub fn order_by_delay(delays: impl Iterator<Item = f64>, keys: &mut Vec<(u64, u32)>) {
    keys.clear();
    keys.extend(delays.map(f64::to_bits).zip(0..));
    keys.sort_unstable();
}

/// The rank of each synapse of a row, which is sorted by target, among those of the same two neurons.
pub fn rank_by_target(targets: &[u32], ranks: &mut Vec<u32>) {
    ranks.clear();
    for place in 0..targets.len() {
        let repeats = place > 0 && targets[place] == targets[place - 1];
        ranks.push(if repeats { ranks[place - 1] + 1 } else { 0 });
    }
}

/// Brings each row into the order given by places in the row.
fn permute<T: Copy + Send>(offsets: &[u64], order: &[u32], all: &mut [T]) {
    let rows = split(offsets, all).into_par_iter().zip(offsets);
    rows.for_each_init(Vec::new, |before, (row, &first)| {
        before.clear();
        before.extend_from_slice(row);
        row.iter_mut().zip(&order[first as usize..]).for_each(|(to, &from)| *to = before[from as usize]);
    });
}

/// Numbers that several threads fill, each its own places.
fn zeros(count: usize) -> Vec<AtomicU32> {
    (0..count).into_par_iter().map(|_| AtomicU32::new(0)).collect()
}

fn filled(numbers: Vec<AtomicU32>) -> Vec<u32> {
    numbers.into_iter().map(AtomicU32::into_inner).collect()
}

/// The rows as slices.
fn split<'a, T>(offsets: &[u64], mut all: &'a mut [T]) -> Vec<&'a mut [T]> {
    let mut rows = Vec::with_capacity(offsets.len());
    for ends in offsets.windows(2) {
        let (row, rest) = all.split_at_mut((ends[1] - ends[0]) as usize);
        rows.push(row);
        all = rest;
    }
    rows
}
