//! The event log has what was processed, exactly: its events of each kind against what the engine itself counts, over populations
//! in every form, rates, zero delays, on both engines, and in pieces.

use std::collections::BTreeMap;
use std::path::Path;
use synfire_core::engine::{Counts, EngineError, EngineKind, Options, Simulation};
use synfire_core::events::{
    Batch, Event, EventFilter, EventKind, EventLog, Glossary, Happening, Kinds, Sink, Window,
};
use synfire_core::group::{Cause, What};
use synfire_core::{PopulationId, Time};
use synfire_runner::build::build;
use synfire_runner::scenario::{Scenario, load};

/// Scenarios, and up to when they are run, ms.
const CASES: [(&str, f64); 10] = [
    ("scenarios/cuba/scenario.json", 60.0),          // in linear form
    ("scenarios/cubadv/scenario.json", 60.0),        // by phase, zero delays
    ("scenarios/brunel/scenario.json", 2.0),         // under dense jumps
    ("scenarios/larval-brain/scenario.json", 100.0), // sources, weights of their own
    ("scenarios/rate-repressilator/scenario.json", 200.0),
    ("scenarios/rate-pulses/scenario.json", 200.0),
    ("tests/reference/f-networks/mixed-models.json", 200.0),
    ("tests/reference/f-networks/izhikevich-net.json", 200.0),
    ("tests/reference/f-networks/zero-delay-generations.json", 200.0),
    ("tests/reference/f-networks/autapses-multapses.json", 200.0),
];

/// All events, in the order of the log.
#[derive(Default)]
struct Kept(Vec<Event>, Vec<Window>, Glossary);

impl Sink for Kept {
    fn take(&mut self, batch: &mut Batch) {
        let Kept(events, windows, glossary) = self;
        batch.sort(glossary);
        batch.for_each(glossary, |event| events.push(*event), |window| windows.push(*window));
        batch.clear();
    }
}

fn logged(
    scenario: &Scenario,
    engine: EngineKind,
    pieces: &[f64],
) -> Option<(Vec<Event>, Vec<Window>, Counts)> {
    logged_with(scenario, &Options { engine: Some(engine), ..Options::default() }, EventFilter::ALL, pieces)
}

fn logged_with(
    scenario: &Scenario,
    options: &Options,
    filter: EventFilter,
    pieces: &[f64],
) -> Option<(Vec<Event>, Vec<Window>, Counts)> {
    let mut simulation = match Simulation::new(build(scenario).unwrap(), vec![], options) {
        Err(EngineError::DelayTooShort { .. }) => return None,
        made => made.unwrap(),
    };
    let mut log = EventLog::new(filter, Kept::default());
    log.redraw(simulation.dense_trains());
    for &until in pieces {
        simulation.run(Time::from_ms(until).unwrap(), &mut log).unwrap();
    }
    let Kept(events, windows, _) = log.finish();
    Some((events, windows, simulation.counts()))
}

fn count(events: &[Event], is_meant: impl Fn(&Event) -> bool) -> u64 {
    events.iter().filter(|event| is_meant(event)).count() as u64
}

/// Holds the log against the counts, and its parts against each other.
fn is_exact(what: &str, events: &[Event], counts: &Counts) {
    let of_kind = |kind| count(events, |event| event.kind() == kind);
    assert_eq!(of_kind(EventKind::Arrival), counts.arrivals, "{what}: arrivals");
    for (index, &spikes) in counts.spikes.iter().enumerate() {
        let population = PopulationId(index as u32);
        let mine = |event: &Event| event.kind() == EventKind::Spike && event.population == population;
        assert_eq!(count(events, mine), spikes, "{what}: spikes of population {index}");
        let switches = counts.switches.get(index).copied().unwrap_or(0);
        let mine = |event: &Event| event.kind() == EventKind::Switch && event.population == population;
        assert_eq!(count(events, mine), switches, "{what}: switches of population {index}");
    }
    let by_crossing =
        |event: &Event| matches!(event.happens, Happening::Own(What::Spike { cause: Cause::Crossing }));
    // An arrival can find a crossing at its own instant and take it back before it counts.
    assert!(of_kind(EventKind::Confirmed) >= count(events, by_crossing), "{what}: crossings");
    assert!(events.windows(2).all(|pair| pair[0].place() <= pair[1].place()), "{what}: the order");
}

