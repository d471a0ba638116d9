//! What every neuron model promises.

use synfire_core::model::{Crossing, CrossingKind, NeuronModel};
use synfire_models::integrated::{Dynamics, Integrated};

use crate::each_model;
use crate::neurons::{Look, Neuron};

const NEURONS: u32 = 400;

/// The crossing, or checkpoint, with checkpoints before `until` passed. Tells also the neuron at the last anchor and the
/// time of that.
fn search<M: Dynamics<D>, const D: usize>(
    mut neuron: Neuron<M, D>,
    until: f64,
) -> (f64, Crossing, Neuron<M, D>) {
    let mut elapsed = 0.0;
    loop {
        let found = neuron.ready.first_crossing(neuron.at()).expect("found or excluded");
        if found.kind == CrossingKind::Spike || elapsed + found.after_ms > until {
            return (elapsed, found, neuron);
        }
        (neuron.state, neuron.inputs) = neuron.after(found.after_ms);
        elapsed += found.after_ms;
        assert!(
            !neuron.ready.reaches_threshold(&mut neuron.state.clone()),
            "above threshold at a checkpoint"
        );
    }
}

/// How much a small change of the state grows over `dt`.
fn growth<M: Dynamics<D>, const D: usize>(neuron: &Neuron<M, D>, dt: f64) -> f64 {
    let before = neuron.m(dt);
    let mut grown = 0.0f64;
    for sign in [-1.0, 1.0] {
        let (mut state, mut inputs) = (neuron.state, neuron.inputs.clone());
        neuron.ready.receive(&mut state, sign * 1e-6 * neuron.scale());
        neuron.ready.flow(&mut state, &mut inputs, 0.0, dt);
        grown = grown.max((state.variables()[0] - before).abs() / (1e-6 * neuron.scale()));
    }
    1.0 + grown
}

fn two_flows_are_one<M: Dynamics<D>, const D: usize>(look: &Look) {
    for number in 0..NEURONS {
        let neuron = Neuron::<M, D>::draw(look, number);
        let (elapsed, found, _) = search(Neuron::<M, D>::draw(look, number), 12.0);
        let end = 0.9 * (elapsed + found.after_ms).min(12.0);
        for part in [1e-4, 0.3, 0.7] {
            let (state, inputs) = neuron.after(part * end);
            let (mut twice, mut rest) = (state, inputs);
            neuron.ready.flow(&mut twice, &mut rest, 0.0, end - part * end);
            let (once, straight) = neuron.after(end);
            // Every step may err in the last places of all variables; `growth` knows only how errors of v grow.
            let tolerance = 32.0 * f64::EPSILON * neuron.scale() * growth(&neuron, end);
            let off = (twice.variables()[0] - once.variables()[0]).abs();
            assert!(off <= tolerance, "{} {number}: off by {off:e} of {tolerance:e}", M::SPEC.name);
            for (a, b) in rest.iter().zip(&straight) {
                assert!((a - b).abs() <= 32.0 * f64::EPSILON * b.abs() + f64::MIN_POSITIVE);
            }
        }
        let (same, inputs) = neuron.after(0.0);
        assert_eq!((same, inputs), (neuron.state, neuron.inputs));
    }
}

fn the_crossing_is_the_first<M: Dynamics<D>, const D: usize>(look: &Look) -> usize {
    let mut spikes = 0;
    for number in 0..NEURONS {
        let (_, found, neuron) = search(Neuron::<M, D>::draw(look, number), 20.0);
        assert_eq!(found, neuron.ready.first_crossing(neuron.at()).unwrap(), "pure");
        let end = found.after_ms.min(50.0);
        for i in 0..100 {
            let t = end * f64::from(i) / 100.0;
            let m = neuron.m(t);
            assert!(m < 0.0, "{} {number}: m is {m:e} at {t} of {found:?}", M::SPEC.name);
        }
        if found.kind == CrossingKind::Spike && found.after_ms < f64::INFINITY {
            spikes += 1;
            let near = 8.0 * f64::EPSILON * found.after_ms;
            let (before, at) = (neuron.m(found.after_ms - near), neuron.m(found.after_ms));
            let tolerance = 16.0 * f64::EPSILON * neuron.scale() + 2.0 * (at - before).abs();
            assert!(at.abs() <= tolerance, "{} {number}: m is {at:e} at the crossing", M::SPEC.name);
        }
    }
    spikes
}

