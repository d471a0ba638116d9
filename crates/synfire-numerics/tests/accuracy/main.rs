//! The numbers, held against the same numbers in five hundred bits.

mod dd;
mod drive_sign;
mod integrator;
mod math;
mod quadrature;
mod response;
mod roots;

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;

/// A number of five hundred bits.
type Many = FBig<HalfEven, 2>;

/// Enough for a difference of exponentials whose rates, and whose times, differ in the last place of a double.
const BITS: usize = 500;

/// The double, exactly.
fn many(x: f64) -> Many {
    Many::try_from(x).expect("finite").with_precision(BITS).value()
}

fn to_f64(x: &Many) -> f64 {
    x.to_f64().value()
}

/// |found - exact|, relative to `scale`, in units of 2^-52.
fn error(found: f64, exact: &Many, scale: f64) -> f64 {
    to_f64(&(many(found) - exact)).abs() / (scale.abs() * f64::EPSILON)
}
