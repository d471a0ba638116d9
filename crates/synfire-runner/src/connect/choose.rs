//! Choosing some of many.

use rayon::prelude::*;
use synfire_numerics::random::Stream;

/// Chooses integers from 0 to a bound; keeps what it needs for that from one choice to the next.
pub struct Chooser {
    bound: u32,
    /// One bit for each integer: whether it has been drawn. All 0 between two choices.
    drawn: Vec<u64>,
}

impl Chooser {
    /// For integers below `bound`.
    pub fn new(bound: u32) -> Chooser {
        Chooser { bound, drawn: vec![0; (bound as usize).div_ceil(64)] }
    }

    /// As many integers as `chosen` has places, in rising order: drawn independently if they may repeat, else a set of
    /// which each is as probable as any other.
    ///
    /// `bound` must not be 0, and without repetition not less than the number of places.
    pub fn choose(&mut self, stream: &mut Stream, repeat: bool, chosen: &mut [u32]) {
        if repeat {
            chosen.fill_with(|| stream.below(self.bound));
            chosen.sort_unstable();
        } else if chosen.len() <= self.bound as usize / 2 {
            self.draw_set(stream, chosen);
            chosen.sort_unstable();
            chosen.iter().for_each(|&integer| self.drawn[integer as usize / 64] = 0);
        } else {
            self.choose_the_others(stream, chosen);
        }
    }

    /// Different integers, in the order in which they first come up. At most half of all, so that few draws are lost.
    fn draw_set(&mut self, stream: &mut Stream, chosen: &mut [u32]) {
        for place in chosen {
            *place = loop {
                let integer = stream.below(self.bound);
                if self.mark(integer) {
                    break integer;
                }
            };
        }
    }

    /// Draws those that are not chosen, where they are fewer.
    fn choose_the_others(&mut self, stream: &mut Stream, chosen: &mut [u32]) {
        for _ in chosen.len()..self.bound as usize {
            while !self.mark(stream.below(self.bound)) {}
        }
        let others = (0..self.bound).filter(|i| self.drawn[*i as usize / 64] >> (i % 64) & 1 == 0);
        chosen.iter_mut().zip(others).for_each(|(place, integer)| *place = integer);
        self.drawn.fill(0);
    }

    /// Whether this integer is drawn for the first time.
    fn mark(&mut self, integer: u32) -> bool {
        let (word, bit) = (integer as usize / 64, 1 << (integer % 64));
        let first = self.drawn[word] & bit == 0;
        self.drawn[word] |= bit;
        first
    }
}

/// As many integers below `bound` as asked for: drawn independently if they may repeat, else a set of which each is as
/// probable as any other, in rising order. For integers too many to have a bit each.
///
/// `bound` must not be 0 if any are asked for, and without repetition not less than their number.
pub fn choose_wide(mut stream: Stream, bound: u64, count: usize, repeat: bool) -> Vec<u64> {
    if repeat {
        draw_wide(stream, bound, count)
    } else if count as u64 <= bound / 2 {
        wide_set(&mut stream, bound, count)
    } else {
        let others = wide_set(&mut stream, bound, (bound - count as u64) as usize);
        let mut others = others.into_iter().peekable();
        (0..bound).filter(|integer| others.next_if_eq(integer).is_none()).collect()
    }
}

/// The next integers of a stream, drawn by several threads at once. Each thread takes the draws of its numbers as if none
/// before were rejected; where one is, which is rare, all are drawn one after the other.
fn draw_wide(mut stream: Stream, bound: u64, count: usize) -> Vec<u64> {
    /// How many draws make a piece of work.
    const PIECE: usize = 1 << 14;
    let mut chosen = vec![0; count];
    let piece_is_plain = |(piece, places): (usize, &mut [u64])| {
        let mut stream = stream.clone();
        stream.jump_to((piece * PIECE) as u64);
        places.iter_mut().all(|place| {
            stream.try_below_u64(bound).is_some_and(|integer| {
                *place = integer;
                true
            })
        })
    };
    if !chosen.par_chunks_mut(PIECE).enumerate().map(piece_is_plain).reduce(|| true, |a, b| a && b) {
        chosen.fill_with(|| stream.below_u64(bound));
    }
    chosen
}

