//! Numbers that are known from formulas or from computations in many digits.

use synfire_core::receptor::ReceptorKind;
use synfire_models::qif_normalised::QifNormalised;

use crate::neurons::{Live, Ready, ready};

fn exponential(s: f64, tau: f64) -> Live {
    Live { kind: ReceptorKind::Exponential, tau, e_rev: 0.0, s, x: 0.0 }
}

fn neuron(i_e: f64, v: f64, v_peak: f64, receptors: &[Live]) -> Ready<QifNormalised> {
    let parameters = [("i_e", i_e), ("v_peak", v_peak), ("v_reset", f64::NEG_INFINITY)];
    ready(&parameters, v, receptors)
}

fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 4.0 * f64::EPSILON * expected, "{found} instead of {expected}");
}

#[test]
fn constant_current() {
    assert_close(neuron(0.25, -1.0, 10.0, &[]).spike(), 5.255973297734088);
    assert_close(neuron(-0.25, 0.8, 10.0, &[]).spike(), 1.3662536102364446);
    assert_close(neuron(0.0, 0.5, 10.0, &[]).spike(), 1.9);
    assert_eq!(neuron(0.0, 0.0, 10.0, &[]).spike(), f64::INFINITY);
    assert_eq!(neuron(-0.25, 0.5, 10.0, &[]).spike(), f64::INFINITY);
    // Below the stable fixed point a low threshold is reached from below.
    assert_close(neuron(-0.25, -10.0, -1.0, &[]).spike(), synfire_numerics::math::ln(1.5 / 0.5 * 9.5 / 10.5));
    assert_eq!(neuron(-0.25, -10.0, -0.5, &[]).spike(), f64::INFINITY);
}

/// From -infinity to infinity: pi/sqrt(i).
#[test]
fn the_whole_way() {
    for i_e in [1e-12, 1e-4, 0.04, 1.0, 1e6] {
        let mut cell = neuron(i_e, 0.0, f64::INFINITY, &[]);
        synfire_core::model::NeuronModel::fire(&cell.model, &mut cell.state);
        assert_close(cell.spike(), std::f64::consts::PI / i_e.sqrt());
    }
}

/// A current that decays: known to 25 digits by the ratio of Bessel functions.
#[test]
fn an_exponential_current() {
    let crossing = neuron(-0.1, 0.1, 10.0, &[exponential(0.3, 2.0)]).spike();
    assert!((crossing - 4.182980440713779).abs() < 1e-13, "{crossing}");
}

/// What parts spiking from resting starts, by the continued fraction of Bessel functions.
#[test]
fn the_separatrix_under_an_exponential_current() {
    for (i_e, s, tau, separatrix) in [
        (-0.1, 0.3, 2.0, -0.006_272_600_698_664_643),
        (-0.1, -0.3, 3.0, 0.572_606_803_134_895_1),
        (-1.0, 0.7, 1.0, 0.751_640_309_915_999_3),
    ] {
        for height in [10.0, f64::INFINITY] {
            let spike = |v: f64| neuron(i_e, v, height, &[exponential(s, tau)]).spike();
            assert!(spike(separatrix + 1e-13).is_finite(), "{i_e} {s} {tau}");
            assert_eq!(spike(separatrix - 1e-13), f64::INFINITY, "{i_e} {s} {tau}");
        }
    }
}

#[test]
fn delta_inputs_are_lost_at_infinity() {
    use synfire_core::model::NeuronModel;
    let mut cell = neuron(0.25, 0.0, f64::INFINITY, &[]);
    cell.model.fire(&mut cell.state);
    let before = cell.spike();
    cell.model.receive(&mut cell.state, 1e6);
    assert_eq!(cell.spike(), before);
}
