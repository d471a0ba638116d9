//! Networks of smooth neurons: engines, queues, pieces of a run and the oracle give the same bits.

use proptest::prelude::*;
use serde_json::{Value, json};
use synfire_core::Time;
use synfire_core::engine::{EngineKind, Options, Simulation};
use synfire_core::observer::Raster;
use synfire_numerics::random::{Stream, StreamKey};
use synfire_runner::build::{Form, build};

use crate::equivalence::{CELLS, END_MS, all_engines_agree, load};

/// A model, with inputs of a size that matters to it.
struct Model {
    neuron: fn() -> Value,
    currents: [f64; 2],
    starts: [f64; 2],
    delta: f64,
    /// Of exponential and alpha currents.
    current: f64,
    /// Of conductances, for models with units.
    conductance: Option<f64>,
    /// Far below rest the equations are stiff.
    is_stiff_far_below: bool,
    /// All receptors are `delta`.
    only_jumps: bool,
}

const MODELS: [Model; 9] = [
    Model {
        neuron: || json!({ "model": "eif", "t_ref": 1.5, "v_peak": -30 }),
        currents: [50.0, 250.0],
        starts: [-70.0, -48.0],
        delta: 8.0,
        current: 200.0,
        conductance: Some(6.0),
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "izhikevich", "d": 2 }),
        currents: [0.0, 12.0],
        starts: [-70.0, -50.0],
        delta: 9.0,
        current: 8.0,
        conductance: Some(0.2),
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "adex", "t_ref": 0.75, "v_reset": -55, "b": 40 }),
        currents: [300.0, 900.0],
        starts: [-72.0, -48.0],
        delta: 8.0,
        current: 400.0,
        conductance: Some(15.0),
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "qif_adaptive", "d": 40 }),
        currents: [50.0, 250.0],
        starts: [-65.0, -38.0],
        delta: 9.0,
        current: 100.0,
        conductance: Some(4.0),
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "fitzhugh_nagumo", "epsilon": 0.2, "v_th": 0.25 }),
        currents: [0.0, 0.6],
        starts: [-1.5, 0.5],
        delta: 0.8,
        current: 0.5,
        conductance: None,
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "morris_lecar", "phi": 0.15, "v_th": -10 }),
        currents: [40.0, 110.0],
        starts: [-60.0, -5.0],
        delta: 20.0,
        current: 40.0,
        conductance: Some(2.0),
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "hodgkin_huxley" }),
        currents: [0.0, 300.0],
        starts: [-68.0, -50.0],
        delta: 8.0,
        current: 150.0,
        conductance: Some(10.0),
        is_stiff_far_below: true,
        only_jumps: false,
    },
    Model {
        neuron: || {
            json!({
                "model": "equations",
                "variables": { "w": "(4*(v - e_l) - w)/90", "v": "(-g*(v - e_l) + 2*g*exp((v + 50)/2) - w + I)/200" },
                "parameters": { "g": 10, "e_l": -70 },
                "threshold": "v >= -20", "reset": { "v": "-55", "w": "w + 40" }, "t_ref": 0.75,
            })
        },
        currents: [300.0, 900.0],
        starts: [-72.0, -48.0],
        delta: 8.0,
        current: 400.0,
        conductance: Some(15.0),
        is_stiff_far_below: false,
        only_jumps: false,
    },
    Model {
        neuron: || json!({ "model": "eif", "t_ref": 1.5, "v_peak": -30 }),
        currents: [50.0, 250.0],
        starts: [-70.0, -48.0],
        delta: 8.0,
        current: 0.0,
        conductance: None,
        is_stiff_far_below: false,
        only_jumps: true,
    },
];

#[derive(Clone, Copy, Debug)]
struct Kind {
    model: usize,
    seed: u64,
    /// All times are multiples of 1/4 ms and neurons come in identical twins.
    ties: bool,
    zero_delays: bool,
}

struct Draw {
    stream: Stream,
    kind: Kind,
}

