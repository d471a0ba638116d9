//! Peaks of v that just reach threshold, or just do not: the threshold is put next to a peak on purpose.

use proptest::prelude::*;

use crate::neurons::{Coupling, Neuron, neuron};

/// The time and height of the highest inner maximum of v, if there is one that v then leaves.
fn peak(neuron: &Neuron) -> Option<(f64, f64)> {
    if neuron.longest_tau() > 200.0 {
        return None;
    }
    let ready = neuron.ready();
    let v = |t: f64| ready.after(t).v();
    let end = 40.0 * neuron.longest_tau();
    let times: Vec<f64> = (0..300).map(|i| end * (f64::from(i) / 300.0).powi(3)).collect();
    let values: Vec<f64> = times.iter().map(|&t| v(t)).collect();
    let highest = (1..times.len() - 1).max_by(|&a, &b| values[a].total_cmp(&values[b]))?;
    let (mut left, mut right) = (times[highest - 1], times[highest + 1]);
    for _ in 0..60 {
        let (a, b) = (left + (right - left) / 3.0, right - (right - left) / 3.0);
        if v(a) < v(b) { left = a } else { right = b }
    }
    let top = v(left);
    let is_inner = top > v(0.0) + 1e-3 && top > v(times[times.len() - 1]) + 1e-3;
    is_inner.then_some((left, top))
}

fn assert_decided(mut neuron: Neuron, miss: f64) -> Result<(), TestCaseError> {
    let Some((time, top)) = peak(&neuron) else { return Err(TestCaseError::reject("no peak")) };
    neuron.v_th = top - miss;
    let found = neuron.ready().crossing();
    let noise = 32.0 * f64::EPSILON * neuron.scale();
    if miss > noise {
        prop_assert!(found.after_ms < time * (1.0 + 1e-6), "found {found:?}, the peak is at {time:e}");
    } else if miss < -noise {
        prop_assert_eq!(found.after_ms, f64::INFINITY);
    }
    Ok(())
}

/// A threshold at the peak itself: rounding decides, and says so.
fn assert_told(mut neuron: Neuron) -> Result<(), TestCaseError> {
    let Some((_, top)) = peak(&neuron) else { return Err(TestCaseError::reject("no peak")) };
    // With all potentials shifted so that the threshold is 0 again, v is known to its last place there.
    neuron.v -= top;
    neuron.e_l -= top;
    let Some((time, top)) = peak(&neuron) else { return Err(TestCaseError::reject("no peak")) };
    if top.abs() <= f64::EPSILON * (neuron.v.abs() + neuron.v_inf().abs()) {
        let found = neuron.ready().crossing();
        prop_assert!(found.ambiguous, "{found:?}");
        prop_assert!(
            found.after_ms == f64::INFINITY || (found.after_ms - time).abs() < 1e-5 * neuron.longest_tau()
        );
    }
    Ok(())
}

fn miss() -> impl Strategy<Value = f64> {
    let size = prop::sample::select(vec![1e-3, 1e-6, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13]);
    (size, prop::bool::ANY).prop_map(|(size, above)| if above { size } else { -size })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_global_rejects: 20000, ..ProptestConfig::default() })]

    #[test]
    fn a_touch_is_ambiguous(neuron in neuron(Coupling::Currents)) {
        assert_told(neuron)?;
    }

    #[test]
    fn grazes_under_currents(neuron in neuron(Coupling::Currents), miss in miss()) {
        assert_decided(neuron, miss)?;
    }

    #[test]
    fn grazes_under_conductances(neuron in neuron(Coupling::Conductances), miss in miss()) {
        assert_decided(neuron, miss)?;
    }

    #[test]
    fn grazes_under_both(neuron in neuron(Coupling::Any), miss in miss()) {
        assert_decided(neuron, miss)?;
    }
}
