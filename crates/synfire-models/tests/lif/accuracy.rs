//! The flow against a Taylor integration in many digits.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use proptest::prelude::*;
use synfire_core::receptor::ReceptorKind;

use crate::neurons::{Coupling, Live, Neuron, neuron};

type Many = FBig<HalfEven, 2>;

const BITS: usize = 128;

/// Terms of the series, for steps of half of the shortest time scale: the first term left out is below 1e-30.
const ORDER: usize = 24;

fn many(x: f64) -> Many {
    Many::try_from(x).expect("finite").with_precision(BITS).value()
}

/// v after `dt`, integrated step by step: c v' = c (e_l - v)/tau_m + i_e + sum of s + sum of g (e_rev - v).
fn exact_v(neuron: &Neuron, dt: f64) -> Many {
    let mut v = many(neuron.v);
    let mut s: Vec<Many> = neuron.receptors.iter().map(|live| many(live.s)).collect();
    let mut x: Vec<Many> = neuron.receptors.iter().map(|live| many(live.x)).collect();
    let fastest = 1.0 / neuron.shortest_tau() + 1.0 / neuron.tau_m + neuron.discharge_rate();
    let steps = (dt * fastest * 2.0).ceil().max(1.0);
    let h = many(dt) / many(steps);
    for _ in 0..steps as usize {
        step(neuron, &mut v, &mut s, &mut x, &h);
    }
    v
}

/// One step: coefficient k + 1 of each series from those up to k.
fn step(neuron: &Neuron, v: &mut Many, s: &mut [Many], x: &mut [Many], h: &Many) {
    let (tau_m, c_m) = (many(neuron.tau_m), many(neuron.c_m));
    let mut v_series = vec![v.clone()];
    let mut s_series: Vec<Vec<Many>> = s.iter().map(|s| vec![s.clone()]).collect();
    let mut x_series: Vec<Vec<Many>> = x.iter().map(|x| vec![x.clone()]).collect();
    for k in 0..ORDER {
        let next = many(k as f64 + 1.0);
        let mut current = if k == 0 { many(neuron.i_e) } else { many(0.0) };
        for (index, live) in neuron.receptors.iter().enumerate() {
            if live.kind == ReceptorKind::Delta {
                continue;
            }
            let tau = many(live.tau);
            let s_here = s_series[index].clone();
            if live.kind.is_conductance() {
                let product = (0..=k).map(|i| &s_here[i] * &v_series[k - i]).fold(many(0.0), |a, b| a + b);
                current += many(live.e_rev) * &s_here[k] - product;
            } else {
                current += &s_here[k];
            }
            let x_here = x_series[index][k].clone();
            s_series[index].push((&x_here - &s_here[k] / &tau) / &next);
            x_series[index].push(-x_here / &tau / &next);
        }
        let rest = if k == 0 { many(neuron.e_l) } else { many(0.0) };
        let leak = (rest - &v_series[k]) / &tau_m;
        v_series.push((leak + current / &c_m) / next);
    }
    let value = |series: &[Many]| series.iter().rev().fold(many(0.0), |sum, term| sum * h + term);
    *v = value(&v_series);
    for (index, live) in neuron.receptors.iter().enumerate() {
        if live.kind != ReceptorKind::Delta {
            s[index] = value(&s_series[index]);
            x[index] = value(&x_series[index]);
        }
    }
}

fn assert_flow_is_exact(neuron: &Neuron, dt: f64) -> Result<(), TestCaseError> {
    let dt = dt.min(300.0 * neuron.shortest_tau());
    let found = neuron.ready().after(dt).v();
    let error = (many(found) - exact_v(neuron, dt)).to_f64().value().abs();
    let units = error / (f64::EPSILON * neuron.scale());
    prop_assert!(units <= 3.0, "v = {found:e} is off by {error:e}, {units} units of the last place");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn flow_under_currents(neuron in neuron(Coupling::Currents), dt in prop_oneof![0.0..3.0f64, 0.0..0.1f64]) {
        assert_flow_is_exact(&neuron, dt)?;
    }

    #[test]
    fn flow_under_conductances(neuron in neuron(Coupling::Conductances), dt in prop_oneof![0.0..3.0f64, 0.0..0.1f64]) {
        assert_flow_is_exact(&neuron, dt)?;
    }

    #[test]
    fn flow_under_both(neuron in neuron(Coupling::Any), dt in prop_oneof![0.0..3.0f64, 0.0..0.1f64]) {
        assert_flow_is_exact(&neuron, dt)?;
    }
}

/// The conductance relaxes the membrane by e^-3.6 here: with one piece for all of that, rounded exponents cost 4.5 units.
#[test]
fn strong_conductance_over_a_long_interval() {
    let live = Live {
        kind: ReceptorKind::ExponentialConductance,
        tau: 13.040_068_699_781_347,
        e_rev: 60.0,
        s: 297.048_073_317_604_2,
        x: 0.0,
    };
    let neuron = Neuron {
        tau_m: 22.713_073_211_043_017,
        c_m: 167.541_010_880_441_04,
        e_l: -15.0,
        v_th: 0.0,
        i_e: 110.646_196_569_504_64,
        v: -8.770_132_588_043_984,
        receptors: vec![live],
    };
    assert_flow_is_exact(&neuron, 2.234_434_137_493_42).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn long_flow(neuron in neuron(Coupling::Any), dt in 3.0..200.0f64) {
        prop_assume!(neuron.shortest_tau() > 1.0);
        assert_flow_is_exact(&neuron, dt)?;
    }
}
