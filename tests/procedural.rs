//! Synapses that are drawn again for every spike: the same run as with stored ones, to the last bit and to the last thing told.

use crate::equivalence::load;
use proptest::prelude::*;
use serde_json::{Value, json};
use synfire_core::engine::{EngineKind, Options, Simulation};
use synfire_core::group::{Arrival, Note};
use synfire_core::observer::{Observer, Origin};
use synfire_core::{LocalId, PopulationId, Time};
use synfire_numerics::random::{Stream, StreamKey};
use synfire_runner::build::{Form, build_in_form};
use synfire_runner::plan::Plan;
use synfire_runner::scenario::{Rule, Scenario};

const END_MS: f64 = 25.0;
// The populations are written with their keys sorted: cells, drive, more, noise.
const CELLS: usize = 0;
const NOISE: PopulationId = PopulationId(3);

/// What networks to draw.
#[derive(Clone, Copy, Debug)]
struct Kind {
    seed: u64,
    of: Cells,
    zero_delays: bool,
    ranked: bool,
}

#[derive(Clone, Copy, Debug)]
enum Cells {
    General,
    Linear,
    Summed,
    Dense,
    /// Driven beyond threshold, with jumps and no delay.
    ByPhase,
}

impl Kind {
    fn form(self) -> Form {
        match self.of {
            Cells::General | Cells::ByPhase => Form::Chosen,
            Cells::Linear => Form::Linear,
            Cells::Summed => Form::Summed,
            Cells::Dense => Form::Dense,
        }
    }

    fn engines(self) -> &'static [EngineKind] {
        match (self.of, self.zero_delays) {
            (Cells::ByPhase, _) | (_, true) => &[EngineKind::Queue],
            _ => &[EngineKind::Queue, EngineKind::Lookahead],
        }
    }
}

struct Draw {
    stream: Stream,
    kind: Kind,
}

impl Draw {
    fn below(&mut self, bound: u32) -> u32 {
        self.stream.below(bound)
    }

    /// One of the rules that can be drawn source by source. `one_to_one` needs equal sizes.
    fn rule(&mut self, equal_sizes: bool) -> Value {
        let (autapses, multapses) = (self.below(2) == 0, self.below(4) > 0);
        let mut rule = match self.below(if equal_sizes { 4 } else { 3 }) {
            0 => json!({ "rule": "fixed_out_degree", "k": 1 + self.below(6) }),
            1 => json!({ "rule": "pairwise_bernoulli", "p": 0.05 + 0.4 * self.stream.uniform() }),
            2 => json!({ "rule": "all_to_all" }),
            _ => json!({ "rule": "one_to_one" }),
        };
        rule["autapses"] = autapses.into();
        rule["multapses"] = multapses.into();
        // All sizes are even.
        rule["blocks"] = (1 + self.below(2)).into();
        rule
    }

    /// One delay, different ones, or delays of which one is the least double more than another.
    fn delay(&mut self) -> Value {
        let least = if self.kind.zero_delays { 0.0 } else { 0.3 };
        match self.below(if self.kind.ranked { 2 } else { 4 }) {
            0 if self.kind.zero_delays => json!(0),
            0 if self.kind.ranked => json!({ "uniform": [1.0, 1.0 + 4.0 * f64::EPSILON] }),
            0 | 1 => json!({ "uniform": [least, 3.0] }),
            _ => json!(least + 0.25 * f64::from(self.below(8))),
        }
    }

    fn weight(&mut self, size: f64) -> Value {
        let size = if self.below(3) == 0 { -size } else { size };
        let may_vary = matches!(self.kind.of, Cells::General | Cells::Linear | Cells::Summed);
        if may_vary && self.below(2) == 0 {
            let mut weight = json!({ "normal": [size, 0.2 * size.abs()] });
            if let Cells::Summed = self.kind.of {
                weight["clip"] = json!([-300, 300]);
            }
            weight
        } else {
            json!(size)
        }
    }

