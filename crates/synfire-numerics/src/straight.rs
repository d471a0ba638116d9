//! An autonomous flow x' = f(x) in a coordinate in which it is a straight exponential: y' = rate y.
//!
//! With y = (x - centre) p(x), ln p is the integral of rate/f(x) - 1/(x - centre). At a fixed point with f'(centre) = rate
//! that is as smooth as f is, and y is Koenigs' coordinate, in which the flow goes through the fixed point's neighbourhood
//! without losing digits; where f has no zero, rate and centre (outside) are free. A flow is one value of p, one
//! product, and one value of q, with x = centre + y q(y): both come from tables.

use crate::dd::DoubleDouble;
use crate::scalar::Scalar;
use crate::table::{Interpolation, Pieces, Table};

/// The most pieces of a table.
const MOST_PIECES: usize = 1024;

/// Pieces are halved as often as this.
const MOST_HALVINGS: i32 = 12;

/// Newton's method doubles its digits with each step: after one that is this part of x there are all of a double's.
const SMALL_STEP: f64 = 1e-12;
/// It has not converged after so many if it ever will.
const MOST_STEPS: usize = 60;

/// A stretch of x with its coordinate.
#[derive(Clone, Debug)]
pub struct Straight {
    rate: f64,
    centre: DoubleDouble,
    /// p(x).
    there: Table<f64>,
    /// q(y).
    back: Table<f64>,
}

impl Straight {
    /// For x from `from` to `to`, between which f, the `field`, has no zero but `centre`; back from y to x only up to `back_to`.
    /// `length` is about the distance over which f changes. `None` if the tables would be too long.
    pub fn new(
        field: impl Fn(DoubleDouble) -> DoubleDouble,
        rate: DoubleDouble,
        centre: DoubleDouble,
        [from, to, back_to]: [f64; 3],
        length: f64,
    ) -> Option<Straight> {
        let interpolation = Interpolation::new();
        let there = shortest(length, |exponent| {
            let pieces = Pieces::covering(from, to, exponent, MOST_PIECES)?;
            let mut ln_p = DoubleDouble::ZERO;
            Table::new(pieces, &interpolation, |x| {
                let slopes = x.map(|x| rate / field(x) - DoubleDouble::from(1.0) / (x - centre));
                let (until, all) = interpolation.integrals(&slopes, &pieces)?;
                let p = until.map(|integral| (ln_p + integral).exp());
                ln_p = ln_p + all;
                Some(p)
            })
        })?;
        let rounded = there.rounded();
        let distance = |x: f64| (x - centre.hi) - centre.lo;
        let coordinate = |x: f64| distance(x) * rounded.at(x);
        let slope = |x: f64| rounded.at(x) + distance(x) * rounded.slope(x);
        let (y_from, y_to) = (coordinate(from), coordinate(back_to));
        let start = if y_from < y_to { back_to } else { from };
        let back = shortest((y_to - y_from).abs(), |exponent| {
            let pieces = Pieces::within(y_from.min(y_to), y_from.max(y_to), exponent, MOST_PIECES)?;
            let mut near = start;
            Table::new(pieces, &interpolation, |y| {
                Some(y.map(|y| {
                    near = solve(coordinate, slope, near, y.round());
                    // One more step of Newton's method, in double-double.
                    let x = DoubleDouble::from(near);
                    let lacks = (y - (x - centre) * there.at(x)).round();
                    let x = x + DoubleDouble::from(lacks / slope(near));
                    (x - centre) / y
                }))
            })
        })?;
        Some(Straight { rate: rate.round(), centre, there: rounded.clone(), back: back.rounded() })
    }

    /// The rate at which y grows.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// y at x, from the stretch.
    #[inline(always)]
    pub fn coordinate(&self, x: f64) -> f64 {
        ((x - self.centre.hi) - self.centre.lo) * self.there.at(x)
    }

    /// x at y; `None` outside of where there is a way back.
    #[inline(always)]
    pub fn place(&self, y: f64) -> Option<f64> {
        let inside = self.back.from() <= y && y <= self.back.to();
        inside.then(|| self.centre.hi + (self.centre.lo + y * self.back.at(y)))
    }
}

