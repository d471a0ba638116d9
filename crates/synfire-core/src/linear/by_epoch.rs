//! The whole population, epoch by epoch, with sums of integers.
//!
//! What arrives in an epoch is added as soon as it is known, in any order: the population's own dense input when the epoch begins,
//! the synapses of a spike when the spike is. Each neuron has *room*: how far excitation can lift it before the epoch's end
//! without any danger of a crossing. Excitation uses it up. The few neurons that have none left are *near*: for the rest of the
//! epoch what arrives after the window's beginning is taken away again, and they live through it one arrival after the other.
//!
//! A neuron *sleeps* if nothing that it has received can ever lift it to threshold: its coordinates are not moved on before something
//! arrives. Where few are awake, an epoch costs what those few cost, and an arrival touches one line of the cache.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

mod sleepers;
mod spots;

use super::block::{Arrived, BLOCK, Block};
use super::coordinates::Summed;
use super::near::{Known, Near, Part};
use super::sleep::Trials;
use super::{Coordinates, Membrane, Watch, is_used_up};
use crate::group::{DenseInput, GroupError, Incoming, InputRoom, Outbox, Stretch, Volley};
use crate::network::Projection;
use crate::prefetch::prefetch;
use crate::time::Time;
use spots::{NONE, Place, Spot};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use synfire_numerics::cells::CELLS_PER_MS;

/// All neurons, driven together.
pub(super) struct Together<const K: usize> {
    /// The epoch to which everything belongs.
    epoch: u64,
    /// Coordinate by coordinate, all neurons that are awake; near neurons have theirs for themselves. Sums have all that is known of
    /// the epoch.
    bases: [Vec<f64>; K],
    /// Who is awake, where others sleep; nothing if all are awake.
    awake: Option<Vec<u32>>,
    /// How many arrivals and near neurons the last epoch had.
    activity: usize,
    trials: Trials,
    spots: Vec<Spot<K>>,
    /// What arrives in the epoch at neurons that are not near when it becomes known.
    known: Vec<Known>,
    near: Vec<Near<K>>,
    /// Neurons that are about to be near.
    used_up: Vec<u32>,
    refractory_ends: BinaryHeap<Reverse<(Time, u32)>>,
    scratch: Scratch,
}

/// Lists that are filled again and again.
struct Scratch {
    rooms: Vec<f64>,
    /// For how many epochs neurons have slept that wake.
    ages: Vec<u64>,
    /// Taken while it is in use.
    block: Option<Box<Block>>,
    input: InputRoom,
    /// Near neurons from which something known has yet to be taken: their places, and the place of that.
    left: Vec<(usize, u32)>,
    /// Lists of what is to come that nobody uses.
    free: Vec<Vec<Known>>,
}

