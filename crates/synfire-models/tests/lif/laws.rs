//! What every neuron model promises, on random lif neurons.

use proptest::prelude::*;
use synfire_core::model::{Company, Member, NeuronModel, Scratch};
use synfire_core::receptor::ReceptorKind;
use synfire_numerics::math;

use crate::neurons::{Coupling, Live, Neuron, neuron};
use synfire_models::lif::LifState;

/// Rounding errors of v: a few units of the last place of its parts.
fn rounding(neuron: &Neuron) -> f64 {
    16.0 * f64::EPSILON * neuron.scale()
}

/// Times over all scales of the neuron, from a millionth of its shortest time constant on.
fn times(neuron: &Neuron, until: f64) -> Vec<f64> {
    let first = 1e-6 * neuron.shortest_tau();
    let mut times: Vec<f64> = (0..400).map(|i| first * 1.08f64.powi(i)).take_while(|&t| t < until).collect();
    if until.is_finite() {
        times.extend((1..100).map(|i| until * f64::from(i) / 100.0));
    }
    times.retain(|&t| t < 50.0 * neuron.longest_tau());
    times
}

#[derive(Default)]
struct Crowd {
    /// State, receptor variables, stimulus and duration of each.
    members: Vec<(LifState, Vec<f64>, f64, f64)>,
    scratch: Scratch,
}

impl Company<LifState> for &mut Crowd {
    fn len(&self) -> usize {
        self.members.len()
    }

