//! Wake times of neurons, keyed by neuron.

use crate::ids::NeuronId;
use crate::time::Time;

/// Keys are neurons. Setting a key again changes its time; `Time::NEVER` parks it. Equal times leave by rising key.
pub trait EventQueue {
    /// A queue for neurons 0 to `neurons` - 1, all parked.
    fn new(neurons: usize) -> Self
    where
        Self: Sized;

    /// Sets when `neuron` wakes.
    fn set(&mut self, neuron: NeuronId, at: Time);

    /// The earliest wake time; `Time::NEVER` if all are parked.
    fn next(&self) -> Time;

    /// Takes out one neuron that wakes at or before `until`, the earliest first, equal times by rising id.
    fn pop_until(&mut self, until: Time) -> Option<(Time, NeuronId)>;
}
