//! The whole population, epoch by epoch, with sums of integers.
//!
//! What arrives in an epoch is added as soon as it is known, in any order: the population's own dense input when the epoch begins,
//! the synapses of a spike when the spike is. Each neuron has *room*: how far excitation can lift it before the epoch's end
//! without any danger of a crossing. Excitation uses it up. The few neurons that have none left are *near*: for the rest of the
//! epoch what arrives after the window's beginning is taken away again, and they live through it one arrival after the other.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use super::coordinates::Summed;
use super::{Coordinates, Membrane, Watch, kick, unresolved};
use crate::group::{Cause, DenseInput, GroupError, Incoming, Outbox, Single, Volley, What};
use crate::ids::LocalId;
use crate::network::Projection;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use synfire_numerics::cells::CELLS_PER_MS;
use synfire_numerics::vector::vectorised;

/// In place of a near neuron's place: it is not near.
const FAR: u32 = u32::MAX;

/// All neurons, driven together.
pub(super) struct Together<const K: usize> {
    /// The epoch to which everything belongs.
    epoch: u64,
    /// Coordinate by coordinate, all neurons; near neurons have theirs for themselves. Sums have all that is known of the epoch.
    bases: [Vec<f64>; K],
    sums: [Vec<i64>; K],
    /// mV; minus infinity for neurons that are near or about to be, infinity for those that are clamped.
    room: Vec<f64>,
    /// What arrives in the epoch by synapses at neurons that are not near when it becomes known.
    known: Vec<Known>,
    near: Vec<Near<K>>,
    /// By neuron: its place among those that are near.
    places: Vec<u32>,
    /// Neurons that are about to be near.
    used_up: Vec<u32>,
    refractory_ends: BinaryHeap<Reverse<(Time, u32)>>,
    scratch: Scratch<K>,
}

/// Lists that are filled again and again.
struct Scratch<const K: usize> {
    targets: Vec<u32>,
    growths: [Vec<f64>; K],
    /// Lists of what is to come that nobody uses.
    free: Vec<Vec<Known>>,
}

/// An arrival in the epoch.
#[derive(Clone, Copy, Debug)]
struct Known {
    offset: f64,
    weight: f64,
    target: u32,
    /// The receptor's coordinate.
    k: u32,
}

/// A neuron that is driven arrival by arrival.
struct Near<const K: usize> {
    neuron: u32,
    state: Summed<K>,
    /// The end of its refractory time; `Time::NEVER` if it is not clamped.
    refractory_until: Time,
    watch: Watch,
    /// What arrives in the epoch: up to `done` it has, the rest is in order of time if `is_sorted`.
    to_come: Vec<Known>,
    done: usize,
    is_sorted: bool,
}

/// A window, or the part of one that lies in an epoch: offsets.
#[derive(Clone, Copy)]
struct Part {
    epoch: u64,
    begin: f64,
    /// Infinite at the epoch's end.
    end: f64,
}

impl Part {
    fn at(&self, offset: f64) -> Time {
        Time::from_parts(self.epoch, offset).unwrap_or(Time::NEVER)
    }
}

/// There is no room left; what is not a number is none.
#[inline(always)]
#[allow(clippy::neg_cmp_op_on_partial_ord)]
fn is_used_up(room: f64) -> bool {
    !(room >= 0.0)
}

impl<const K: usize> Together<K> {
    /// All neurons at t = 0.
    pub(super) fn new(
        membrane: &Membrane<K>,
        states: &[Summed<K>],
        inputs: &[DenseInput],
        out: &mut Outbox,
    ) -> Together<K> {
        let mut together = Together {
            epoch: 0,
            bases: std::array::from_fn(|k| states.iter().map(|state| state.bases[k]).collect()),
            sums: std::array::from_fn(|_| vec![0; states.len()]),
            room: vec![0.0; states.len()],
            known: Vec::new(),
            near: Vec::new(),
            places: vec![FAR; states.len()],
            used_up: Vec::new(),
            refractory_ends: BinaryHeap::new(),
            scratch: Scratch { targets: Vec::new(), growths: [const { Vec::new() }; K], free: Vec::new() },
        };
        together.begin(membrane, inputs, out);
        together
    }

