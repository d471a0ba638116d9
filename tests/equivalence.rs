//! Engines, queues, recorders and pieces of a run against each other and against the oracle: the same bits.
//!
//! Networks of neurons of several models with receptors of every kind are drawn from a seed and written as scenarios. In half of
//! them all times and delays are multiples of 1/4 ms and neurons come in identical twins, so that arrivals, spikes, ends of
//! refractoriness and stimuli meet at the same instants.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use synfire_core::engine::{EngineKind, Options, Probe, ProbeTimes, QueueKind, Simulation};
use synfire_core::observer::{Observer, Raster};
use synfire_core::oracle;
use synfire_core::{LocalId, PopulationId, Time};
use synfire_numerics::random::{Stream, StreamKey};
use synfire_runner::build::{Form, build_in_form, oracle_of, synapses_of};
use synfire_runner::scenario::{self, Limits, Scenario};

/// How long all networks run.
pub const END_MS: f64 = 40.0;

// The networks are written with their keys sorted: cells, drive, more, noise.
/// The population whose neurons are sampled.
pub const CELLS: PopulationId = PopulationId(0);
const MORE: PopulationId = PopulationId(2);
const NOISE: PopulationId = PopulationId(3);

/// What cells may be.
const MODELS: &[&str] = &["lif", "lif", "qif", "qif_infinite"];

/// What networks to draw.
#[derive(Clone, Copy, Debug)]
struct Kind {
    seed: u64,
    ties: bool,
    zero_delays: bool,
    form: Form,
}

struct Draw {
    stream: Stream,
    kind: Kind,
}

impl Draw {
    /// A number of the kind that times are made of, from `low` to below `high`.
    fn time(&mut self, low: f64, high: f64) -> f64 {
        let t = low + (high - low) * self.stream.uniform();
        if self.kind.ties { (4.0 * t).floor() / 4.0 } else { t }
    }

    fn delay(&mut self) -> f64 {
        let least = if self.kind.zero_delays { 0.0 } else { 0.25 };
        let delay = self.time(least, 3.0);
        // A zero delay has to happen in networks without ties too.
        if self.kind.zero_delays && self.stream.below(4) == 0 { 0.0 } else { delay }
    }

