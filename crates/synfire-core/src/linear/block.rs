//! Arrivals side by side: what each of them adds, in vectors.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use super::{Membrane, kick};
use crate::network::{Projection, Values};
use crate::time::Time;
use std::ops::Range;
use synfire_numerics::growth::LANES;
use synfire_numerics::vector::vectorised;

/// Arrivals of a block: a multiple of the lanes. What lies in lanes beyond the last arrival is written over, or nobody looks at it.
pub(super) const BLOCK: usize = 256;

/// Memory is asked for a neuron so many arrivals ahead of time.
const SOON: usize = 16;

/// Up to [`BLOCK`] arrivals in one epoch at one receptor.
pub(super) struct Block {
    count: usize,
    targets: [u32; BLOCK],
    offsets: [f64; BLOCK],
    weights: [f64; BLOCK],
    membrane_growths: [f64; BLOCK],
    growths: [f64; BLOCK],
    membrane: [i64; BLOCK],
    input: [i64; BLOCK],
    lifts: [f64; BLOCK],
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Arrived {
    pub target: u32,
    /// When, ms after the beginning of the epoch.
    pub offset: f64,
    /// The weight, pA.
    pub weight: f64,
    /// What it adds to the coordinates of membrane and receptor, in quanta.
    pub membrane: i64,
    pub input: i64,
    /// By how much it lifts the membrane at most before the epoch ends, mV.
    pub lifts: f64,
}

impl Default for Block {
    fn default() -> Block {
        Block {
            count: 0,
            targets: [0; BLOCK],
            offsets: [0.0; BLOCK],
            weights: [0.0; BLOCK],
            membrane_growths: [0.0; BLOCK],
            growths: [0.0; BLOCK],
            membrane: [0; BLOCK],
            input: [0; BLOCK],
            lifts: [0.0; BLOCK],
        }
    }
}

impl Block {
    pub(super) fn is_full(&self) -> bool {
        self.count == BLOCK
    }

    /// How many arrivals there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Whom they reach.
    pub(super) fn targets(&self) -> &[u32] {
        &self.targets[..self.count]
    }

    /// Takes these arrivals, of one weight, in place of all others.
    pub(super) fn fill(&mut self, targets: &[u32], offsets: &[f64], weight: f64) {
        self.count = targets.len();
        self.targets[..self.count].copy_from_slice(targets);
        self.offsets[..self.count].copy_from_slice(offsets);
        self.weights[..self.count].fill(weight);
    }

    /// Adds the synapses that a spike reaches, each after its delay, as many as there is room for; tells how many. All are reached
    /// in one epoch.
    pub(super) fn add(&mut self, emitted: Time, projection: &Projection, places: Range<usize>) -> usize {
        let (from, to) = self.places(projection, &places);
        let (_, begin) = emitted.parts();
        let whole_ms = projection.delays.at(places.start).floor();
        vectorised(
            #[inline(always)]
            || {
                self.copy(projection, &from, &to);
                let offsets = &mut self.offsets[to];
                copy_values(&projection.delays, from, offsets);
                // Delays that lead into one epoch differ by 1 ms at most, and by what rounding does. Differences are exact.
                for offset in offsets {
                    let mut fraction = *offset - whole_ms;
                    fraction -= if fraction >= 1.0 { 1.0 } else { 0.0 };
                    fraction -= if fraction >= 1.0 { 1.0 } else { 0.0 };
                    *offset = Time::offset_after(begin, fraction);
                }
            },
        );
        self.grow(places.len())
    }

    /// The same for synapses that are reached at one instant.
    pub(super) fn add_at_once(&mut self, at: Time, projection: &Projection, places: Range<usize>) -> usize {
        let (from, to) = self.places(projection, &places);
        let (_, offset) = at.parts();
        self.copy(projection, &from, &to);
        self.offsets[to].fill(offset);
        self.grow(places.len())
    }

