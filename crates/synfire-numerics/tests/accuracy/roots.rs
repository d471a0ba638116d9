use proptest::prelude::*;
use synfire_numerics::math;
use synfire_numerics::roots::{Tolerance, refine};

const SHARP: Tolerance = Tolerance { noise: 0.0, relative_width: 2.0 * f64::EPSILON };

proptest! {
    #[test]
    fn a_zero_keeps_its_relative_accuracy_however_small(zero in 1e-13..1e-3f64, right in 0.5..50.0f64) {
        let f = |t: f64| math::exp_m1(t) - math::exp_m1(zero);
        let found = refine(f, 0.0, right, SHARP);
        prop_assert!((found - zero).abs() <= 8.0 * f64::EPSILON * zero, "{found:e} for {zero:e}");
    }

    #[test]
    fn a_step_is_found(zero in 0.0..1.0f64) {
        // A secant says nothing here: the slow way must end, and at the step.
        let found = refine(|t| if t < zero { -1.0 } else { 1e9 }, 0.0, 1.0, SHARP);
        prop_assert!((found - zero).abs() <= 4.0 * f64::EPSILON);
    }
}

#[test]
fn a_bracket_without_a_change_of_sign_gives_its_better_end() {
    assert_eq!(refine(|t| 1.0 + t, 0.0, 1.0, SHARP), 0.0);
    assert_eq!(refine(|t| -2.0 + t, 0.0, 1.0, SHARP), 1.0);
}

#[test]
fn what_is_not_a_number_ends() {
    assert!((0.0..=1.0).contains(&refine(|_| f64::NAN, 0.0, 1.0, SHARP)));
}