    /// Everything in a window.
    pub(super) fn drive(
        &mut self,
        membrane: &Membrane<K>,
        inputs: &[DenseInput],
        (from, to): (Time, Time),
        incoming: Incoming<'_>,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let (epoch, begin) = from.parts();
        while self.epoch < epoch {
            self.end(membrane);
            self.epoch += 1;
            self.begin(membrane, inputs, out);
        }
        let end = if to.parts().0 == epoch { to.parts().1 } else { f64::INFINITY };
        let part = Part { epoch, begin, end };
        self.receive_singles(membrane, incoming.singles, projections);
        incoming.volleys.iter().for_each(|volley| self.receive_volley(membrane, volley, projections));
        self.look_closer(membrane, inputs, part);
        self.near.iter_mut().try_for_each(|near| near.live(membrane, part, &mut self.refractory_ends, out))
    }

    /// An epoch begins: how much room there is, and the population's own input.
    fn begin(&mut self, membrane: &Membrane<K>, inputs: &[DenseInput], out: &mut Outbox) {
        membrane.integrator.rooms(self.bases.each_ref().map(Vec::as_slice), &mut self.room);
        let end = Time::from_parts(self.epoch + 1, 0.0).unwrap_or(Time::NEVER);
        // Those whose refractory time ends in the epoch are looked at from its beginning.
        for Reverse((until, neuron)) in self.refractory_ends.iter() {
            if *until < end {
                self.room[*neuron as usize] = f64::NEG_INFINITY;
            }
        }
        out.asked.resize(inputs.len(), 0);
        for (input, asked) in inputs.iter().zip(&mut out.asked) {
            *asked += self.draw(membrane, input);
        }
        for (neuron, room) in self.room.iter_mut().enumerate() {
            if is_used_up(*room) {
                *room = f64::NEG_INFINITY;
                self.used_up.push(neuron as u32);
            }
        }
    }

    /// Adds all that a dense input brings in the epoch; tells how much that is.
    fn draw(&mut self, membrane: &Membrane<K>, input: &DenseInput) -> u64 {
        let k = input.receptor as usize + 1;
        let mut count = 0;
        for cell in self.epoch * CELLS_PER_MS..(self.epoch + 1) * CELLS_PER_MS {
            let Scratch { targets, growths, .. } = &mut self.scratch;
            targets.clear();
            growths[0].clear();
            input.draw(self.room.len() as u32, cell, |unit, offset| {
                targets.push(unit);
                growths[0].push(offset);
            });
            count += targets.len() as u64;
            self.find_growths(membrane);
            let Together { sums, room, scratch, .. } = self;
            let (membranes, inputs) = sums.split_at_mut(k);
            let size = room.len();
            let (membranes, inputs) = (&mut membranes[0][..size], &mut inputs[0][..size]);
            let excites = (input.weight * membrane.per_capacitance).max(0.0);
            let growths = scratch.growths[0].iter().zip(&scratch.growths[k]);
            for (&target, (&growth, &input_growth)) in scratch.targets.iter().zip(growths) {
                let kick = kick(membrane.gains[k], input.weight, (growth, input_growth));
                let target = target as usize;
                membranes[target] += membrane.units[0].of(kick.membrane);
                inputs[target] += membrane.units[k].of(kick.input);
                room[target] -= excites * membrane.integrator.lift(k, input_growth);
            }
        }
        count
    }

    /// Puts growths in place of the offsets that stand where the membrane's growths will be.
    fn find_growths(&mut self, membrane: &Membrane<K>) {
        let [first, others @ ..] = &mut self.scratch.growths[..] else { return };
        for (growth, found) in membrane.growths[1..].iter().zip(others) {
            found.clear();
            found.extend_from_slice(first);
            growth.replace(found);
        }
        membrane.growths[0].replace(first);
    }

