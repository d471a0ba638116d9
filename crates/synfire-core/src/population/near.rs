//! Which neurons have to be touched next, without a queue of all.
//!
//! A sweep over all wake times puts those before a *horizon* into a small heap; until that is empty nobody else can be next.
//! Most changes of a wake time lie beyond the horizon and cost one comparison. A wake time that has moved later leaves its
//! entry in the heap, as the lower bound that it is; it is put right when it comes up. [`crate::phase`] does the same with phases.

use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// A sweep should find one neuron in this many, but not fewer than so many.
const ONE_IN: usize = 16;
const FEWEST: usize = 8;

/// How far apart horizons may be, ms.
const STEPS_MS: (f64, f64) = (1e-3, 1e3);

/// The heap before a horizon. Every neuron that wakes before it has an entry that is not later than its wake time.
#[derive(Debug)]
pub(super) struct Near {
    horizon: Time,
    heap: BinaryHeap<Reverse<(Time, u32)>>,
    /// How far apart the last two horizons were, ms.
    step_ms: f64,
}

impl Near {
    /// Nobody has been looked at.
    pub(super) fn new() -> Near {
        Near { horizon: Time::ZERO, heap: BinaryHeap::new(), step_ms: 0.1 }
    }

    /// A neuron's wake time has changed.
    #[inline(always)]
    pub(super) fn changed(&mut self, neuron: u32, before: Time, wake: Time) {
        if wake < self.horizon && wake < before {
            if self.horizon == Time::NEVER && self.heap.is_empty() {
                // Nobody else wakes, so nobody is passed over.
                self.horizon = self.beyond(wake);
            }
            self.heap.push(Reverse((wake, neuron)));
        }
    }

    /// The earliest wake time and whose it is; nothing if nobody ever wakes.
    pub(super) fn first(&mut self, wakes: &[Time]) -> Option<(Time, u32)> {
        loop {
            while let Some(mut first) = self.heap.peek_mut() {
                let Reverse((entry, neuron)) = *first;
                let wake = wakes[neuron as usize];
                if wake == entry {
                    return Some((wake, neuron));
                }
                if entry < wake && wake < self.horizon {
                    *first = Reverse((wake, neuron));
                } else {
                    // Beyond the horizon, or a leftover: the neuron has had an earlier entry.
                    PeekMut::pop(first);
                }
            }
            if self.horizon == Time::NEVER {
                return None;
            }
            match wakes.iter().copied().min().filter(|&wake| wake < Time::NEVER) {
                Some(earliest) => self.move_on(wakes, earliest),
                // Nobody is looked at again before somebody's wake time changes.
                None => self.horizon = Time::NEVER,
            }
        }
    }

    /// Takes out what [`Near::first`] has told.
    #[inline]
    pub(super) fn take_first(&mut self) {
        self.heap.pop();
    }

    /// The horizon a step after a wake time.
    fn beyond(&self, wake: Time) -> Time {
        wake.after(self.step_ms).max(wake.next_up())
    }

    /// Moves the horizon beyond the earliest of all wake times.
    fn move_on(&mut self, wakes: &[Time], earliest: Time) {
        self.horizon = self.beyond(earliest);
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        let near = (0..).zip(wakes).filter(|&(_, &wake)| wake < self.horizon);
        entries.extend(near.map(|(neuron, &wake)| Reverse((wake, neuron))));
        let wanted = (wakes.len() / ONE_IN).max(FEWEST) as f64;
        let change = (wanted / entries.len() as f64).clamp(0.5, 2.0);
        self.step_ms = (self.step_ms * change).clamp(STEPS_MS.0, STEPS_MS.1);
        self.heap = entries.into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Wake times are set and taken out at random; the first is always the earliest.
        #[test]
        fn the_first_is_the_earliest(start in prop::collection::vec(0u32..200, 1..30), moves in prop::collection::vec((0usize..80, prop::option::weighted(0.6, 0u32..40), any::<bool>()), 0..300)) {
            let at = |quarter: u32| Time::from_ms(f64::from(quarter) / 4.0).unwrap();
            let mut wakes: Vec<Time> = start.into_iter().map(at).collect();
            let mut near = Near::new();
            let mut now = Time::ZERO;
            for (neuron, later, takes) in moves {
                let neuron = neuron % wakes.len();
                let wake = later.map_or(Time::NEVER, |quarters| now.after(f64::from(quarters) / 4.0));
                let expected = wakes.iter().copied().min().filter(|&wake| wake < Time::NEVER);
                let found = near.first(&wakes);
                prop_assert_eq!(found.map(|first| first.0), expected);
                if takes && let Some((first, neuron)) = found {
                    prop_assert_eq!(wakes[neuron as usize], first);
                    near.take_first();
                    now = first;
                    wakes[neuron as usize] = wake;
                    near.changed(neuron, Time::NEVER, wake);
                } else {
                    let before = std::mem::replace(&mut wakes[neuron], wake);
                    near.changed(neuron as u32, before, wake);
                }
            }
        }
    }
}
