//! e^-x and 1 - e^-x for several x at once, in plain arithmetic that compilers turn into vector instructions.
//!
//! Sums and products in a fixed order and nothing else: the same bits on every machine, whatever its vectors, and for each x
//! whatever its companions. Both results are within two units of their last place; [`crate::math`] is correctly rounded and
//! about five times as dear.

/// Beyond this, e^-x is taken to be e^-700, which is 1e-304.
const LARGEST: f64 = 700.0;

const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// ln 2 in two parts: multiples of the first by whole numbers up to 2^20 are exact.
const LN_2: [f64; 2] = [f64::from_bits(0x3FE6_2E42_FEE0_0000), f64::from_bits(0x3DEA_39EF_3579_3C76)];

/// 1.5 2^52: what is added to it is rounded to a whole number, which stands in the last bits.
const TO_WHOLE: f64 = 6_755_399_441_055_744.0;

/// 1/n! for n = 2 to 13. Beyond, |r| being at most ln 2/2, nothing is left above 2^-56 of the sum.
const FACTORIALS: [f64; 12] = [
    1.0 / 2.0,
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
    1.0 / 40_320.0,
    1.0 / 362_880.0,
    1.0 / 3_628_800.0,
    1.0 / 39_916_800.0,
    1.0 / 479_001_600.0,
    1.0 / 6_227_020_800.0,
];

/// What is left of 1, and what is lost, after each of these numbers of time constants, none of them negative.
#[derive(Clone, Copy, Debug)]
pub struct Decays<const N: usize> {
    /// e^-x.
    pub left: [f64; N],
    /// 1 - e^-x.
    pub lost: [f64; N],
}

impl<const N: usize> Decays<N> {
    /// After `x` time constants.
    #[inline(always)]
    pub fn after(x: [f64; N]) -> Decays<N> {
        let mut decays = Decays { left: [0.0; N], lost: [0.0; N] };
        for i in 0..N {
            // Not `min`, which would make a number of what is none.
            let x = if x[i] > LARGEST { LARGEST } else { x[i] };
            // e^-x = 2^k e^r.
            let shifted = TO_WHOLE - x * LOG2_E;
            let k = shifted - TO_WHOLE;
            let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
            let r = (-x - k * LN_2[0]) - k * LN_2[1];
            let square = r * r;
            let (mut even, mut odd) = (FACTORIALS[10], FACTORIALS[11]);
            for n in (0..5).rev() {
                even = even * square + FACTORIALS[2 * n];
                odd = odd * square + FACTORIALS[2 * n + 1];
            }
            let grown = power * (r + square * (even + r * odd));
            decays.left[i] = power + grown;
            decays.lost[i] = (1.0 - power) - grown;
        }
        decays
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;
    use crate::random::{Stream, StreamKey};

    /// Units in the last place of `right` between the two.
    fn ulps(found: f64, right: f64) -> f64 {
        (found - right).abs() / (right.next_up() - right)
    }

    #[test]
    fn both_parts_keep_their_last_places() {
        let mut stream = Stream::new(StreamKey::derive(1, "decays", 0), 0);
        let (mut left, mut lost) = (0.0f64, 0.0f64);
        for _ in 0..300_000 {
            let x: [f64; 4] = std::array::from_fn(|_| 50.0 * math::exp(-40.0 * stream.uniform()));
            let decays = Decays::after(x);
            for (i, x) in x.into_iter().enumerate() {
                left = left.max(ulps(decays.left[i], math::exp(-x)));
                lost = lost.max(ulps(decays.lost[i], -math::exp_m1(-x)));
            }
        }
        assert!(left <= 2.0 && lost <= 2.0, "{left} and {lost} units in the last place");
    }

    #[test]
    fn companions_change_no_bit() {
        for x in [0.0, 1e-300, 0.3, 0.4, 7.0, 699.0, 1e4, f64::INFINITY] {
            let alone = Decays::after([x]);
            let among = Decays::after([1.0, x, 600.0, 0.0, x, 2.0, 3.0]);
            assert_eq!(
                (alone.left[0].to_bits(), alone.lost[0].to_bits()),
                (among.left[4].to_bits(), among.lost[4].to_bits())
            );
        }
        let none = Decays::after([0.0]);
        assert_eq!((none.left[0], none.lost[0]), (1.0, 0.0));
        assert!(Decays::after([f64::NAN]).left[0].is_nan());
    }
}
