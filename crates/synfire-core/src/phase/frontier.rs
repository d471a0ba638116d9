//! The neurons that cross threshold next, found without a queue of all.
//!
//! A neuron's phase (see [`super`]) does not change between its events, and the lower it is the sooner the neuron crosses. A
//! sweep over all phases puts those below a *bound* into a small heap; until the heap is empty nobody else can be next. An
//! arrival that lifts a phase costs nothing here: the heap's entry stays, as the lower bound that it is, and is put right
//! when it comes up. Then the bound moves on, by a factor that adapts itself so that a sweep finds a few thousandths of the
//! neurons.

use ordered_float::OrderedFloat;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Phases in a row that are compared with the bound before anyone looks which of them it was.
const STRIDE: usize = 16;

/// A sweep should find one neuron in this many, but not fewer or more than so many.
const ONE_IN: usize = 400;
const FEWEST: usize = 16;
const MOST: usize = 4096;

/// The heap below a bound. Every neuron whose phase is at most the bound has an entry that is not above its phase.
#[derive(Debug)]
pub(super) struct Frontier {
    bound: f64,
    near: BinaryHeap<Reverse<(OrderedFloat<f64>, u32)>>,
    /// The bound's next step, as a part of where it stands.
    step: f64,
    found: Vec<Reverse<(OrderedFloat<f64>, u32)>>,
}

impl Frontier {
    /// Nobody has been looked at.
    pub fn new() -> Frontier {
        Frontier { bound: f64::NEG_INFINITY, near: BinaryHeap::new(), step: 0.01, found: Vec::new() }
    }

    /// Phases at most this are the heap's business.
    #[inline]
    pub fn bound(&self) -> f64 {
        self.bound
    }

    /// A neuron's phase has been lowered, or set anew.
    #[inline]
    pub fn lowered(&mut self, neuron: u32, phase: f64) {
        if phase <= self.bound {
            self.near.push(Reverse((OrderedFloat(phase), neuron)));
        }
    }

    /// The lowest phase and whose it is; nothing if all are infinite. `threshold` is a phase that no neuron is below.
    #[inline]
    pub fn first(&mut self, phases: &[f64], threshold: f64) -> Option<(f64, u32)> {
        loop {
            while let Some(mut first) = self.near.peek_mut() {
                let Reverse((key, neuron)) = *first;
                let phase = phases[neuron as usize];
                if key.0 == phase {
                    return Some((phase, neuron));
                }
                if phase > key.0 && phase <= self.bound {
                    *first = Reverse((OrderedFloat(phase), neuron));
                } else {
                    // Beyond the bound, or a leftover: the entry of a phase that was lowered has come up before.
                    std::collections::binary_heap::PeekMut::pop(first);
                }
            }
            if !self.move_on(phases, threshold) {
                return None;
            }
        }
    }

    /// The neurons of the heap's top: among those near, one of the three is the first and one is the second, unless an arrival has lifted
    /// it since.
    #[inline]
    pub fn lowest_entries(&self) -> [Option<u32>; 3] {
        let entries = self.near.as_slice();
        std::array::from_fn(|place| entries.get(place).map(|Reverse((_, neuron))| *neuron))
    }

    /// Takes out what [`Frontier::first`] has told.
    #[inline]
    pub fn take_first(&mut self) {
        self.near.pop();
    }

    /// The units of phases have changed: all are to be multiplied by `factor`, a power of two; 0 if none is finite.
    pub fn rescale(&mut self, factor: f64) {
        self.bound *= factor;
        let mut entries = std::mem::take(&mut self.near).into_vec();
        entries.iter_mut().for_each(|Reverse((key, _))| key.0 *= factor);
        self.near = entries.into(); // the order is the same, so this moves nothing
    }

    /// Moves the bound beyond at least one phase; false if all are infinite.
    fn move_on(&mut self, phases: &[f64], threshold: f64) -> bool {
        let from = self.bound.max(threshold);
        self.sweep(phases, from + from * self.step);
        if self.found.is_empty() {
            let lowest = phases.iter().copied().fold(f64::INFINITY, f64::min);
            if lowest == f64::INFINITY {
                return false;
            }
            self.step = (4.0 * self.step).min(1.0);
            self.sweep(phases, lowest.max(from));
        } else {
            let wanted = (phases.len() / ONE_IN).clamp(FEWEST, MOST) as f64;
            self.step = (self.step * (wanted / self.found.len() as f64).clamp(0.5, 2.0)).min(1.0);
        }
        let mut entries = std::mem::take(&mut self.near).into_vec();
        entries.append(&mut self.found);
        self.near = entries.into();
        true
    }

    /// Finds all phases up to `bound`.
    fn sweep(&mut self, phases: &[f64], bound: f64) {
        self.bound = bound;
        self.found.clear();
        for (first, stretch) in (0..).step_by(STRIDE).zip(phases.chunks(STRIDE)) {
            if stretch.iter().fold(false, |any, &phase| any | (phase <= bound)) {
                let near = (first..).zip(stretch).filter(|&(_, &phase)| phase <= bound);
                self.found.extend(near.map(|(neuron, &phase)| Reverse((OrderedFloat(phase), neuron))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Takes the lowest phase again and again; between, phases are lowered, lifted and set to infinity.
        #[test]
        fn the_first_is_the_lowest(start in prop::collection::vec(1.0..50.0f64, 1..80), moves in prop::collection::vec((0usize..80, 0u32..4, 0.0..1.0f64), 0..300)) {
            let mut phases = start;
            let mut frontier = Frontier::new();
            let mut threshold = 1.0;
            for (neuron, kind, x) in moves {
                let neuron = neuron % phases.len();
                match kind {
                    0 => {
                        let found = frontier.first(&phases, threshold);
                        let lowest = phases.iter().copied().fold(f64::INFINITY, f64::min);
                        prop_assert_eq!(found.map_or(f64::INFINITY, |first| first.0), lowest);
                        if let Some((phase, neuron)) = found {
                            prop_assert_eq!(phases[neuron as usize], phase);
                            frontier.take_first();
                            threshold = phase;
                            phases[neuron as usize] = if x < 0.3 { f64::INFINITY } else { phase + 20.0 * x };
                            frontier.lowered(neuron, phases[neuron as usize]);
                        }
                    }
                    1 => phases[neuron] += x,
                    2 if phases[neuron] < f64::INFINITY => {
                        phases[neuron] = threshold + (phases[neuron] - threshold) * x;
                        frontier.lowered(neuron as u32, phases[neuron]);
                    }
                    _ => {
                        let factor = 0.5f64.powi((x * 2.0) as i32);
                        phases.iter_mut().for_each(|phase| *phase *= factor);
                        threshold *= factor;
                        frontier.rescale(factor);
                    }
                }
            }
        }
    }
}
