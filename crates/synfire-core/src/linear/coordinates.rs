//! What a neuron's coordinates are, and how arrivals are added to them.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use super::{Kick, Membrane};

/// The coordinates of one neuron at the beginning of an epoch, with what has been added since.
pub(super) trait Coordinates<const K: usize>: Copy + Send {
    /// From their values.
    fn new(x: [f64; K]) -> Self;

    /// Their values.
    fn x(&self, membrane: &Membrane<K>) -> [f64; K];

    /// The same in the next epoch's terms.
    fn move_on(&mut self, membrane: &Membrane<K>);

    /// An arrival at receptor k - 1.
    fn add(&mut self, membrane: &Membrane<K>, k: usize, kick: Kick);

    /// Sets the membrane's coordinate.
    fn set_membrane(&mut self, x: f64);
}

/// Numbers, to which arrivals are added in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain<const K: usize>(pub(super) [f64; K]);

impl<const K: usize> Coordinates<K> for Plain<K> {
    fn new(x: [f64; K]) -> Plain<K> {
        Plain(x)
    }

    fn x(&self, _: &Membrane<K>) -> [f64; K] {
        self.0
    }

    fn move_on(&mut self, membrane: &Membrane<K>) {
        membrane.integrator.move_on(&mut self.0);
    }

    fn add(&mut self, _: &Membrane<K>, k: usize, kick: Kick) {
        self.0[0] += kick.membrane;
        self.0[k] += kick.input;
    }

    fn set_membrane(&mut self, x: f64) {
        self.0[0] = x;
    }
}

/// Numbers at the beginning of the epoch, and what has arrived since as integers. So it does not matter in which order arrivals
/// are added, and they can be taken away again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summed<const K: usize> {
    pub bases: [f64; K],
    pub sums: [i64; K],
}

impl<const K: usize> Summed<K> {
    /// Takes an arrival away that has been added.
    pub fn take(&mut self, membrane: &Membrane<K>, k: usize, kick: Kick) {
        self.sums[0] -= membrane.units[0].of(kick.membrane);
        self.sums[k] -= membrane.units[k].of(kick.input);
    }
}

impl<const K: usize> Coordinates<K> for Summed<K> {
    fn new(x: [f64; K]) -> Summed<K> {
        Summed { bases: x, sums: [0; K] }
    }

    fn x(&self, membrane: &Membrane<K>) -> [f64; K] {
        let mut x = self.bases;
        for k in 0..K {
            x[k] = membrane.units[k].sum(x[k], self.sums[k]);
        }
        x
    }

    fn move_on(&mut self, membrane: &Membrane<K>) {
        let mut x = self.x(membrane);
        membrane.integrator.move_on(&mut x);
        *self = Summed::new(x);
    }

    fn add(&mut self, membrane: &Membrane<K>, k: usize, kick: Kick) {
        self.sums[0] += membrane.units[0].of(kick.membrane);
        self.sums[k] += membrane.units[k].of(kick.input);
    }

    fn set_membrane(&mut self, x: f64) {
        (self.bases[0], self.sums[0]) = (x, 0);
    }
}

/// The integers of one coordinate: whole multiples of a quantum, which is a power of two.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    quantum: f64,
    per_quantum: f64,
}

/// The greatest thing that is ever added is so many bits of quanta, so that a sum of 64 bits has room for twice as many of them as can
/// arrive in an epoch. [`Units::of`] takes no more.
const FINE_BITS: i32 = 50;
/// The same where more than 4,096 can arrive.
const COARSE_BITS: i32 = 48;

/// How many of the greatest may arrive.
const fn most_arrivals(bits: i32) -> usize {
    1 << (64 - 1 - 1 - bits)
}

/// More may never arrive.
pub(super) const MOST_ARRIVALS: usize = most_arrivals(COARSE_BITS);

/// In a double from 2^52 to below 2^53 the last place is 1; in the middle there is room for both signs.
const SHIFT: f64 = 6_755_399_441_055_744.0;

impl Units {
    /// For things of at most this size, of which so many arrive in an epoch at most.
    pub(super) fn new(greatest: f64, arrivals: f64) -> Units {
        let bits = if arrivals <= most_arrivals(FINE_BITS) as f64 { FINE_BITS } else { COARSE_BITS };
        let (mut quantum, mut scale) = (1.0, greatest);
        // Products and quotients with 2 are exact. What is not a number, or 0, takes the quantum 1.
        while scale > 1.0 {
            (quantum, scale) = (quantum * 2.0, scale / 2.0);
        }
        while scale > 0.0 && scale <= 0.5 && quantum > 1e-200 {
            (quantum, scale) = (quantum / 2.0, scale * 2.0);
        }
        let quantum = quantum / (1u64 << bits) as f64;
        Units { quantum, per_quantum: 1.0 / quantum }
    }

    /// Rounded to a whole number of quanta, if it is not greater than these are for; else any number, as for what lies beside the
    /// arrivals of a block.
    #[inline(always)]
    pub(super) fn of(&self, x: f64) -> i64 {
        ((x * self.per_quantum + SHIFT).to_bits() as i64).wrapping_sub(SHIFT.to_bits() as i64)
    }

    /// A number and a sum of quanta.
    #[inline(always)]
    pub(super) fn sum(&self, base: f64, sum: i64) -> f64 {
        base + self.quantum * sum as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn units_round_once(greatest in 1e-12..1e12f64, part in prop_oneof![9 => -1.0..=1.0f64, 1 => Just(1.0), 1 => Just(-1.0)], are_many: bool) {
            let (bits, arrivals) = if are_many { (48, MOST_ARRIVALS) } else { (50, 4096) };
            let units = Units::new(greatest, arrivals as f64);
            let x = greatest * part;
            let back = units.sum(0.0, units.of(x));
            prop_assert!((back - x).abs() <= 0.5 * units.quantum, "{x} and {back}");
            prop_assert!(units.quantum <= greatest * 2.0 / (1u64 << bits) as f64);
            // As many as may arrive stay within the range of sums.
            prop_assert!(units.of(x).unsigned_abs().checked_mul(arrivals as u64).is_some_and(|sum| sum < 1 << 63));
        }
    }

    #[test]
    fn nothing_arrives_in_units_of_1() {
        assert_eq!(Units::new(0.0, 1.0).of(0.0), 0);
    }
}