    fn one_of<'a>(&mut self, names: &[&'a str]) -> &'a str {
        names[self.stream.below(names.len() as u32) as usize]
    }

    /// All kinds of receptors, or only those whose effect is a sum of exponentials, or jumps alone.
    fn receptors(&mut self) -> Value {
        let tau = 1.0 + 9.0 * self.stream.uniform();
        if self.kind.form == Form::Dense {
            return json!({ "a": { "kind": "delta" }, "b": { "kind": "delta" } });
        }
        if matches!(self.kind.form, Form::Linear | Form::Summed) {
            return json!({
                "a": { "kind": "exponential", "tau": tau },
                "b": { "kind": "exponential", "tau": 2.0 },
                "c": { "kind": "exponential", "tau": 40.0 },
            });
        }
        let reset = self.stream.below(2) == 0;
        let refractory_input = self.stream.below(2) == 0;
        match self.stream.below(3) {
            0 => json!({ "a": { "kind": "delta" }, "b": { "kind": "delta" } }),
            1 => json!({
                "a": { "kind": "exponential", "tau": tau, "reset": reset },
                "b": { "kind": "delta" },
                "c": { "kind": "alpha", "tau": 2.0, "refractory_input": refractory_input },
            }),
            _ => json!({
                "a": { "kind": "exponential_conductance", "tau": tau, "e_rev": 0.0, "reset": reset },
                "b": { "kind": "delta" },
                "c": { "kind": "alpha_conductance", "tau": 3.0, "e_rev": -80.0 },
                "d": { "kind": "exponential", "tau": 5.0, "refractory_input": refractory_input },
            }),
        }
    }

    /// A weight that matters to the neuron: a spike takes a few.
    fn weight(&mut self, kind: &str) -> f64 {
        let size = 0.2 + self.stream.uniform();
        let sign = if self.stream.below(3) == 0 { -1.0 } else { 1.0 };
        match kind {
            "delta" if self.kind.ties => sign * (8.0 * size).floor(),
            "delta" => sign * 8.0 * size,
            "exponential" | "alpha" => sign * 250.0 * size,
            _ => 15.0 * size,
        }
    }

    fn projection(&mut self, source: (&str, u32), target: (&str, u32), receptors: &Value) -> Value {
        let names: Vec<&str> = receptors.as_object().unwrap().keys().map(String::as_str).collect();
        let receptor = self.one_of(&names);
        let kind = receptors[receptor]["kind"].as_str().unwrap().to_string();
        let synapses = self.stream.below(3 * target.1) + 1;
        let mut pairs = Vec::new();
        let (mut weights, mut delays) = (Vec::new(), Vec::new());
        for _ in 0..synapses {
            pairs.push([self.stream.below(source.1), self.stream.below(target.1)]);
            weights.push(self.weight(&kind));
            delays.push(self.delay());
        }
        let same_delay = self.stream.below(2) == 0;
        // Delays in single precision lead to no instant that others lead to.
        let precision = if self.kind.ties { "f64" } else { self.one_of(&["f64", "f32"]) };
        let weights = match self.kind.form {
            Form::Dense => json!(if self.stream.below(3) == 0 { -6.0 } else { 7.5 }),
            _ => json!(weights),
        };
        json!({
            "source": source.0, "target": target.0, "receptor": receptor,
            "connect": { "rule": "explicit", "pairs": pairs },
            "weight": weights,
            "delay": if same_delay { json!(delays[0]) } else { json!(delays) },
            "precision": precision,
        })
    }

    fn cells(&mut self, size: u32, receptors: &Value) -> Value {
        let values = |draw: &mut Draw, low: f64, high: f64| -> Vec<f64> {
            let twins = draw.kind.ties;
            let mut all: Vec<f64> = Vec::new();
            for i in 0..size as usize {
                let twin = twins && i % 2 == 1;
                let value = if twin { all[i - 1] } else { low + (high - low) * draw.stream.uniform() };
                all.push(value);
            }
            all
        };
        let starts = values(self, -75.0, -54.5);
        let t_ref = self.time(0.25, 4.0);
        // All neurons of a population in linear form or under dense jumps are equal.
        let current = match self.kind.form {
            Form::Chosen => None,
            Form::Linear | Form::Summed => Some(values(self, 100.0, 220.0)[0]),
            Form::Dense => Some(values(self, 0.0, 160.0)[0]),
        };
        let model = if current.is_some() { "lif" } else { self.one_of(MODELS) };
        let neuron = match model {
            "qif" => json!({
                "model": "qif", "k": 0.7, "v_peak": 30, "v_reset": -65, "t_ref": t_ref,
                "i_e": values(self, 20.0, 200.0),
            }),
            "qif_infinite" => json!({
                "model": "qif", "k": 0.7, "v_peak": "inf", "v_reset": "-inf", "t_ref": t_ref,
                "i_e": values(self, 20.0, 200.0),
            }),
            _ => json!({
                "model": "lif", "tau_m": 20, "c_m": 250, "e_l": -70, "v_th": -55, "v_reset": -70, "t_ref": t_ref,
                "i_e": current.map_or_else(|| json!(values(self, 100.0, 450.0)), |current| json!(current)),
            }),
        };
        json!({ "size": size, "neuron": neuron, "receptors": receptors, "initial": { "v": starts } })
    }

    fn trains(&mut self, size: u32) -> Vec<Vec<f64>> {
        let mut train = || {
            let mut times: Vec<f64> = (0..self.stream.below(15)).map(|_| self.time(0.0, END_MS)).collect();
            times.sort_by(f64::total_cmp);
            times.dedup();
            times
        };
        (0..size).map(|_| train()).collect()
    }
}