/// Memory is asked for the synapses of so many stretches ahead of time.
const FETCHED: usize = 8;

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
            awake: None,
            activity: 0,
            trials: Trials::new(),
            spots: (0..states.len()).map(Spot::awake).collect(),
            known: Vec::new(),
            near: Vec::new(),
            used_up: Vec::new(),
            refractory_ends: BinaryHeap::new(),
            scratch: Scratch {
                rooms: Vec::new(),
                ages: Vec::new(),
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
        if inputs.is_empty() {
            self.settle_who_sleeps(membrane);
        }
        let rooms = &mut self.scratch.rooms;
        rooms.resize(self.bases[0].len(), 0.0);
        membrane.integrator.rooms(self.bases.each_ref().map(Vec::as_slice), rooms);
        match &self.awake {
            None => self.spots.iter_mut().zip(rooms).for_each(|(spot, room)| spot.room = *room),
            Some(awake) => {
                awake.iter().zip(rooms).for_each(|(&neuron, room)| self.spots[neuron as usize].room = *room);
            }
        }
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
        let Together { spots, used_up, awake, .. } = self;
        let mut look_at = |neuron: u32, spot: &mut Spot<K>| {
            if is_used_up(spot.room) {
                spot.room = f64::NEG_INFINITY;
                used_up.push(neuron);
            }
        };
        match awake {
            None => (0..).zip(spots).for_each(|(neuron, spot)| look_at(neuron, spot)),
            Some(awake) => awake.iter().for_each(|&neuron| look_at(neuron, &mut spots[neuron as usize])),
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
        if self.awake.is_some() {
            block.targets().iter().for_each(|&target| prefetch(&self.spots, target as usize));
        }
        block.find_kicks(membrane, k);
        self.wake(membrane, block.targets());
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
                    if let Some(place) = spot.place.near() {
                        this.before = NONE;
                        near[place].expect(this);
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
            let (slot, state) = (self.spots[index].place.slot(), self.far_state(index));
            self.spots[index].place = Place(self.near.len() as u32);
            let mut to_come = self.scratch.free.pop().unwrap_or_default();
            to_come.clear();
            let watch = Watch { from: 0.0, next: 0.0, is_found: false };
            self.near.push(Near {
                neuron,
                slot,
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
                if let Some(place) = self.spots[*neuron as usize].place.near().filter(|place| *place >= first)
                {
                    self.near[place].refractory_until = *until;
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
        self.activity = self.known.len() + self.near.len();
        for near in self.near.drain(..) {
            for k in 0..K {
                self.bases[k][near.slot] = near.state.bases[k];
            }
            let spot = &mut self.spots[near.neuron as usize];
            (spot.sums, spot.place) = (near.state.sums, Place::awake(near.slot));
            self.scratch.free.push(near.to_come);
        }
        let Together { bases, spots, awake, .. } = self;
        match awake {
            None => {
                for (k, bases) in bases.iter_mut().enumerate() {
                    let units = membrane.units[k];
                    bases
                        .iter_mut()
                        .zip(&*spots)
                        .for_each(|(base, spot)| *base = units.sum(*base, spot.sums[k]));
                }
                spots.iter_mut().for_each(|spot| (spot.sums, spot.last) = ([0; K], NONE));
            }
            Some(awake) => {
                for (slot, &neuron) in awake.iter().enumerate() {
                    let spot = &mut spots[neuron as usize];
                    for k in 0..K {
                        bases[k][slot] = membrane.units[k].sum(bases[k][slot], spot.sums[k]);
                    }
                    (spot.sums, spot.last) = ([0; K], NONE);
                }
            }
        }
        for (k, bases) in bases.iter_mut().enumerate() {
            membrane.integrator.move_all_on(k, bases);
        }
        self.known.clear();
        let begin = Time::from_parts(self.epoch + 1, 0.0).unwrap_or(Time::NEVER);
        while self.refractory_ends.peek().is_some_and(|Reverse((until, _))| *until < begin) {
            self.refractory_ends.pop();
        }
    }

    /// A neuron that is awake and not near, with all that is known of the epoch.
    fn far_state(&self, index: usize) -> Summed<K> {
        let Spot { place, sums, .. } = self.spots[index];
        Summed { bases: self.bases_of(place.slot()), sums }
    }

    fn bases_of(&self, slot: usize) -> [f64; K] {
        self.bases.each_ref().map(|bases| bases[slot])
    }

    /// A neuron after everything that happens at `at`, to which the population has been driven.
    pub(super) fn state(&self, membrane: &Membrane<K>, index: usize, at: Time) -> Summed<K> {
        let (epoch, offset) = at.parts();
        let spot = &self.spots[index];
        if spot.place == Place::ASLEEP {
            let mut state = Summed::new(spot.sums.map(|bits| f64::from_bits(bits as u64)));
            (u64::from(spot.last)..epoch).for_each(|_| state.move_on(membrane));
            return state;
        }
        let near = spot.place.near();
        let mut state = near.map_or_else(|| self.far_state(index), |place| self.near[place].state);
        if epoch == self.epoch && near.is_none() {
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
