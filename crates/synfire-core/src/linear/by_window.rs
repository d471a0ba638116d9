//! The whole population epoch by epoch.
//!
//! At the beginning of an epoch every neuron's coordinates are moved on, and its *headroom* is found: how much excitation it
//! can take before its end without any danger of a crossing. Excitation that arrives uses headroom up. While there is some,
//! an arrival is two additions, a subtraction and a comparison. The few neurons without headroom are *near*: their crossings
//! are looked for when something arrives, when a window closes and when the epoch ends.
//!
//! Where few neurons have anything to do, *blocks* of them sleep (see [`super::sleep`]) whose coordinates stay those of an earlier epoch. In
//! such a block nobody has headroom, so that the first arrival there wakes it, and those at other blocks need not ask.

use super::by_instant::Alone;
use super::sleep::{Trials, may_sleep};
use super::{LinearPopulation, Watch, is_used_up, kick, unresolved};
use crate::group::{Cause, GroupError, Incoming, Outbox, Single, Volley, What};
use crate::ids::LocalId;
use crate::network::{Projection, Values};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// What the population waits for.
pub(super) struct Sweep<const K: usize> {
    /// The epoch to which all coordinates belong.
    epoch: u64,
    /// mV/ms; minus infinity for near neurons, infinity for those that are clamped.
    headroom: Vec<f64>,
    /// Near neurons; some may be near no more.
    near: Vec<u32>,
    /// For near neurons.
    watches: Vec<Watch>,
    refractory_ends: BinaryHeap<Reverse<(Time, u32)>>,
    /// For each coordinate, of singles.
    growths: [Vec<f64>; K],
    /// Nothing if all are awake.
    sleep: Option<Sleep>,
    trials: Trials,
    /// How many arrivals there have been in this epoch.
    arrivals: usize,
}

/// Which blocks of neurons sleep.
struct Sleep {
    /// The epoch of each block's coordinates; [`AWAKE`] for this one.
    since: Vec<u64>,
    /// The blocks that are awake.
    awake: Vec<u32>,
}

/// In place of an epoch.
const AWAKE: u64 = u64::MAX;

/// Neurons of a block: a line of the cache of each coordinate.
const BLOCK: usize = 8;

/// The neurons of a block.
fn block(number: u32, size: usize) -> Range<usize> {
    let first = number as usize * BLOCK;
    first..size.min(first + BLOCK)
}

/// What the targets of a spike at one instant share.
#[derive(Clone, Copy)]
struct Salvo {
    offset: f64,
    /// The receptor's coordinate.
    k: usize,
    growths: (f64, f64),
}

/// Up to where a near neuron is looked at.
#[derive(Clone, Copy)]
enum Reach {
    /// Something arrives at this offset: crossings before it have happened, the end of a refractory time at it too.
    Arrival(f64),
    /// The window closes at this offset, or the epoch ends (infinity): everything before has happened.
    Close(f64),
}

impl<const K: usize> Sweep<K> {
    /// The epoch to which a neuron's coordinates belong.
    pub(super) fn epoch_of(&self, index: usize) -> u64 {
        let since = self.sleep.as_ref().map_or(AWAKE, |sleep| sleep.since[index / BLOCK]);
        since.min(self.epoch)
    }

    /// When the next refractory time ends in this epoch: an offset, infinity if none does.
    #[inline]
    fn next_release(&self) -> f64 {
        match self.refractory_ends.peek() {
            Some(Reverse((end, _))) if end.parts().0 == self.epoch => end.parts().1,
            _ => f64::INFINITY,
        }
    }

    /// The instant at an offset in the epoch.
    fn at(&self, offset: f64) -> Time {
        Time::from_parts(self.epoch, offset).unwrap_or(Time::NEVER)
    }
}

