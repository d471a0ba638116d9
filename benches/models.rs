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

/// Models, kinds of receptors, and weights that make the neuron spike now and then: jumps (mV), currents (pA) or conductances (nS).
const MODELS: [(&str, &str, [f64; 2]); 15] = [
    ("lif", "jumps", [1.0, -1.0]),
    ("qif", "jumps", [1.0, -1.0]),
    ("qif_normalised", "jumps", [0.1, -0.1]),
    ("eif", "jumps", [1.0, -1.0]),
    ("lif", "currents", [60.0, -30.0]),
    ("lif", "conductances", [2.0, 1.0]),
    ("qif", "currents", [60.0, -30.0]),
    ("eif", "currents", [60.0, -30.0]),
    ("adex", "currents", [60.0, -30.0]),
    ("adex", "conductances", [2.0, 1.0]),
    ("izhikevich", "currents", [1.0, -0.5]),
    ("qif_adaptive", "currents", [60.0, -30.0]),
    ("fitzhugh_nagumo", "currents", [0.1, -0.05]),
    ("morris_lecar", "currents", [5.0, -2.5]),
    ("hodgkin_huxley", "conductances", [2.0, 1.0]),
];

fn receptors(kind: &str) -> &'static str {
    match kind {
        "jumps" => r#""exc": { "kind": "delta" }, "inh": { "kind": "delta" }"#,
        "currents" => {
            r#""exc": { "kind": "exponential", "tau": 5 }, "inh": { "kind": "exponential", "tau": 10 }"#
        }
        _ => {
            r#""exc": { "kind": "exponential_conductance", "tau": 5, "e_rev": 0 },
               "inh": { "kind": "exponential_conductance", "tau": 10, "e_rev": -80 }"#
        }
    }
}

/// The mean interval between two arrivals at a neuron, ms.
const INTERVALS: [f64; 2] = [0.5, 0.1];

fn simulation(model: &str, kind: &str, [up, down]: [f64; 2], interval: f64) -> Simulation {
    let rate = 500.0 / interval;
    let (up, down) = (up * interval / 0.5, down * interval / 0.5);
    let receptors = receptors(kind);
    let source = format!(r#"{{ "size": 100, "neuron": {{ "model": "poisson", "rate": {rate} }} }}"#);
    let projection = |source: &str, receptor: &str, weight: f64| {
        format!(
            r#"{{ "source": "{source}", "target": "neurons", "receptor": "{receptor}", "connect": {{ "rule": "one_to_one" }}, "weight": {weight}, "delay": 1 }}"#
        )
    };
    let text = format!(
        r#"{{ "synfire": 1, "duration": 100000, "seed": 1,
            "populations": {{ "up": {source}, "down": {source}, "neurons": {{ "size": 100, "neuron": {{ "model": "{model}" }}, "receptors": {{ {receptors} }} }} }},
            "projections": [ {}, {} ], "record": {{ "spikes": ["neurons"] }} }}"#,
        projection("up", "exc", up),
        projection("down", "inh", down)
    );
    let scenario = scenario::check(text, "bench.json".as_ref(), &Limits::default()).expect("a scenario");
    Simulation::new(build(&scenario).expect("its network"), vec![], &Options::default())
        .expect("it can be run")
}

fn cases() -> Vec<String> {
    let of_model = |(model, kind, _): (&str, &str, _)| INTERVALS.map(|ms| format!("{model} {kind} {ms} ms"));
    MODELS.into_iter().flat_map(of_model).collect()
}

/// 20 ms after 50 ms of warming up.
#[divan::bench(args = cases(), sample_count = 20, sample_size = 1)]
fn arrival(bencher: Bencher<'_, '_>, case: &str) {
    let [model, kind, interval, _] = *case.split(' ').collect::<Vec<_>>() else { unreachable!("four words") };
    let (_, _, weights) =
        MODELS.into_iter().find(|row| (row.0, row.1) == (model, kind)).expect("a row of the table");
    let mut simulation = simulation(model, kind, weights, interval.parse().expect("a number"));
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
