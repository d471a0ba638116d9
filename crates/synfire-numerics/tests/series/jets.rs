//! Series of formulas: closed forms, identities between functions, and doubles against double-doubles.

use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::interval::Interval;
use synfire_numerics::jet::{Arithmetic, Coefficients, Jets, ORDER, Slot};
use synfire_numerics::scalar::Scalar;

trait Formula {
    fn value<A: Arithmetic>(&self, a: &mut A, x: A::Number) -> A::Number;
}

/// The coefficients of the formula at x0 + rate t + t^2/2.
fn series<T: Scalar>(formula: &impl Formula, x0: f64, rate: f64) -> Coefficients<T> {
    let mut slots = vec![Slot::EMPTY; 64];
    let mut jets = Jets::new(&mut slots);
    let argument = [x0, rate, 0.5];
    std::array::from_fn(|k| {
        jets.begin(k);
        formula.value(&mut jets, T::from(argument.get(k).copied().unwrap_or(0.0)))
    })
}

macro_rules! formula {
    ($name:ident, |$a:ident, $x:ident| $body:expr) => {
        struct $name;
        impl Formula for $name {
            fn value<A: Arithmetic>(&self, $a: &mut A, $x: A::Number) -> A::Number {
                $body
            }
        }
    };
}

formula!(Exp, |a, x| a.exp(x));
formula!(LnOfExp, |a, x| {
    let e = a.exp(x);
    a.ln(e)
});
formula!(Itself, |_a, x| x);
formula!(Square, |a, x| a.mul(x, x));
formula!(SquareByRoot, |a, x| {
    let square = a.mul(x, x);
    let fourth = a.mul(square, square);
    a.sqrt(fourth)
});
formula!(One, |a, _x| a.constant(1.0));
formula!(QuotientOfItself, |a, x| a.div(x, x));
formula!(Pythagoras, |a, x| {
    let (s, c) = a.sin_cos(x);
    a.mul(s, s) + a.mul(c, c)
});
formula!(Sine, |a, x| a.sin_cos(x).0);
formula!(SineByHalves, |a, x| {
    let (s, c) = a.sin_cos(x / 2.0);
    a.mul(s, c) * 2.0
});
formula!(Tangent, |a, x| a.tanh(x));
formula!(TangentByExp, |a, x| {
    let e = a.exp(x * 2.0);
    let one = a.constant(1.0);
    a.div(e - one, e + one)
});
formula!(Logistic, |a, x| a.logistic(x));
formula!(LogisticByExp, |a, x| {
    let e = a.exp(-x);
    let one = a.constant(1.0);
    a.div(one, e + one)
});
formula!(OverExpM1, |a, x| a.over_exp_m1(x));
formula!(OverExpM1Plainly, |a, x| {
    let e = a.exp(x);
    let one = a.constant(1.0);
    a.div(x, e - one)
});

/// Largest difference of coefficients, relative to the largest so far: errors go on to higher orders.
fn difference(one: &Coefficients<DoubleDouble>, other: &Coefficients<DoubleDouble>, ratio: f64) -> f64 {
    let (mut size, mut power, mut worst) = (0.0f64, 1.0, 0.0f64);
    for (a, b) in one.iter().zip(other) {
        size = size.max(a.magnitude() * power);
        worst = worst.max((*a - *b).magnitude() * power / size.max(1.0));
        power *= ratio;
    }
    worst
}

fn assert_same(one: &impl Formula, other: &impl Formula, points: &[f64]) {
    for &x0 in points {
        let off = difference(&series(one, x0, 0.7), &series(other, x0, 0.7), 0.5);
        assert!(off < 1e-26, "{off:e} at {x0}");
    }
}

#[test]
fn functions_agree_with_their_identities() {
    let anywhere = [-3.5, -0.8, 0.0, 0.3, 2.0];
    let positive = [0.7, 1.5, 3.0];
    assert_same(&Itself, &LnOfExp, &anywhere);
    assert_same(&Square, &SquareByRoot, &positive);
    assert_same(&One, &QuotientOfItself, &positive);
    assert_same(&One, &Pythagoras, &anywhere);
    assert_same(&Sine, &SineByHalves, &anywhere);
    assert_same(&Tangent, &TangentByExp, &anywhere);
    assert_same(&Logistic, &LogisticByExp, &anywhere);
}

#[test]
fn the_exponential_has_its_series() {
    let jets: Coefficients<f64> = series(&Exp, 0.0, 0.0);
    // e^(t^2/2)
    let mut expected = 1.0;
    for k in (0..=ORDER).step_by(2) {
        assert!((jets[k] - expected).abs() <= 4.0 * f64::EPSILON * expected, "order {k}");
        expected /= k as f64 + 2.0;
    }
    assert!(jets.iter().skip(1).step_by(2).all(|&c| c == 0.0));
}

/// Both ways of x/(e^x - 1), where both have digits; and the value at 0.
#[test]
fn the_removable_singularity_is_removed() {
    for x0 in [-2.4, -1.7, 1.6, 2.2] {
        let off = difference(&series(&OverExpM1, x0, 0.7), &series(&OverExpM1Plainly, x0, 0.7), 0.5);
        assert!(off < 1e-14, "{off:e} at {x0}");
    }
    let at_zero: Coefficients<f64> = series(&OverExpM1, 0.0, 1.0);
    assert!((at_zero[0] - 1.0).abs() < 1e-15 && (at_zero[1] + 0.5).abs() < 1e-15);
    for x0 in [-2.6, -2.4, -1.0, -1e-3, -1e-9, 0.0, 1e-12, 0.4, 2.4, 2.6, 30.0, -30.0] {
        let doubles: Coefficients<f64> = series(&OverExpM1, x0, 0.7);
        let off = difference(&series(&OverExpM1, x0, 0.7), &doubles.map(DoubleDouble::from), 0.5);
        assert!(off < 2e-15, "{off:e} at {x0}");
    }
}

/// Doubles lie within the intervals' series, and near the double-doubles'.
fn assert_enclosed(formula: &impl Formula, x0: f64) {
    let doubles: Coefficients<f64> = series(formula, x0, 0.7);
    let exact: Coefficients<DoubleDouble> = series(formula, x0, 0.7);
    let intervals: Coefficients<Interval> = series(formula, x0, 0.7);
    assert!(difference(&exact, &doubles.map(DoubleDouble::from), 0.5) < 4e-15);
    for k in 0..=ORDER {
        assert!(intervals[k].contains(exact[k].nearest()), "order {k} at {x0}");
        assert!(intervals[k].contains(doubles[k]), "order {k} at {x0}");
    }
}

#[test]
fn intervals_enclose_all_series() {
    for x0 in [0.6, 1.9, 3.0] {
        assert_enclosed(&Exp, x0);
        assert_enclosed(&LnOfExp, x0);
        assert_enclosed(&SquareByRoot, x0);
        assert_enclosed(&QuotientOfItself, x0);
        assert_enclosed(&Sine, x0);
        assert_enclosed(&Tangent, x0);
        assert_enclosed(&Logistic, x0);
        assert_enclosed(&OverExpM1, x0);
    }
}