/// A scenario of the kind, as text.
fn network(kind: Kind) -> String {
    let mut draw = Draw { stream: Stream::new(StreamKey::derive(kind.seed, "equivalence", 0), 0), kind };
    let (sources, first, second) =
        (draw.stream.below(4) + 1, draw.stream.below(6) + 2, draw.stream.below(4) + 1);
    let (one, two) = (draw.receptors(), draw.receptors());
    let drive = ("drive", sources);
    let (cells, more) = (("cells", first), ("more", second));
    let mut projections = vec![
        draw.projection(drive, cells, &one),
        draw.projection(drive, cells, &one),
        draw.projection(cells, cells, &one),
        draw.projection(cells, more, &two),
        draw.projection(more, cells, &one),
        draw.projection(more, more, &two),
    ];
    projections.push(json!({
        "source": "noise", "target": "cells", "receptor": "b", "connect": { "rule": "one_to_one" },
        "weight": match kind.form { Form::Linear | Form::Summed => 40.0, Form::Dense => 0.2, Form::Chosen => 3.5 },
        "delay": draw.delay(),
    }));
    let (at, until) = (draw.time(0.0, 20.0), draw.time(20.0, 50.0));
    let mut text = json!({
        "synfire": 1,
        "seed": kind.seed,
        "duration": END_MS,
        "populations": {
            "drive": { "size": sources, "neuron": { "model": "spike_source", "times": draw.trains(sources) } },
            "cells": draw.cells(first, &one),
            "more": draw.cells(second, &two),
            "noise": { "size": first, "neuron": { "model": "poisson", "rate": 400 } },
        },
        "projections": projections,
        "stimuli": [
            { "kind": "current_step", "population": "cells", "ids": [0, 1], "at": at, "until": until, "amplitude": 60 },
            { "kind": "current_step", "population": "more", "at": at, "amplitude": -20 },
        ],
    });
    if kind.form != Form::Chosen {
        text["stimuli"] = json!([]);
    }
    let is_dense = kind.form == Form::Dense || kind.form != Form::Chosen && draw.stream.below(2) == 0;
    if is_dense {
        text["populations"]["noise"]["neuron"] = json!({
            "model": "poisson", "rate": 3000, "start": draw.time(0.0, 3.0), "stop": draw.time(35.0, 45.0),
        });
    }
    text.to_string()
}

/// A scenario from its text.
pub fn load(text: &str) -> Scenario {
    scenario::check(text.to_string(), Path::new("network.json"), &Limits::default())
        .unwrap_or_else(|e| panic!("{e}"))
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Samples(Vec<(usize, Time, u64)>);

impl Observer for Samples {
    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        self.0.push((probe, at, value.to_bits()));
    }
}

fn end() -> Time {
    Time::from_ms(END_MS).unwrap()
}

fn run(
    (scenario, form): (&Scenario, Form),
    options: &Options,
    stops: &[Time],
    probes: Vec<Probe>,
) -> (Raster, Samples) {
    let network = build_in_form(scenario, form).unwrap();
    let mut simulation = Simulation::new(network, probes, options).unwrap();
    let mut seen = (Raster::default(), Samples::default());
    for &stop in stops {
        simulation.run(stop, &mut seen).unwrap();
    }
    simulation.run(end(), &mut seen).unwrap();
    seen
}

fn probes(scenario: &Scenario) -> Vec<Probe> {
    let cells = &scenario.populations[CELLS.0 as usize];
    let probe = |neuron| Probe {
        population: CELLS,
        neuron: LocalId(neuron as u32),
        variable: 0,
        times: ProbeTimes::Every { interval_ms: 0.7 },
    };
    (0..cells.size).map(probe).collect()
}

