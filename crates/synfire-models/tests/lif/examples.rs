//! Worked examples with known digits, each computed from its formula in many digits.

use synfire_core::model::{Anchored, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_models::lif::Lif;

use crate::neurons::receptor;

/// tau_m = 20 ms, c_m = 1 pF, e_l = 0, v_th = 1: then currents are in mV/ms.
fn normalised(tau_m: f64, receptors: Vec<Receptor>) -> (Lif, ReceptorSet) {
    let set = ReceptorSet::new(receptors);
    let mut table = ParamTable::defaults(Lif::SPEC.parameters);
    for (name, value) in [("tau_m", tau_m), ("c_m", 1.0), ("e_l", 0.0), ("v_th", 1.0), ("v_reset", 0.0)] {
        table.set(name, Column::Same(value));
    }
    (Lif::prepare(table.row(0), &set).expect("valid parameters"), set)
}

fn crossing(lif: &Lif, v: f64, inputs: &[f64]) -> f64 {
    let state = lif.initial(&[Some(v)]);
    lif.first_crossing(Anchored { state: &state, inputs, stimulus: 0.0 }).unwrap().after_ms
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 4e-15 * expected.abs(), "found {found:e}, expected {expected:e}");
}

#[test]
fn one_exponential_current() {
    let (lif, _) = normalised(20.0, vec![receptor(ReceptorKind::Exponential, 5.0, 0.0)]);
    assert_eq!(crossing(&lif, 0.0, &[0.30]), f64::INFINITY);
    assert_close(crossing(&lif, 0.0, &[0.32]), 8.048667843414556);
}

#[test]
fn equal_time_constants() {
    let (lif, _) = normalised(10.0, vec![receptor(ReceptorKind::Exponential, 10.0, 0.0)]);
    assert_close(crossing(&lif, 0.0, &[0.3]), 6.190612867359442);
}

#[test]
fn excitation_and_inhibition() {
    let receptors =
        vec![receptor(ReceptorKind::Exponential, 3.0, 0.0), receptor(ReceptorKind::Exponential, 8.0, 0.0)];
    let (lif, _) = normalised(20.0, receptors);
    assert_close(crossing(&lif, 0.1, &[0.9, -0.25]), 2.44992479733185);
}

#[test]
fn one_exponential_conductance() {
    let (lif, _) = normalised(20.0, vec![receptor(ReceptorKind::ExponentialConductance, 5.0, 14.0 / 3.0)]);
    assert_close(crossing(&lif, 0.5, &[1.2 / 20.0]), 4.338892350264072);
    assert_eq!(crossing(&lif, 0.5, &[0.8 / 20.0]), f64::INFINITY);
}

#[test]
fn constant_current_just_above_threshold() {
    // tau_m = 20, c_m = 250, i_e = 187.50001249999997: v tends to 1e-6 mV above threshold.
    let set = ReceptorSet::new(Vec::new());
    let mut table = ParamTable::defaults(Lif::SPEC.parameters);
    for (name, value) in [("tau_m", 20.0), ("c_m", 250.0), ("i_e", 187.50001249999997)] {
        table.set(name, Column::Same(value));
    }
    let lif = Lif::prepare(table.row(0), &set).expect("valid parameters");
    assert_close(crossing(&lif, -70.0, &[]), 330.4712165651581);
    table.set("i_e", Column::Same(187.5));
    let lif = Lif::prepare(table.row(0), &set).expect("valid parameters");
    assert_eq!(crossing(&lif, -70.0, &[]), f64::INFINITY, "v only tends to threshold");
}

#[test]
fn a_reset_at_threshold_is_refused() {
    let mut table = ParamTable::defaults(Lif::SPEC.parameters);
    table.set("v_reset", Column::Same(-55.0));
    let error = Lif::prepare(table.row(0), &ReceptorSet::default()).expect_err("v_reset is v_th");
    assert_eq!(error.to_string(), "v_reset is -55, expected a number below v_th (-55)");
}
