//! What every neuron model promises, on random quadratic neurons.

use proptest::prelude::*;
use synfire_core::model::NeuronModel;
use synfire_core::receptor::ReceptorKind;

use crate::neurons::{Coupling, Live, Neuron, neuron};

fn any() -> impl Strategy<Value = Neuron> {
    prop_oneof![neuron(Coupling::None), neuron(Coupling::Currents), neuron(Coupling::Any)]
}

/// 1/(v - peak), but bounded: how v looks from near the peak, also where that is infinite.
fn seen_from_peak(neuron: &Neuron, v: f64) -> f64 {
    if neuron.v_peak.is_infinite() { -1.0 / v } else { v - neuron.v_peak }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_time_changes_nothing(neuron in any()) {
        let ready = neuron.ready();
        let after = ready.after(0.0);
        prop_assert_eq!(after.v().to_bits(), ready.v().to_bits());
        prop_assert_eq!(after.inputs, ready.inputs);
    }

    #[test]
    fn the_crossing_is_the_first(neuron in any()) {
        let ready = neuron.ready();
        prop_assert_eq!(ready.crossing(), ready.crossing());
        let crossing = ready.spike();
        prop_assert!(crossing >= 0.0);
        if crossing < f64::INFINITY {
            // A little earlier v is below the peak, a little later above it, or beyond infinity.
            let slack = 1e-12 * (crossing + 1e-3 * neuron.shortest_tau());
            let before = ready.after((crossing - slack).max(0.0)).v();
            prop_assert!(before < neuron.v_peak, "{before} before {crossing}");
            let after = ready.after(crossing + slack).v();
            prop_assert!(after >= neuron.v_peak, "{after} after {crossing}");
        }
        let end = crossing.min(400.0) * (1.0 - 1e-12);
        for i in 0..200 {
            let t = end * (f64::from(i) / 200.0).powi(2);
            let v = ready.after(t).v();
            prop_assert!(v < neuron.v_peak, "v = {v:e} at {t:e}, before the crossing {crossing:e}");
        }
    }

    #[test]
    fn a_bound_never_lies_beyond_the_crossing(neuron in any()) {
        let ready = neuron.ready();
        let crossing = ready.crossing().after_ms;
        let latest = crossing.min(1000.0);
        for hundredths in [0, 1, 10, 30, 50, 70, 90, 97, 99, 100] {
            let from = latest.min(latest * f64::from(hundredths) / 100.0);
            let bound = ready.bound(from);
            prop_assert!(bound >= from && bound <= crossing, "from {from:e} on the bound is {bound:e}, the crossing {crossing:e}");
        }
    }

    #[test]
    fn two_flows_are_one(neuron in any(), a in 0.0..0.5f64, b in 0.0..0.4f64) {
        let ready = neuron.ready();
        let until = ready.spike().min(20.0);
        let (a, b) = (a * until, b * until);
        let (twice, once) = (ready.after(a).after(b), ready.after(a + b));
        // Both are good to their conditioning: see the flow's accuracy; here no more than gross errors are looked for.
        let (x, y) = (seen_from_peak(&neuron, twice.v()), seen_from_peak(&neuron, once.v()));
        let scale = x.abs() + neuron.v.abs() + 20.0;
        prop_assert!((x - y).abs() <= 1e-9 * scale, "{} and {}", twice.v(), once.v());
        for (x, y) in twice.inputs.iter().zip(&once.inputs) {
            let faded = 1.0 + (a + b) / neuron.shortest_tau();
            prop_assert!((x - y).abs() <= 4.0 * f64::EPSILON * faded * x.abs() + f64::MIN_POSITIVE);
        }
    }

    #[test]
    fn after_a_spike_v_is_below_the_peak(neuron in any()) {
        let mut ready = neuron.ready();
        ready.model.put_at_threshold(&mut ready.state);
        prop_assert!(ready.model.reaches_threshold(&mut ready.state));
        ready.model.fire(&mut ready.state);
        prop_assert!(!ready.model.reaches_threshold(&mut ready.state));
        prop_assert!(ready.crossing().after_ms > 0.0);
    }

    #[test]
    fn in_the_refractory_time_inputs_fade_and_v_stays(neuron in any(), dt in 0.0..30.0f64) {
        let free = neuron.ready().after(dt);
        let mut held = neuron.ready();
        let before = held.v();
        held.model.flow_refractory(&mut held.state, &mut held.inputs, 0.0, dt);
        prop_assert_eq!(held.v().to_bits(), before.to_bits());
        prop_assert_eq!(held.inputs, free.inputs);
    }

    #[test]
    fn a_stimulus_is_a_current(neuron in any(), stimulus in -64..64i32) {
        let mut shifted = neuron.clone();
        shifted.i_e = (8.0 * neuron.i_e).round() / 8.0;
        let mut with_stimulus = shifted.ready();
        with_stimulus.stimulus = f64::from(stimulus);
        shifted.i_e += f64::from(stimulus);
        prop_assert_eq!(with_stimulus.spike(), shifted.ready().spike());
    }
}

#[test]
fn what_is_beyond_the_range_of_doubles_ends() {
    for kind in ReceptorKind::ALL {
        for size in [1e-320, 1e300, f64::MAX, f64::INFINITY, f64::NAN] {
            for (s, x) in [(size, 0.0), (0.0, size), (-size, size)] {
                if kind.is_conductance() && s < 0.0 {
                    continue; // No conductance is negative.
                }
                let live = Live { kind, tau: 5.0, e_rev: 60.0, s, x };
                let fast = Live { kind: ReceptorKind::Alpha, tau: 0.1, e_rev: 0.0, s: -2.0, x: 30.0 };
                let neuron = Neuron {
                    c_m: 100.0,
                    k: 0.7,
                    half_width: 10.0,
                    v_peak: 80.0,
                    i_e: 0.0,
                    v: -10.0,
                    receptors: vec![live, fast],
                };
                let ready = neuron.ready();
                let _ = ready.model.first_crossing(ready.anchored());
                for from in [0.0, 1.0] {
                    assert!(ready.bound(from) >= from);
                }
            }
        }
    }
}
