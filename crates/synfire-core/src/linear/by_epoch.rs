//! The whole population, epoch by epoch, with sums of integers.
//!
//! What arrives in an epoch is added as soon as it is known, in any order: the population's own dense input when the epoch begins,
//! the synapses of a spike when the spike is. Each neuron has *room*: how far excitation can lift it before the epoch's end
//! without any danger of a crossing. Excitation uses it up. The few neurons that have none left are *near*: for the rest of the
//! epoch what arrives after the window's beginning is taken away again, and they live through it one arrival after the other.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use super::block::{Arrived, BLOCK, Block};
use super::coordinates::Summed;
use super::{Coordinates, Membrane, Watch, unresolved};
use crate::group::{Cause, DenseInput, GroupError, Incoming, InputRoom, Outbox, Stretch, Volley, What};
use crate::ids::LocalId;
use crate::network::Projection;
use crate::prefetch::prefetch;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use synfire_numerics::cells::CELLS_PER_MS;

/// All neurons, driven together.
pub(super) struct Together<const K: usize> {
    /// The epoch to which everything belongs.
    epoch: u64,
    /// Coordinate by coordinate, all neurons; near neurons have theirs for themselves. Sums have all that is known of the epoch.
    bases: [Vec<f64>; K],
    spots: Vec<Spot<K>>,
    /// What arrives in the epoch at neurons that are not near when it becomes known.
    known: Vec<Known>,
    near: Vec<Near<K>>,
    /// Neurons that are about to be near.
    used_up: Vec<u32>,
    refractory_ends: BinaryHeap<Reverse<(Time, u32)>>,
    scratch: Scratch,
}

/// What an arrival changes of a neuron: in one line of the cache.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Spot<const K: usize> {
    /// What has been added to its coordinates.
    sums: [i64; K],
    /// mV; minus infinity for neurons that are near or about to be, infinity for those that are clamped.
    room: f64,
    /// Its place among those that are near.
    place: u32,
    /// The last of what is known to arrive, as a place there.
    last: u32,
}

/// Lists that are filled again and again.
struct Scratch {
    rooms: Vec<f64>,
    /// Taken while it is in use.
    block: Option<Box<Block>>,
    input: InputRoom,
    /// Near neurons from which something known has yet to be taken: their places, and the place of that.
    left: Vec<(usize, u32)>,
    /// Lists of what is to come that nobody uses.
    free: Vec<Vec<Known>>,
}

/// An arrival in the epoch.
#[derive(Clone, Copy, Debug)]
struct Known {
    offset: f64,
    weight: f64,
    /// The receptor's coordinate.
    k: u32,
    /// What was known before at the same neuron.
    before: u32,
}

/// In place of a place: there is none.
const NONE: u32 = u32::MAX;

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

