//! Populations that run by phase: the same bits as the oracle's on every queue, in pieces, sampled or not; and the same spikes
//! as those of the same neurons under the general arithmetic, which a stimulus of no current brings about.

use crate::equivalence::{CELLS, END_MS, all_engines_agree, load};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use synfire_core::engine::{EngineKind, Options, Simulation};
use synfire_core::observer::Raster;
use synfire_core::{LocalId, PopulationId, Time};
use synfire_numerics::random::{Stream, StreamKey};
use synfire_runner::build::{Form, build, population_setup};
use synfire_runner::scenario::{self, Scenario};

/// What networks to draw.
#[derive(Clone, Copy, Debug)]
struct Kind {
    seed: u64,
    /// Neurons start alike and times are multiples of 1/4 ms.
    ties: bool,
    /// Refractory times of 0 are possible.
    restless: bool,
}

/// Two coupled populations with jumps, mostly without delay, under drive and with sources.
fn network(kind: Kind) -> Value {
    let mut stream = Stream::new(StreamKey::derive(kind.seed, "phases", 0), 0);
    let mut below = |n: u32| stream.below(n);
    let neurons = |size: u32, below: &mut dyn FnMut(u32) -> u32| {
        let t_ref = match below(3) {
            0 if kind.restless => 0.0,
            1 => 0.25 * f64::from(below(8) + 1),
            _ => 0.3 + 0.01 * f64::from(below(300)),
        };
        let start = match kind.ties {
            true => json!((0..size).map(|i| -60.0 - f64::from(i / 3 % 4)).collect::<Vec<_>>()),
            false => json!({ "uniform": [-72, -54.5] }),
        };
        json!({
            "size": size,
            "neuron": {
                "model": "lif", "tau_m": 2 + below(30), "c_m": 200, "e_l": -70, "v_th": -55,
                "v_reset": -62.0 - f64::from(below(12)), "t_ref": t_ref, "i_e": 3000,
            },
            "receptors": { "a": { "kind": "delta" }, "b": { "kind": "delta" } },
            "initial": { "v": start },
        })
    };
    let sizes = [below(30) + 4, below(30) + 2];
    let first = neurons(sizes[0], &mut below);
    let second = neurons(sizes[1], &mut below);
    let trains: Vec<Vec<f64>> = (0..3)
        .map(|_| {
            let mut train: Vec<f64> = (0..below(12)).map(|_| f64::from(below(160)) / 4.0).collect();
            train.sort_by(f64::total_cmp);
            train
        })
        .collect();
    let mut projection = |source: &str, target: &str, receptor: &str| {
        let delay = match below(4) {
            0 if kind.ties => json!(0.25 * f64::from(below(6))),
            0 => json!({ "uniform": [0.0, 2.0] }),
            1 => json!(0.1 * f64::from(below(9))),
            _ => json!(0),
        };
        let size = f64::from(below(5) + 1) * if kind.ties { 1.0 } else { 0.777 };
        // Without refractory time a spike must not be able to lift as much as it has cost, or it goes on for ever.
        let (size, most) = if kind.restless && receptor == "a" { (size / 5.0, 3) } else { (size, 60) };
        json!({
            "source": source, "target": target, "receptor": receptor,
            "connect": { "rule": "fixed_total_number", "n": below(most) + 1 },
            "weight": if receptor == "a" { size } else { -size }, "delay": delay,
        })
    };
    json!({
        "synfire": 1, "seed": kind.seed, "duration": END_MS,
        "populations": {
            "cells": first,
            "drive": { "size": 3, "neuron": { "model": "spike_source", "times": trains } },
            "more": second,
        },
        "projections": [
            projection("drive", "cells", "a"),
            projection("cells", "cells", "a"),
            projection("cells", "more", "a"),
            projection("more", "cells", "b"),
            projection("more", "more", "b"),
            projection("cells", "cells", "b"),
            { "source": "drive", "target": "cells", "receptor": "b", "connect": { "rule": "all_to_all" }, "weight": -0.5, "delay": 0 },
            { "source": "drive", "target": "more", "receptor": "a", "connect": { "rule": "all_to_all" }, "weight": 1.5, "delay": 0 },
        ],
    })
}

