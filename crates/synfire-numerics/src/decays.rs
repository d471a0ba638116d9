//! e^-x and 1 - e^-x for several x at once, in plain arithmetic.
//!
//! Sums and products in a fixed order and nothing else: the same bits on every machine, whatever its vectors, and for each x
//! whatever its companions. Both results are within two units of their last place; [`crate::math`] is correctly rounded and
//! about five times as dear.

use crate::vector::Lanes;
use pulp::{Scalar, Simd, bytemuck};

/// Nothing here is for more time constants than this; e^-700 is 1e-304.
pub const LARGEST: f64 = 700.0;

const LOG2_E: f64 = std::f64::consts::LOG2_E;

/// ln 2 in two parts: multiples of the first by whole numbers up to 2^20 are exact.
const LN_2: [f64; 2] = [f64::from_bits(0x3FE6_2E42_FEE0_0000), f64::from_bits(0x3DEA_39EF_3579_3C76)];

/// 1.5 2^52: what is added to it is rounded to a whole number, which stands in the last bits.
const TO_WHOLE: f64 = 6_755_399_441_055_744.0;

/// Up to here, which is just below ln 2/2, k is 0 and nothing has to be reduced.
const SHORT: f64 = 0.3465;

/// (e^r - 1 - r)/r^2 for |r| up to 0.3467, even and odd powers: the polynomial of degree 9 that is right at the zeros of
/// Chebyshev's polynomial of degree 10. With it e^r - 1 is right to 4e-17 of itself.
const EVEN: [f64; 5] = [
    0.5000000000000001,
    0.04166666666662404,
    0.0013888888917258759,
    2.4801521225986432e-05,
    2.7620121717381933e-07,
];
const ODD: [f64; 5] = [
    0.16666666666666669,
    0.008333333333330055,
    0.00019841269863088255,
    2.7557268406190795e-06,
    2.51004110820149e-08,
];

/// What is left of 1, and what is lost, after a number of time constants, which is not negative; in as many lanes as `V` has.
#[derive(Clone, Copy, Debug)]
pub struct Decays<V> {
    /// e^-x.
    pub left: V,
    /// 1 - e^-x.
    pub lost: V,
}

/// e^-x; beyond [`LARGEST`] what is left there.
#[inline(always)]
pub fn left(x: f64) -> f64 {
    decays(Lanes(Scalar), if x > LARGEST { LARGEST } else { x }).left
}

/// Whether [`short_decays`] is enough in all lanes.
#[inline(always)]
pub fn are_short<S: Simd>(Lanes(simd): Lanes<S>, x: S::f64s) -> bool {
    simd.first_true_m64s(simd.less_than_f64s(simd.splat_f64s(SHORT), x)) == S::F64_LANES
}

/// Both after `x` time constants, where [`are_short`]: the same bits for less.
#[inline(always)]
pub fn short_decays<S: Simd>(lanes: Lanes<S>, x: S::f64s) -> Decays<S::f64s> {
    let grown = growth(lanes, lanes.sub(lanes.all(0.0), x));
    Decays { left: lanes.add(lanes.all(1.0), grown), lost: lanes.sub(lanes.all(0.0), grown) }
}

/// Both after `x` time constants, at most [`LARGEST`].
#[inline(always)]
pub fn decays<S: Simd>(lanes: Lanes<S>, x: S::f64s) -> Decays<S::f64s> {
    // e^-x = 2^k e^r.
    let shifted = lanes.sub(lanes.all(TO_WHOLE), lanes.mul(x, lanes.all(LOG2_E)));
    let k = lanes.sub(shifted, lanes.all(TO_WHOLE));
    let mut power = shifted;
    for bits in bytemuck::cast_slice_mut::<S::f64s, u64>(std::slice::from_mut(&mut power)) {
        *bits = (*bits << 52).wrapping_add(1.0f64.to_bits());
    }
    let r = lanes.sub(lanes.mul(k, lanes.all(-LN_2[0])), x);
    let r = lanes.sub(r, lanes.mul(k, lanes.all(LN_2[1])));
    let grown = lanes.mul(power, growth(lanes, r));
    Decays { left: lanes.add(power, grown), lost: lanes.sub(lanes.sub(lanes.all(1.0), power), grown) }
}

/// e^r - 1 for small r.
#[inline(always)]
fn growth<S: Simd>(lanes: Lanes<S>, r: S::f64s) -> S::f64s {
    let square = lanes.mul(r, r);
    let (mut even, mut odd) = (lanes.all(EVEN[4]), lanes.all(ODD[4]));
    for n in (0..4).rev() {
        even = lanes.add(lanes.mul(even, square), lanes.all(EVEN[n]));
        odd = lanes.add(lanes.mul(odd, square), lanes.all(ODD[n]));
    }
    lanes.add(r, lanes.mul(square, lanes.add(even, lanes.mul(r, odd))))
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

    /// In vectors, all of these, all short or not.
    struct Many([f64; 8], bool);

    impl WithSimd for Many {
        type Output = [[u64; 8]; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [[u64; 8]; 2] {
            let mut found = [[0; 8]; 2];
            for (place, &x) in S::as_simd_f64s(&self.0).0.iter().enumerate() {
                let Decays { left, lost } = match self.1 {
                    true => short_decays(Lanes(simd), x),
                    false => decays(Lanes(simd), x),
                };
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
        let any = [0.0, 1e-300, 0.3, 0.4, 7.0, 699.0, 0.3466, LARGEST];
        let short = [0.0, 1e-300, 0.3, 0.2, 1e-7, 0.1, 0.3, SHORT];
        for (all, is_short) in [(any, false), (short, false), (short, true)] {
            let [left, lost] = Arch::new().dispatch(Many(all, is_short));
            for (place, x) in all.into_iter().enumerate() {
                let alone = decays(Lanes(Scalar), x);
                assert_eq!((alone.left.to_bits(), alone.lost.to_bits()), (left[place], lost[place]), "{x}");
            }
        }
        assert_eq!((decays(Lanes(Scalar), 0.0).left, decays(Lanes(Scalar), 0.0).lost), (1.0, 0.0));
        assert!(super::left(f64::NAN).is_nan());
    }
}