    fn projection(&mut self, (source, target): (&str, &str), equal_sizes: bool) -> Value {
        let receptor = ["a", "b"][self.below(2) as usize];
        let size = match (self.kind.of, receptor) {
            (Cells::ByPhase, _) => 0.1,
            (Cells::Linear | Cells::Summed, _) | (Cells::General, "a") => 150.0,
            _ => 4.0,
        };
        json!({
            "source": source, "target": target, "receptor": receptor, "connect": self.rule(equal_sizes),
            "weight": self.weight(size),
            "delay": if let Cells::ByPhase = self.kind.of { json!(0) } else { self.delay() },
            "precision": if self.below(2) == 0 { "f64" } else { "f32" },
        })
    }

    fn cells(&mut self, size: u32) -> Value {
        let (a, b) = match self.kind.of {
            Cells::General => (json!({ "kind": "exponential", "tau": 5 }), json!({ "kind": "delta" })),
            Cells::Linear | Cells::Summed => {
                (json!({ "kind": "exponential", "tau": 5 }), json!({ "kind": "exponential", "tau": 2 }))
            }
            Cells::Dense | Cells::ByPhase => (json!({ "kind": "delta" }), json!({ "kind": "delta" })),
        };
        let current = match self.kind.of {
            Cells::ByPhase => 3000,
            _ => 200,
        };
        json!({
            "size": size,
            "neuron": { "model": "lif", "tau_m": 10, "c_m": 200, "e_l": -70, "v_th": -55, "v_reset": -68,
                "t_ref": 0.5 + 0.25 * f64::from(self.below(6)), "i_e": current },
            "receptors": { "a": a, "b": b },
            "initial": { "v": { "uniform": [-72, -55.5] } },
        })
    }

    fn trains(&mut self, size: u32) -> Vec<Vec<f64>> {
        let mut train = || {
            let mut times: Vec<f64> = (0..self.below(12)).map(|_| f64::from(self.below(90)) / 4.0).collect();
            // Spikes so close that with delays as close they meet.
            times.extend((0..4).map(|n| 2.5 + f64::from(n) * 2.0 * f64::EPSILON));
            times.sort_by(f64::total_cmp);
            times.dedup();
            times
        };
        (0..size).map(|_| train()).collect()
    }
}

fn network(kind: Kind) -> Value {
    let mut draw = Draw { stream: Stream::new(StreamKey::derive(kind.seed, "procedural", 0), 0), kind };
    let projections = [
        draw.projection(("drive", "cells"), false),
        draw.projection(("drive", "cells"), false),
        draw.projection(("cells", "cells"), true),
        draw.projection(("cells", "cells"), true),
        draw.projection(("cells", "more"), false),
        draw.projection(("more", "cells"), false),
        draw.projection(("noise", "cells"), true),
    ];
    json!({
        "synfire": 1, "seed": kind.seed, "duration": END_MS,
        "populations": {
            "cells": draw.cells(20),
            "drive": { "size": 4, "neuron": { "model": "spike_source", "times": draw.trains(4) } },
            "more": draw.cells(14),
            "noise": { "size": 20, "neuron": { "model": "poisson", "rate": 150 } },
        },
        "projections": projections,
    })
}

/// The same with this storage for all its projections.
fn with_storage(network: &Value, storage: &str) -> Scenario {
    let mut network = network.clone();
    for projection in network["projections"].as_array_mut().unwrap() {
        projection["storage"] = storage.into();
    }
    load(&network.to_string())
}

/// All that an observer is told, in order.
#[derive(Default, PartialEq)]
struct Told<const ALL: bool> {
    spikes: Vec<(Time, PopulationId, LocalId)>,
    arrivals: Vec<(Origin, PopulationId, LocalId, Arrival)>,
    notes: Vec<(PopulationId, Note)>,
}

impl<const ALL: bool> Observer for Told<ALL> {
    const ARRIVALS: bool = ALL;
    const NOTES: bool = ALL;

    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        self.spikes.push((at, population, neuron));
    }

    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        self.arrivals.push((*origin, population, neuron, *arrival));
    }

    fn note(&mut self, population: PopulationId, note: &Note) {
        self.notes.push((population, *note));
    }
}

fn run<const ALL: bool>(scenario: &Scenario, form: Form, options: &Options, stop: Time) -> Told<ALL> {
    let mut simulation = Simulation::new(build_in_form(scenario, form).unwrap(), vec![], options).unwrap();
    let mut told = Told::default();
    for until in [stop, Time::from_ms(END_MS).unwrap()] {
        simulation.run(until, &mut told).unwrap();
    }
    told
}