/// What both engines must tell alike: when a crossing is asked for is each one's economy.
fn without_predictions(events: &[Event]) -> Vec<Event> {
    let is_own = |event: &&Event| {
        !matches!(event.kind(), EventKind::Predicted | EventKind::Retracted | EventKind::Confirmed)
    };
    events.iter().filter(is_own).copied().collect()
}

#[test]
fn the_log_has_what_was_processed_whatever_the_form() {
    for (file, until) in CASES {
        let scenario = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap();
        let mut by_engine = vec![];
        for engine in [EngineKind::Queue, EngineKind::Lookahead] {
            let what = format!("{file}, {engine:?}");
            let Some((events, windows, counts)) = logged(&scenario, engine, &[until]) else { continue };
            is_exact(&what, &events, &counts);
            let is_inside = |window: &Window| window.from < window.to && window.is_logged;
            assert!(windows.iter().all(is_inside), "{what}: windows");
            let pieces = [0.1 * until, 0.1 * until + 0.03, 0.77 * until, until];
            let (in_pieces, _, counts_in_pieces) = logged(&scenario, engine, &pieces).unwrap();
            let same = without_predictions(&events) == without_predictions(&in_pieces);
            assert!(same && counts == counts_in_pieces, "{what}: in pieces");
            by_engine.push(without_predictions(&events));
        }
        assert!(!by_engine[0].is_empty(), "{file}: something happens");
        if let [by_instant, by_window] = &by_engine[..] {
            let first = by_instant.iter().zip(by_window).find(|(a, b)| a != b);
            assert!(by_instant == by_window, "{file}: the engines differ, first in {first:?}");
        }
    }
}

/// A population that adds as integers, of neurons that reach each other over delays of their own, and over one delay.
fn currents_under_dense_input() -> Scenario {
    let pairs = serde_json::json!({ "rule": "fixed_in_degree", "k": 20 });
    let text = serde_json::json!({
        "synfire": 1,
        "duration": 50,
        "populations": {
            "cells": { "size": 150,
                "neuron": { "model": "lif", "tau_m": 10, "c_m": 250, "t_ref": 2, "v_th": -55, "e_l": -70 },
                "receptors": { "fast": { "kind": "exponential", "tau": 0.5 }, "slow": { "kind": "exponential", "tau": 5 } },
                "initial": { "v": { "uniform": [-70, -56] } } },
            "noise": { "size": 150, "neuron": { "model": "poisson", "rate": 4000, "start": 0.3 } }
        },
        "projections": [
            { "source": "noise", "target": "cells", "receptor": "fast", "connect": { "rule": "one_to_one" },
              "weight": 190, "delay": 1.5 },
            { "source": "cells", "target": "cells", "receptor": "fast", "connect": pairs,
              "weight": { "uniform": [50, 100] }, "delay": { "uniform": [0.25, 3] } },
            { "source": "cells", "target": "cells", "receptor": "slow", "connect": pairs, "weight": -10, "delay": 0.5 },
        ],
    });
    let limits = synfire_runner::scenario::Limits::default();
    synfire_runner::scenario::check(text.to_string(), "currents.json".as_ref(), &limits).unwrap()
}

#[test]
fn dense_background_that_nobody_watches_is_in_the_log_where_it_arrives() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/brunel/scenario.json");
    watched_or_not(&load(&file).unwrap(), &[0.9, 2.0]);
    watched_or_not(&currents_under_dense_input(), &[0.9, 7.3, 30.0]);
}

fn sources(scenario: &Scenario) -> Vec<PopulationId> {
    let is_source = |index: &usize| scenario.populations[*index].model.spec.is_source;
    let sources = (0..scenario.populations.len()).filter(is_source);
    let sources: Vec<PopulationId> = sources.map(|index| PopulationId(index as u32)).collect();
    assert!(!sources.is_empty());
    sources
}

