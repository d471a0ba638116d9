//! Neurons one by one: each is moved on when something happens to it.

use super::{Coordinates, Membrane, unresolved};
use crate::group::{Arrival, Cause, GroupError, Outbox, Touch, Until, What};
use crate::ids::LocalId;
use crate::time::Time;

/// A neuron between its events.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    /// Its last event: the coordinates are those of its epoch.
    anchor: Time,
    /// What comes next if nothing arrives: see `kind`.
    next: Time,
    kind: Next,
    /// The wake time that the engine knows; never later than the true one.
    queued: Time,
}

/// What a neuron's `next` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// No crossing before `next`: ask again then.
    Bound,
    Crossing,
    RefractoryEnd,
}

impl Record {
    const START: Record =
        Record { anchor: Time::ZERO, next: Time::ZERO, kind: Next::Bound, queued: Time::NEVER };
}

/// Neurons that are driven one by one: their coordinates, and what each waits for.
pub(super) struct Alone<C, const K: usize> {
    pub(super) coordinates: Vec<C>,
    records: Vec<Record>,
}

impl<C: Coordinates<K>, const K: usize> Alone<C, K> {
    /// At t = 0.
    pub(super) fn new(coordinates: Vec<C>) -> Alone<C, K> {
        let records = vec![Record::START; coordinates.len()];
        Alone { coordinates, records }
    }

    /// The coordinates at the beginning of the epoch of `at`, where nothing has happened between the last event and `at`.
    pub(super) fn moved_to(&self, membrane: &Membrane<K>, index: usize, at: Time) -> [f64; K] {
        let mut coordinates = self.coordinates[index];
        (self.records[index].anchor.parts().0..at.parts().0).for_each(|_| coordinates.move_on(membrane));
        coordinates.x(membrane)
    }

    /// See [`crate::group::Group::start`].
    pub(super) fn start(&mut self, membrane: &Membrane<K>, out: &mut Outbox) {
        for (index, (coordinates, record)) in self.coordinates.iter().zip(&mut self.records).enumerate() {
            let next = bound(membrane, &coordinates.x(membrane), &[1.0; K], Time::ZERO);
            (record.next, record.queued) = (next, next);
            out.wakes.push((LocalId(index as u32), next));
        }
    }

    /// See [`crate::group::Group::drive`].
    pub(super) fn drive(
        &mut self,
        membrane: &Membrane<K>,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        touched.iter().try_for_each(|touch| {
            let arrivals = &arrivals[touch.first as usize..][..touch.count as usize];
            self.touch(membrane, touch.neuron.index(), until, arrivals, out)
        })
    }

    /// One neuron through one instant, or through everything before a time.
    fn touch(
        &mut self,
        membrane: &Membrane<K>,
        index: usize,
        until: Until,
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let neuron = LocalId(index as u32);
        let passed = match until {
            Until::Instant(now) => {
                if self.instant(membrane, index, now, arrivals, out)? {
                    out.spikes.push((now, neuron));
                }
                self.records[index].queued <= now
            }
            Until::Before(to) => {
                let mut left = arrivals;
                loop {
                    let now = left.first().map_or(Time::NEVER, |a| a.at).min(self.records[index].next);
                    if now >= to {
                        break;
                    }
                    let (here, later) = left.split_at(left.partition_point(|a| a.at <= now));
                    left = later;
                    if self.instant(membrane, index, now, here, out)? {
                        out.spikes.push((now, neuron));
                    }
                }
                self.records[index].queued < to
            }
        };
        let record = &mut self.records[index];
        if passed || record.next < record.queued {
            record.queued = record.next;
            out.wakes.push((neuron, record.next));
        }
        Ok(())
    }

    /// What is due at `now` and what arrives; tells whether the neuron spikes.
    fn instant(
        &mut self,
        membrane: &Membrane<K>,
        index: usize,
        now: Time,
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<bool, GroupError> {
        if self.records[index].kind == Next::Bound && self.records[index].next <= now {
            self.refine(membrane, index, now, out)?;
        }
        let Record { anchor, next, mut kind, .. } = self.records[index];
        let is_due = next <= now;
        if !is_due && arrivals.is_empty() {
            return Ok(false);
        }
        let neuron = LocalId(index as u32);
        let integrator = &membrane.integrator;
        let (epoch, offset) = now.parts();
        let coordinates = &mut self.coordinates[index];
        (anchor.parts().0..epoch).for_each(|_| coordinates.move_on(membrane));
        let fade = integrator.fade(offset);
        if is_due && kind == Next::RefractoryEnd {
            coordinates.set_membrane(membrane.released(&coordinates.x(membrane), &fade, offset));
            kind = Next::Bound;
            out.note(now, 0, neuron, What::RefractoryEnd);
        }
        for arrival in arrivals {
            let k = arrival.receptor as usize + 1;
            coordinates.add(membrane, k, membrane.kick(k, arrival.weight, membrane.growths(k, offset)));
        }
        let x = coordinates.x(membrane);
        let crosses = is_due && kind == Next::Crossing;
        let fires = crosses || kind != Next::RefractoryEnd && integrator.value(&x, &fade) >= 0.0;
        if crosses {
            out.note(now, 0, neuron, What::Confirmed);
        } else if kind == Next::Crossing {
            out.note(now, 0, neuron, What::Retracted { crossing: next });
        }
        let (next, kind) = if fires {
            let cause = if crosses || arrivals.is_empty() { Cause::Crossing } else { Cause::Arrival };
            out.note(now, 0, neuron, What::Spike { cause });
            coordinates.set_membrane(f64::NEG_INFINITY);
            (now.after(membrane.refractory_ms), Next::RefractoryEnd)
        } else if kind == Next::RefractoryEnd {
            (next, kind)
        } else {
            (bound(membrane, &x, &fade, now), Next::Bound)
        };
        let record = &mut self.records[index];
        (record.anchor, record.next, record.kind) = (now, next, kind);
        Ok(fires)
    }

    /// A bound that has come up is replaced by the crossing, if it lies in this epoch, or by a better one. The anchor stays
    /// where it is.
    fn refine(
        &mut self,
        membrane: &Membrane<K>,
        index: usize,
        now: Time,
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let anchor = self.records[index].anchor;
        let (last, _) = now.parts();
        let (mut epoch, mut from) = anchor.parts();
        let mut coordinates = self.coordinates[index];
        loop {
            let x = coordinates.x(membrane);
            let passage = membrane.integrator.passage(&x, from);
            if !passage.is_known {
                return Err(unresolved(index, anchor, &x));
            }
            out.ambiguous += u64::from(passage.ambiguous);
            if let Some(at) = passage.at.and_then(|offset| Time::from_parts(epoch, offset)) {
                let record = &mut self.records[index];
                (record.next, record.kind) = (at.max(now), Next::Crossing);
                out.note(now, 0, LocalId(index as u32), What::Predicted { crossing: record.next });
                return Ok(());
            }
            coordinates.move_on(membrane);
            (epoch, from) = (epoch + 1, 0.0);
            if epoch > last {
                break;
            }
        }
        let begin = Time::from_parts(epoch, 0.0).unwrap_or(Time::NEVER);
        self.records[index].next = bound(membrane, &coordinates.x(membrane), &[1.0; K], begin);
        Ok(())
    }
}

/// A time before which there is no crossing, for a neuron whose coordinates are those of `from`'s epoch.
fn bound<const K: usize>(membrane: &Membrane<K>, x: &[f64; K], fade: &[f64; K], from: Time) -> Time {
    let integrator = &membrane.integrator;
    from.after(integrator.long_wait(integrator.value(x, fade), &integrator.drives(x, fade)))
}