    /// Synapses that are reached one by one, in this window or later in the epoch.
    fn receive_singles(&mut self, membrane: &Membrane<K>, singles: &[Single], projections: &[Projection]) {
        self.scratch.growths[0].clear();
        self.scratch.growths[0].extend(singles.iter().map(|single| single.offset));
        self.find_growths(membrane);
        let growths = std::mem::replace(&mut self.scratch.growths, [const { Vec::new() }; K]);
        self.receive(membrane, singles.len(), |place| {
            let single = &singles[place];
            let k = if K == 2 { 1 } else { projections[single.projection as usize].receptor as usize + 1 };
            let known =
                Known { offset: single.offset, weight: single.weight, target: single.target, k: k as u32 };
            (known, (growths[0][place], growths[k][place]))
        });
        self.scratch.growths = growths;
    }

    /// All targets of a spike at one instant.
    fn receive_volley(&mut self, membrane: &Membrane<K>, volley: &Volley, projections: &[Projection]) {
        let projection = &projections[volley.projection as usize];
        let k = projection.receptor as usize + 1;
        let (_, offset) = volley.at.parts();
        let growths = membrane.growths(k, offset);
        let first = volley.first as usize;
        self.receive(membrane, (volley.end - volley.first) as usize, |place| {
            let (weight, target) = (projection.weights.at(first + place), projection.targets[first + place]);
            (Known { offset, weight, target, k: k as u32 }, growths)
        });
    }

    /// So many arrivals, each with the growths of the membrane and of its receptor.
    #[inline(always)]
    fn receive(
        &mut self,
        membrane: &Membrane<K>,
        count: usize,
        arrival: impl Fn(usize) -> (Known, (f64, f64)),
    ) {
        let Together { sums, room, known, near, places, used_up, .. } = self;
        let size = room.len();
        let (room, places) = (&mut room[..size], &places[..size]);
        let sums = sums.each_mut().map(|sums| &mut sums[..size]);
        known.reserve(count);
        for place in 0..count {
            let (arrival, growths) = arrival(place);
            let (k, target) = (arrival.k as usize, arrival.target as usize);
            let excites = (arrival.weight * membrane.per_capacitance).max(0.0);
            let left = room[target] - excites * membrane.integrator.lift(k, growths.1);
            if is_used_up(left) {
                if places[target] != FAR {
                    near[places[target] as usize].expect(arrival);
                    continue;
                }
                if room[target] != f64::NEG_INFINITY {
                    used_up.push(arrival.target);
                }
                room[target] = f64::NEG_INFINITY;
            } else {
                room[target] = left;
            }
            let kick = kick(membrane.gains[k], arrival.weight, growths);
            sums[0][target] += membrane.units[0].of(kick.membrane);
            sums[k][target] += membrane.units[k].of(kick.input);
            known.push(arrival);
        }
    }

    /// Neurons without room become near: what has yet to arrive is taken from their sums.
    fn look_closer(&mut self, membrane: &Membrane<K>, inputs: &[DenseInput], part: Part) {
        if self.used_up.is_empty() {
            return;
        }
        let first = self.near.len();
        for &neuron in &self.used_up {
            let index = neuron as usize;
            self.places[index] = self.near.len() as u32;
            let state = Summed {
                bases: std::array::from_fn(|k| self.bases[k][index]),
                sums: std::array::from_fn(|k| self.sums[k][index]),
            };
            let mut to_come = self.scratch.free.pop().unwrap_or_default();
            to_come.clear();
            let watch = Watch { from: 0.0, next: 0.0, is_found: false };
            self.near.push(Near {
                neuron,
                state,
                refractory_until: Time::NEVER,
                watch,
                to_come,
                done: 0,
                is_sorted: false,
            });
        }
        self.used_up.clear();
        for known in &self.known {
            let place = self.places[known.target as usize];
            if place != FAR && place as usize >= first {
                self.near[place as usize].take(membrane, part, *known);
            }
        }
        let cells = part.epoch * CELLS_PER_MS..(part.epoch + 1) * CELLS_PER_MS;
        for near in &mut self.near[first..] {
            for input in inputs {
                let (weight, target, k) = (input.weight, near.neuron, input.receptor + 1);
                for cell in cells.clone() {
                    input.draw_for(target, cell, |offset| {
                        near.take(membrane, part, Known { offset, weight, target, k });
                    });
                }
            }
        }
        let is_clamped = |near: &Near<K>| near.state.bases[0] == f64::NEG_INFINITY;
        if self.near[first..].iter().any(is_clamped) {
            for Reverse((until, neuron)) in self.refractory_ends.iter() {
                let place = self.places[*neuron as usize];
                if place != FAR && place as usize >= first {
                    self.near[place as usize].refractory_until = *until;
                }
            }
        }
        for near in &mut self.near[first..] {
            if !near.is_clamped() {
                near.watch_from(membrane, near.watch.from);
            }
        }
    }