/// A network of piecewise-linear neurons of one model that reach each other through receptors of every kind they can have.
fn piecewise_network(kind: Kind) -> String {
    let mut draw = Draw { stream: Stream::new(StreamKey::derive(kind.seed, "piecewise", 0), 0), kind };
    let (points, slopes) = (json!([[-0.5, -0.5], [0.5, 0.5]]), json!([-1.0, -1.0]));
    let neuron = match draw.stream.below(4) {
        0 => json!({ "model": "mckean", "a": 0.25, "epsilon": 0.1, "gamma": 0.2, "v_th": 0.5, "i_e": 0.1 }),
        1 => json!({ "model": "pwl_planar", "points": points, "slopes": slopes, "epsilon": 0.1, "b": 1.5,
            "v_th": 0.25, "i_e": 0.1 }),
        2 => json!({ "model": "pwl_planar", "points": [[-1.0, 0.0], [0.0, -1.0]], "slopes": [-1.0, 1.0],
            "epsilon": 0.2, "b": 0.3, "v_th": 3.0, "i_e": 1.6, "v_reset": -0.6, "d": 0.35 }),
        _ => json!({ "model": "pwl_integrate_and_fire", "points": [[-0.5, 0.0], [0.5, -0.5]],
            "slopes": [-1.0, 3.0], "v_th": 2.0, "v_reset": -1.0, "t_ref": 0.5, "i_e": 0.42 }),
    };
    let size = draw.stream.below(5) + 2;
    let starts: Vec<f64> = (0..size).map(|_| draw.stream.uniform() - 0.75).collect();
    let receptors = json!({
        "a": { "kind": "exponential", "tau": 0.5 + 5.0 * draw.stream.uniform() },
        "b": { "kind": "delta" },
        "c": { "kind": "alpha", "tau": 1.0 + 2.0 * draw.stream.uniform(), "reset": draw.stream.below(2) == 0 },
    });
    let mut projection = |source: (&str, u32), weight: f64| {
        // Jumps that go round in a loop of zero delay could go round for ever: a spike without reset takes nothing back.
        let is_endless = source.0 == "cells" && kind.zero_delays;
        let receptor = draw.one_of(if is_endless { &["a", "c"] } else { &["a", "b", "c"] });
        let count = draw.stream.below(3 * size) + 1;
        let pairs: Vec<[u32; 2]> =
            (0..count).map(|_| [draw.stream.below(source.1), draw.stream.below(size)]).collect();
        let weights: Vec<f64> = pairs.iter().map(|_| weight * (draw.stream.uniform() - 0.3)).collect();
        let delays: Vec<f64> = pairs.iter().map(|_| draw.delay()).collect();
        json!({
            "source": source.0, "target": "cells", "receptor": receptor,
            "connect": { "rule": "explicit", "pairs": pairs }, "weight": weights, "delay": delays,
        })
    };
    let projections = [
        projection(("drive", 3), 1.0),
        projection(("drive", 3), 0.5),
        projection(("cells", size), 0.3),
        projection(("cells", size), -0.3),
    ];
    let at = draw.time(0.0, 20.0);
    let text = json!({
        "synfire": 1,
        "seed": kind.seed,
        "duration": END_MS,
        "populations": {
            "cells": { "size": size, "neuron": neuron, "receptors": receptors, "initial": { "v": starts } },
            "drive": { "size": 3, "neuron": { "model": "spike_source", "times": draw.trains(3) } },
            "more": { "size": 1, "neuron": { "model": "poisson", "rate": 100 } },
        },
        "projections": projections,
        "stimuli": [
            { "kind": "current_step", "population": "cells", "ids": [0, 1], "at": at, "until": at + 5.0, "amplitude": 0.2 },
        ],
    });
    text.to_string()
}

/// A network in which most neurons are silent most of the time, and now and then all are not: those in linear form fall asleep and wake.
fn quiet_network(kind: Kind) -> String {
    let mut draw = Draw { stream: Stream::new(StreamKey::derive(kind.seed, "quiet", 0), 0), kind };
    let size = 120 + draw.stream.below(80);
    let receptors = draw.receptors();
    let mut projection = |source: (&str, u32), receptor: &str, synapses: u32, weight: f64| {
        let pairs: Vec<[u32; 2]> =
            (0..synapses).map(|_| [draw.stream.below(source.1), draw.stream.below(size)]).collect();
        let weights: Vec<f64> = pairs.iter().map(|_| weight * (1.3 * draw.stream.uniform() - 0.3)).collect();
        let delays: Vec<f64> = pairs.iter().map(|_| draw.delay()).collect();
        json!({
            "source": source.0, "target": "cells", "receptor": receptor, "connect": { "rule": "explicit", "pairs": pairs },
            "weight": weights, "delay": delays,
        })
    };
    let mut projections = vec![
        projection(("drive", 3), "a", 12, 1500.0),
        projection(("cells", size), "b", 3 * size, 60.0),
        projection(("cells", size), "c", size, -60.0),
        projection(("more", 1), "a", 3 * size, 700.0),
    ];
    // One spike of this one reaches everybody at the same time.
    projections[3]["delay"] = json!(1.5);
    let mut cells = draw.cells(size, &receptors);
    cells["neuron"]["i_e"] = json!(160.0 * draw.stream.uniform());
    let trains = draw.trains(3);
    let mut alarms = vec![draw.time(6.0, 15.0), draw.time(16.0, 35.0)];
    alarms.truncate(draw.stream.below(3) as usize);
    json!({
        "synfire": 1,
        "seed": kind.seed,
        "duration": END_MS,
        "populations": {
            "cells": cells,
            "drive": { "size": 3, "neuron": { "model": "spike_source", "times": trains } },
            "more": { "size": 1, "neuron": { "model": "spike_source", "times": [alarms] } },
        },
        "projections": projections,
    })
    .to_string()
}

