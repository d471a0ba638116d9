use proptest::prelude::*;
use synfire_numerics::math;

use crate::{Many, many, to_f64};

/// Numbers of all sizes: a uniform exponent, either sign.
fn of_any_size(smallest: i32, largest: i32) -> impl Strategy<Value = f64> {
    (1.0..2.0f64, smallest..largest, prop::bool::ANY).prop_map(|(mantissa, exponent, negative)| {
        mantissa * 2f64.powi(exponent) * if negative { -1.0 } else { 1.0 }
    })
}

fn assert_rounded(found: f64, exact: &Many) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.to_bits(), to_f64(exact).to_bits());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn exp_is_correctly_rounded(x in prop_oneof![-700.0..700.0, -1.0..1.0, of_any_size(-60, 3)]) {
        assert_rounded(math::exp(x), &many(x).exp())?;
    }

    #[test]
    fn exp_m1_is_correctly_rounded(x in prop_oneof![-40.0..700.0, -1.0..1.0, of_any_size(-60, 3)]) {
        assert_rounded(math::exp_m1(x), &many(x).exp_m1())?;
    }

    #[test]
    fn ln_is_correctly_rounded(x in prop_oneof![0.0..2.0f64, of_any_size(-1000, 1000)]) {
        let x = x.abs().max(f64::MIN_POSITIVE);
        assert_rounded(math::ln(x), &many(x).ln())?;
    }

    #[test]
    fn ln_1p_is_correctly_rounded(x in prop_oneof![-0.999..10.0f64, of_any_size(-60, 1000)]) {
        let x = if x <= -1.0 { -x } else { x };
        assert_rounded(math::ln_1p(x), &many(x).ln_1p())?;
    }
}

#[test]
fn ends_of_the_range() {
    assert_eq!(math::exp(f64::NEG_INFINITY), 0.0);
    assert_eq!(math::exp(-800.0), 0.0);
    assert_eq!(math::exp(0.0), 1.0);
    assert_eq!(math::exp_m1(0.0), 0.0);
    assert_eq!(math::ln(0.0), f64::NEG_INFINITY);
    assert_eq!(math::ln_1p(f64::INFINITY), f64::INFINITY);
}
