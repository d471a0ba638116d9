//! Steps of fields whose solutions are known.

use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::jet::{Arithmetic, Slot};
use synfire_numerics::math;
use synfire_numerics::scalar::Scalar;
use synfire_numerics::taylor::{GIVEN, Nothing, Series, VectorField, expand};

/// x' = y, y' = -x.
struct Circle;

impl VectorField<2> for Circle {
    fn rates<A: Arithmetic>(
        &self,
        _: &mut A,
        [x, y]: &[A::Number; 2],
        _: &[A::Number; GIVEN],
    ) -> [A::Number; 2] {
        [*y, -*x]
    }

    fn scales(&self) -> [f64; 2] {
        [1.0, 1.0]
    }

    fn time_scale(&self) -> f64 {
        1.0
    }
}

/// x' = e^x, which goes to infinity at t = e^-x0.
struct Explosion;

impl VectorField<1> for Explosion {
    fn rates<A: Arithmetic>(
        &self,
        a: &mut A,
        [x]: &[A::Number; 1],
        _: &[A::Number; GIVEN],
    ) -> [A::Number; 1] {
        [a.exp(*x)]
    }

    fn scales(&self) -> [f64; 1] {
        [1.0]
    }

    fn time_scale(&self) -> f64 {
        1.0
    }
}

/// y' = 1, x' = 2 y, z' = e^(80 (x - 1)): from 0 on, an exponential that is negligible at first and whose argument stands still there.
struct LateBloom;

impl VectorField<3> for LateBloom {
    fn rates<A: Arithmetic>(
        &self,
        a: &mut A,
        [y, x, _]: &[A::Number; 3],
        _: &[A::Number; GIVEN],
    ) -> [A::Number; 3] {
        let one = a.constant(1.0);
        [one, *y * 2.0, a.exp((*x - one) * 80.0)]
    }

    fn scales(&self) -> [f64; 3] {
        [1.0, 1.0, 0.01]
    }

    fn time_scale(&self) -> f64 {
        1.0
    }
}

/// y' = 1, z' = y^12.
struct Power;

impl VectorField<2> for Power {
    fn rates<A: Arithmetic>(
        &self,
        a: &mut A,
        [y, _]: &[A::Number; 2],
        _: &[A::Number; GIVEN],
    ) -> [A::Number; 2] {
        let second = a.mul(*y, *y);
        let fourth = a.mul(second, second);
        let eighth = a.mul(fourth, fourth);
        [a.constant(1.0), a.mul(eighth, fourth)]
    }

    fn scales(&self) -> [f64; 2] {
        [1.0, 1.0]
    }

    fn time_scale(&self) -> f64 {
        1.0
    }

    fn least_order(&self) -> usize {
        13
    }
}

fn series<T: Scalar, const D: usize>(
    field: &impl VectorField<D>,
    start: [T; D],
    horizon: Option<f64>,
) -> Series<T, D> {
    expand(field, start, &Nothing, &mut [Slot::EMPTY; 4], horizon)
}

/// The solution at t in whole steps and a part of one, and how many steps it took.
fn solve<T: Scalar, const D: usize>(
    field: &impl VectorField<D>,
    mut x: [T; D],
    mut t: f64,
) -> ([T; D], usize) {
    for step in 1.. {
        let series = series(field, x, Some(t));
        if t <= series.step {
            return (series.at(t), step);
        }
        x = series.at(series.step);
        t -= series.step;
    }
    unreachable!("steps without end")
}

#[test]
fn a_circle_is_followed_to_the_last_places() {
    for t in [1e-9, 0.01, 0.5, 3.0, 12.0, 100.0] {
        let ([x, y], steps) = solve(&Circle, [0.0, 1.0], t);
        let (sine, cosine) = math::sin_cos(t);
        let off = (x - sine).abs().max((y - cosine).abs());
        assert!(off < 1e-16 * (3.0 + steps as f64), "off by {off:e} after {t} in {steps} steps");
    }
}

#[test]
fn double_doubles_go_twice_as_far() {
    let t = 0.15;
    let ([x, _], steps) = solve(&Circle, [0.0, 1.0].map(DoubleDouble::from), t);
    let exact = DoubleDouble::from(t).sin_cos().0;
    assert_eq!(steps, 1);
    assert!((x - exact).magnitude() < 1e-31);
}

/// Short horizons cost few terms, and what they leave out is nothing.
#[test]
fn short_times_take_few_terms() {
    let full = series(&Circle, [0.3, 0.8], None);
    let mut orders = Vec::new();
    for t in [1e-6, 1e-3, 0.1, 0.5] {
        let short = series(&Circle, [0.3, 0.8], Some(t));
        assert!(t <= short.step);
        let (a, b) = (short.at(t), full.at(t));
        assert!((a[0] - b[0]).abs() <= 2e-16 && (a[1] - b[1]).abs() <= 2e-16);
        orders.push(short.order);
    }
    assert!(orders.is_sorted() && orders[0] <= 6 && orders[3] < full.order, "{orders:?}");
}

/// Near the pole coefficients grow like 10^15 per order: in scaled units nothing overflows.
#[test]
fn explosions_neither_overflow_nor_stop() {
    for x0 in [0.0, 20.0, 35.0, 300.0] {
        let pole = math::exp(-x0);
        let series = series(&Explosion, [x0], None);
        let t = series.step;
        assert!(t > 0.1 * pole && t < 0.5 * pole, "the step is {t:e} of {pole:e}");
        let exact = x0 - math::ln_1p(-t / pole);
        assert!((series.at(t)[0] - exact).abs() <= 4.0 * f64::EPSILON * x0.max(1.0));
        assert!(series.remainder(0, t) < 1e-15);
    }
}

#[test]
fn a_state_that_is_not_a_number_has_no_step() {
    assert!(series(&Circle, [f64::NAN, 0.0], None).step.is_nan());
    assert!(series(&Circle, [f64::NAN, 0.0], Some(1.0)).step.is_nan());
    assert!(series(&Explosion, [1e4], None).step.is_nan());
}

#[test]
fn what_is_negligible_at_first_is_not_lost() {
    // Dawson's integral of the root of 80, divided by that.
    let exact = 0.006289818871963151;
    for horizon in [1.0, 1.0 + 1e-9, 7.0] {
        let mut x = [0.0; 3];
        let mut t = 0.0;
        while t < 1.0 {
            let series = series(&LateBloom, x, Some(horizon - t));
            let step = series.step.min(1.0 - t);
            x = series.at(step);
            t += step;
        }
        assert!((x[2] - exact).abs() < 1e-13 * exact, "z = {:e}, not {exact:e}", x[2]);
    }
    let ([_, z], _) = solve(&Power, [0.0, 0.0], 1.5);
    let exact = 1.5f64.powi(13) / 13.0;
    assert!((z - exact).abs() < 1e-15 * exact, "z = {z:e}, not {exact:e}");
}
