//! Who sleeps: neurons that nothing that they have received can lift to threshold, where few have anything to do.

use super::Membrane;

/// Others sleep where less than one neuron in so many has anything to do.
const ONE_IN: usize = 16;

/// The most epochs from one trial to the next.
const MOST_PATIENCE: u64 = 64;

/// When it is found out whether few have to be awake: after more and more epochs, if that is in vain or they do not stay few.
pub(super) struct Trials {
    next: u64,
    patience: u64,
}

impl Trials {
    pub(super) fn new() -> Trials {
        Trials { next: 0, patience: 1 }
    }

    /// Whether there is one at the beginning of an epoch, after one with so many arrivals.
    pub(super) fn is_due(&self, epoch: u64, arrivals: usize, size: usize) -> bool {
        epoch >= self.next && arrivals < few(size)
    }

    /// Not yet.
    pub(super) fn put_off(&mut self, epoch: u64) {
        self.next = epoch + self.patience;
        self.patience = (2 * self.patience).min(MOST_PATIENCE);
    }
}

/// Less than this are few of so many.
pub(super) fn few(size: usize) -> usize {
    size / ONE_IN
}

/// Whether a neuron may sleep that has these coordinates at the beginning of an epoch: it is not clamped, and nothing that it has
/// received can ever lift it to threshold. What is beyond the range of numbers stays awake, to be told of.
#[inline(always)]
pub(super) fn may_sleep<const K: usize>(membrane: &Membrane<K>, x: &[f64; K]) -> bool {
    let integrator = &membrane.integrator;
    let y = integrator.value(x, &[1.0; K]);
    y.is_finite() && integrator.stays_below(y, &integrator.drives(x, &[1.0; K]))
}