fn is_by_phase(scenario: &Scenario, population: usize) -> bool {
    let setup = population_setup(scenario, population).unwrap();
    (scenario.populations[population].model.build)(&setup).unwrap().rows().is_some()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn phases_give_the_oracles_bits(seed: u64, ties: bool, restless: bool, stops in prop::collection::vec(0.0..END_MS, 0..3)) {
        let scenario = load(&network(Kind { seed, ties, restless }).to_string());
        prop_assert!(is_by_phase(&scenario, 0) && is_by_phase(&scenario, 2));
        let mut stops: Vec<Time> = stops.into_iter().map(|s| Time::from_ms(s).unwrap()).collect();
        stops.sort();
        all_engines_agree((&scenario, Form::Chosen), &[EngineKind::Queue], &stops);
    }
}

type Spikes = Vec<(Time, PopulationId, LocalId)>;

fn spikes(scenario: &Scenario, until: Time) -> Spikes {
    let mut raster = Raster::default();
    let mut simulation = Simulation::new(build(scenario).unwrap(), vec![], &Options::default()).unwrap();
    simulation.run(until, &mut raster).unwrap();
    raster.spikes
}

/// The same network with a stimulus of no current: it runs by the general arithmetic.
fn in_general(mut network: Value) -> Scenario {
    network["stimuli"] = json!(
        ["cells", "more"]
            .map(|p| json!({ "kind": "current_step", "population": p, "at": 0, "amplitude": 0 }))
    );
    let scenario = load(&network.to_string());
    assert!(!is_by_phase(&scenario, 0));
    scenario
}

#[test]
fn phases_give_the_spikes_of_the_general_arithmetic() {
    let (mut compared, mut meetings) = (0, 0);
    for seed in 0..40 {
        let network = network(Kind { seed, ties: false, restless: false });
        let until = Time::from_ms(15.0).unwrap();
        let (found, expected) =
            (spikes(&load(&network.to_string()), until), spikes(&in_general(network), until));
        meetings += found.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();
        let key = |spike: &(Time, PopulationId, LocalId)| (spike.1, spike.2);
        let mut sorted = [found, expected];
        sorted.iter_mut().for_each(|spikes| spikes.sort_by_key(|spike| (key(spike), spike.0)));
        let [found, expected] = sorted;
        assert_eq!(found.len(), expected.len(), "seed {seed}");
        for (a, b) in found.iter().zip(&expected) {
            assert_eq!(key(a), key(b), "seed {seed}");
            let (earlier, later) = (a.0.min(b.0), a.0.max(b.0));
            assert!(later.since(earlier) < 1e-12, "seed {seed}: {} and {}", a.0, b.0);
        }
        compared += found.iter().filter(|spike| spike.1 == CELLS).count();
    }
    assert!(compared > 500, "{compared} spikes");
    assert!(meetings > 20, "{meetings} pairs of spikes at one instant");
}

#[test]
fn a_million_ms_later_spikes_are_as_well_resolved() {
    // A neuron without input spikes every t_ref + tau ln((v_inf - v_reset)/(v_inf - v_th)) ms. The network is the same, its
    // start is 10^6 ms later: a source resets both neurons by a jump over threshold.
    let text = |start: f64| {
        json!({
            "synfire": 1, "duration": start + 100.0,
            "populations": {
                "drive": { "size": 1, "neuron": { "model": "spike_source", "times": [[start]] } },
                "cells": {
                    "size": 1,
                    "neuron": { "model": "lif", "tau_m": 10, "c_m": 250, "e_l": -70, "v_th": -55, "v_reset": -70, "t_ref": 2, "i_e": 400 },
                    "receptors": { "a": { "kind": "delta" } },
                    "initial": { "v": -70 },
                },
            },
            "projections": [
                { "source": "drive", "target": "cells", "receptor": "a", "connect": { "rule": "all_to_all" }, "weight": 15, "delay": 0 },
            ],
        })
        .to_string()
    };
    let after = |start: f64| {
        let scenario = load(&text(start));
        assert!(is_by_phase(&scenario, 0));
        let from = Time::from_ms(start).unwrap();
        let all = spikes(&scenario, Time::from_ms(start + 100.0).unwrap());
        all.iter()
            .filter(|s| s.1 == PopulationId(0) && s.0 >= from)
            .map(|s| s.0.since(from))
            .collect::<Vec<_>>()
    };
    let (early, late) = (after(0.0), after(1_000_000.25));
    assert!(early.len() >= 3, "{early:?}");
    assert_eq!(early.len(), late.len());
    for (a, b) in early.iter().zip(&late) {
        assert!((a - b).abs() < 1e-13, "{a} and {b}");
    }
}

#[test]
fn benchmark_4_runs_by_phase() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/cubadv/scenario.json");
    let scenario = scenario::load(&path).unwrap();
    assert!(is_by_phase(&scenario, 0) && is_by_phase(&scenario, 1));
}
