//! e^-x and 1 - e^-x for several x at once, in plain arithmetic.
//!
//! Sums and products in a fixed order and nothing else: the same bits on every machine, whatever its vectors, and for each x
//! whatever its companions. Both results are within two units of their last place; [`crate::math`] is correctly rounded and
//! about five times as dear.

use crate::vector::Lanes;
use pulp::{Scalar, Simd, bytemuck};

/// Beyond this, e^-x is taken to be e^-700, which is 1e-304.
pub const LARGEST: f64 = 700.0;

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

/// What is left of 1, and what is lost, after a number of time constants, which is not negative; in as many lanes as `V` has.
#[derive(Clone, Copy, Debug)]
pub struct Decays<V> {
    /// e^-x.
    pub left: V,
    /// 1 - e^-x.
    pub lost: V,
}

/// e^-x.
#[inline(always)]
pub fn left(x: f64) -> f64 {
    decays(Lanes(Scalar), x).left
}

/// Both after `x` time constants.
#[inline(always)]
pub fn decays<S: Simd>(lanes: Lanes<S>, x: S::f64s) -> Decays<S::f64s> {
    let simd = lanes.0;
    let largest = lanes.all(LARGEST);
    // Not a minimum, which would make a number of what is none.
    let x = simd.select_f64s(simd.less_than_f64s(largest, x), largest, x);
    // e^-x = 2^k e^r.
    let shifted = lanes.sub(lanes.all(TO_WHOLE), lanes.mul(x, lanes.all(LOG2_E)));
    let k = lanes.sub(shifted, lanes.all(TO_WHOLE));
    let mut power = shifted;
    for bits in bytemuck::cast_slice_mut::<S::f64s, u64>(std::slice::from_mut(&mut power)) {
        *bits = (*bits << 52).wrapping_add(1.0f64.to_bits());
    }
    let r = lanes.sub(lanes.all(0.0), x);
    let r = lanes.sub(r, lanes.mul(k, lanes.all(LN_2[0])));
    let r = lanes.sub(r, lanes.mul(k, lanes.all(LN_2[1])));
    let square = lanes.mul(r, r);
    let (mut even, mut odd) = (lanes.all(FACTORIALS[10]), lanes.all(FACTORIALS[11]));
    for n in (0..5).rev() {
        even = lanes.add(lanes.mul(even, square), lanes.all(FACTORIALS[2 * n]));
        odd = lanes.add(lanes.mul(odd, square), lanes.all(FACTORIALS[2 * n + 1]));
    }
    let higher = lanes.mul(square, lanes.add(even, lanes.mul(r, odd)));
    let grown = lanes.mul(power, lanes.add(r, higher));
    Decays { left: lanes.add(power, grown), lost: lanes.sub(lanes.sub(lanes.all(1.0), power), grown) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;
    use crate::random::{Stream, StreamKey};
    use pulp::{Arch, WithSimd};

    /// Units in the last place of `right` between the two.
    fn ulps(found: f64, right: f64) -> f64 {
        (found - right).abs() / (right.next_up() - right)
    }

    #[test]
    fn both_parts_keep_their_last_places() {
        let mut stream = Stream::new(StreamKey::derive(1, "decays", 0), 0);
        let (mut left, mut lost) = (0.0f64, 0.0f64);
        for _ in 0..1_200_000 {
            let x = 50.0 * math::exp(-40.0 * stream.uniform());
            let decays = decays(Lanes(Scalar), x);
            left = left.max(ulps(decays.left, math::exp(-x)));
            lost = lost.max(ulps(decays.lost, -math::exp_m1(-x)));
        }
        assert!(left <= 2.0 && lost <= 2.0, "{left} and {lost} units in the last place");
    }

    /// In vectors, all of these.
    struct Many([f64; 8]);

    impl WithSimd for Many {
        type Output = [[u64; 8]; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [[u64; 8]; 2] {
            let mut found = [[0; 8]; 2];
            for (place, &x) in S::as_simd_f64s(&self.0).0.iter().enumerate() {
                let Decays { left, lost } = decays(Lanes(simd), x);
                for (part, vector) in found.iter_mut().zip([left, lost]) {
                    let lanes = bytemuck::cast_slice::<S::f64s, u64>(std::slice::from_ref(&vector));
                    part[place * lanes.len()..][..lanes.len()].copy_from_slice(lanes);
                }
            }
            found
        }
    }

    #[test]
    fn companions_change_no_bit() {
        let all = [0.0, 1e-300, 0.3, 0.4, 7.0, 699.0, 1e4, f64::INFINITY];
        let [left, lost] = Arch::new().dispatch(Many(all));
        for (place, x) in all.into_iter().enumerate() {
            let alone = decays(Lanes(Scalar), x);
            assert_eq!((alone.left.to_bits(), alone.lost.to_bits()), (left[place], lost[place]), "{x}");
        }
        assert_eq!((decays(Lanes(Scalar), 0.0).left, decays(Lanes(Scalar), 0.0).lost), (1.0, 0.0));
        assert!(super::left(f64::NAN).is_nan());
    }
}
