use proptest::prelude::*;
use synfire_numerics::response::{Decay, Response};

use crate::{Many, error, many, to_f64};

/// Ratios of time constants: any, equal, and nearly equal.
fn ratio() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.01..100.0f64,
        2 => 0.5..2.0f64,
        1 => 1e-4..1e-3f64,
        1 => Just(1.0),
        1 => (-1e-5..1e-5f64).prop_map(|gap| 1.0 + gap),
        1 => (-1e-9..1e-9f64).prop_map(|gap| 1.0 + gap),
        1 => (-5i32..5).prop_map(|ulps| 1.0 + f64::from(ulps) * f64::EPSILON),
    ]
}

fn duration() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..10.0f64, 1e-14..1e-9f64, 1e-6..1e-2f64, 10.0..300.0f64]
}

fn many_bits(tau_m: f64, tau_s: f64, t: f64) -> (Many, Many) {
    let (tau_m, tau_s, t) = (many(tau_m), many(tau_s), many(t));
    let membrane = (-(&t / &tau_m)).exp();
    if tau_m == tau_s {
        return (&membrane * &t, membrane * &t * &t / many(2.0));
    }
    let input = (-(&t / &tau_s)).exp();
    let gap = many(1.0) / &tau_s - many(1.0) / &tau_m;
    let k = (membrane - &input) / &gap;
    let l = (&k - &t * input) / gap;
    (k, l)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn responses_are_accurate_for_all_time_constants(tau_m in 1.0..50.0f64, ratio in ratio(), x in duration()) {
        let tau_s = tau_m * ratio;
        let t = x * tau_m.min(tau_s);
        let response = Response::new(tau_m, tau_s);
        let (membrane, input) = (Decay::after(t / tau_m), Decay::after(t / tau_s));
        let k = response.exponential(t, membrane, input);
        let l = response.ramp(t, membrane, input, k);
        let (exact_k, exact_l) = many_bits(tau_m, tau_s, t);
        // The rounding of t/tau costs t/tau units where e^(-t/tau) is all there is.
        let slower = 1.0 + t / tau_m.max(tau_s);
        prop_assert!(error(k, &exact_k, to_f64(&exact_k)) <= 6.0 * slower, "K = {k:e}, not {:e}", to_f64(&exact_k));
        prop_assert!(error(l, &exact_l, to_f64(&exact_l)) <= 12.0 * slower, "L = {l:e}, not {:e}", to_f64(&exact_l));
        prop_assert!(k <= response.peak() * (1.0 + 1e-14));
        prop_assert!(l <= response.peak() * tau_s * (1.0 + 1e-14));
    }

    #[test]
    fn the_peak_is_reached(tau_m in 1.0..50.0f64, ratio in ratio()) {
        let tau_s = tau_m * ratio;
        let response = Response::new(tau_m, tau_s);
        let k = |t: f64| response.exponential(t, Decay::after(t / tau_m), Decay::after(t / tau_s));
        let highest = (0..4000).map(|i| k(f64::from(i) * 0.005 * tau_m.max(tau_s))).fold(0.0, f64::max);
        let start = (0..4000).map(|i| k(f64::from(i) * 0.005 * tau_m.min(tau_s))).fold(highest, f64::max);
        prop_assert!(start >= 0.9999 * response.peak());
    }
}