/// The log of arrivals is the same whether an observer watches the sources or not; and whether arrivals are logged or not,
/// the engine counts the same.
fn watched_or_not(scenario: &Scenario, pieces: &[f64]) {
    let unwatched = sources(scenario);
    let filter = EventFilter { kinds: Kinds::NONE.with(EventKind::Arrival), ..EventFilter::ALL };
    let arrivals = |unwatched: &Vec<PopulationId>, engine| {
        let options = Options { engine: Some(engine), unwatched: unwatched.clone(), ..Options::default() };
        let (events, _, counts) = logged_with(scenario, &options, filter.clone(), pieces).unwrap();
        assert_eq!(events.len() as u64, counts.arrivals);
        let mut simulation = Simulation::new(build(scenario).unwrap(), vec![], &options).unwrap();
        for &until in pieces {
            simulation.run(Time::from_ms(until).unwrap(), &mut ()).unwrap();
        }
        assert_eq!(counts, simulation.counts());
        (events, counts)
    };
    let by_instant = arrivals(&vec![], EngineKind::Queue);
    let watched = arrivals(&vec![], EngineKind::Lookahead);
    let not = arrivals(&unwatched, EngineKind::Lookahead);
    assert!(by_instant == watched, "by instant and by window");
    assert!(watched == not && watched.0.len() > 10_000, "{} and {} arrivals", watched.0.len(), not.0.len());
}

#[test]
fn stimuli_of_rates_and_neurons_are_in_the_log() {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    let text = serde_json::json!({
        "synfire": 1,
        "duration": 50,
        "populations": {
            "cells": { "size": 2, "neuron": { "model": "lif", "tau_m": 20, "c_m": 250 } },
            "rates": { "size": 2, "input": [0, 1],
                "neuron": { "model": "rate", "tau": 5, "gain": { "kind": "heaviside", "threshold": 0.5 } } }
        },
        "stimuli": [
            { "kind": "current_step", "population": "cells", "ids": [1], "at": 10, "until": 40, "amplitude": 500 },
            { "kind": "current_step", "population": "rates", "ids": [0], "at": 10, "until": 30, "amplitude": 2 }
        ]
    });
    let scenario = synfire_runner::scenario::check(
        text.to_string(),
        "stimuli.json".as_ref(),
        &synfire_runner::scenario::Limits::default(),
    )
    .unwrap();
    for engine in [EngineKind::Queue, EngineKind::Lookahead] {
        let (events, _, counts) = logged(&scenario, engine, &[7.0, 10.0, 29.0, 50.0]).unwrap();
        is_exact("stimuli", &events, &counts);
        let stimuli: Vec<(f64, u32, u32)> = events
            .iter()
            .filter(|event| event.kind() == EventKind::Stimulus)
            .map(|event| (event.at.as_ms(), event.population.0, event.neuron.0))
            .collect();
        assert_eq!(stimuli, [(10.0, 0, 1), (10.0, 1, 0), (30.0, 1, 0), (40.0, 0, 1)]);
        let switches: Vec<(f64, u32, Happening)> = events
            .iter()
            .filter(|event| event.kind() == EventKind::Switch)
            .map(|event| (event.at.as_ms(), event.neuron.0, event.happens))
            .collect();
        let to = |gain| Happening::Switch { gain };
        assert_eq!(switches, [(10.0, 0, to(1.0)), (30.0, 0, to(0.0))]);
        events.iter().for_each(|event| *kinds.entry(event.kind().name()).or_default() += 1);
    }
    let expected = ["confirmed", "predicted", "refractory_end", "spike", "stimulus", "switch"];
    assert!(expected.iter().all(|kind| kinds.contains_key(kind)), "{kinds:?}");
}

