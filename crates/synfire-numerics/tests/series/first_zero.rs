//! First zeros of polynomials whose zeros are known.

use proptest::prelude::*;
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::first_zero::{first_zero, from_there_on, is_excluded};
use synfire_numerics::math;
use synfire_numerics::taylor::evaluate;

/// The polynomial with these zeros, times a factor that makes it start positive.
fn with_zeros(zeros: &[f64]) -> Vec<f64> {
    let mut exact = vec![DoubleDouble::from(1.0)];
    for &zero in zeros {
        let mut next = vec![DoubleDouble::from(0.0); exact.len() + 1];
        for (k, &c) in exact.iter().enumerate() {
            next[k + 1] = next[k + 1] + c;
            next[k] = next[k] - c * zero;
        }
        exact = next;
    }
    let sign = exact[0].hi.signum();
    exact.iter().map(|c| sign * c.round()).collect()
}

fn size(coefficients: &[f64]) -> f64 {
    coefficients.iter().map(|c| c.abs()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn the_first_of_several(zeros in prop::collection::vec(prop_oneof![0.02..1.0f64, 1.05..3.0, -3.0..-0.1], 1..9)) {
        let mut inside: Vec<f64> = zeros.iter().copied().filter(|z| (0.0..=1.0).contains(z)).collect();
        inside.sort_by(f64::total_cmp);
        prop_assume!(inside.windows(2).all(|pair| pair[1] - pair[0] > 0.02));
        prop_assume!(inside.last().is_none_or(|last| *last < 0.98));
        let coefficients = with_zeros(&zeros);
        let noise = 4.0 * f64::EPSILON * size(&coefficients);
        let found = first_zero(&coefficients, noise).unwrap();
        match (found.at, inside.first()) {
            (Some(at), Some(first)) => prop_assert!((at - first).abs() < 1e-5, "{at} instead of {first}"),
            (at, first) => prop_assert_eq!(at, first.copied()),
        }
    }

    /// (x - r)^2 + miss, times something positive: the sign of `miss` decides, and nothing else.
    #[test]
    fn near_tangents_are_decided(r in 0.05..0.95f64, exponent in -13.0..-2.0f64, above: bool, others in prop::collection::vec(1.5..4.0f64, 0..6)) {
        let miss = math::exp(std::f64::consts::LN_10 * exponent);
        let square = if above { with_zeros(&[]) } else { with_zeros(&[r - miss.sqrt(), r + miss.sqrt()]) };
        let square = if above { vec![r * r + miss, -2.0 * r, 1.0] } else { square };
        prop_assume!(square.len() == 3 && (above || r - miss.sqrt() > 0.01));
        let rest = with_zeros(&others);
        let mut coefficients = vec![0.0; rest.len() + 2];
        for (i, a) in square.iter().enumerate() {
            for (j, b) in rest.iter().enumerate() {
                coefficients[i + j] += a * b;
            }
        }
        let least = miss * evaluate(&rest, r);
        prop_assume!(least > 8.0 * f64::EPSILON * size(&coefficients));
        let found = first_zero(&coefficients, 4.0 * f64::EPSILON * size(&coefficients)).unwrap();
        prop_assert_eq!(found.at.is_some(), !above, "{:?}", found);
        if let Some(at) = found.at {
            prop_assert!(at <= r && r - at < 1.2 * miss.sqrt() + 1e-6, "{} near {}", at, r);
        }
    }

    #[test]
    fn exclusion_is_a_proof(coefficients in prop::collection::vec(-1.0..1.0f64, 2..12), first in 0.0..3.0f64, at in 0.0..1.0f64) {
        let mut coefficients = coefficients;
        coefficients[0] = first;
        if is_excluded(&coefficients, 1e-12) {
            prop_assert!(evaluate(&coefficients, at) > 0.0);
        }
    }

    #[test]
    fn the_rest_of_an_interval_is_the_same_polynomial(coefficients in prop::collection::vec(-1.0..1.0f64, 2..21), from in 0.0..1.0f64, at in 0.0..1.0f64) {
        let rest = from_there_on(&coefficients, from);
        let (a, b) = (evaluate(&rest, at), evaluate(&coefficients, from + (1.0 - from) * at));
        prop_assert!((a - b).abs() < 1e-12 * size(&coefficients));
    }
}

/// Exactly tangent: touching counts, and it is told.
#[test]
fn touching_counts() {
    let found = first_zero(&[0.25, -1.0, 1.0], 1e-15).unwrap();
    assert_eq!((found.at, found.ambiguous), (Some(0.5), true));
    let above = first_zero(&[0.25 + 1e-17, -1.0, 1.0], 1e-15).unwrap();
    assert!(above.ambiguous);
    let clearly_above = first_zero(&[0.25 + 1e-12, -1.0, 1.0], 1e-15).unwrap();
    assert_eq!((clearly_above.at, clearly_above.ambiguous), (None, false));
}

#[test]
fn what_is_not_a_number_is_not_decided() {
    assert_eq!(first_zero(&[1.0, f64::NAN, 0.1], 0.0), None);
    assert_eq!(first_zero(&[1.0, f64::INFINITY, 0.1], 0.0), None);
    assert_eq!(first_zero(&[f64::NAN, 0.0, 0.1], 0.0), None);
    assert!(!is_excluded(&[1.0, f64::NAN, 0.1], 0.0));
}
