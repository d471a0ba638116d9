//! What a synaptic event costs in networks without delay, by number of neurons and out-degree: SparseProp's inhibitory
//! network (see `scenarios/sparse-inhibitory`) and the same with a fifth of its neurons exciting. One item is one event.

use divan::Bencher;
use divan::counter::ItemsCount;
use synfire_core::Time;
use synfire_core::engine::{Options, Simulation};
use synfire_runner::build::build;
use synfire_runner::scenario::{self, Limits};

fn main() {
    divan::main();
}

/// Neurons and synapses of each.
const SIZES: [(u32, u32); 5] =
    [(10_000, 10), (10_000, 100), (10_000, 1_000), (100_000, 100), (1_000_000, 100)];

/// A network in balance: the drive grows with the root of the out-degree, as jumps shrink with it.
fn network(neurons: u32, degree: u32, exciting: u32, stimuli: &str) -> Simulation {
    let jump = 1.0 / f64::from(degree).sqrt();
    let rest = 1.0 + 0.01 * f64::from(degree).sqrt();
    let population = |size: u32| {
        format!(
            r#"{{ "size": {size}, "neuron": {{ "model": "lif", "tau_m": 10, "e_l": {rest}, "v_th": 1, "v_reset": 0, "t_ref": 0 }},
                "receptors": {{ "jump": {{ "kind": "delta" }} }}, "initial": {{ "v": {{ "uniform": [0, 1] }} }} }}"#
        )
    };
    let projection = |source: &str, target: &str, weight: f64, size: u32| {
        let k = (u64::from(degree) * u64::from(size) / u64::from(neurons)).max(1);
        format!(
            r#"{{ "source": "{source}", "target": "{target}", "receptor": "jump",
                "connect": {{ "rule": "fixed_out_degree", "k": {k} }}, "weight": {weight}, "delay": 0 }}"#
        )
    };
    let inhibiting = neurons - exciting;
    let mut populations = vec![format!(r#""i": {}"#, population(inhibiting))];
    let mut projections = vec![projection("i", "i", -jump, inhibiting)];
    if exciting > 0 {
        populations.push(format!(r#""e": {}"#, population(exciting)));
        projections.push(projection("i", "e", -jump, exciting));
        projections.push(projection("e", "i", 0.5 * jump, inhibiting));
        projections.push(projection("e", "e", 0.5 * jump, exciting));
    }
    let text = format!(
        r#"{{ "synfire": 1, "duration": 1000, "seed": 1, "populations": {{ {} }}, "projections": [ {} ], "stimuli": [ {stimuli} ] }}"#,
        populations.join(", "),
        projections.join(", ")
    );
    let scenario = scenario::check(text, "bench.json".as_ref(), &Limits::default()).expect("a scenario");
    Simulation::new(build(&scenario).expect("its network"), vec![], &Options::default())
        .expect("it can be run")
}

/// Runs on until about `events` have arrived; tells how many did.
fn run_on(simulation: &mut Simulation, events: u64) -> u64 {
    let from = simulation.counts().arrivals;
    let mut piece_ms = 0.02;
    loop {
        let end = simulation.now().after(piece_ms);
        simulation.run(end, &mut ()).expect("no endless instant");
        let arrived = simulation.counts().arrivals - from;
        if arrived >= events {
            return arrived;
        }
        piece_ms *= (events as f64 / arrived.max(1) as f64).clamp(1.0, 2.0);
    }
}

fn events(bencher: Bencher<'_, '_>, mut simulation: Simulation, most: u64) {
    run_on(&mut simulation, 200_000); // beyond the synchrony of the start
    let per_ms = {
        let (from, arrived) = (simulation.now(), run_on(&mut simulation, most / 4));
        arrived as f64 / simulation.now().since(from)
    };
    let piece_ms = most as f64 / per_ms;
    bencher.counter(ItemsCount::new(most)).bench_local(|| {
        let end: Time = simulation.now().after(piece_ms);
        simulation.run(end, &mut ()).expect("no endless instant");
    });
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn inhibitory(bencher: Bencher<'_, '_>, (neurons, degree): (u32, u32)) {
    events(bencher, network(neurons, degree, 0, ""), 10_000_000);
}

#[divan::bench(args = SIZES, sample_count = 5, sample_size = 1)]
fn mixed(bencher: Bencher<'_, '_>, (neurons, degree): (u32, u32)) {
    events(bencher, network(neurons, degree, neurons / 5, ""), 10_000_000);
}

/// The general arithmetic and queue, for comparison: a stimulus of no current brings them about.
#[divan::bench(args = [(10_000, 100), (100_000, 100)], sample_count = 3, sample_size = 1)]
fn inhibitory_in_general(bencher: Bencher<'_, '_>, (neurons, degree): (u32, u32)) {
    let stimulus = r#"{ "kind": "current_step", "population": "i", "at": 0, "amplitude": 0 }"#;
    events(bencher, network(neurons, degree, 0, stimulus), 1_000_000);
}
