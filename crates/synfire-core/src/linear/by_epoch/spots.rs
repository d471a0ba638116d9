//! What an arrival changes of a neuron, and where the rest of the neuron is.

use crate::linear::block::Arrived;

/// What an arrival changes of a neuron: in one line of the cache.
#[derive(Clone, Copy)]
#[repr(align(32))]
pub(super) struct Spot<const K: usize> {
    /// What has been added to its coordinates; of a neuron that sleeps, these themselves, bit by bit.
    pub sums: [i64; K],
    /// mV; minus infinity for neurons that are near or about to be, infinity for those that are clamped.
    pub room: f64,
    pub place: Place,
    /// The last of what is known to arrive, as a place there; of a neuron that sleeps, the epoch of its coordinates.
    pub last: u32,
}

/// Where a neuron is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(pub u32);

impl Place {
    pub(super) const ASLEEP: Place = Place(u32::MAX);
    pub(super) const FAR: u32 = 1 << 31;

    /// A place among those that are awake.
    pub(super) fn awake(slot: usize) -> Place {
        Place(slot as u32 | Place::FAR)
    }

    pub(super) fn slot(self) -> usize {
        (self.0 & !Place::FAR) as usize
    }

    /// Its place among those that are near, if it is one of them.
    #[inline(always)]
    pub(super) fn near(self) -> Option<usize> {
        (self.0 < Place::FAR).then_some(self.0 as usize)
    }
}

/// In place of a place: there is none.
pub(super) const NONE: u32 = u32::MAX;

impl<const K: usize> Spot<K> {
    /// Of a neuron that is awake, at the beginning of an epoch.
    pub(super) fn awake(slot: usize) -> Spot<K> {
        Spot { sums: [0; K], room: 0.0, place: Place::awake(slot), last: NONE }
    }

    #[inline(always)]
    pub(super) fn add(&mut self, k: usize, arrival: &Arrived) {
        self.sums[0] += arrival.membrane;
        self.sums[k] += arrival.input;
        self.room -= arrival.lifts;
    }

    /// The neuron falls asleep with these coordinates.
    pub(super) fn fall_asleep(&mut self, x: [f64; K], epoch: u32) {
        (self.sums, self.place, self.last) = (x.map(|x| x.to_bits() as i64), Place::ASLEEP, epoch);
    }
}