    /// The epoch ends: sums become coordinates of the next one.
    fn end(&mut self, membrane: &Membrane<K>) {
        for near in self.near.drain(..) {
            let index = near.neuron as usize;
            for k in 0..K {
                self.bases[k][index] = near.state.bases[k];
                self.sums[k][index] = near.state.sums[k];
            }
            self.places[index] = FAR;
            self.scratch.free.push(near.to_come);
        }
        for k in 0..K {
            let (bases, sums) = (&mut self.bases[k][..], &mut self.sums[k][..]);
            let units = membrane.units[k];
            vectorised(
                #[inline(always)]
                || {
                    for (base, sum) in bases.iter_mut().zip(sums) {
                        *base = units.sum(*base, std::mem::take(sum));
                    }
                },
            );
            membrane.integrator.move_all_on(k, &mut self.bases[k]);
        }
        self.known.clear();
        let begin = Time::from_parts(self.epoch + 1, 0.0).unwrap_or(Time::NEVER);
        while self.refractory_ends.peek().is_some_and(|Reverse((until, _))| *until < begin) {
            self.refractory_ends.pop();
        }
    }

    /// A neuron after everything that happens at `at`, to which the population has been driven.
    pub(super) fn state(
        &self,
        membrane: &Membrane<K>,
        inputs: &[DenseInput],
        index: usize,
        at: Time,
    ) -> Summed<K> {
        let (epoch, offset) = at.parts();
        let mut state = match self.places[index] {
            FAR => Summed {
                bases: std::array::from_fn(|k| self.bases[k][index]),
                sums: std::array::from_fn(|k| self.sums[k][index]),
            },
            place => self.near[place as usize].state,
        };
        if epoch == self.epoch && self.places[index] == FAR {
            let mut take = |known: Known| {
                if known.offset > offset {
                    state.take(membrane, known.k as usize, known.kick(membrane));
                }
            };
            self.known.iter().filter(|known| known.target as usize == index).for_each(|known| take(*known));
            for input in inputs {
                let (weight, target, k) = (input.weight, index as u32, input.receptor + 1);
                for cell in epoch * CELLS_PER_MS..(epoch + 1) * CELLS_PER_MS {
                    input.draw_for(target, cell, |offset| take(Known { offset, weight, target, k }));
                }
            }
        }
        (self.epoch..epoch).for_each(|_| state.move_on(membrane));
        state
    }
}

impl Known {
    fn kick<const K: usize>(&self, membrane: &Membrane<K>) -> super::Kick {
        let k = self.k as usize;
        membrane.kick(k, self.weight, membrane.growths(k, self.offset))
    }
}

impl<const K: usize> Near<K> {
    /// An arrival that has been added: if it has yet to come, it is taken away.
    fn take(&mut self, membrane: &Membrane<K>, part: Part, known: Known) {
        if known.offset >= part.begin {
            self.state.take(membrane, known.k as usize, known.kick(membrane));
            self.to_come.push(known);
        } else {
            self.watch.from = self.watch.from.max(known.offset);
        }
    }

    /// An arrival that has yet to come, and has not been added.
    fn expect(&mut self, known: Known) {
        self.to_come.push(known);
        self.is_sorted = false;
    }

    fn is_clamped(&self) -> bool {
        self.refractory_until != Time::NEVER
    }

