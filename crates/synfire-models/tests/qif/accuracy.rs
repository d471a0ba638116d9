//! The flow against a Taylor integration of the linear pair in many digits.

use dashu_float::FBig;
use dashu_float::round::mode::HalfEven;
use proptest::prelude::*;

use crate::neurons::{Coupling, Neuron, neuron};

pub type Many = FBig<HalfEven, 2>;

const BITS: usize = 140;

/// Terms of the series, for steps of half of the shortest time scale: what is left out is below 1e-33.
const ORDER: usize = 40;

pub fn many(x: f64) -> Many {
    Many::try_from(x).expect("finite").with_precision(BITS).value()
}

/// v after `dt`: y'' + G y' + a Q y = 0, v = -y'/(a y).
pub fn exact_v(neuron: &Neuron, dt: f64) -> Many {
    let a = many(neuron.k) / many(neuron.c_m);
    let square = many(neuron.half_width) * many(neuron.half_width);
    let q = (many(neuron.i_e) - many(neuron.k) * square) / many(neuron.c_m);
    let (mut y, mut slope) = (many(1.0), -&a * many(neuron.v));
    let sizes = neuron.receptors.iter().map(|live| {
        let (drive, pull) = neuron.effect(live);
        let size = live.s.abs() + live.x.abs() * live.tau;
        (drive.abs() * size, pull * size)
    });
    let (drive, pull) = sizes.fold((neuron.q().abs(), 0.0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
    let fastest = (neuron.a() * drive).sqrt() + pull + 1.0 / neuron.shortest_tau();
    let steps = (dt * fastest * 1.5).ceil().max(1.0) as usize;
    let h = many(dt) / many(steps as f64);
    for step in 0..steps {
        let start = &h * many(step as f64);
        let (mut big_q, big_g) = coefficients(neuron, &q, &start);
        big_q.iter_mut().for_each(|c| *c *= &a);
        let mut series = vec![y.clone(), slope.clone()];
        for k in 0..ORDER {
            let mut sum = many(0.0);
            for j in 0..=k {
                sum += &big_q[j] * &series[k - j];
                if pull > 0.0 {
                    sum += &big_g[j] * &series[k - j + 1] * many((k - j + 1) as f64);
                }
            }
            series.push(-sum / many(((k + 1) * (k + 2)) as f64));
        }
        y = series.iter().rev().fold(many(0.0), |sum, c| sum * &h + c);
        let terms = series.iter().enumerate().skip(1).rev();
        slope = terms.fold(many(0.0), |sum, (k, c)| sum * &h + c * many(k as f64));
    }
    -slope / (a * y)
}

/// The Taylor coefficients of Q and G at `start`.
fn coefficients(neuron: &Neuron, q: &Many, start: &Many) -> (Vec<Many>, Vec<Many>) {
    let mut big_q = vec![many(0.0); ORDER];
    let mut big_g = vec![many(0.0); ORDER];
    big_q[0] = q.clone();
    for live in neuron.receptors.iter().filter(|live| live.kind.variables() > 0) {
        let tau = many(live.tau);
        let left = (-start / &tau).exp();
        let value = (many(live.s) + many(live.x) * start) * &left;
        let rise = many(live.x) * left;
        let mut power = many(1.0);
        let mut before = many(0.0);
        for j in 0..ORDER {
            let term = &value * &power + &rise * &before;
            if live.kind.is_conductance() {
                big_q[j] += &term * many(live.e_rev) / many(neuron.c_m);
                big_g[j] += &term / many(neuron.c_m);
            } else {
                big_q[j] += &term / many(neuron.c_m);
            }
            before = power.clone();
            power = -power / (&tau * many((j + 1) as f64));
        }
    }
    (big_q, big_g)
}

/// How much v moves after `dt` if its start and Q move by their roundings.
pub fn amplified(neuron: &Neuron, dt: f64) -> f64 {
    let moved = |change: &dyn Fn(&mut Neuron)| {
        let mut other = neuron.clone();
        change(&mut other);
        (other.ready().after(dt).v() - neuron.ready().after(dt).v()).abs()
    };
    let by = 1e-6;
    let size = neuron.v.abs() + (neuron.q().abs() / neuron.a()).sqrt();
    let start = moved(&|n| n.v -= by * size) / by;
    let drive = moved(&|n| n.i_e -= by * n.i_e.abs()) / by;
    let width = moved(&|n| n.half_width *= 1.0 + by) / by;
    let inputs = moved(&|n| {
        n.receptors.iter_mut().for_each(|live| (live.s, live.x) = (live.s * (1.0 - by), live.x * (1.0 - by)))
    }) / by;
    f64::EPSILON * (start + drive + width + inputs)
}

fn assert_flow_is_exact(neuron: &Neuron, dt: f64) -> Result<(), TestCaseError> {
    let crossing = neuron.ready().spike();
    let dt = dt.min(0.9 * crossing).min(100.0 * neuron.shortest_tau());
    let found = neuron.ready().after(dt).v();
    let error = (many(found) - exact_v(neuron, dt)).to_f64().value().abs();
    // Each step of the series rounds once.
    let steps = 1.0 + 0.1 * dt / neuron.shortest_tau();
    let allowed = steps * (4.0 * amplified(neuron, dt) + 8.0 * f64::EPSILON * found.abs());
    prop_assert!(error <= allowed, "v = {found:e} is off by {error:e}, allowed are {allowed:e}; dt = {dt}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn flow_under_constant_current(neuron in neuron(Coupling::None), dt in prop_oneof![0.0..30.0f64, 0.0..0.1f64]) {
        assert_flow_is_exact(&neuron, dt)?;
    }

    #[test]
    fn flow_under_currents(neuron in neuron(Coupling::Currents), dt in prop_oneof![0.0..20.0f64, 0.0..0.1f64]) {
        assert_flow_is_exact(&neuron, dt)?;
    }

    #[test]
    fn flow_under_all(neuron in neuron(Coupling::Any), dt in prop_oneof![0.0..20.0f64, 0.0..0.1f64]) {
        assert_flow_is_exact(&neuron, dt)?;
    }
}
