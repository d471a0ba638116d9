//! Known spike times: the reference cases, computed in many digits by two methods, and the networks in `scenarios/`.

use std::path::{Path, PathBuf};
use synfire_core::engine::{EngineKind, Options, QueueKind};
use synfire_runner::replay::{collect, replay};

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
    ("b-threshold", 23),
    ("c-qif-eif", 4),
    ("d-two-variable", 19),
    ("e-piecewise-rate", 11),
    ("f-networks", 12),
    ("g-chain", 4),
    ("states", 10),
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
    for queue in [QueueKind::IndexedHeap, QueueKind::PriorityQueue, QueueKind::Scan] {
        let options = Options { queue, engine: Some(EngineKind::Queue), ..Options::default() };
        reference_cases_pass(&options);
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
#[ignore = "about a minute: run with --ignored"]
fn the_fly_circuit_and_the_benchmarks() {
    all_pass(&[top("scenarios/fly-sugar-circuit")], 2, &Options::default());
    let benchmarks = ["scenarios/cuba", "scenarios/cubadv", "scenarios/brunel"].map(top);
    all_pass(&benchmarks, 3, &Options::default());
}
