//! What every neuron model promises, on random piecewise-linear neurons; and their flows against a method that knows no
//! closed form.

use proptest::prelude::*;
use synfire_core::model::{Anchored, Crossing, CrossingKind, NeuronModel};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_pwl::integrate_and_fire::PwlIntegrateAndFire;
use synfire_pwl::mckean::McKean;
use synfire_pwl::membrane::{Piecewise, PiecewiseModel};
use synfire_pwl::planar::PwlPlanar;

#[derive(Clone, Debug)]
struct Given {
    numbers: Vec<(&'static str, f64)>,
    points: Vec<f64>,
    slopes: Vec<f64>,
    taus: [f64; 2],
    /// Of the exponential receptor, then s and x of the alpha receptor.
    inputs: [f64; 3],
    v: f64,
    w: f64,
}

/// One neuron, ready to be asked.
struct Ready<P: PiecewiseModel> {
    model: Piecewise<P>,
    state: <Piecewise<P> as NeuronModel>::State,
    inputs: Vec<f64>,
}

impl<P: PiecewiseModel> Clone for Ready<P> {
    fn clone(&self) -> Self {
        Ready { model: self.model.clone(), state: self.state, inputs: self.inputs.clone() }
    }
}

impl Given {
    fn number(&self, name: &str) -> f64 {
        self.numbers.iter().find(|number| number.0 == name).unwrap().1
    }

    fn ready<P: PiecewiseModel>(&self) -> Ready<P> {
        let receptor = |name: &str, kind, tau| Receptor {
            name: name.to_string(),
            kind,
            tau,
            e_rev: 0.0,
            reset: false,
            refractory_input: true,
        };
        let receptors = ReceptorSet::new(vec![
            receptor("e", ReceptorKind::Exponential, self.taus[0]),
            receptor("a", ReceptorKind::Alpha, self.taus[1]),
        ]);
        let mut table = ParamTable::defaults(P::SPEC.parameters);
        for &(name, value) in &self.numbers {
            table.set(name, Column::Same(value));
        }
        table.set_list("points", self.points.clone());
        table.set_list("slopes", self.slopes.clone());
        let model = Piecewise::<P>::prepare(table.row(0), &receptors).unwrap();
        let mut state = model.initial(&[Some(self.v), Some(self.w)]);
        model.reaches_threshold(&mut state);
        Ready { model, state, inputs: self.inputs.to_vec() }
    }

    /// f(v) as the lists give it.
    fn f(&self, v: f64) -> f64 {
        let points: Vec<&[f64]> = self.points.chunks(2).collect();
        let last = points[points.len() - 1];
        if v < points[0][0] {
            return points[0][1] + self.slopes[0] * (v - points[0][0]);
        }
        for pair in points.windows(2) {
            if v < pair[1][0] {
                return pair[0][1] + (pair[1][1] - pair[0][1]) / (pair[1][0] - pair[0][0]) * (v - pair[0][0]);
            }
        }
        last[1] + self.slopes[1] * (v - last[0])
    }
}

impl<P: PiecewiseModel> Ready<P> {
    fn after(&self, dt: f64) -> Ready<P> {
        let mut after = self.clone();
        after.model.flow(&mut after.state, &mut after.inputs, 0.0, dt);
        after
    }

    fn v(&self) -> f64 {
        self.model.variable(&self.state, 0)
    }

    fn w(&self) -> f64 {
        self.model.variable(&self.state, 1)
    }

    fn at(&self) -> Anchored<'_, <Piecewise<P> as NeuronModel>::State> {
        Anchored { state: &self.state, inputs: &self.inputs, stimulus: 0.0 }
    }

    fn crossing(&self) -> Crossing {
        self.model.first_crossing(self.at()).unwrap()
    }
}

fn lists() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let gaps = prop::collection::vec((0.1..1.0f64, -1.0..1.0f64), 1..5);
    (gaps, -2.0..0.5f64, -2.0..1.5f64, -1.5..0.0f64).prop_map(|(gaps, left, right, first)| {
        let mut v = first;
        let mut points = Vec::new();
        for (gap, f) in gaps {
            points.extend([v, f]);
            v += gap;
        }
        (points, vec![left, right])
    })
}

