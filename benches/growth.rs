//! How the cost of a synaptic event grows with the number of neurons, the in-degree, the rate, the delay and the threads, and
//! what a log of all events adds: `lif` neurons beyond threshold that inhibit one another by currents, 100 ms, building not counted.
//! One thing is varied at a time.

use divan::Bencher;
use divan::counter::ItemsCount;
use synfire_core::Time;
use synfire_core::engine::{Options, Simulation};
use synfire_core::events::{Batch, EventFilter, EventLog, Glossary, Sink};
use synfire_core::observer::Observer;
use synfire_runner::build::build;
use synfire_runner::scenario::{self, Limits, Scenario};

fn main() {
    divan::main();
}

/// What is varied.
#[derive(Clone, Copy)]
struct Case {
    neurons: usize,
    in_degree: usize,
    /// pA, of 250 that bring the membrane to threshold.
    current: f64,
    delay_ms: f64,
    threads: usize,
}

const CASE: Case = Case { neurons: 10_000, in_degree: 100, current: 300.0, delay_ms: 1.5, threads: 1 };

const LASTS_MS: f64 = 100.0;

impl Case {
    fn scenario(&self) -> Scenario {
        let Case { neurons, in_degree, current, delay_ms, .. } = *self;
        let weight = -100.0 / in_degree as f64;
        let text = format!(
            r#"{{ "synfire": 1, "duration": {LASTS_MS}, "populations": {{ "cells": {{ "size": {neurons},
                "neuron": {{ "model": "lif", "tau_m": 15, "c_m": 250, "e_l": -70, "v_th": -55, "v_reset": -70, "t_ref": 2,
                    "i_e": {current} }},
                "receptors": {{ "r": {{ "kind": "exponential", "tau": 5 }} }},
                "initial": {{ "v": {{ "uniform": [-70, -55.5] }} }} }} }},
              "projections": [{{ "source": "cells", "target": "cells", "receptor": "r",
                "connect": {{ "rule": "fixed_in_degree", "k": {in_degree} }}, "weight": {weight}, "delay": {delay_ms} }}] }}"#
        );
        scenario::check(text, "growth.json".as_ref(), &Limits::default()).expect("a scenario")
    }

    /// The network at its beginning.
    fn start(&self) -> Simulation {
        let network = build(&self.scenario()).expect("its network");
        let options = Options { threads: self.threads, ..Options::default() };
        Simulation::new(network, vec![], &options).expect("it can be run")
    }

    fn measure<O: Observer>(&self, bencher: Bencher<'_, '_>, observer: impl Fn() -> O + Sync) {
        let end = Time::from_ms(LASTS_MS).expect("a time");
        let mut first = self.start();
        first.run(end, &mut ()).expect("no endless instant");
        bencher
            .counter(ItemsCount::new(first.counts().arrivals))
            .with_inputs(|| (self.start(), observer()))
            .bench_local_refs(|(simulation, observer)| {
                simulation.run(end, observer).expect("no endless instant")
            });
    }
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 5)]
fn by_neurons(bencher: Bencher<'_, '_>, neurons: usize) {
    Case { neurons, ..CASE }.measure(bencher, || ());
}

#[divan::bench(args = [10, 100, 1_000], sample_count = 5)]
fn by_in_degree(bencher: Bencher<'_, '_>, in_degree: usize) {
    Case { in_degree, ..CASE }.measure(bencher, || ());
}

#[divan::bench(args = [260.0, 300.0, 600.0], sample_count = 5)]
fn by_current(bencher: Bencher<'_, '_>, current: f64) {
    Case { current, ..CASE }.measure(bencher, || ());
}

#[divan::bench(args = [0.2, 1.5, 5.0], sample_count = 5)]
fn by_delay(bencher: Bencher<'_, '_>, delay_ms: f64) {
    Case { delay_ms, ..CASE }.measure(bencher, || ());
}

#[divan::bench(args = [1, 2], sample_count = 5)]
fn by_threads(bencher: Bencher<'_, '_>, threads: usize) {
    Case { threads, in_degree: 1_000, ..CASE }.measure(bencher, || ());
}

/// Takes the events in order and lets them go.
#[derive(Default)]
struct Ordered(Glossary);

impl Sink for Ordered {
    fn take(&mut self, batch: &mut Batch) {
        batch.sort(&mut self.0);
        batch.clear();
    }
}

#[divan::bench(sample_count = 5)]
fn with_a_log(bencher: Bencher<'_, '_>) {
    CASE.measure(bencher, || EventLog::new(EventFilter::ALL, Ordered::default()));
}