fn by_oracle(scenario: &Scenario, form: Form) -> Vec<(Time, PopulationId, LocalId)> {
    let units = |index: usize| oracle_of(scenario, index, end(), form).unwrap();
    let mut populations: Vec<_> = (0..scenario.populations.len()).map(units).collect();
    let projections: Vec<_> =
        (0..scenario.projections.len()).map(|i| synapses_of(scenario, i).unwrap()).collect();
    oracle::run(&mut populations, &projections, end())
}

/// Noise that nobody watches is drawn where it is used, by any number of threads; recorded or not.
fn unwatched_noise_changes_nothing(scenario: &Scenario, form: Form, stops: &[Time]) {
    let watched =
        |spikes: Raster| -> Vec<_> { spikes.spikes.into_iter().filter(|spike| spike.1 != NOISE).collect() };
    let (spikes, samples) = run((scenario, form), &Options::default(), &[], probes(scenario));
    let spikes = watched(spikes);
    for threads in [1, 2, 3, 7] {
        let (engine, unwatched) = (Some(EngineKind::Lookahead), vec![NOISE]);
        let options = Options { engine, unwatched, threads, ..Options::default() };
        let found = run((scenario, form), &options, stops, probes(scenario));
        assert_eq!(
            (watched(found.0), found.1),
            (spikes.clone(), samples.clone()),
            "{threads} threads in pieces"
        );
        let found = run((scenario, form), &options, &[], vec![]);
        assert_eq!(watched(found.0), spikes, "{threads} threads unrecorded");
    }
}

/// All ways of running a scenario; tells how many spikes the neurons make.
fn all_ways_agree(scenario: &Scenario, form: Form, zero_delays: bool, stops: &[Time]) -> usize {
    let engines =
        if zero_delays { &[EngineKind::Queue][..] } else { &[EngineKind::Queue, EngineKind::Lookahead] };
    let spikes = all_engines_agree((scenario, form), engines, stops);
    if !zero_delays && NOISE.index() < scenario.populations.len() {
        unwatched_noise_changes_nothing(scenario, form, stops);
    }
    spikes.iter().filter(|spike| spike.1 == CELLS || spike.1 == MORE).count()
}

/// The spikes of a scenario, which the oracle, all these engines, all queues, and pieces of a run have to agree on.
pub fn all_engines_agree(
    (scenario, form): (&Scenario, Form),
    engines: &[EngineKind],
    stops: &[Time],
) -> Vec<(Time, PopulationId, LocalId)> {
    let expected = by_oracle(scenario, form);
    let sampled = run((scenario, form), &Options::default(), &[], probes(scenario));
    assert_eq!(sampled.0.spikes, expected, "the oracle's spikes are others");
    for &engine in engines {
        for queue in [QueueKind::MinTree, QueueKind::IndexedHeap, QueueKind::PriorityQueue, QueueKind::Scan] {
            let options = Options { queue, engine: Some(engine), ..Options::default() };
            assert_eq!(
                run((scenario, form), &options, stops, probes(scenario)),
                sampled,
                "{engine:?} {queue:?} in pieces"
            );
            assert_eq!(
                run((scenario, form), &options, &[], vec![]).0,
                sampled.0,
                "{engine:?} {queue:?} unrecorded"
            );
        }
    }
    expected
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_ways_of_running_give_the_same_bits(seed: u64, ties: bool, zero_delays: bool, stops in prop::collection::vec(0.0..END_MS, 0..3)) {
        let mut stops: Vec<Time> = stops.into_iter().map(|s| Time::from_ms(s).unwrap()).collect();
        stops.sort();
        all_ways_agree(&load(&network(Kind { seed, ties, zero_delays, form: Form::Chosen })), Form::Chosen, zero_delays, &stops);
    }

    #[test]
    fn populations_in_linear_form_too(seed: u64, ties: bool, zero_delays: bool, stops in prop::collection::vec(0.0..END_MS, 0..3)) {
        let mut stops: Vec<Time> = stops.into_iter().map(|s| Time::from_ms(s).unwrap()).collect();
        stops.sort();
        all_ways_agree(&load(&network(Kind { seed, ties, zero_delays, form: Form::Linear })), Form::Linear, zero_delays, &stops);
    }

    #[test]
    fn sums_of_integers_too(seed: u64, ties: bool, zero_delays: bool, stops in prop::collection::vec(0.0..END_MS, 0..3)) {
        let mut stops: Vec<Time> = stops.into_iter().map(|s| Time::from_ms(s).unwrap()).collect();
        stops.sort();
        all_ways_agree(&load(&network(Kind { seed, ties, zero_delays, form: Form::Summed })), Form::Summed, zero_delays, &stops);
    }

    #[test]
    fn neurons_that_sleep_too(seed: u64, ties: bool, are_summed: bool, stops in prop::collection::vec(0.0..END_MS, 0..3)) {
        let mut stops: Vec<Time> = stops.into_iter().map(|s| Time::from_ms(s).unwrap()).collect();
        stops.sort();
        let form = if are_summed { Form::Summed } else { Form::Linear };
        let kind = Kind { seed, ties, zero_delays: false, form };
        all_ways_agree(&load(&quiet_network(kind)), form, false, &stops);
    }

    #[test]
    fn piecewise_linear_neurons_too(seed: u64, ties: bool, zero_delays: bool, stop in 0.0..END_MS) {
        let stops = [Time::from_ms(stop).unwrap()];
        let kind = Kind { seed, ties, zero_delays, form: Form::Chosen };
        all_ways_agree(&load(&piecewise_network(kind)), Form::Chosen, zero_delays, &stops);
    }

    #[test]
    fn populations_under_dense_jumps_too(seed: u64, ties: bool, zero_delays: bool, stops in prop::collection::vec(0.0..END_MS, 0..3)) {
        let mut stops: Vec<Time> = stops.into_iter().map(|s| Time::from_ms(s).unwrap()).collect();
        stops.sort();
        let scenario = load(&network(Kind { seed, ties, zero_delays, form: Form::Dense }));
        all_ways_agree(&scenario, Form::Dense, zero_delays, &stops);
    }
}