    /// Everything up to the end of a window.
    fn live(
        &mut self,
        membrane: &Membrane<K>,
        part: Part,
        refractory_ends: &mut BinaryHeap<Reverse<(Time, u32)>>,
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        if !std::mem::replace(&mut self.is_sorted, true) {
            self.to_come[self.done..].sort_unstable_by(|a, b| a.offset.total_cmp(&b.offset));
        }
        let id = LocalId(self.neuron);
        loop {
            let arrival = self.to_come.get(self.done).map_or(f64::INFINITY, |known| known.offset);
            let arrival = if arrival < part.end { arrival } else { f64::INFINITY };
            if self.is_clamped() {
                let (epoch, offset) = self.refractory_until.parts();
                let end = if epoch == part.epoch { offset } else { f64::INFINITY };
                if end <= arrival && end < part.end {
                    self.release(membrane, end);
                    out.note(part.at(end), 0, id, What::RefractoryEnd);
                } else if arrival < part.end {
                    self.receive(membrane, arrival);
                } else {
                    return Ok(());
                }
                continue;
            }
            if let Some(at) = self.crossing(membrane, part, arrival, out)? {
                let at = part.at(at);
                out.spikes.push((at, id));
                out.note(at, 0, id, What::Confirmed);
                out.note(at, 0, id, What::Spike { cause: Cause::Crossing });
                self.state.set_membrane(f64::NEG_INFINITY);
                self.refractory_until = at.after(membrane.refractory_ms);
                refractory_ends.push(Reverse((self.refractory_until, self.neuron)));
                continue;
            }
            if arrival == f64::INFINITY {
                return Ok(());
            }
            self.receive(membrane, arrival);
            let was = self.watch;
            // A crossing found at this very instant stays: a current does not take it back.
            if !(was.is_found && was.next == arrival) {
                if was.is_found && was.next.is_finite() {
                    let crossing = part.at(was.next);
                    out.note(part.at(arrival), 0, id, What::Retracted { crossing });
                }
                self.watch_from(membrane, arrival);
            }
        }
    }

    /// What arrives at one instant.
    fn receive(&mut self, membrane: &Membrane<K>, offset: f64) {
        while let Some(known) = self.to_come.get(self.done).filter(|known| known.offset == offset) {
            self.state.add(membrane, known.k as usize, known.kick(membrane));
            self.done += 1;
        }
    }

    /// The refractory time ends.
    fn release(&mut self, membrane: &Membrane<K>, offset: f64) {
        let fade = membrane.integrator.fade(offset);
        self.state.set_membrane(membrane.released(&self.state.x(membrane), &fade, offset));
        self.refractory_until = Time::NEVER;
        self.watch_from(membrane, offset);
    }

    fn watch_from(&mut self, membrane: &Membrane<K>, from: f64) {
        let next = membrane.bound(&self.state.x(membrane), from);
        self.watch = Watch { from, next, is_found: false };
    }

    /// The next crossing, if it comes before the arrival and within the window. One at the very instant of the arrival is found,
    /// too, but comes after it.
    fn crossing(
        &mut self,
        membrane: &Membrane<K>,
        part: Part,
        arrival: f64,
        out: &mut Outbox,
    ) -> Result<Option<f64>, GroupError> {
        let limit = arrival.min(part.end);
        let Watch { from, next, is_found } = self.watch;
        if !is_found && (next < limit || next == arrival && next < f64::INFINITY) {
            let x = self.state.x(membrane);
            let passage = membrane.integrator.passage(&x, from);
            if !passage.is_known {
                return Err(unresolved(self.neuron as usize, part.at(from), &x));
            }
            out.ambiguous += u64::from(passage.ambiguous);
            let next = passage.at.unwrap_or(f64::INFINITY);
            self.watch = Watch { from, next, is_found: true };
            if next.is_finite() {
                let what = What::Predicted { crossing: part.at(next) };
                out.note(part.at(from), 0, LocalId(self.neuron), what);
            }
        }
        let next = self.watch.next;
        Ok((self.watch.is_found && next < limit).then_some(next))
    }
}
