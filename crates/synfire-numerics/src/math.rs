//! The only door to elementary functions. They are correctly rounded, so their results are defined by mathematics: the
//! same bits on every machine, compiler and operating system.

/// Euler's number, the nearest double.
pub const E: f64 = std::f64::consts::E;

/// e^x, correctly rounded.
#[inline]
pub fn exp(x: f64) -> f64 {
    pxfm::f_exp(x)
}

/// e^x - 1, correctly rounded.
#[inline]
pub fn exp_m1(x: f64) -> f64 {
    if x.abs() < SMALL && x.abs() > TINY {
        // x + x^2/2 + ...: all but x itself is below 2^-8 |x|, and known to 2^-58 |x|. Where both ends of that uncertainty
        // round to the same double, that is the correctly rounded result; else (once in fifty times) the long way.
        let rest = x * x * (0.5 + x * (THIRD + x * (FOURTH + x * (FIFTH + x * (SIXTH + x * SEVENTH)))));
        let uncertainty = UNCERTAINTY * x.abs();
        let low = x + (rest - uncertainty);
        if low == x + (rest + uncertainty) {
            return low;
        }
    }
    pxfm::f_expm1(x)
}

/// 2^-7: the first term that [`exp_m1`] leaves out, x^8/8!, is below 2^-64 |x|.
const SMALL: f64 = 0.007_812_5;
/// Below this x^2 and its kin would lose digits to underflow.
const TINY: f64 = 1e-100;
/// 2^-58: three roundings of a rest below 2^-8 |x|, the terms left out, and one rounding of the rest's ends.
const UNCERTAINTY: f64 = 3.469_446_951_953_614e-18;
const THIRD: f64 = 1.0 / 6.0;
const FOURTH: f64 = 1.0 / 24.0;
const FIFTH: f64 = 1.0 / 120.0;
const SIXTH: f64 = 1.0 / 720.0;
const SEVENTH: f64 = 1.0 / 5040.0;

/// The natural logarithm, correctly rounded.
#[inline]
pub fn ln(x: f64) -> f64 {
    pxfm::f_log(x)
}

/// ln(1 + x), correctly rounded.
#[inline]
pub fn ln_1p(x: f64) -> f64 {
    pxfm::f_log1p(x)
}

/// The sine and the cosine of x, both correctly rounded.
#[inline]
pub fn sin_cos(x: f64) -> (f64, f64) {
    pxfm::f_sincos(x)
}

/// The angle of the point (x, y), from -pi to pi, correctly rounded.
#[inline]
pub fn atan2(y: f64, x: f64) -> f64 {
    pxfm::f_atan2(y, x)
}

/// The hyperbolic tangent, correctly rounded.
#[inline]
pub fn tanh(x: f64) -> f64 {
    pxfm::f_tanh(x)
}

/// The inverse hyperbolic tangent, correctly rounded.
#[inline]
pub fn atanh(x: f64) -> f64 {
    pxfm::f_atanh(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, StreamKey};

    #[test]
    fn the_short_way_gives_the_bits_of_the_long_one() {
        let mut stream = Stream::new(StreamKey::derive(1, "exp_m1", 0), 0);
        for _ in 0..2_000_000 {
            let x = (stream.uniform() - 0.5) * exp(-30.0 * stream.uniform()) * 4.0 * SMALL;
            assert_eq!(exp_m1(x).to_bits(), pxfm::f_expm1(x).to_bits(), "exp_m1({x})");
        }
    }
}
