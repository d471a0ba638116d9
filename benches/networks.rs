//! Whole networks from `scenarios/`: 100 ms of simulated time, by engine and queue. Building is not counted.

use divan::Bencher;
use std::path::Path;
use synfire_core::engine::{EngineKind, Options, QueueKind, Simulation};
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};
use synfire_runner::build::build;
use synfire_runner::scenario;

fn main() {
    divan::main();
}

/// Counts, so that spikes are reported to somebody.
#[derive(Default)]
struct Spikes(u64);

impl Observer for Spikes {
    fn spike(&mut self, _: Time, _: PopulationId, _: LocalId) {
        self.0 += 1;
    }
}

const WAYS: [&str; 3] = ["lookahead heap", "queue heap", "queue priority-queue"];

fn options(way: &str) -> Options {
    let engine = if way.starts_with("lookahead") { EngineKind::Lookahead } else { EngineKind::Queue };
    let queue =
        if way.ends_with("priority-queue") { QueueKind::PriorityQueue } else { QueueKind::IndexedHeap };
    Options { engine: Some(engine), queue, ..Options::default() }
}

fn run_100_ms(bencher: Bencher<'_, '_>, name: &str, options: &Options) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
    let scenario = scenario::load(&path).expect("a scenario that is shipped");
    let start =
        || Simulation::new(build(&scenario).expect("its network"), vec![], options).expect("it can be run");
    bencher.with_inputs(start).bench_local_refs(|simulation| {
        let mut spikes = Spikes::default();
        simulation.run(Time::from_ms(100.0).expect("a time"), &mut spikes).expect("no endless instant");
        spikes.0
    });
}

#[divan::bench(args = WAYS, sample_count = 5)]
fn cuba(bencher: Bencher<'_, '_>, way: &str) {
    run_100_ms(bencher, "cuba/scenario.json", &options(way));
}

#[divan::bench(args = &WAYS[1..], sample_count = 5)]
fn cubadv(bencher: Bencher<'_, '_>, way: &str) {
    run_100_ms(bencher, "cubadv/scenario.json", &options(way));
}

#[divan::bench(args = WAYS, sample_count = 5)]
fn sonata_300_intfire(bencher: Bencher<'_, '_>, way: &str) {
    run_100_ms(bencher, "sonata-300-intfire/scenario.json", &options(way));
}