impl<const K: usize> LinearPopulation<K> {
    /// Everything from `from` up to before `to`.
    pub(super) fn sweep_window(
        &mut self,
        window: (Time, Time),
        incoming: Incoming<'_>,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let mut sweep = match self.sweep.take() {
            Some(sweep) => sweep,
            None => self.first_sweep(),
        };
        let done = self.through_window(&mut sweep, window, incoming, projections, out);
        self.sweep = Some(sweep);
        done
    }

    fn through_window(
        &mut self,
        sweep: &mut Sweep<K>,
        (from, to): (Time, Time),
        incoming: Incoming<'_>,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let mut singles = incoming.singles;
        if !singles.is_empty() {
            self.reach(sweep, from.next_up(), out)?;
        }
        for volley in incoming.volleys {
            if !singles.is_empty() {
                let (_, offset) = volley.at.parts();
                let is_before = |single: &Single| {
                    (single.offset, single.source, single.projection)
                        < (offset, volley.source, volley.projection)
                };
                let (here, later) = singles.split_at(singles.partition_point(is_before));
                self.receive_singles(sweep, here, projections, out)?;
                singles = later;
            }
            self.reach(sweep, volley.at.next_up(), out)?;
            self.receive_volley(sweep, volley, projections, out)?;
        }
        self.receive_singles(sweep, singles, projections, out)?;
        self.reach(sweep, to, out)?;
        self.close(sweep, to, out)
    }

    /// All targets of a spike at one instant.
    fn receive_volley(
        &mut self,
        sweep: &mut Sweep<K>,
        volley: &Volley,
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let projection = &projections[volley.projection as usize];
        let k = projection.receptor as usize + 1;
        let (_, offset) = volley.at.parts();
        let salvo = Salvo { offset, k, growths: self.membrane.growths(k, offset) };
        let (first, end) = (volley.first as usize, volley.end as usize);
        sweep.arrivals += end - first;
        let targets = &projection.targets[first..end];
        match &projection.weights {
            Values::Same(weight) => self.receive(sweep, salvo, targets, |_| *weight, out),
            Values::Each(weights) => {
                let weights = &weights[first..end];
                self.receive(sweep, salvo, targets, |place| weights[place], out)
            }
            Values::Single(weights) => {
                let weights = &weights[first..end];
                self.receive(sweep, salvo, targets, |place| f64::from(weights[place]), out)
            }
        }
    }

    /// Targets that are reached one by one.
    fn receive_singles(
        &mut self,
        sweep: &mut Sweep<K>,
        singles: &[Single],
        projections: &[Projection],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        sweep.arrivals += singles.len();
        let mut growths = std::mem::replace(&mut sweep.growths, [const { Vec::new() }; K]);
        self.find_growths(singles, &mut growths);
        let receptor_of =
            |place: usize| projections[singles[place].projection as usize].receptor as usize + 1;
        let mut place = 0;
        while place < singles.len() {
            let (single, k) = (&singles[place], receptor_of(place));
            // The end of a refractory time at this very instant comes first.
            let release = sweep.next_release();
            if release <= single.offset {
                self.release_first(sweep, out);
                continue;
            }
            let is_same = |place: usize| K == 2 || receptor_of(place) == k;
            let far = self.receive_far_singles(sweep, k, singles, &growths, place, release, is_same);
            if far == place {
                let salvo =
                    Salvo { offset: single.offset, k, growths: (growths[0][place], growths[k][place]) };
                self.receive_near(sweep, single.target as usize, salvo, single.weight, out)?;
            }
            place = far.max(place + 1);
        }
        sweep.growths = growths;
        Ok(())
    }

    /// Singles from `first` on before `until` and at one receptor whose targets have headroom; tells where another one is.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)]
    fn receive_far_singles(
        &mut self,
        sweep: &mut Sweep<K>,
        k: usize,
        singles: &[Single],
        growths: &[Vec<f64>; K],
        first: usize,
        until: f64,
        is_same: impl Fn(usize) -> bool,
    ) -> usize {
        let (per_capacitance, gain) = (self.membrane.per_capacitance, self.membrane.gains[k]);
        let (membranes, inputs) = self.x.split_at_mut(k);
        let size = sweep.headroom.len();
        let (membranes, inputs) = (&mut membranes[0][..size], &mut inputs[0][..size]);
        let headroom = &mut sweep.headroom[..size];
        let count = singles.len();
        let (growths, input_growths) = (&growths[0][..count], &growths[k][..count]);
        for place in first..count {
            let single = &singles[place];
            let index = single.target as usize;
            let room = headroom[index] - (single.weight * per_capacitance).max(0.0);
            if single.offset >= until || is_used_up(room) || !is_same(place) {
                return place;
            }
            let kick = kick(gain, single.weight, (growths[place], input_growths[place]));
            headroom[index] = room;
            membranes[index] += kick.membrane;
            inputs[index] += kick.input;
        }
        count
    }

    /// The growths of all coordinates at the instants of singles.
    fn find_growths(&self, singles: &[Single], growths: &mut [Vec<f64>; K]) {
        for (growth, found) in self.membrane.growths.iter().zip(growths) {
            found.clear();
            found.extend(singles.iter().map(|single| single.offset));
            growth.replace(found);
        }
    }

    fn first_sweep(&mut self) -> Sweep<K> {
        let alone = std::mem::replace(&mut self.alone, Alone::new(Vec::new()));
        let size = alone.coordinates.len();
        for (k, x) in self.x.iter_mut().enumerate() {
            x.extend(alone.coordinates.iter().map(|plain| plain.0[k]));
        }
        let watch = Watch { from: 0.0, next: 0.0, is_found: false };
        let mut sweep = Sweep {
            epoch: 0,
            headroom: vec![0.0; size],
            near: Vec::new(),
            watches: vec![watch; size],
            refractory_ends: BinaryHeap::new(),
            growths: [const { Vec::new() }; K],
            sleep: None,
            trials: Trials::new(),
            arrivals: 0,
        };
        self.begin(&mut sweep);
        sweep
    }

    /// Epochs end and refractory times end, as far as that happens before `to`.
    #[inline]
    fn reach(&mut self, sweep: &mut Sweep<K>, to: Time, out: &mut Outbox) -> Result<(), GroupError> {
        loop {
            let epoch_end = Time::from_parts(sweep.epoch + 1, 0.0).unwrap_or(Time::NEVER);
            let until = to.min(epoch_end);
            while sweep.refractory_ends.peek().is_some_and(|Reverse((end, _))| *end < until) {
                self.release_first(sweep, out);
            }
            if to <= epoch_end {
                return Ok(());
            }
            self.close(sweep, epoch_end, out)?;
            self.move_on(sweep);
            sweep.epoch += 1;
            self.begin(sweep);
        }
    }

    /// Those that are awake get the coordinates of the next epoch.
    fn move_on(&mut self, sweep: &Sweep<K>) {
        let size = self.x[0].len();
        for (k, x) in self.x.iter_mut().enumerate() {
            match &sweep.sleep {
                None => self.membrane.integrator.move_all_on(k, x),
                Some(sleep) => {
                    for &number in &sleep.awake {
                        self.membrane.integrator.move_all_on(k, &mut x[block(number, size)]);
                    }
                }
            }
        }
    }

    /// The refractory time that ends first ends.
    fn release_first(&mut self, sweep: &mut Sweep<K>, out: &mut Outbox) {
        if let Some(Reverse((end, neuron))) = sweep.refractory_ends.pop() {
            let (_, offset) = end.parts();
            self.release(sweep, neuron as usize, offset, out);
        }
    }

    /// An epoch begins: who sleeps, and the headrooms of those who do not.
    fn begin(&mut self, sweep: &mut Sweep<K>) {
        self.settle_who_sleeps(sweep);
        sweep.arrivals = 0;
        sweep.near.clear();
        match sweep.sleep.take() {
            None => self.find_headroom(sweep, 0..self.x[0].len()),
            Some(sleep) => {
                for &number in &sleep.awake {
                    self.find_headroom(sweep, block(number, self.x[0].len()));
                }
                sweep.sleep = Some(sleep);
            }
        }
    }

    /// Finds the headrooms of some neurons at the beginning of the epoch.
    fn find_headroom(&mut self, sweep: &mut Sweep<K>, neurons: Range<usize>) {
        let x = self.x.each_ref().map(|x| &x[neurons.clone()]);
        self.membrane.integrator.headrooms(x, &mut sweep.headroom[neurons.clone()]);
        for index in neurons {
            if is_used_up(sweep.headroom[index]) {
                self.watch(sweep, index, 0.0);
            }
        }
    }

    /// Blocks fall asleep or are woken, where that pays.
    fn settle_who_sleeps(&mut self, sweep: &mut Sweep<K>) {
        let size = self.x[0].len();
        let blocks = size.div_ceil(BLOCK);
        match &mut sweep.sleep {
            // A block by itself costs more than as a part of all.
            Some(sleep) if sleep.awake.len() > blocks / 2 => {
                for number in 0..blocks as u32 {
                    self.wake(sweep, number);
                }
                sweep.sleep = None;
                sweep.trials.put_off(sweep.epoch);
            }
            Some(_) => self.let_sleep(sweep),
            None if sweep.trials.is_due(sweep.epoch, sweep.arrivals, size) => {
                let awake = (0..blocks as u32).collect();
                sweep.sleep = Some(Sleep { since: vec![AWAKE; blocks], awake });
                self.let_sleep(sweep);
            }
            None => {}
        }
    }

    /// All blocks that may fall asleep do so.
    fn let_sleep(&self, sweep: &mut Sweep<K>) {
        let Sweep { sleep: Some(Sleep { since, awake }), headroom, epoch, .. } = sweep else { return };
        let size = headroom.len();
        awake.retain(|&number| {
            let neurons = block(number, size);
            let falls_asleep =
                neurons.clone().all(|index| may_sleep(&self.membrane, &self.coordinates(index)));
            if falls_asleep {
                since[number as usize] = *epoch;
                neurons.for_each(|index| headroom[index] = f64::NEG_INFINITY);
            }
            !falls_asleep
        });
    }

    /// A block gets the coordinates of this epoch, and headrooms; tells whether it slept.
    fn wake(&mut self, sweep: &mut Sweep<K>, number: u32) -> bool {
        let Some(sleep) = &mut sweep.sleep else { return false };
        let since = std::mem::replace(&mut sleep.since[number as usize], AWAKE);
        if since == AWAKE {
            return false;
        }
        sleep.awake.push(number);
        let neurons = block(number, self.x[0].len());
        let ages = [sweep.epoch - since; BLOCK];
        for (k, x) in self.x.iter_mut().enumerate() {
            let x = &mut x[neurons.clone()];
            self.membrane.integrator.move_on_by(k, x, &ages[..x.len()]);
        }
        self.find_headroom(sweep, neurons);
        true
    }

    /// The neuron is near from now on, and its last event is at `from`.
    fn watch(&mut self, sweep: &mut Sweep<K>, index: usize, from: f64) {
        sweep.headroom[index] = f64::NEG_INFINITY;
        sweep.near.push(index as u32);
        sweep.watches[index] =
            Watch { from, next: self.membrane.bound(&self.coordinates(index), from), is_found: false };
    }

    /// The refractory time ends.
    fn release(&mut self, sweep: &mut Sweep<K>, index: usize, offset: f64, out: &mut Outbox) {
        out.note(sweep.at(offset), 0, LocalId(index as u32), What::RefractoryEnd);
        let integrator = &self.membrane.integrator;
        let mut x = self.coordinates(index);
        let fade = integrator.fade(offset);
        x[0] = self.membrane.released(&x, &fade, offset);
        self.x[0][index] = x[0];
        let y = integrator.value(&x, &fade);
        let room = integrator.headroom(y, &integrator.drives(&x, &fade));
        if room >= 0.0 {
            sweep.headroom[index] = room;
        } else {
            self.watch(sweep, index, offset);
        }
    }

    /// A salvo's targets receive it.
    #[inline(always)]
    fn receive(
        &mut self,
        sweep: &mut Sweep<K>,
        salvo: Salvo,
        targets: &[u32],
        weight: impl Fn(usize) -> f64,
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let mut first = 0;
        loop {
            first = self.receive_far(sweep, salvo, targets, first, &weight);
            if first == targets.len() {
                return Ok(());
            }
            self.receive_near(sweep, targets[first] as usize, salvo, weight(first), out)?;
            first += 1;
        }
    }

    /// The targets from `first` on that have headroom; tells where one is that has not.
    #[inline(always)]
    fn receive_far(
        &mut self,
        sweep: &mut Sweep<K>,
        salvo: Salvo,
        targets: &[u32],
        first: usize,
        weight: &impl Fn(usize) -> f64,
    ) -> usize {
        let membrane = &self.membrane;
        let (membranes, inputs) = self.x.split_at_mut(salvo.k);
        let size = sweep.headroom.len();
        let (membranes, inputs) = (&mut membranes[0][..size], &mut inputs[0][..size]);
        let headroom = &mut sweep.headroom[..size];
        for (place, &target) in targets.iter().enumerate().skip(first) {
            let index = target as usize;
            let weight = weight(place);
            let room = headroom[index] - (weight * membrane.per_capacitance).max(0.0);
            if is_used_up(room) {
                return place;
            }
            let kick = membrane.kick(salvo.k, weight, salvo.growths);
            headroom[index] = room;
            membranes[index] += kick.membrane;
            inputs[index] += kick.input;
        }
        targets.len()
    }

    /// A target without headroom.
    #[inline(never)]
    fn receive_near(
        &mut self,
        sweep: &mut Sweep<K>,
        index: usize,
        salvo: Salvo,
        weight: f64,
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let offset = salvo.offset;
        if sweep.sleep.is_some() && self.wake(sweep, (index / BLOCK) as u32) {
            let room = sweep.headroom[index] - (weight * self.membrane.per_capacitance).max(0.0);
            if !is_used_up(room) {
                let kick = self.membrane.kick(salvo.k, weight, salvo.growths);
                sweep.headroom[index] = room;
                self.x[0][index] += kick.membrane;
                self.x[salvo.k][index] += kick.input;
                return Ok(());
            }
        }
        let was_near = sweep.headroom[index] == f64::NEG_INFINITY;
        // Several arrivals of one instant are one event.
        if was_near && sweep.watches[index].from < offset {
            self.look(sweep, index, Reach::Arrival(offset), out)?;
        }
        let kick = self.membrane.kick(salvo.k, weight, salvo.growths);
        self.x[0][index] += kick.membrane;
        self.x[salvo.k][index] += kick.input;
        if !was_near {
            self.watch(sweep, index, offset);
        } else if sweep.headroom[index] == f64::NEG_INFINITY {
            let next = self.membrane.bound(&self.coordinates(index), offset);
            let watch = &sweep.watches[index];
            // A crossing found at this very instant stays: a current does not take it back.
            if !(watch.is_found && watch.next == offset) {
                let was = *watch;
                if was.is_found && was.next.is_finite() {
                    let crossing = sweep.at(was.next);
                    out.note(sweep.at(offset), 0, LocalId(index as u32), What::Retracted { crossing });
                }
                sweep.watches[index] = Watch { from: offset, next, is_found: false };
            }
        }
        Ok(())
    }

    /// A window closes, or an epoch ends: what near neurons do before.
    fn close(&mut self, sweep: &mut Sweep<K>, to: Time, out: &mut Outbox) -> Result<(), GroupError> {
        let (epoch, offset) = to.parts();
        let limit = if epoch == sweep.epoch { offset } else { f64::INFINITY };
        let mut place = 0;
        while place < sweep.near.len() {
            let index = sweep.near[place] as usize;
            if sweep.headroom[index] == f64::NEG_INFINITY && sweep.watches[index].next < limit {
                self.look(sweep, index, Reach::Close(limit), out)?;
            }
            if sweep.headroom[index] == f64::NEG_INFINITY {
                place += 1;
            } else {
                sweep.near.swap_remove(place);
            }
        }
        Ok(())
    }

    /// A near neuron's crossings before a limit, and what follows from them.
    fn look(
        &mut self,
        sweep: &mut Sweep<K>,
        index: usize,
        reach: Reach,
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let (limit, is_arrival) = match reach {
            Reach::Arrival(limit) => (limit, true),
            Reach::Close(limit) => (limit, false),
        };
        let neuron = LocalId(index as u32);
        loop {
            let watch = sweep.watches[index];
            let is_open = watch.next < limit || is_arrival && watch.next == limit;
            if !watch.is_found && is_open {
                let passage = self.membrane.integrator.passage(&self.coordinates(index), watch.from);
                if !passage.is_known {
                    return Err(unresolved(index, sweep.at(watch.from), &self.coordinates(index)));
                }
                out.ambiguous += u64::from(passage.ambiguous);
                let next = passage.at.unwrap_or(f64::INFINITY);
                sweep.watches[index] = Watch { next, is_found: true, ..watch };
                if next.is_finite() {
                    out.note(sweep.at(watch.from), 0, neuron, What::Predicted { crossing: sweep.at(next) });
                }
            }
            let at = sweep.watches[index].next;
            if at >= limit {
                return Ok(());
            }
            let at = sweep.at(at);
            out.spikes.push((at, neuron));
            out.note(at, 0, neuron, What::Confirmed);
            out.note(at, 0, neuron, What::Spike { cause: Cause::Crossing });
            self.x[0][index] = f64::NEG_INFINITY;
            sweep.headroom[index] = f64::INFINITY;
            let end = at.after(self.membrane.refractory_ms);
            let (epoch, offset) = end.parts();
            if epoch != sweep.epoch || offset > limit || !is_arrival && offset == limit {
                sweep.refractory_ends.push(Reverse((end, index as u32)));
                return Ok(());
            }
            self.release(sweep, index, offset, out);
            if sweep.headroom[index] != f64::NEG_INFINITY {
                return Ok(());
            }
        }
    }
}