/// The table with the longest pieces that are short enough, beginning with `length`.
fn shortest(
    length: f64,
    mut table: impl FnMut(i32) -> Option<Table<DoubleDouble>>,
) -> Option<Table<DoubleDouble>> {
    // The exponent of two in the bits of a double.
    let longest = (length.to_bits() >> 52) as i32 - 1023;
    (0..MOST_HALVINGS).find_map(|halvings| table(longest - halvings))
}

/// The x at which the coordinate is `y`, but for rounding, by Newton's method from `start`.
fn solve(coordinate: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64, start: f64, y: f64) -> f64 {
    let mut x = start;
    for _ in 0..MOST_STEPS {
        let step = (y - coordinate(x)) / slope(x);
        x += step;
        if step.abs() <= SMALL_STEP * x.abs() {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;
    use proptest::prelude::*;

    /// x' = x (x - 1): x/(1 - x) fades as e^-t.
    fn field(x: DoubleDouble) -> DoubleDouble {
        x * (x - DoubleDouble::from(1.0))
    }

    fn around(fixed_point: f64, rate: f64, ends: [f64; 3]) -> Straight {
        Straight::new(field, DoubleDouble::from(rate), DoubleDouble::from(fixed_point), ends, 1.0)
            .expect("tables")
    }

    proptest! {
        #[test]
        fn the_flow_around_a_stable_point_is_the_logistic_one(x in -2.0..0.5f64, t in 0.0..50.0f64) {
            // The way back is there up to where whole pieces end, which is short of the ends.
            let straight = around(0.0, -1.0, [-4.0, 0.75, 0.75]);
            let left = math::exp(-t);
            let exact = x * left / ((1.0 - x) + x * left);
            let found = straight.place(straight.coordinate(x) * left).expect("on the way to 0");
            // Next to the point where it comes to rest, relative to the distance.
            prop_assert!((found - exact).abs() <= 8.0 * f64::EPSILON * exact.abs(), "{found:e}, not {exact:e}");
        }

        #[test]
        fn away_from_an_unstable_point(ahead in -40.0..-1.0f64, part in 0.0..1.0f64) {
            let straight = around(1.0, 1.0, [0.5, 2.0, 2.0]);
            let distance = math::exp(ahead);
            let x = 1.0 + distance;
            let distance = x - 1.0;
            prop_assume!(distance > 0.0);
            // 1 - 1/x grows as e^t, here up to 1/2 at most.
            let t = part * -ahead * 0.5;
            let grown = distance / x * math::exp(t);
            let exact = 1.0 / (1.0 - grown);
            let found = straight.place(straight.coordinate(x) * math::exp(t));
            prop_assert!((found.expect("in reach") - exact).abs() <= 8.0 * f64::EPSILON * exact);
        }
    }

    #[test]
    fn without_a_fixed_point_rate_and_centre_are_free() {
        // x' = 1 + x^2: x = tan t.
        let field = |x: DoubleDouble| DoubleDouble::from(1.0) + x * x;
        let (rate, centre) = (DoubleDouble::from(0.7), DoubleDouble::from(-5.0));
        let straight = Straight::new(field, rate, centre, [-1.0, 1.0, 1.0], 1.0).unwrap();
        let y = straight.coordinate(-0.5) * math::exp(straight.rate() * 0.75);
        let (sine, cosine) = math::sin_cos(0.75 - math::atan2(0.5, 1.0));
        assert!((straight.place(y).unwrap() - sine / cosine).abs() < 4.0 * f64::EPSILON * 5.0);
        assert_eq!(straight.place(2.0 * y), None);
        assert_eq!(straight.place(f64::NAN), None);
    }

    #[test]
    fn a_zero_on_the_way_is_refused() {
        let (rate, centre) = (DoubleDouble::from(-1.0), DoubleDouble::ZERO);
        assert!(Straight::new(field, rate, centre, [-1.0, 1.5, 1.5], 1.0).is_none());
    }
}