impl Draw {
    fn between(&mut self, [low, high]: [f64; 2]) -> f64 {
        low + (high - low) * self.stream.uniform()
    }

    fn time(&mut self, low: f64, high: f64) -> f64 {
        let t = self.between([low, high]);
        if self.kind.ties { (4.0 * t).floor() / 4.0 } else { t }
    }

    fn delay(&mut self) -> f64 {
        match (self.kind.zero_delays, self.stream.below(3)) {
            (true, 0) => 0.0,
            (true, _) => self.time(0.0, 3.0),
            (false, _) => self.time(0.25, 3.0),
        }
    }

    /// One value a neuron; twins have the same.
    fn values(&mut self, size: u32, range: [f64; 2]) -> Vec<f64> {
        let mut all: Vec<f64> = Vec::new();
        for i in 0..size as usize {
            let twin = self.kind.ties && i % 2 == 1;
            let value = if twin { all[i - 1] } else { self.between(range) };
            all.push(value);
        }
        all
    }

    fn receptors(&mut self, model: &Model) -> Value {
        if model.only_jumps {
            return json!({ "a": { "kind": "delta" }, "b": { "kind": "delta" }, "c": { "kind": "delta" } });
        }
        let (reset, refractory_input) = (self.stream.below(2) == 0, self.stream.below(2) == 0);
        let tau = self.between([1.0, 8.0]);
        let conductances = json!({
            "a": { "kind": "exponential_conductance", "tau": tau, "e_rev": 0.0, "reset": reset },
            "b": { "kind": "delta" },
            "c": { "kind": "alpha_conductance", "tau": 3.0, "e_rev": -80.0, "refractory_input": refractory_input },
            "d": { "kind": "exponential", "tau": 5.0 },
        });
        let currents = json!({
            "a": { "kind": "exponential", "tau": tau, "reset": reset },
            "b": { "kind": "delta" },
            "c": { "kind": "alpha", "tau": 2.0, "refractory_input": refractory_input },
        });
        if model.conductance.is_some() && self.stream.below(2) == 0 { conductances } else { currents }
    }

    fn projection(&mut self, source: (&str, u32), size: u32, receptors: &Value) -> Value {
        let model = &MODELS[self.kind.model];
        let receptor = ["a", "b", "c"][self.stream.below(3) as usize];
        let unit = match receptors[receptor]["kind"].as_str() {
            Some("delta") => model.delta,
            Some("exponential" | "alpha") => model.current,
            _ => model.conductance.unwrap_or(0.0),
        };
        // Loops of inhibiting jumps or currents would take a Hodgkin-Huxley membrane to hundreds of mV below rest, where the
        // rates of its gates are beyond reason; its conductances inhibit it.
        let has_sign = unit != model.conductance.unwrap_or(0.0) && !model.is_stiff_far_below;
        let synapses = self.stream.below(3 * size) + 2;
        let (mut pairs, mut weights, mut delays) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..synapses {
            pairs.push([self.stream.below(source.1), self.stream.below(size)]);
            let sign = if has_sign && self.stream.below(3) == 0 { -1.0 } else { 1.0 };
            weights.push(sign * unit * self.between([0.2, 1.2]));
            delays.push(self.delay());
        }
        json!({
            "source": source.0, "target": "cells", "receptor": receptor,
            "connect": { "rule": "explicit", "pairs": pairs }, "weight": weights, "delay": delays,
        })
    }
}

