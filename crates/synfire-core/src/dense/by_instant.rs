//! Neurons one by one.

use super::DensePopulation;
use crate::group::{Arrival, Cause, Outbox, Until, What};
use crate::ids::LocalId;
use crate::time::Time;

impl<const W: usize> DensePopulation<W> {
    /// One neuron through one instant, or through everything before a time. Nothing happens without an arrival, but that a
    /// neuron can start at threshold.
    pub(super) fn touch(&mut self, index: usize, until: Until, arrivals: &[Arrival], out: &mut Outbox) {
        let neuron = LocalId(index as u32);
        let shard = self.shard_of(index);
        let mut one = self.one(index);
        let mut left = arrivals;
        // A neuron can start at threshold: then that is its first instant.
        let mut starts = one.is_at_start(&self.membrane);
        loop {
            let now = match (until, left.first()) {
                (Until::Instant(now), _) => now,
                (Until::Before(_), _) if starts => Time::ZERO,
                (Until::Before(_), Some(arrival)) => arrival.at,
                (Until::Before(_), None) => break,
            };
            let (here, later) = left.split_at(left.partition_point(|arrival| arrival.at <= now));
            left = later;
            if let Some(end) = one.move_to(&self.membrane, now) {
                out.note(end, 0, neuron, What::RefractoryEnd);
            }
            if (starts || !here.is_empty()) && one.receive(&self.membrane, now, here) {
                let cause = if here.is_empty() { Cause::Crossing } else { Cause::Arrival };
                out.note(now, 0, neuron, What::Spike { cause });
                out.spikes.push((now, neuron));
            }
            starts = false;
            if let Until::Instant(_) = until {
                break;
            }
        }
        self.shards[shard].set_one(index, one);
    }
}
