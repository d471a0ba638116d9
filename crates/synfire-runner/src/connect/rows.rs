//! Synapses in compressed rows by source, while they are being made.

use rayon::prelude::*;
use synfire_core::network::Values;

/// Rows by source. Synapses have numbers: their places in the order of declaration.
pub struct Rows {
    /// Where the rows begin, and where the last one ends.
    pub offsets: Vec<u64>,
    /// Targets, row by row.
    pub targets: Vec<u32>,
    /// The number of the synapse at each place; `None` if numbers are places, or if nobody will ask.
    numbers: Option<Vec<u32>>,
}

impl Rows {
    /// Rows whose synapses are declared in this order.
    pub fn in_order(offsets: Vec<u64>, targets: Vec<u32>) -> Rows {
        Rows { offsets, targets, numbers: None }
    }

    /// Rows of equal length, in the order of declaration.
    pub fn of_equal_length(rows: u32, length: usize, targets: Vec<u32>) -> Rows {
        Rows::in_order((0..=u64::from(rows)).map(|row| row * length as u64).collect(), targets)
    }

    /// Sorts pairs of source and target by source. `pairs` gives all of them, in the order of declaration, twice: once to
    /// count, once to sort, so that they need not be held in memory. Equal sources stay in this order.
    pub fn by_source<I>(sources: u32, numbered: bool, pairs: impl Fn() -> I) -> Rows
    where
        I: Iterator<Item = (u32, u32)>,
    {
        let mut offsets = vec![0u64; sources as usize + 1];
        pairs().for_each(|(source, _)| offsets[source as usize + 1] += 1);
        for row in 0..sources as usize {
            offsets[row + 1] += offsets[row];
        }
        let synapses = offsets[sources as usize] as usize;
        let mut next = offsets[..sources as usize].to_vec();
        let mut targets = vec![0; synapses];
        let mut numbers = numbered.then(|| vec![0; synapses]);
        let mut number = 0;
        pairs().for_each(|(source, target)| {
            let place = next[source as usize] as usize;
            next[source as usize] += 1;
            targets[place] = target;
            if let Some(numbers) = &mut numbers {
                numbers[place] = number;
                number += 1;
            }
        });
        Rows { offsets, targets, numbers }
    }

    /// The number of the synapse at `place`.
    pub fn number(&self, place: usize) -> usize {
        self.numbers.as_ref().map_or(place, |numbers| numbers[place] as usize)
    }

    /// Sorts each row by (delay, target, number); gives the delays by their new places.
    pub fn sort(&mut self, delays: Values) -> Values {
        match delays {
            Values::Same(delay) => {
                self.sort_by_target();
                // 0 + -0 is 0: there is one zero only.
                Values::Same(0.0 + delay)
            }
            Values::Each(delays) => Values::Each(self.sort_by_delay(delays)),
        }
    }

    /// Counting by source keeps the order of numbers, and most rules declare by rising target: little is left to do.
    fn sort_by_target(&mut self) {
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

    fn sort_by_delay(&mut self, mut delays: Vec<f64>) -> Vec<f64> {
        let in_order = || (0..self.targets.len()).map(|place| place as u32).collect();
        let numbers = self.numbers.get_or_insert_with(in_order);
        let rows = split(&self.offsets, &mut self.targets);
        let rows = rows.into_par_iter().zip(split(&self.offsets, numbers));
        rows.zip(split(&self.offsets, &mut delays)).for_each(|((row, numbers), delays)| {
            let mut synapses: Vec<(f64, u32, u32)> =
                (0..row.len()).map(|place| (0.0 + delays[place], row[place], numbers[place])).collect();
            synapses.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
            for (place, (delay, target, number)) in synapses.into_iter().enumerate() {
                (delays[place], row[place], numbers[place]) = (delay, target, number);
            }
        });
        delays
    }

    /// The rank of each synapse in the order of declaration of its row, if some row has the same target twice with
    /// different delays.
    pub fn ranks(&self, delays: &Values) -> Option<Vec<u32>> {
        let (Some(numbers), Values::Each(delays)) = (&self.numbers, delays) else { return None };
        let row_of = |row: usize| self.offsets[row] as usize..self.offsets[row + 1] as usize;
        let rows = 0..self.offsets.len() - 1;
        let repeats = |row: usize| has_other_delay(&self.targets[row_of(row)], &delays[row_of(row)]);
        if !rows.clone().into_par_iter().any(repeats) {
            return None;
        }
        let mut ranks = vec![0; numbers.len()];
        split(&self.offsets, &mut ranks).into_par_iter().zip(rows).for_each(|(ranks, row)| {
            let numbers = &numbers[row_of(row)];
            let mut places: Vec<usize> = (0..numbers.len()).collect();
            places.sort_unstable_by_key(|&place| numbers[place]);
            for (rank, place) in places.into_iter().enumerate() {
                ranks[place] = rank as u32;
            }
        });
        Some(ranks)
    }
}

/// Whether some target comes twice with different delays.
fn has_other_delay(targets: &[u32], delays: &[f64]) -> bool {
    let mut synapses: Vec<(u32, u64)> =
        targets.iter().zip(delays).map(|(target, delay)| (*target, delay.to_bits())).collect();
    synapses.sort_unstable();
    synapses.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1)
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
