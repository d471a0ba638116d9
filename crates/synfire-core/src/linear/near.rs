//! Neurons near threshold whose arrivals are sums of integers: they live through a window arrival by arrival.

use super::coordinates::Summed;
use super::{Coordinates, Kick, Membrane, Watch, unresolved};
use crate::group::{Cause, GroupError, Outbox, What};
use crate::ids::LocalId;
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// An arrival in the epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub offset: f64,
    pub weight: f64,
    /// The receptor's coordinate.
    pub k: u32,
    /// What was known before at the same neuron.
    pub before: u32,
}

/// A neuron that is driven arrival by arrival.
pub(super) struct Near<const K: usize> {
    pub neuron: u32,
    /// Its place among those that are awake.
    pub slot: usize,
    pub state: Summed<K>,
    /// The end of its refractory time; `Time::NEVER` if it is not clamped.
    pub refractory_until: Time,
    pub watch: Watch,
    /// What arrives in the epoch: up to `done` it has, the rest is in order of time if `is_sorted`.
    pub to_come: Vec<Known>,
    pub done: usize,
    pub is_sorted: bool,
}

/// A window, or the part of one that lies in an epoch: offsets.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub epoch: u64,
    pub begin: f64,
    /// Infinite at the epoch's end.
    pub end: f64,
}

impl Part {
    fn at(&self, offset: f64) -> Time {
        Time::from_parts(self.epoch, offset).unwrap_or(Time::NEVER)
    }
}

impl Known {
    pub(super) fn kick<const K: usize>(&self, membrane: &Membrane<K>) -> Kick {
        let k = self.k as usize;
        membrane.kick(k, self.weight, membrane.growths(k, self.offset))
    }
}

impl<const K: usize> Near<K> {
    /// An arrival that has been added: if it has yet to come, it is taken away.
    pub(super) fn take(&mut self, membrane: &Membrane<K>, part: Part, known: Known) {
        if known.offset >= part.begin {
            self.state.take(membrane, known.k as usize, known.kick(membrane));
            self.to_come.push(known);
        } else {
            self.watch.from = self.watch.from.max(known.offset);
        }
    }

    /// An arrival that has yet to come, and has not been added.
    pub(super) fn expect(&mut self, known: Known) {
        self.to_come.push(known);
        self.is_sorted = false;
    }

    pub(super) fn is_clamped(&self) -> bool {
        self.refractory_until != Time::NEVER
    }

    /// Everything up to the end of a window.
    pub(super) fn live(
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

    pub(super) fn watch_from(&mut self, membrane: &Membrane<K>, from: f64) {
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