/// Draws until enough different integers have come up. The order in which they came does not matter for that, so they
/// are drawn in bulk, never more than are still missing, and repetitions are found by sorting.
fn wide_set(stream: &mut Stream, bound: u64, count: usize) -> Vec<u64> {
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count {
        chosen.extend((chosen.len()..count).map(|_| stream.below_u64(bound)));
        // The stable sort makes use of the part that is sorted already.
        chosen.sort();
        chosen.dedup();
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use synfire_numerics::random::StreamKey;

    fn stream(id: u64) -> Stream {
        Stream::new(StreamKey::derive(11, "choose", 0), id)
    }

    #[test]
    fn every_set_is_as_probable_as_any_other() {
        // 15 sets of 2 out of 6, 15 of 4 out of 6.
        for (count, wide) in [(2, false), (2, true), (4, false), (4, true)] {
            let mut chooser = Chooser::new(6);
            let mut counts = std::collections::BTreeMap::new();
            for id in 0..30_000 {
                let mut set = vec![0; count];
                if wide {
                    set = choose_wide(stream(id), 6, count, false).iter().map(|i| *i as u32).collect();
                } else {
                    chooser.choose(&mut stream(id), false, &mut set);
                }
                *counts.entry(set).or_insert(0.0) += 1.0;
            }
            assert_eq!(counts.len(), 15);
            let chi_squared: f64 = counts.values().map(|c: &f64| (c - 2000.0).powi(2) / 2000.0).sum();
            assert!(chi_squared < 42.6, "{chi_squared}, which happens once in 10,000 times");
        }
    }

    #[test]
    fn with_repetition_every_sequence_is_as_probable_as_any_other() {
        for wide in [false, true] {
            let mut both_equal = 0.0;
            for id in 0..40_000 {
                let mut pair = [0; 2];
                if wide {
                    let drawn = choose_wide(stream(id), 4, 2, true);
                    pair = [drawn[0] as u32, drawn[1] as u32];
                } else {
                    Chooser::new(4).choose(&mut stream(id), true, &mut pair);
                }
                both_equal += f64::from(pair[0] == pair[1]);
            }
            assert!((both_equal - 10_000.0f64).abs() < 4.0 * (40_000.0f64 * 0.25 * 0.75).sqrt());
        }
    }

    /// A bound of which nearly half of all draws are rejected, and one with hardly any.
    #[test]
    fn drawing_at_once_is_drawing_one_after_the_other() {
        for bound in [(1 << 63) + 1, 1_000_003] {
            let mut one_by_one = stream(3);
            let expected: Vec<u64> = (0..40_000).map(|_| one_by_one.below_u64(bound)).collect();
            assert_eq!(choose_wide(stream(3), bound, 40_000, true), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_chosen_rises_and_leaves_no_trace(bound in 1u32..300, part in 0.0..=1.0f64, repeat: bool) {
            let count = (f64::from(bound) * part) as usize;
            let mut chooser = Chooser::new(bound);
            let mut chosen = vec![0; count];
            chooser.choose(&mut stream(1), repeat, &mut chosen);
            let rises = |w: &[u32]| if repeat { w[0] <= w[1] } else { w[0] < w[1] };
            prop_assert!(chosen.windows(2).all(rises));
            prop_assert!(chosen.iter().all(|i| *i < bound));
            prop_assert!(chooser.drawn.iter().all(|word| *word == 0));

            let mut wide = choose_wide(stream(2), bound.into(), count, repeat);
            if repeat { wide.sort_unstable(); }
            prop_assert_eq!(wide.len(), count);
            let narrow: Vec<u32> = wide.iter().map(|i| *i as u32).collect();
            prop_assert!(narrow.windows(2).all(rises));
            prop_assert!(wide.iter().all(|i| *i < u64::from(bound)));
        }
    }
}
