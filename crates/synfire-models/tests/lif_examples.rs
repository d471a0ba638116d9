//! Worked examples with known digits, each computed from its formula in many digits.
#![allow(clippy::excessive_precision)] // The digits are those of the worked examples.

use synfire_core::model::{Anchored, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_models::lif::{self, Lif};

/// tau_m = 20 ms, c_m = 1 pF, e_l = 0, v_th = 1: then currents are in mV/ms.
fn normalised(tau_m: f64, receptors: Vec<Receptor>) -> (Lif, ReceptorSet) {
    let set = ReceptorSet::new(receptors);
    let mut table = ParamTable::defaults(lif::SPEC.parameters);
    for (name, value) in [("tau_m", tau_m), ("c_m", 1.0), ("e_l", 0.0), ("v_th", 1.0), ("v_reset", 0.0)] {
        table.set(name, Column::Same(value));
    }
    (Lif::prepare(table.row(0), &set).expect("valid parameters"), set)
}

fn receptor(kind: ReceptorKind, tau: f64, e_rev: f64) -> Receptor {
    Receptor { name: String::new(), kind, tau, e_rev, reset: false, refractory_input: true }
}

fn crossing(lif: &Lif, v: f64, inputs: &[f64]) -> f64 {
    let state = lif.initial(&[Some(v)]);
    lif.first_crossing(Anchored { state: &state, inputs, stimulus: 0.0 }).after_ms
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 4e-15 * expected.abs(), "found {found:e}, expected {expected:e}");
}

#[test]
fn one_exponential_current() {
    let (lif, _) = normalised(20.0, vec![receptor(ReceptorKind::Exponential, 5.0, 0.0)]);
    assert_eq!(crossing(&lif, 0.0, &[0.30]), f64::INFINITY);
    assert_close(crossing(&lif, 0.0, &[0.32]), 8.048667843414556422557011);
}

#[test]
fn equal_time_constants() {
    let (lif, _) = normalised(10.0, vec![receptor(ReceptorKind::Exponential, 10.0, 0.0)]);
    assert_close(crossing(&lif, 0.0, &[0.3]), 6.19061286735944152112327);
}

#[test]
fn excitation_and_inhibition() {
    let receptors =
        vec![receptor(ReceptorKind::Exponential, 3.0, 0.0), receptor(ReceptorKind::Exponential, 8.0, 0.0)];
    let (lif, _) = normalised(20.0, receptors);
    assert_close(crossing(&lif, 0.1, &[0.9, -0.25]), 2.449924797331850081733249);
}

#[test]
fn one_exponential_conductance() {
    let (lif, _) = normalised(20.0, vec![receptor(ReceptorKind::ExponentialConductance, 5.0, 14.0 / 3.0)]);
    assert_close(crossing(&lif, 0.5, &[1.2 / 20.0]), 4.33889235026407259586439);
    assert_eq!(crossing(&lif, 0.5, &[0.8 / 20.0]), f64::INFINITY);
}