    fn member(&mut self, place: usize) -> Member<'_, LifState> {
        let (state, inputs, stimulus, duration_ms) = &mut self.members[place];
        Member { state, inputs, stimulus: *stimulus, duration_ms: *duration_ms }
    }

    fn scratch(&mut self) -> &mut Scratch {
        &mut self.scratch
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn two_flows_are_one(neuron in neuron(Coupling::Any), a in 0.0..30.0f64, b in 0.0..30.0f64) {
        let ready = neuron.ready();
        let (twice, once) = (ready.after(a).after(b), ready.after(a + b));
        prop_assert!((twice.v() - once.v()).abs() <= rounding(&neuron), "{} and {}", twice.v(), once.v());
        for (x, y) in twice.inputs.iter().zip(&once.inputs) {
            let faded = 1.0 + (a + b) / neuron.shortest_tau();
            prop_assert!((x - y).abs() <= 4.0 * f64::EPSILON * faded * x.abs() + f64::MIN_POSITIVE);
        }
    }

    #[test]
    fn no_time_changes_nothing(neuron in neuron(Coupling::Any)) {
        let ready = neuron.ready();
        let after = ready.after(0.0);
        prop_assert_eq!(after.v().to_bits(), ready.v().to_bits());
        prop_assert_eq!(after.inputs, ready.inputs);
    }

    #[test]
    fn the_crossing_is_the_first(neuron in neuron(Coupling::Any)) {
        let ready = neuron.ready();
        let crossing = ready.crossing();
        prop_assert_eq!(crossing, ready.crossing());
        prop_assert!(crossing.after_ms >= 0.0);
        if crossing.after_ms < f64::INFINITY {
            let t = crossing.after_ms;
            // The crossing is a double: v may move between it and its neighbours.
            let (before, at, after) = (ready.after(t * (1.0 - 4.0 * f64::EPSILON)), ready.after(t), ready.after(t * (1.0 + 4.0 * f64::EPSILON)));
            let step = (at.v() - before.v()).abs() + (after.v() - at.v()).abs();
            prop_assert!(at.v().abs() <= rounding(&neuron) + step, "v = {:e} at the crossing {t:e}", at.v());
        }
        for t in times(&neuron, crossing.after_ms) {
            let v = ready.after(t).v();
            prop_assert!(v < rounding(&neuron), "v = {v:e} at {t:e}, before the crossing {:e}", crossing.after_ms);
        }
    }

    #[test]
    fn a_bound_never_lies_beyond_the_crossing(neuron in neuron(Coupling::Any)) {
        let ready = neuron.ready();
        let crossing = ready.crossing().after_ms;
        let latest = crossing.min(100.0 * neuron.longest_tau());
        for hundredths in [0, 1, 10, 30, 50, 70, 90, 97, 99, 100] {
            let from = latest.min(latest * f64::from(hundredths) / 100.0);
            let bound = ready.bound(from);
            prop_assert!(bound >= from && bound <= crossing, "from {from:e} on the bound is {bound:e}, the crossing {crossing:e}");
        }
    }

    /// Asked again and again, the bound comes near to the crossing, until v is so near to threshold that only the
    /// crossing itself will do. (Strong inhibition beside strong excitation makes it creep: it counts the peaks of one and
    /// the first fading of the other.)
    #[test]
    fn bounds_lead_to_the_crossing(neuron in neuron(Coupling::Any)) {
        let ready = neuron.ready();
        let crossing = ready.crossing().after_ms;
        let is_inhibited = neuron.receptors.iter().any(|live| live.s < 0.0 || live.x < 0.0 || live.e_rev < 0.0);
        if is_inhibited || crossing > 20.0 * neuron.tau_m || neuron.longest_tau() > 100.0 {
            return Ok(());
        }
        let mut bound = 0.0;
        for _ in 0..300 {
            bound = ready.bound(bound);
        }
        let v = ready.after(bound).v();
        prop_assert!(bound >= 0.9 * crossing || v > -1e-4, "the bound is {bound:e}, the crossing {crossing:e}, v = {v:e}");
    }

    #[test]
    fn after_a_spike_v_is_below_threshold(neuron in neuron(Coupling::Any)) {
        let mut ready = neuron.ready();
        ready.lif.put_at_threshold(&mut ready.state);
        prop_assert!(ready.lif.reaches_threshold(&mut ready.state));
        ready.lif.fire(&mut ready.state);
        prop_assert!(!ready.lif.reaches_threshold(&mut ready.state));
        prop_assert!(ready.crossing().after_ms > 0.0);
    }

    #[test]
    fn in_the_refractory_time_inputs_fade_and_v_stays(neuron in neuron(Coupling::Any), dt in 0.0..30.0f64) {
        let free = neuron.ready().after(dt);
        let mut held = neuron.ready();
        let before = held.v();
        held.lif.flow_refractory(&mut held.state, &mut held.inputs, 0.0, dt);
        prop_assert_eq!(held.v().to_bits(), before.to_bits());
        prop_assert_eq!(held.inputs, free.inputs);
    }

    /// Neurons with the same constants that flow together go each where it would go alone.
    #[test]
    fn company_changes_no_bit(neuron in neuron(Coupling::Conductances), members in prop::collection::vec((0.0..30.0f64, -9.0..4.6f64, -100.0..100.0f64), 1..150)) {
        let ready = neuron.ready();
        if !ready.lif.flows_together() {
            return Ok(());
        }
        let mut crowd = Crowd::default();
        let mut alone = vec![];
        for (past, logarithm, stimulus) in members {
            let mut member = ready.after(past);
            let dt_ms = math::exp(logarithm);
            crowd.members.push((member.state, member.inputs.clone(), stimulus, dt_ms));
            member.lif.flow(&mut member.state, &mut member.inputs, stimulus, dt_ms);
            alone.push((member.state, member.inputs));
        }
        ready.lif.flow_together(&mut crowd);
        for (together, alone) in crowd.members.iter().zip(&alone) {
            prop_assert_eq!((&together.0, &together.1), (&alone.0, &alone.1));
        }
    }

    #[test]
    fn a_stimulus_is_a_current(neuron in neuron(Coupling::Any), stimulus in -200.0..200.0f64, dt in 0.0..30.0f64) {
        let mut with_stimulus = neuron.ready();
        with_stimulus.lif.flow(&mut with_stimulus.state, &mut with_stimulus.inputs, stimulus, dt);
        let mut shifted = neuron.clone();
        shifted.i_e += stimulus;
        let expected = shifted.ready().after(dt);
        prop_assert!((with_stimulus.v() - expected.v()).abs() <= rounding(&shifted));
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
                    tau_m: 20.0,
                    c_m: 250.0,
                    e_l: -15.0,
                    v_th: 0.0,
                    i_e: 0.0,
                    v: -1e-300,
                    receptors: vec![live, fast],
                };
                let ready = neuron.ready();
                let is_number = ready.inputs.iter().all(|input| input.is_finite());
                assert_eq!(ready.lif.first_crossing(ready.anchored()).is_ok(), is_number);
                for from in [0.0, 1.0] {
                    assert!(ready.bound(from) >= from);
                }
            }
        }
    }
}
