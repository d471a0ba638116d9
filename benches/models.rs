//! What an arrival costs each neuron model: 100 neurons that do not know each other, each with an exciting and an inhibiting
//! Poisson source of its own, so that flow, search and bound are all that is measured. One item is one arrival.

use divan::Bencher;
use divan::counter::ItemsCount;
use synfire_core::Time;
use synfire_core::engine::{Options, Simulation};
use synfire_runner::build::build;
use synfire_runner::scenario::{self, Limits};

fn main() {
    divan::main();
}

/// A model, what else its neuron needs, and weights that make it spike now and then: currents (pA) or conductances (nS).
struct Driven {
    name: &'static str,
    neuron: &'static str,
    receptors: &'static str,
    weights: [f64; 2],
}

const CURRENTS: &str = r#""exc": { "kind": "exponential", "tau": 5 }, "inh": { "kind": "exponential", "tau": 10 }"#;
const CONDUCTANCES: &str = r#""exc": { "kind": "exponential_conductance", "tau": 5, "e_rev": 0 }, "inh": { "kind": "exponential_conductance", "tau": 10, "e_rev": -80 }"#;
const JUMPS: &str = r#""exc": { "kind": "delta" }, "inh": { "kind": "delta" }"#;

const MODELS: [Driven; 12] = [
    Driven { name: "lif, jumps", neuron: r#""model": "lif""#, receptors: JUMPS, weights: [1.0, -1.0] },
    Driven { name: "lif, currents", neuron: r#""model": "lif""#, receptors: CURRENTS, weights: [60.0, -30.0] },
    Driven { name: "lif, conductances", neuron: r#""model": "lif""#, receptors: CONDUCTANCES, weights: [2.0, 1.0] },
    Driven { name: "qif, currents", neuron: r#""model": "qif""#, receptors: CURRENTS, weights: [60.0, -30.0] },
    Driven { name: "eif, currents", neuron: r#""model": "eif""#, receptors: CURRENTS, weights: [60.0, -30.0] },
    Driven { name: "adex, currents", neuron: r#""model": "adex""#, receptors: CURRENTS, weights: [60.0, -30.0] },
    Driven { name: "adex, conductances", neuron: r#""model": "adex""#, receptors: CONDUCTANCES, weights: [2.0, 1.0] },
    Driven { name: "izhikevich, currents", neuron: r#""model": "izhikevich""#, receptors: CURRENTS, weights: [1.0, -0.5] },
    Driven { name: "qif_adaptive, currents", neuron: r#""model": "qif_adaptive""#, receptors: CURRENTS, weights: [60.0, -30.0] },
    Driven { name: "fitzhugh_nagumo, currents", neuron: r#""model": "fitzhugh_nagumo""#, receptors: CURRENTS, weights: [0.1, -0.05] },
    Driven { name: "morris_lecar, currents", neuron: r#""model": "morris_lecar""#, receptors: CURRENTS, weights: [5.0, -2.5] },
    Driven { name: "hodgkin_huxley, conductances", neuron: r#""model": "hodgkin_huxley""#, receptors: CONDUCTANCES, weights: [2.0, 1.0] },
];

/// The mean interval between two arrivals at a neuron, ms.
const INTERVALS: [f64; 2] = [0.5, 0.1];

fn simulation(model: &Driven, interval: f64) -> Simulation {
    let rate = 500.0 / interval;
    let Driven { neuron, receptors, weights: [up, down], .. } = model;
    let scale = interval / 0.5;
    let (up, down) = (up * scale, down * scale);
    let source = format!(r#"{{ "size": 100, "neuron": {{ "model": "poisson", "rate": {rate} }} }}"#);
    let projection = |source: &str, receptor: &str, weight: f64| {
        format!(
            r#"{{ "source": "{source}", "target": "neurons", "receptor": "{receptor}", "connect": {{ "rule": "one_to_one" }}, "weight": {weight}, "delay": 1 }}"#
        )
    };
    let text = format!(
        r#"{{ "synfire": 1, "duration": 100000, "seed": 1,
            "populations": {{ "up": {source}, "down": {source}, "neurons": {{ "size": 100, "neuron": {{ {neuron} }}, "receptors": {{ {receptors} }} }} }},
            "projections": [ {}, {} ], "record": {{ "spikes": ["neurons"] }} }}"#,
        projection("up", "exc", up),
        projection("down", "inh", down)
    );
    let scenario = scenario::check(text, "bench.json".as_ref(), &Limits::default()).expect("a scenario");
    Simulation::new(build(&scenario).expect("its network"), vec![], &Options::default()).expect("it can be run")
}

fn cases() -> Vec<String> {
    MODELS.iter().flat_map(|model| INTERVALS.map(|interval| format!("{} every {interval} ms", model.name))).collect()
}

/// 20 ms after 50 ms of warming up.
#[divan::bench(args = cases(), sample_count = 20, sample_size = 1)]
fn arrival(bencher: Bencher<'_, '_>, case: &str) {
    let (name, interval) = case.strip_suffix(" ms").and_then(|case| case.split_once(" every ")).expect("a case");
    let model = MODELS.iter().find(|model| model.name == name).expect("a model");
    let mut simulation = simulation(model, interval.parse().expect("a number"));
    simulation.run(Time::from_ms(50.0).expect("a time"), &mut ()).expect("no endless instant");
    let from = simulation.counts().arrivals;
    let mut end_ms = 70.0;
    simulation.run(Time::from_ms(end_ms).expect("a time"), &mut ()).expect("no endless instant");
    let arrivals = simulation.counts().arrivals - from;
    bencher.counter(ItemsCount::new(arrivals)).bench_local(|| {
        end_ms += 20.0;
        simulation.run(Time::from_ms(end_ms).expect("a time"), &mut ()).expect("no endless instant");
        simulation.spikes_so_far()
    });
}