/// The bound is checked against the search without it: crossings found step by step by the flow.
fn bounds_hold<M: Dynamics<D>, const D: usize>(look: &Look) {
    let (mut bounded, mut endless) = (0, 0);
    for number in 0..4 * NEURONS {
        let neuron = Neuron::<M, D>::draw(look, number);
        let bound = neuron.ready.crossing_bound(neuron.at(), 0.0);
        assert!(bound >= 0.0);
        assert!(bound <= neuron.ready.first_crossing(neuron.at()).unwrap().after_ms);
        assert_eq!(neuron.ready.crossing_bound(neuron.at(), 1.5), bound.max(1.5));
        bounded += usize::from(bound > 0.0);
        endless += usize::from(bound == f64::INFINITY);
        let end = bound.min(60.0);
        for i in 1..=100 {
            let t = end * f64::from(i) / 100.0;
            let m = neuron.m(t);
            assert!(m < 0.0, "{} {number}: m is {m:e} at {t}, before the bound {bound}", M::SPEC.name);
        }
    }
    let all = 4 * NEURONS as usize;
    assert!(4 * bounded > 3 * all, "{} of {all} neurons of {} have a bound", bounded, M::SPEC.name);
    println!("{}: {bounded} of {all} have a bound, {endless} will never spike", M::SPEC.name);
}

fn firing_ends_it<M: Dynamics<D>, const D: usize>(look: &Look) {
    for number in 0..NEURONS {
        let mut neuron = Neuron::<M, D>::draw(look, number);
        neuron.ready.put_at_threshold(&mut neuron.state);
        assert!(neuron.ready.reaches_threshold(&mut neuron.state));
        neuron.ready.fire(&mut neuron.state);
        assert!(!neuron.ready.reaches_threshold(&mut neuron.state), "{} spikes again at once", M::SPEC.name);
        let found = neuron.ready.first_crossing(neuron.at()).unwrap();
        assert!(found.after_ms > 0.0);
    }
}

#[test]
fn flows_put_together_are_one_flow() {
    each_model!(two_flows_are_one);
}

#[test]
fn crossings_are_the_first() {
    fn check<M: Dynamics<D>, const D: usize>(look: &Look) {
        let spikes = the_crossing_is_the_first::<M, D>(look);
        assert!(spikes > 50, "{} makes {spikes} spikes", M::SPEC.name);
    }
    each_model!(check);
}

#[test]
fn bounds_are_never_beyond_the_crossing() {
    each_model!(bounds_hold);
}

#[test]
fn after_a_spike_there_is_none_at_once() {
    each_model!(firing_ends_it);
}

/// A neuron without reset that is above threshold spikes again only after it has been below.
#[test]
fn upward_crossings_arm_again_below_threshold() {
    use synfire_core::receptor::ReceptorSet;
    use synfire_core::spec::{Column, ParamTable};
    use synfire_models::fitzhugh_nagumo::FitzhughNagumo;
    let mut table = ParamTable::defaults(FitzhughNagumo::SPEC.parameters);
    table.set("i_e", Column::Same(0.5));
    let set = ReceptorSet::new(Vec::new());
    let ready = FitzhughNagumo::prepare(table.row(0), &set).unwrap();
    let mut state = ready.initial(&[Some(1.5), Some(0.2)]);
    assert!(!ready.reaches_threshold(&mut state), "it starts above: not armed");
    let (mut elapsed, mut spikes) = (0.0, Vec::new());
    while elapsed < 100.0 {
        let at = synfire_core::model::Anchored { state: &state, inputs: &[], stimulus: 0.0 };
        let found = ready.first_crossing(at).unwrap();
        ready.flow(&mut state, &mut [], 0.0, found.after_ms);
        elapsed += found.after_ms;
        if found.kind == CrossingKind::Spike {
            ready.put_at_threshold(&mut state);
            assert!(ready.reaches_threshold(&mut state));
            ready.fire(&mut state);
            spikes.push(elapsed);
        } else {
            assert!(!ready.reaches_threshold(&mut state));
        }
    }
    assert!(spikes.len() == 2 || spikes.len() == 3, "{spikes:?}");
    // The period of the limit cycle is known: 39.474414980241752562 ms.
    assert!((spikes[1] - spikes[0] - 39.474_414_980_241_75).abs() < 0.05, "{spikes:?}");
}

/// What is not a number is told, never passed over.
#[test]
fn searches_that_fail_say_so() {
    fn fails<M: Dynamics<D>, const D: usize>(look: &Look) {
        let mut neuron = Neuron::<M, D>::draw(look, 0);
        neuron.ready.receive(&mut neuron.state, f64::NAN);
        assert_eq!(neuron.ready.crossing_bound(neuron.at(), 0.0), 0.0);
        assert!(neuron.ready.first_crossing(neuron.at()).is_err());
        let _: &Integrated<M, D> = &neuron.ready;
    }
    each_model!(fails);
}