/// The networks above are worth something only if they are alive, and if things meet in them.
#[test]
fn the_networks_spike_and_their_instants_meet() {
    let (spikes, meetings) = spikes_and_meetings(Form::Chosen);
    assert!(spikes > 500, "{spikes} spikes");
    assert!(meetings > 50, "{meetings} pairs of spikes at one instant");
    // Currents alone make no two neurons spike at the instant of an arrival.
    assert!(spikes_and_meetings(Form::Linear).0 > 500);
    assert!(spikes_and_meetings(Form::Summed).0 > 500);
    let (spikes, meetings) = spikes_and_meetings(Form::Dense);
    assert!(spikes > 500, "{spikes} spikes");
    assert!(meetings > 20, "{meetings} pairs of spikes at one instant");
    let piecewise = (0..40).map(|seed| {
        let kind = Kind { seed, ties: seed % 2 == 0, zero_delays: true, form: Form::Chosen };
        let scenario = load(&piecewise_network(kind));
        let raster = run((&scenario, Form::Chosen), &Options::default(), &[], vec![]).0.spikes;
        raster.iter().filter(|spike| spike.1 == CELLS).count()
    });
    let piecewise: usize = piecewise.sum();
    let (mut quiet, mut loud) = (0, 0);
    for seed in 0..40 {
        let scenario =
            load(&quiet_network(Kind { seed, ties: false, zero_delays: false, form: Form::Summed }));
        let raster = run((&scenario, Form::Summed), &Options::default(), &[], vec![]).0.spikes;
        let spikes = raster.iter().filter(|spike| spike.1 == CELLS).count();
        quiet += usize::from((1..60).contains(&spikes));
        loud += usize::from(spikes > 100);
    }
    assert!(quiet > 10 && loud > 5, "{quiet} networks are quiet, {loud} are not");
    assert!(piecewise > 500, "{piecewise} spikes of piecewise-linear neurons");
}

fn spikes_and_meetings(form: Form) -> (usize, usize) {
    let (mut spikes, mut meetings) = (0, 0);
    for seed in 0..40 {
        let kind = Kind { seed, ties: true, zero_delays: seed % 2 == 0, form };
        let scenario = load(&network(kind));
        let mut raster = run((&scenario, kind.form), &Options::default(), &[], vec![]).0.spikes;
        raster.retain(|spike| spike.1 == CELLS || spike.1 == MORE);
        spikes += raster.len();
        meetings += raster.windows(2).filter(|pair| pair[0].0 == pair[1].0).count();
    }
    (spikes, meetings)
}