    /// From which places of a projection to which of the block synapses are copied: a multiple of the lanes, if that does not lead
    /// beyond an end.
    fn places(&self, projection: &Projection, places: &Range<usize>) -> (Range<usize>, Range<usize>) {
        let room = (BLOCK - self.count).min(projection.targets.len() - places.start);
        let count = places.len().next_multiple_of(LANES).min(room);
        (places.start..places.start + count, self.count..self.count + count)
    }

    /// Counts so many more arrivals, as far as there is room; tells how many that are.
    fn grow(&mut self, count: usize) -> usize {
        let count = count.min(BLOCK - self.count);
        self.count += count;
        count
    }

    /// Copies targets and weights.
    #[inline(always)]
    fn copy(&mut self, projection: &Projection, from: &Range<usize>, to: &Range<usize>) {
        copy(&projection.targets[from.clone()], &mut self.targets[to.clone()]);
        copy_values(&projection.weights, from.clone(), &mut self.weights[to.clone()]);
    }

    /// Finds what each arrival adds, at receptor k - 1.
    pub(super) fn find_kicks<const K: usize>(&mut self, membrane: &Membrane<K>, k: usize) {
        let whole = self.count.next_multiple_of(LANES).min(BLOCK);
        for (growth, found) in
            [(&membrane.growths[0], &mut self.membrane_growths), (&membrane.growths[k], &mut self.growths)]
        {
            found[..whole].copy_from_slice(&self.offsets[..whole]);
            growth.replace(&mut found[..whole]);
        }
        let (gain, per_capacitance) = (membrane.gains[k], membrane.per_capacitance);
        let (units, input_units) = (membrane.units[0], membrane.units[k]);
        let lifting = membrane.integrator.lifting(k);
        vectorised(
            #[inline(always)]
            move || {
                let weights = &self.weights[..whole];
                let (membrane_growths, growths) = (&self.membrane_growths[..whole], &self.growths[..whole]);
                let (membranes, input) = (&mut self.membrane[..whole], &mut self.input[..whole]);
                let lifts = &mut self.lifts[..whole];
                for place in 0..whole {
                    let weight = weights[place];
                    let kick = kick(gain, weight, (membrane_growths[place], growths[place]));
                    membranes[place] = units.of(kick.membrane);
                    input[place] = input_units.of(kick.input);
                    lifts[place] = (weight * per_capacitance).max(0.0) * lifting.of(growths[place]);
                }
            },
        );
    }

