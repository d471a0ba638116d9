//! Known spike times: the reference cases, computed in many digits by two methods, and the networks in `scenarios/`.

use serde_json::Value;
use std::path::{Path, PathBuf};
use synfire_core::engine::{EngineKind, Options, QueueKind, Simulation};
use synfire_core::observer::Raster;
use synfire_core::{LocalId, PopulationId};
use synfire_runner::build::{Form, build_in_form, population_setup};
use synfire_runner::replay::{collect, replay};
use synfire_runner::scenario::{self, Scenario};

fn top(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Replays every case below `paths`; there must be `count` of them, and all must pass.
fn all_pass(paths: &[PathBuf], count: usize, options: &Options) {
    let cases = collect(paths).unwrap();
    assert_eq!(cases.len(), count, "cases found: {:?}", cases.iter().map(|c| &c.label).collect::<Vec<_>>());
    let outcomes: Vec<_> = cases.iter().map(|case| replay(case, options)).collect();
    let failed: Vec<&str> = outcomes.iter().filter(|o| o.failed.is_some()).map(|o| o.text.as_str()).collect();
    assert!(failed.is_empty(), "{} of {count} cases failed:\n{}", failed.len(), failed.join("\n"));
}

/// The groups of reference cases, with how many there are.
const GROUPS: [(&str, usize); 8] = [
    ("a-lif", 25),
    ("b-threshold", 24),
    ("c-qif-eif", 16),
    ("d-two-variable", 19),
    ("e-piecewise-rate", 15),
    ("f-networks", 13),
    ("g-chain", 4),
    ("states", 11),
];

fn reference_cases_pass(options: &Options) {
    for (group, count) in GROUPS {
        all_pass(&[top("tests/reference").join(group)], count, options);
    }
}

#[test]
fn reference_cases() {
    reference_cases_pass(&Options::default());
}

#[test]
fn reference_cases_by_the_queue_engine_and_every_queue() {
    for queue in [QueueKind::MinTree, QueueKind::IndexedHeap, QueueKind::PriorityQueue, QueueKind::Scan] {
        let options = Options { queue, engine: Some(EngineKind::Queue), ..Options::default() };
        reference_cases_pass(&options);
    }
}

/// Times in ms, given as numbers or in decimal.
fn times(train: &Value) -> Vec<f64> {
    let time = |t: &Value| t.as_f64().unwrap_or_else(|| t.as_str().unwrap().parse().unwrap());
    train.as_array().unwrap().iter().map(time).collect()
}

/// Spikes of a scenario that are not where they should be, if its populations are driven in this form where that can be.
fn misses_in_form(scenario: &Scenario, form: Form) -> Vec<String> {
    let text: Value = serde_json::from_str(&scenario.text).unwrap();
    let tolerance = text["expect"]["tolerance"].as_f64().unwrap();
    let network = build_in_form(scenario, form).unwrap();
    let mut raster = Raster::default();
    Simulation::new(network, vec![], &Options::default())
        .unwrap()
        .run(scenario.duration, &mut raster)
        .unwrap();
    let mut misses = Vec::new();
    for (index, population) in scenario.populations.iter().enumerate() {
        let Some(trains) = text["expect"]["spikes"][&population.name].as_array() else { continue };
        for (neuron, train) in trains.iter().enumerate() {
            let found = raster.train(PopulationId(index as u32), LocalId(neuron as u32));
            let found: Vec<f64> = found.iter().map(|t| t.as_ms()).collect();
            let expected = times(train);
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= tolerance + 4.0 * f64::EPSILON * b;
            if found.len() != expected.len() || !found.iter().zip(&expected).all(near) {
                misses
                    .push(format!("{} {} {neuron}: {found:?}, {expected:?}", scenario.name, population.name));
            }
        }
    }
    misses
}

#[test]
fn reference_cases_in_linear_form() {
    let mut count = 0;
    let mut misses = Vec::new();
    for case in collect(&[top("tests/reference")]).unwrap() {
        let scenario = scenario::load(&case.path).unwrap();
        let is_linear = |index: usize| {
            let setup = population_setup(&scenario, index).unwrap();
            (scenario.populations[index].model.linear)(&setup).is_some()
        };
        if (0..scenario.populations.len()).any(is_linear) {
            count += 1;
            misses.extend(misses_in_form(&scenario, Form::Linear));
            misses.extend(misses_in_form(&scenario, Form::Summed));
        }
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
    assert!(count >= 4, "{count} cases");
}

#[test]
fn equations_with_formulas() {
    for engine in [EngineKind::Queue, EngineKind::Lookahead] {
        let options = Options { engine: Some(engine), ..Options::default() };
        all_pass(&[top("scenarios/equations-theta")], 1, &options);
    }
}

#[test]
fn rates_with_formulas() {
    let scenarios = ["scenarios/rate-repressilator", "scenarios/rate-pulses"].map(top);
    for engine in [EngineKind::Queue, EngineKind::Lookahead] {
        all_pass(&scenarios, 2, &Options { engine: Some(engine), ..Options::default() });
    }
}

#[test]
fn a_recorded_network_of_neuron_spike_by_spike() {
    all_pass(&[top("scenarios/sonata-300-intfire/scenario.json")], 1, &Options::default());
    let by_queue = Options { engine: Some(EngineKind::Queue), ..Options::default() };
    all_pass(&[top("scenarios/sonata-300-intfire/scenario.json")], 1, &by_queue);
}

#[test]
fn the_larval_brain() {
    all_pass(&[top("scenarios/larval-brain")], 1, &Options::default());
}

#[test]
fn firing_patterns_in_many_digits() {
    for engine in [EngineKind::Queue, EngineKind::Lookahead] {
        let options = Options { engine: Some(engine), ..Options::default() };
        all_pass(&[top("scenarios/firing-patterns")], 1, &options);
    }
}

#[test]
#[ignore = "two minutes: run with --ignored"]
fn networks_of_smooth_neurons_and_of_conductances() {
    let networks = ["coba", "cobahh", "adex-1000", "izhikevich-1000"].map(|name| top("scenarios").join(name));
    all_pass(&networks, 4, &Options::default());
}

#[test]
#[ignore = "about a minute: run with --ignored"]
fn the_fly_circuit_and_the_benchmarks() {
    all_pass(&[top("scenarios/fly-sugar-circuit")], 2, &Options::default());
    let benchmarks = ["cuba", "cubadv", "brunel", "mostly-silent", "microcircuit", "mckean-10000"]
        .map(|name| top("scenarios").join(name));
    all_pass(&benchmarks, 6, &Options::default());
}