/// Memory is asked for the synapses of so many stretches ahead of time.
const FETCHED: usize = 8;

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
            spots: vec![Spot { sums: [0; K], room: 0.0, place: NONE, last: NONE }; states.len()],
            known: Vec::new(),
            near: Vec::new(),
            used_up: Vec::new(),
            refractory_ends: BinaryHeap::new(),
            scratch: Scratch {
                rooms: vec![0.0; states.len()],
                block: None,
                input: InputRoom::default(),
                left: Vec::new(),
                free: Vec::new(),
            },
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
        self.receive_stretches(membrane, incoming.stretches, projections);
        incoming.volleys.iter().for_each(|volley| self.receive_volley(membrane, volley, projections));
        self.look_closer(membrane, part);
        self.near.iter_mut().try_for_each(|near| near.live(membrane, part, &mut self.refractory_ends, out))
    }

    /// An epoch begins: how much room there is, and the population's own input.
    fn begin(&mut self, membrane: &Membrane<K>, inputs: &[DenseInput], out: &mut Outbox) {
        let rooms = &mut self.scratch.rooms;
        membrane.integrator.rooms(self.bases.each_ref().map(Vec::as_slice), rooms);
        self.spots.iter_mut().zip(rooms).for_each(|(spot, room)| spot.room = *room);
        let end = Time::from_parts(self.epoch + 1, 0.0).unwrap_or(Time::NEVER);
        // Those whose refractory time ends in the epoch are looked at from its beginning.
        for Reverse((until, neuron)) in self.refractory_ends.iter() {
            if *until < end {
                self.spots[*neuron as usize].room = f64::NEG_INFINITY;
            }
        }
        out.asked.resize(inputs.len(), 0);
        for (input, asked) in inputs.iter().zip(&mut out.asked) {
            *asked += self.draw(membrane, input);
        }
        for (neuron, spot) in self.spots.iter_mut().enumerate() {
            if is_used_up(spot.room) {
                spot.room = f64::NEG_INFINITY;
                self.used_up.push(neuron as u32);
            }
        }
    }

    /// Adds all that a dense input brings in the epoch; tells how much that is.
    fn draw(&mut self, membrane: &Membrane<K>, input: &DenseInput) -> u64 {
        let Together { epoch, spots, known, scratch, .. } = self;
        let (block, room) = (&mut **scratch.block.get_or_insert_default(), &mut scratch.input);
        let k = input.receptor as usize + 1;
        let units = spots.len() as u32;
        let mut count = 0;
        for cell in *epoch * CELLS_PER_MS..(*epoch + 1) * CELLS_PER_MS {
            input.draw_lists(units, cell, room, |targets, offsets| {
                count += targets.len() as u64;
                for (targets, offsets) in targets.chunks(BLOCK).zip(offsets.chunks(BLOCK)) {
                    block.fill(targets, offsets, input.weight);
                    block.find_kicks(membrane, k);
                    known.reserve(block.len());
                    // Who is drawn for is looked at when all is drawn.
                    block.for_each(
                        #[inline(always)]
                        |arrival, _| {
                            let spot = &mut spots[arrival.target as usize];
                            let Arrived { offset, weight, .. } = arrival;
                            let before = std::mem::replace(&mut spot.last, known.len() as u32);
                            known.push(Known { offset, weight, k: k as u32, before });
                            spot.add(k, &arrival);
                        },
                    );
                    block.clear();
                }
            });
        }
        count
    }

    /// Synapses that spikes reach one by one, in this window or later in the epoch.
    fn receive_stretches(
        &mut self,
        membrane: &Membrane<K>,
        stretches: &[Stretch],
        projections: &[Projection],
    ) {
        let mut block = self.scratch.block.take().unwrap_or_default();
        let mut k = 1;
        for (number, stretch) in stretches.iter().enumerate() {
            if let Some(soon) = stretches.get(number + FETCHED) {
                projections[soon.projection as usize].prefetch_synapses(soon.first, soon.end);
            }
            let projection = &projections[stretch.projection as usize];
            let was = if K == 2 { k } else { std::mem::replace(&mut k, projection.receptor as usize + 1) };
            if was != k {
                self.receive(membrane, &mut block, was);
            }
            let mut left = stretch.first as usize..stretch.end as usize;
            while !left.is_empty() {
                left.start += block.add(stretch.emitted, projection, left.clone());
                if block.is_full() {
                    self.receive(membrane, &mut block, k);
                }
            }
        }
        self.receive(membrane, &mut block, k);
        self.scratch.block = Some(block);
    }

    /// All targets of a spike at one instant.
    fn receive_volley(&mut self, membrane: &Membrane<K>, volley: &Volley, projections: &[Projection]) {
        let mut block = self.scratch.block.take().unwrap_or_default();
        let projection = &projections[volley.projection as usize];
        let mut left = volley.first as usize..volley.end as usize;
        while !left.is_empty() {
            left.start += block.add_at_once(volley.at, projection, left.clone());
            self.receive(membrane, &mut block, projection.receptor as usize + 1);
        }
        self.scratch.block = Some(block);
    }

    /// The arrivals in a block, at receptor k - 1. Leaves the block empty.
    fn receive(&mut self, membrane: &Membrane<K>, block: &mut Block, k: usize) {
        block.find_kicks(membrane, k);
        let Together { spots, known, near, used_up, .. } = self;
        known.reserve(block.len());
        block.for_each(
            #[inline(always)]
            |arrival: Arrived, soon: u32| {
                prefetch(spots, soon as usize);
                let spot = &mut spots[arrival.target as usize];
                let Arrived { offset, weight, .. } = arrival;
                let mut this = Known { offset, weight, k: k as u32, before: spot.last };
                let was = spot.room;
                spot.room = was - arrival.lifts;
                if is_used_up(spot.room) {
                    spot.room = f64::NEG_INFINITY;
                    if spot.place != NONE {
                        this.before = NONE;
                        near[spot.place as usize].expect(this);
                        return;
                    }
                    if was != f64::NEG_INFINITY {
                        used_up.push(arrival.target);
                    }
                }
                spot.sums[0] += arrival.membrane;
                spot.sums[k] += arrival.input;
                spot.last = known.len() as u32;
                known.push(this);
            },
        );
        block.clear();
    }

    /// Neurons without room become near: what has yet to arrive is taken from their sums.
    fn look_closer(&mut self, membrane: &Membrane<K>, part: Part) {
        if self.used_up.is_empty() {
            return;
        }
        let first = self.near.len();
        for &neuron in &self.used_up {
            let index = neuron as usize;
            self.spots[index].place = self.near.len() as u32;
            let state = self.far_state(index);
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
        self.take_known(membrane, part, first);
        let is_clamped = |near: &Near<K>| near.state.bases[0] == f64::NEG_INFINITY;
        if self.near[first..].iter().any(is_clamped) {
            for Reverse((until, neuron)) in self.refractory_ends.iter() {
                let place = self.spots[*neuron as usize].place;
                if place != NONE && place as usize >= first {
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

    /// Takes from neurons that have become near what is known to arrive: in turn, since the next arrival of a neuron is known
    /// when memory has told of the last one.
    fn take_known(&mut self, membrane: &Membrane<K>, part: Part, first: usize) {
        let Together { spots, known, near, scratch, .. } = self;
        let left = &mut scratch.left;
        left.extend(
            (first..).zip(&near[first..]).map(|(place, near)| (place, spots[near.neuron as usize].last)),
        );
        while !left.is_empty() {
            left.retain_mut(|(place, last)| {
                let Some(this) = known.get(*last as usize) else { return false };
                prefetch(known, this.before as usize);
                near[*place].take(membrane, part, *this);
                *last = this.before;
                true
            });
        }
    }

    /// The epoch ends: sums become coordinates of the next one.
    fn end(&mut self, membrane: &Membrane<K>) {
        for near in self.near.drain(..) {
            let index = near.neuron as usize;
            for k in 0..K {
                self.bases[k][index] = near.state.bases[k];
            }
            self.spots[index].sums = near.state.sums;
            self.scratch.free.push(near.to_come);
        }
        for k in 0..K {
            let (bases, units) = (&mut self.bases[k][..], membrane.units[k]);
            for (base, spot) in bases.iter_mut().zip(&self.spots) {
                *base = units.sum(*base, spot.sums[k]);
            }
            membrane.integrator.move_all_on(k, bases);
        }
        for spot in &mut self.spots {
            (spot.sums, spot.place, spot.last) = ([0; K], NONE, NONE);
        }
        self.known.clear();
        let begin = Time::from_parts(self.epoch + 1, 0.0).unwrap_or(Time::NEVER);
        while self.refractory_ends.peek().is_some_and(|Reverse((until, _))| *until < begin) {
            self.refractory_ends.pop();
        }
    }

    /// A neuron that is not near, with all that is known of the epoch.
    fn far_state(&self, index: usize) -> Summed<K> {
        Summed { bases: std::array::from_fn(|k| self.bases[k][index]), sums: self.spots[index].sums }
    }

    /// A neuron after everything that happens at `at`, to which the population has been driven.
    pub(super) fn state(&self, membrane: &Membrane<K>, index: usize, at: Time) -> Summed<K> {
        let (epoch, offset) = at.parts();
        let spot = &self.spots[index];
        let mut state = match spot.place {
            NONE => self.far_state(index),
            place => self.near[place as usize].state,
        };
        if epoch == self.epoch && spot.place == NONE {
            let mut last = spot.last;
            while let Some(known) = self.known.get(last as usize) {
                if known.offset > offset {
                    state.take(membrane, known.k as usize, known.kick(membrane));
                }
                last = known.before;
            }
        }
        (self.epoch..epoch).for_each(|_| state.move_on(membrane));
        state
    }
}

impl<const K: usize> Spot<K> {
    #[inline(always)]
    fn add(&mut self, k: usize, arrival: &Arrived) {
        self.sums[0] += arrival.membrane;
        self.sums[k] += arrival.input;
        self.room -= arrival.lifts;
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