    /// Each arrival, once [`Block::find_kicks`] has been called, and the target of one that comes soon, or of any other.
    #[inline(always)]
    pub(super) fn for_each(&self, mut each: impl FnMut(Arrived, u32)) {
        let count = self.count.min(BLOCK);
        let (targets, offsets, weights) =
            (&self.targets[..count], &self.offsets[..count], &self.weights[..count]);
        let (membrane, input, lifts) = (&self.membrane[..count], &self.input[..count], &self.lifts[..count]);
        for place in 0..count {
            let arrived = Arrived {
                target: targets[place],
                offset: offsets[place],
                weight: weights[place],
                membrane: membrane[place],
                input: input[place],
                lifts: lifts[place],
            };
            each(arrived, self.targets[(place + SOON) % BLOCK]);
        }
    }
}

/// Copies the values of synapses.
#[inline(always)]
fn copy_values(values: &Values, from: Range<usize>, to: &mut [f64]) {
    match values {
        Values::Same(value) => to.fill(*value),
        Values::Each(values) => copy(&values[from], to),
        Values::Single(values) => {
            to.iter_mut().zip(&values[from]).for_each(|(to, from)| *to = f64::from(*from));
        }
    }
}

/// Copies a short list: a call of the system's function would take longer than that.
#[inline(always)]
fn copy<T: Copy>(from: &[T], to: &mut [T]) {
    let ((from, few), (to, few_to)) = (from.as_chunks::<LANES>(), to.as_chunks_mut::<LANES>());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    few_to.iter_mut().zip(few).for_each(|(to, from)| *to = *from);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PopulationId;
    use crate::linear::{Adding, LinearNeuron};
    use crate::spec::Column;
    use proptest::prelude::*;

    /// Two receptors with weights of very different size.
    fn membrane() -> Membrane<3> {
        let neuron = LinearNeuron {
            v_th: -50.0,
            rest: -15.0,
            reset: -15.0,
            refractory_ms: 2.0,
            taus: vec![10.0, 0.5, 4.0],
            capacitance: 250.0,
            initial_v: Column::Same(-65.0),
            initial_currents: vec![None, None],
        };
        Membrane::new(
            &neuron,
            &Adding::AsIntegers { greatest_weights: vec![2000.0, 20.0], most_arrivals: 1e4 },
        )
    }

    /// A spike of a source that reaches these synapses, sorted by delay.
    fn projection(synapses: Vec<(f64, f64)>, receptor: u32, is_single: (bool, bool)) -> Projection {
        let (delays, weights): (Vec<f64>, Vec<f64>) = synapses.into_iter().unzip();
        let values = |values: Vec<f64>, is_single| match is_single {
            true => Values::Single(values.iter().map(|&value| value as f32).collect()),
            false => Values::Each(values),
        };
        Projection {
            source: PopulationId(0),
            target: PopulationId(0),
            receptor,
            offsets: vec![0, delays.len() as u64],
            targets: (0..delays.len() as u32).rev().collect(),
            weights: values(weights, is_single.0),
            delays: values(delays, is_single.1),
            declared: None,
            drawn: None,
        }
    }

    proptest! {
        /// Side by side arrivals add what they add one by one, in blocks that hold what another receptor had, too.
        #[test]
        fn arrivals_add_the_same_side_by_side(
            stretches in prop::collection::vec((0u32..2, any::<(bool, bool)>(), 0.0..1.0f64, 0u32..20, prop::collection::vec((0.0..1.0f64, -1.0..1.0f64), 1..400), any::<bool>()), 1..4),
        ) {
            let (membrane, mut block) = (membrane(), Block::default());
            for (receptor, is_single, begin, whole, mut synapses, at_once) in stretches {
                synapses.sort_by(|a, b| a.0.total_cmp(&b.0));
                let size = [2000.0, 20.0][receptor as usize];
                // All are reached in the millisecond that begins `whole` + 1 later.
                let reached = |&(after, part): &(f64, f64)| (f64::from(whole) + 1.0 - begin + 0.999 * after, size * part);
                let projection = projection(synapses.iter().map(reached).collect(), receptor, is_single);
                let (emitted, k) = (Time::from_parts(3, begin).unwrap(), receptor as usize + 1);
                let mut found = 0;
                while found < synapses.len() {
                    let taken = match at_once {
                        true => block.add_at_once(emitted, &projection, found..synapses.len()),
                        false => block.add(emitted, &projection, found..synapses.len()),
                    };
                    prop_assert!(taken > 0 && block.len() == taken);
                    block.find_kicks(&membrane, k);
                    let mut place = found;
                    block.for_each(|arrived, _| {
                        let weight = projection.weights.at(place);
                        let at = if at_once { emitted } else { emitted.after(projection.delays.at(place)) };
                        let growths = membrane.growths(k, at.parts().1);
                        let kick = membrane.kick(k, weight, growths);
                        assert_eq!((arrived.target, arrived.offset, arrived.weight), (projection.targets[place], at.parts().1, weight));
                        assert_eq!((arrived.membrane, arrived.input), (membrane.units[0].of(kick.membrane), membrane.units[k].of(kick.input)));
                        let lifts = (weight / 250.0).max(0.0) * membrane.integrator.lifting(k).of(growths.1);
                        assert!((arrived.lifts - lifts).abs() <= 1e-12 * lifts.abs());
                        place += 1;
                    });
                    block.clear();
                    found += taken;
                    prop_assert_eq!(place, found);
                }
            }
        }
    }
}