fn given(numbers: impl Strategy<Value = Vec<(&'static str, f64)>>) -> impl Strategy<Value = Given> {
    let input = prop_oneof![Just(0.0), -1.0..1.5f64];
    let inputs = [input.clone(), input.clone(), input];
    (numbers, lists(), [0.3..8.0f64, 0.3..8.0f64], inputs, -1.0..0.9f64, -0.5..0.8f64).prop_map(
        |(numbers, (points, slopes), taus, inputs, v, w)| Given {
            numbers,
            points,
            slopes,
            taus,
            inputs,
            v,
            w,
        },
    )
}

fn planar() -> impl Strategy<Value = Given> {
    let numbers = (0.01..1.0f64, -1.0..3.0f64, -0.5..0.5f64, 0.0..1.0f64, -0.5..0.8f64);
    given(numbers.prop_map(|(epsilon, b, c, v_th, i_e)| {
        vec![("epsilon", epsilon), ("b", b), ("c", c), ("v_th", v_th), ("i_e", i_e)]
    }))
}

fn mckean() -> impl Strategy<Value = Given> {
    let numbers = (0.0..0.6f64, 0.01..0.5f64, 0.0..1.5f64, 0.0..0.8f64, -0.3..0.6f64);
    given(numbers.prop_map(|(a, epsilon, gamma, v_th, i_e)| {
        vec![("a", a), ("epsilon", epsilon), ("gamma", gamma), ("v_th", v_th), ("i_e", i_e)]
    }))
}

fn integrate_and_fire() -> impl Strategy<Value = Given> {
    given(
        (0.91..2.0f64, -0.5..1.5f64)
            .prop_map(|(v_th, i_e)| vec![("v_th", v_th), ("v_reset", -1.1), ("i_e", i_e)]),
    )
}

/// The laws on one neuron, looked at over `until` ms.
fn laws<P: PiecewiseModel>(given: &Given, until: f64) -> Result<(), TestCaseError> {
    let ready = given.ready::<P>();
    let v_th = given.number("v_th");
    let crossing = ready.crossing();
    prop_assert_eq!(crossing, ready.crossing());
    let bound = ready.model.crossing_bound(ready.at(), 0.0);
    prop_assert!(bound >= 0.0 && bound <= crossing.after_ms, "bound {bound:e}, crossing {crossing:?}");

    for from in [1e-3, 0.3, 0.9].map(|part| part * crossing.after_ms.min(until)) {
        let later = ready.model.crossing_bound(ready.at(), from);
        prop_assert!(
            from <= later && later <= crossing.after_ms,
            "{from:e}: {later:e}, crossing {crossing:?}"
        );
    }

    let unchanged = ready.after(0.0);
    prop_assert_eq!((unchanged.state, &unchanged.inputs), (ready.state, &ready.inputs));

    // Before the crossing v is never at threshold, but for neurons that have to come down first.
    let end = crossing.after_ms.min(until);
    let mut armed = ready.v() < v_th;
    for i in 1..400 {
        let t = end * f64::from(i) / 400.0;
        let v = ready.after(t).v();
        prop_assert!(!armed || v < v_th + 1e-12 * (1.0 + v.abs()), "v = {v} at {t}, crossing {crossing:?}");
        armed |= v < v_th;
    }
    if crossing.kind == CrossingKind::Spike && crossing.after_ms < 1e4 {
        let v = ready.after(crossing.after_ms).v();
        let scale = 1.0 + ready.after(0.5 * crossing.after_ms).v().abs();
        prop_assert!((v - v_th).abs() < 1e-11 * scale, "v = {v:e} at the crossing {crossing:?}, {v_th}");
    }

    let (a, b) = (0.3 * end.min(20.0), 0.7 * end.min(20.0));
    let (twice, once) = (ready.after(a).after(b), ready.after(a + b));
    let scale = 1.0 + once.v().abs() + once.w().abs();
    // A flow that spreads makes rounding errors spread too.
    let spread = spread(&ready, a + b);
    prop_assert!((twice.v() - once.v()).abs() < 1e-13 * scale * spread, "{} {}", twice.v(), once.v());
    prop_assert!((twice.w() - once.w()).abs() < 1e-13 * scale * spread, "{} {}", twice.w(), once.w());
    Ok(())
}

/// How far a small difference grows, at least 1.
fn spread<P: PiecewiseModel>(ready: &Ready<P>, t: f64) -> f64 {
    let mut shifted = ready.clone();
    shifted.model.receive(&mut shifted.state, 1e-7);
    let (one, other) = (ready.after(t), shifted.after(t));
    let apart = (one.v() - other.v()).abs().max((one.w() - other.w()).abs()) / 1e-7;
    1.0 + 100.0 * apart
}

/// Runge-Kutta of order four over very short steps.
fn integrate(given: &Given, derivative: impl Fn(f64, f64) -> [f64; 2], t: f64) -> [f64; 2] {
    let steps = 20_000;
    let h = t / f64::from(steps);
    let [e, s, x] = given.inputs;
    let input = |t: f64| e * (-t / given.taus[0]).exp2e() + (s + x * t) * (-t / given.taus[1]).exp2e();
    let mut y = [given.v, given.w];
    for i in 0..steps {
        let now = f64::from(i) * h;
        let at = |t: f64, y: [f64; 2]| {
            let [v, w] = derivative(y[0], y[1]);
            [v + input(t), w]
        };
        let plus = |k: [f64; 2], factor: f64| [y[0] + factor * k[0], y[1] + factor * k[1]];
        let k1 = at(now, y);
        let k2 = at(now + 0.5 * h, plus(k1, 0.5 * h));
        let k3 = at(now + 0.5 * h, plus(k2, 0.5 * h));
        let k4 = at(now + h, plus(k3, h));
        for j in 0..2 {
            y[j] += h / 6.0 * (k1[j] + 2.0 * k2[j] + 2.0 * k3[j] + k4[j]);
        }
    }
    y
}

trait Exponential {
    fn exp2e(self) -> f64;
}

impl Exponential for f64 {
    fn exp2e(self) -> f64 {
        synfire_numerics::math::exp(self)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn planar_neurons(given in planar()) {
        laws::<PwlPlanar>(&given, 60.0)?;
    }

    #[test]
    fn mckean_neurons(given in mckean()) {
        laws::<McKean>(&given, 60.0)?;
    }

    #[test]
    fn integrate_and_fire_neurons(given in integrate_and_fire()) {
        laws::<PwlIntegrateAndFire>(&given, 60.0)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn planar_flows_are_those_of_the_field(given in planar(), t in 0.1..12.0f64) {
        let [epsilon, b, c, i_e] = ["epsilon", "b", "c", "i_e"].map(|name| given.number(name));
        let right = integrate(&given, |v, w| [given.f(v) - w + i_e, epsilon * (b * v - w + c)], t);
        let found = given.ready::<PwlPlanar>().after(t);
        let scale = 1.0 + right[0].abs() + right[1].abs();
        prop_assert!((found.v() - right[0]).abs() < 1e-6 * scale, "{} {right:?}", found.v());
        prop_assert!((found.w() - right[1]).abs() < 1e-6 * scale, "{} {right:?}", found.w());
    }

    #[test]
    fn integrate_and_fire_flows_are_those_of_the_field(given in integrate_and_fire(), t in 0.1..12.0f64) {
        let i_e = given.number("i_e");
        let right = integrate(&given, |v, _| [given.f(v) + i_e, 0.0], t);
        let found = given.ready::<PwlIntegrateAndFire>().after(t);
        prop_assert!((found.v() - right[0]).abs() < 1e-6 * (1.0 + right[0].abs()), "{} {right:?}", found.v());
    }
}
