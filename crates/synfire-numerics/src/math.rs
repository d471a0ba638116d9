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
    pxfm::f_expm1(x)
}

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