/// Dense input in each way in which populations take it: they draw it themselves, it is drawn for them, each neuron is asked. Over
/// delays of whole cells and others, for some of the time, with weights of their own, and beside input that is not dense.
fn every_kind_of_dense_input() -> Scenario {
    let exponential = serde_json::json!({ "in": { "kind": "exponential", "tau": 2 } });
    let jump = serde_json::json!({ "in": { "kind": "delta" } });
    let lif =
        |c_m: f64| serde_json::json!({ "model": "lif", "tau_m": 10, "c_m": c_m, "v_th": -55, "e_l": -70 });
    let poisson = |rate: f64| serde_json::json!({ "model": "poisson", "rate": rate });
    let text = serde_json::json!({
        "synfire": 1,
        "duration": 5,
        "populations": {
            "draws": { "size": 420, "neuron": lif(1.0), "receptors": jump },
            "fed": { "size": 420, "neuron": lif(250.0), "receptors": exponential },
            "asked": { "size": 420, "neuron": { "model": "adex" }, "receptors": exponential },
            "a": { "size": 420, "neuron": { "model": "poisson", "rate": 20_000, "start": 0.3, "stop": 3.1 } },
            "b": { "size": 420, "neuron": poisson(3000.0) },
            "c": { "size": 420, "neuron": poisson(5000.0) },
            "rare": { "size": 420, "neuron": poisson(100.0) },
            "forked": { "size": 420, "neuron": poisson(4000.0) }
        },
        "projections": [
            { "source": "a", "target": "draws", "receptor": "in", "connect": { "rule": "one_to_one" }, "weight": 0.3, "delay": 1.5 },
            { "source": "b", "target": "fed", "receptor": "in", "connect": { "rule": "one_to_one" },
              "weight": { "uniform": [50, 150] }, "delay": 1.3 },
            { "source": "c", "target": "asked", "receptor": "in", "connect": { "rule": "one_to_one" }, "weight": 60, "delay": 0.7 },
            { "source": "rare", "target": "asked", "receptor": "in", "connect": { "rule": "one_to_one" }, "weight": 60, "delay": 0.7 },
            { "source": "forked", "target": "fed", "receptor": "in", "connect": { "rule": "one_to_one" }, "weight": 60, "delay": 0.7 },
            { "source": "forked", "target": "asked", "receptor": "in", "connect": { "rule": "one_to_one" }, "weight": 60, "delay": 0.7 },
            { "source": "fed", "target": "asked", "receptor": "in", "connect": { "rule": "fixed_in_degree", "k": 10 },
              "weight": -20, "delay": { "uniform": [0.5, 2] } },
        ],
    });
    let limits = synfire_runner::scenario::Limits::default();
    synfire_runner::scenario::check(text.to_string(), "dense.json".as_ref(), &limits).unwrap()
}

#[test]
fn dense_input_that_is_drawn_again_is_in_the_log_as_if_it_had_been_told() {
    let brunel = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/brunel/scenario.json");
    drawn_again_or_told(&load(&brunel).unwrap(), &[0.9, 2.0], 2);
    drawn_again_or_told(&currents_under_dense_input(), &[0.9, 7.3, 30.0], 1);
    drawn_again_or_told(&every_kind_of_dense_input(), &[0.9, 2.003, 5.0], 3);
}

fn drawn_again_or_told(scenario: &Scenario, pieces: &[f64], dense: usize) {
    let told = Options { engine: Some(EngineKind::Lookahead), ..Options::default() };
    let drawn = Options { redrawn: sources(scenario), ..told.clone() };
    let simulation = Simulation::new(build(scenario).unwrap(), vec![], &drawn).unwrap();
    assert_eq!(simulation.dense_trains().len(), dense);
    let some = |kinds: Kinds, from: f64, until: f64| EventFilter {
        kinds,
        from: Time::from_ms(from).unwrap(),
        until: Time::from_ms(until).unwrap(),
        ..EventFilter::ALL
    };
    let [spikes, arrivals] = [EventKind::Spike, EventKind::Arrival].map(|kind| Kinds::NONE.with(kind));
    let filters =
        [EventFilter::ALL, some(spikes, 0.0, 1.9), some(arrivals, 1.51, 1.97), some(Kinds::ALL, 1.8, 1.9)];
    for filter in filters {
        let by = |options| logged_with(scenario, options, filter.clone(), pieces).unwrap();
        let (told, drawn) = (by(&told), by(&drawn));
        let what = format!("{:?} from {} until {}", filter.kinds, filter.from, filter.until);
        assert!(!told.0.is_empty() && told.2 == drawn.2, "{what}: counts");
        let (told, drawn) = (without_predictions(&told.0), without_predictions(&drawn.0));
        let first = told.iter().zip(&drawn).find(|(a, b)| a != b);
        assert!(told == drawn, "{what}: {} and {} events, first in {first:?}", told.len(), drawn.len());
    }
}