fn network(kind: Kind) -> String {
    let mut draw =
        Draw { stream: Stream::new(StreamKey::derive(kind.seed, "smooth", kind.model as u32), 0), kind };
    let model = &MODELS[kind.model];
    let size = draw.stream.below(5) + 2;
    let mut neuron = (model.neuron)();
    let currents = json!(draw.values(size, model.currents));
    match neuron.get_mut("parameters") {
        Some(parameters) => parameters["i_e"] = currents,
        None => neuron["i_e"] = currents,
    }
    let starts = draw.values(size, model.starts);
    let receptors = draw.receptors(model);
    let projections = [
        draw.projection(("drive", 3), size, &receptors),
        draw.projection(("drive", 3), size, &receptors),
        draw.projection(("cells", size), size, &receptors),
        draw.projection(("cells", size), size, &receptors),
        draw.projection(("noise", size), size, &receptors),
    ];
    let mut train = || {
        let mut times: Vec<f64> = (0..draw.stream.below(15)).map(|_| draw.time(0.0, END_MS)).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        times
    };
    let trains: Vec<Vec<f64>> = (0..3).map(|_| train()).collect();
    let (at, until) = (draw.time(0.0, 20.0), draw.time(20.0, 50.0));
    let text = json!({
        "synfire": 1,
        "seed": kind.seed,
        "duration": END_MS,
        "populations": {
            "cells": { "size": size, "neuron": neuron, "receptors": receptors, "initial": { "v": starts } },
            "drive": { "size": 3, "neuron": { "model": "spike_source", "times": trains } },
            "noise": { "size": size, "neuron": { "model": "poisson", "rate": 100 } },
        },
        "projections": projections,
        "stimuli": [{
            "kind": "current_step", "population": "cells", "ids": [0, 1], "at": at, "until": until,
            "amplitude": 0.3 * model.currents[1],
        }],
    });
    text.to_string()
}

/// A network that makes more spikes than this runs away. As a rule they make one or two hundred.
const MOST_SPIKES: usize = 2_000;

/// Looks at the network as often as this, ms: a network that runs away can make millions of spikes in one.
const LOOK_MS: f64 = 0.25;

/// Whether the network makes ever more spikes. Without reset a spike takes nothing back: neurons that a current excites and
/// that their own jumps without delay inhibit cross threshold again and again, at a rate that grows with the current.
fn runs_away(kind: Kind) -> bool {
    let network = build(&load(&network(kind))).unwrap();
    let options = Options { engine: Some(EngineKind::Queue), ..Options::default() };
    let mut simulation = Simulation::new(network, vec![], &options).unwrap();
    let mut raster = Raster::default();
    let looks = (END_MS / LOOK_MS) as u32;
    (1..=looks).any(|look| {
        simulation.run(Time::from_ms(f64::from(look) * LOOK_MS).unwrap(), &mut raster).unwrap();
        raster.spikes.len() > MOST_SPIKES
    })
}

/// How many spikes the neurons make.
fn all_ways_agree(kind: Kind, stops: &[Time]) -> usize {
    let engines =
        if kind.zero_delays { &[EngineKind::Queue][..] } else { &[EngineKind::Queue, EngineKind::Lookahead] };
    let spikes = all_engines_agree((&load(&network(kind)), Form::Chosen), engines, stops);
    spikes.iter().filter(|spike| spike.1 == CELLS).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_ways_of_running_give_the_same_bits(model in 0..MODELS.len(), seed: u64, ties: bool, zero_delays: bool, stop in 0.0..END_MS) {
        let kind = Kind { model, seed, ties, zero_delays };
        prop_assume!(!runs_away(kind));
        all_ways_agree(kind, &[Time::from_ms(stop).unwrap()]);
    }
}

/// The networks above are worth something only if they are alive.
#[test]
fn every_model_spikes() {
    for model in 0..MODELS.len() {
        let spikes: usize = (0..4)
            .map(|seed| all_ways_agree(Kind { model, seed, ties: seed % 2 == 0, zero_delays: seed < 2 }, &[]))
            .sum();
        assert!(spikes > 20, "model {model} makes {spikes} spikes");
    }
}

#[test]
fn a_network_that_runs_away_is_known_as_one() {
    let kind = Kind { model: 4, seed: 7_694_487_047_086_620_249, ties: false, zero_delays: true };
    assert!(runs_away(kind));
    assert!(!runs_away(Kind { seed: 0, ..kind }));
}
