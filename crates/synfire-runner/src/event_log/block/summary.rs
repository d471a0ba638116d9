//! What the index of a log says of its blocks.

use super::numbers::{put, take, take_f64};
use synfire_core::Time;
use synfire_core::events::Kinds;

/// What the index says of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many events, without those that are drawn again.
    pub events: u32,
    /// The first event's time.
    pub first: Time,
    /// The last one's; later in a block is never earlier.
    pub last: Time,
    /// Which kinds.
    pub kinds: Kinds,
    /// Whose: neurons as the network counts them, from one to before another, rising.
    pub neurons: Vec<(u32, u32)>,
}

impl Summary {
    /// As bytes: count, epoch and offset of first and last, kinds, then the number of ranges of neurons, and of
    /// each how far it begins after the end of the one before, and its length.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.events.into());
        for time in [self.first, self.last] {
            let (epoch, offset) = time.parts();
            put(&mut bytes, epoch);
            bytes.extend(offset.to_le_bytes());
        }
        put(&mut bytes, self.kinds.bits().into());
        put(&mut bytes, self.neurons.len() as u64);
        let mut before = 0;
        for &(first, end) in &self.neurons {
            put(&mut bytes, u64::from(first - before));
            put(&mut bytes, u64::from(end - first));
            before = end;
        }
        bytes
    }

    /// Reads what [`Summary::encode`] made, and takes it off the front of `bytes`.
    pub fn decode(bytes: &mut &[u8]) -> Option<Summary> {
        let events = u32::try_from(take(bytes)?).ok()?;
        let mut time = || Time::from_parts(take(bytes)?, take_f64(bytes)?);
        let (first, last) = (time()?, time()?);
        let kinds = Kinds::of_bits(u16::try_from(take(bytes)?).ok()?);
        let count = take(bytes)?;
        let mut neurons = Vec::new();
        let mut before = 0u32;
        for _ in 0..count {
            let first = before.checked_add(u32::try_from(take(bytes)?).ok()?)?;
            before = first.checked_add(u32::try_from(take(bytes)?).ok()?)?;
            neurons.push((first, before));
        }
        Some(Summary { events, first, last, kinds, neurons })
    }
}

/// The same neurons in ranges that rise and do not touch.
pub(super) fn united(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut united: Vec<(u32, u32)> = Vec::new();
    for (first, end) in ranges {
        match united.last_mut() {
            Some((_, last)) if first <= *last => *last = end.max(*last),
            _ => united.push((first, end)),
        }
    }
    united
}

/// Adds a neuron after all others to ranges.
pub fn add_to_ranges(ranges: &mut Vec<(u32, u32)>, neuron: u32) {
    match ranges.last_mut() {
        Some((_, end)) if *end == neuron => *end += 1,
        _ => ranges.push((neuron, neuron + 1)),
    }
}