/// Runs both networks in every way and compares; gives the number of spikes.
fn storage_changes_nothing(kind: Kind, stop: Time) -> usize {
    let network = network(kind);
    let [stored, procedural] = ["stored", "procedural"].map(|storage| with_storage(&network, storage));
    let mut spikes = 0;
    for &engine in kind.engines() {
        for threads in [1, 2, 3] {
            for unwatched in [vec![], vec![NOISE]] {
                let name = format!("{kind:?} {engine:?} {threads} threads, unwatched {unwatched:?}");
                let options = Options { engine: Some(engine), threads, unwatched, ..Options::default() };
                let [one, other] =
                    [&stored, &procedural].map(|network| run::<true>(network, kind.form(), &options, stop));
                let watched = |told: &Told<true>| -> Vec<_> {
                    let is_watched = |spike: &&(_, PopulationId, _)| !options.unwatched.contains(&spike.1);
                    told.spikes.iter().filter(is_watched).copied().collect()
                };
                assert!(watched(&one) == watched(&other), "{name}: other spikes");
                if options.unwatched.is_empty() {
                    assert!(one.arrivals == other.arrivals, "{name}: other arrivals");
                    assert!(one.notes == other.notes, "{name}: other notes");
                }
                let blind = run::<false>(&procedural, kind.form(), &options, stop);
                let mut blind_spikes = blind.spikes;
                blind_spikes.retain(|spike| !options.unwatched.contains(&spike.1));
                assert!(blind_spikes == watched(&one), "{name}: other spikes where nobody looks at arrivals");
                spikes = spikes.max(blind_spikes.iter().filter(|spike| spike.1.index() == CELLS).count());
            }
        }
    }
    spikes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn drawn_rows_give_the_bits_of_stored_ones(
        seed: u64,
        of in prop::sample::select(vec![Cells::General, Cells::Linear, Cells::Summed, Cells::Dense, Cells::ByPhase]),
        zero_delays: bool,
        ranked: bool,
        stop in 0.0..END_MS,
    ) {
        storage_changes_nothing(Kind { seed, of, zero_delays, ranked }, Time::from_ms(stop).unwrap());
    }
}

/// The networks above are worth something only if they are alive.
#[test]
fn the_networks_spike() {
    for of in [Cells::General, Cells::Linear, Cells::Summed, Cells::Dense, Cells::ByPhase] {
        let kind = |seed| Kind { seed, of, zero_delays: seed % 2 == 0, ranked: seed % 3 == 0 };
        let spikes: usize = (0..6).map(|seed| storage_changes_nothing(kind(seed), Time::ZERO)).sum();
        assert!(spikes > 60, "{of:?}: {spikes} spikes");
    }
}

/// What the format calls procedural, the network builder draws again; and synapses cost nothing.
#[test]
fn every_allowed_rule_takes_no_memory_a_synapse() {
    for &rule in Rule::BY_SOURCE {
        let connect = match rule {
            "fixed_out_degree" => json!({ "rule": rule, "k": 100 }),
            "pairwise_bernoulli" => json!({ "rule": rule, "p": 0.5 }),
            _ => json!({ "rule": rule, "autapses": true }),
        };
        let scenario = with_storage(
            &json!({
                "synfire": 1, "duration": 1,
                "populations": { "cells": { "size": 300, "neuron": { "model": "lif" },
                    "receptors": { "a": { "kind": "delta" } } } },
                "projections": [{ "source": "cells", "target": "cells", "receptor": "a", "connect": connect,
                    "weight": { "normal": [1, 0.1] }, "delay": { "uniform": [1, 2] } }],
            }),
            "procedural",
        );
        let planned = &Plan::of(&scenario).unwrap().projections[0];
        // 16 bytes a source.
        assert_eq!((planned.memory, planned.building), (300.0 * 16.0, 0.0), "{rule}");
        let network = build_in_form(&scenario, Form::Chosen).unwrap();
        let projection = &network.projections[0];
        assert!(projection.drawn.is_some() && projection.targets.is_empty(), "{rule}");
        assert!(projection.synapses() >= 300, "{rule}");
    }
}
