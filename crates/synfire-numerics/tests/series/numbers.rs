//! Elementary functions of double-doubles against many digits; intervals against both.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use proptest::prelude::*;
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::interval::Interval;
use synfire_numerics::scalar::Scalar;

type Many = FBig<HalfEven, 2>;

fn many(x: f64) -> Many {
    Many::try_from(x).expect("finite").with_precision(400).value()
}

fn value(x: DoubleDouble) -> Many {
    many(x.hi) + many(x.lo)
}

/// Relative to 1 or to the exact value, whichever is larger.
fn assert_near(found: DoubleDouble, exact: &Many, tolerance: f64) -> Result<(), TestCaseError> {
    let exact_size = exact.to_f64().value().abs();
    let error = (value(found) - exact).to_f64().value().abs();
    prop_assert!(
        error <= tolerance * exact_size.max(1e-290),
        "{found:?} is off by {error:e} of {exact_size:e}"
    );
    Ok(())
}

fn double_double(range: std::ops::Range<f64>) -> impl Strategy<Value = DoubleDouble> {
    (range, -1.0..1.0f64).prop_map(|(hi, part)| DoubleDouble::sum(hi, 0.3 * f64::EPSILON * hi * part))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn arithmetic_has_thirty_digits(a in double_double(-9.0..9.0), b in double_double(0.1..9.0)) {
        let (exact_a, exact_b) = (value(a), value(b));
        assert_near(a * b, &(&exact_a * &exact_b), 1e-30)?;
        assert_near(a / b, &(&exact_a / &exact_b), 1e-30)?;
        assert_near(b.sqrt() * b.sqrt(), &exact_b, 1e-30)?;
    }

    #[test]
    fn functions_have_twenty_eight_digits(x in double_double(-60.0..60.0), y in double_double(1e-3..40.0)) {
        let exponential = value(x).exp();
        assert_near(x.exp(), &exponential, 1e-28)?;
        assert_near(x.logistic(), &(&exponential / (&exponential + many(1.0))), 1e-28)?;
        let square = &exponential * &exponential;
        let tangent = (&square - many(1.0)) / (&square + many(1.0));
        prop_assert!((value(x.tanh()) - tangent).to_f64().value().abs() < 1e-29);
        prop_assert!((value(y.ln()) - value(y).ln()).to_f64().value().abs() < 1e-29);
    }

    #[test]
    fn sine_and_cosine_are_of_one_angle(x in double_double(-60.0..60.0)) {
        let (sine, cosine) = x.sin_cos();
        let (twice_sine, twice_cosine) = (x * 2.0).sin_cos();
        let double = synfire_numerics::math::sin_cos(x.hi);
        prop_assert!((sine.hi - double.0).abs() < 1e-14 && (cosine.hi - double.1).abs() < 1e-14);
        let one = DoubleDouble::from(1.0);
        for difference in
            [sine * sine + cosine * cosine - one, sine * cosine * 2.0 - twice_sine, cosine * cosine * 2.0 - one - twice_cosine]
        {
            prop_assert!(difference.magnitude() < 1e-29, "{difference:?}");
        }
    }

    #[test]
    fn intervals_hold_what_they_must(x in -30.0..30.0f64, width in 0.0..0.5f64, at in 0.0..1.0f64, y in 0.1..5.0f64) {
        let inside = DoubleDouble::from(x + at * width);
        let around = Interval::new(x, x + width);
        let (other, around_other) = (DoubleDouble::from(y), Interval::new(y, y));
        let holds = |image: Interval, exact: DoubleDouble| {
            let exact = value(exact);
            many(image.low) <= exact && exact <= many(image.high)
        };
        prop_assert!(holds(around + around_other, inside + other));
        prop_assert!(holds(around - around_other, inside - other));
        prop_assert!(holds(around * around_other, inside * other));
        prop_assert!(holds(around / around_other, inside / other));
        prop_assert!(holds(around.exp(), inside.exp()));
        prop_assert!(holds(around.tanh(), inside.tanh()));
        prop_assert!(holds(around.logistic(), inside.logistic()));
        prop_assert!(holds(around.sin_cos().0, inside.sin_cos().0));
        prop_assert!(holds(around.sin_cos().1, inside.sin_cos().1));
        prop_assert!(holds(around_other.ln(), other.ln()));
        prop_assert!(holds(around_other.sqrt(), other.sqrt()));
    }
}

#[test]
fn what_is_not_a_number_is_unknown() {
    let unknown = Interval::from(0.0) * Interval::EVERYTHING;
    assert_eq!(unknown, Interval::EVERYTHING);
    assert_eq!(Interval::from(1.0) / Interval::new(-1.0, 1.0), Interval::EVERYTHING);
}
