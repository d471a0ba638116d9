use super::*;
use crate::run::prepare;
use crate::scenario::{Limits, Scenario, check};
use proptest::prelude::*;
use synfire_core::engine::{EngineKind, Options};
use synfire_core::events::{Event, EventKind, Happening, Together, Told, Weights};
use synfire_core::group::{Cause, What};
use synfire_core::{LocalId, NeuronId, PopulationId, Time};

/// Two populations that excite and inhibit each other, random input, and a stimulus.
fn scenario() -> Scenario {
    let text = serde_json::json!({
        "synfire": 1,
        "name": "pair",
        "seed": 5,
        "duration": 60,
        "populations": {
            "drive": { "size": 20, "neuron": { "model": "poisson", "rate": 60 } },
            "excited": {
                "size": 30,
                "neuron": { "model": "lif", "tau_m": 10 },
                "receptors": { "exc": { "kind": "exponential", "tau": 3 }, "kick": { "kind": "delta" } }
            },
            "calm": {
                "size": 5,
                "neuron": { "model": "lif", "i_e": 100 },
                "receptors": { "exc": { "kind": "alpha", "tau": 2 } }
            }
        },
        "projections": [
            { "source": "drive", "target": "excited", "receptor": "exc",
              "connect": { "rule": "fixed_in_degree", "k": 8 }, "weight": { "uniform": [50, 400] }, "delay": 1.5 },
            { "source": "excited", "target": "calm", "receptor": "exc",
              "connect": { "rule": "pairwise_bernoulli", "p": 0.5 }, "weight": 90, "delay": { "uniform": [0.5, 3] } },
            { "source": "calm", "target": "excited", "receptor": "kick", "connect": { "rule": "all_to_all" }, "weight": -2, "delay": 0.75 }
        ],
        "stimuli": [{ "kind": "current_step", "population": "calm", "ids": [1, 3], "at": 20, "until": 40, "amplitude": 400 }]
    });
    check(text.to_string(), "pair.json".as_ref(), &Limits::default()).unwrap()
}

fn header(scenario: &Scenario, filter: &str) -> Header {
    Header {
        name: scenario.name.clone(),
        filter: filter.to_owned(),
        who: Who::of(scenario),
        ..Header::default()
    }
}

/// Runs the scenario with a log at `path`; gives the numbers of spikes and of arrivals.
fn logged(path: &Path, filter: &str, engine: EngineKind) -> (u64, u64) {
    let scenario = scenario();
    let options = Options { engine: Some(engine), ..Options::default() };
    let mut simulation = prepare(&scenario, vec![], &options).unwrap();
    let mut log = Setup::new(path, &header(&scenario, filter), true).unwrap().start().unwrap();
    for stop in [0.3, 21.5, 60.0] {
        simulation.run(Time::from_ms(stop).unwrap(), &mut log.events).unwrap();
        log.writing.check().unwrap();
    }
    log.finish().unwrap();
    let counts = simulation.counts();
    (counts.spikes.iter().sum(), counts.arrivals)
}

fn read(path: &Path, filter: &EventFilter) -> Vec<Told> {
    let mut told = vec![];
    Log::open(path)
        .unwrap()
        .for_each(filter, |event| {
            told.push(*event);
            true
        })
        .unwrap();
    told
}

fn count(told: &[Told], kind: EventKind) -> u64 {
    told.iter().filter(|told| matches!(told, Told::Event(event) if event.kind() == kind)).count() as u64
}

#[test]
fn the_log_has_what_was_processed_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (spikes, arrivals) = logged(&file("w.synlog"), "", EngineKind::Lookahead);
    let by_window = read(&file("w.synlog"), &EventFilter::ALL);
    assert_eq!(
        (count(&by_window, EventKind::Spike), count(&by_window, EventKind::Arrival)),
        (spikes, arrivals)
    );
    assert!(spikes > 100 && arrivals > 1000, "{spikes} spikes, {arrivals} arrivals");
    assert_eq!(count(&by_window, EventKind::Stimulus), 4);

    assert_eq!(logged(&file("q.synlog"), "", EngineKind::Queue), (spikes, arrivals));
    let events =
        |told: Vec<Told>| told.into_iter().filter(|told| matches!(told, Told::Event(_))).collect::<Vec<_>>();
    let by_instant = events(read(&file("q.synlog"), &EventFilter::ALL));
    assert_eq!(events(by_window.clone()), by_instant, "both engines log the same");
    let is_later = |pair: &[Told]| file::time_of(&pair[0]) <= file::time_of(&pair[1]);
    assert!(by_instant.windows(2).all(is_later));

    logged(&file("w.jsonl"), "", EngineKind::Lookahead);
    let lines = fs::read_to_string(file("w.jsonl")).unwrap();
    let who = Who::of(&scenario());
    let expected: Vec<String> =
        by_window.iter().map(|told| serde_json::to_string(&Line::of(told, &who)).unwrap()).collect();
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected, "the lines are the log's");

    logged(&file("w.json"), "", EngineKind::Lookahead);
    let trace: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file("w.json")).unwrap()).unwrap();
    let trace = trace["traceEvents"].as_array().unwrap();
    let in_trace = trace.iter().filter(|event| event["args"]["event"].is_string()).count();
    assert_eq!(in_trace, by_window.len());
    let tracks: Vec<&str> = trace
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .filter_map(|e| e["args"]["name"].as_str())
        .collect();
    assert!(
        ["excited:3", "drive:7", "windows, simulated time", "event log"].iter().all(|t| tracks.contains(t)),
        "{tracks:?}"
    );
}

#[test]
fn filters_keep_the_same_before_and_after() {
    let folder = tempfile::tempdir().unwrap();
    let (all, some) = (folder.path().join("all.synlog"), folder.path().join("some.synlog"));
    logged(&all, "", EngineKind::Lookahead);
    let who = Who::of(&scenario());
    for text in [
        "kind=spike",
        "kind=arrival,refractory_end neuron=excited:3-7,calm:1 from=12.5 until=40",
        "source=calm:1",
        "neuron=calm",
        "kind=window,spike from=59",
    ] {
        let filter = FilterText::parse(text).unwrap().filter(&who).unwrap();
        let expected: Vec<Told> =
            read(&all, &EventFilter::ALL).into_iter().filter(|told| file::passes(&filter, told)).collect();
        assert!(!expected.is_empty(), "{text}");
        assert_eq!(read(&all, &filter), expected, "{text}, read");
        logged(&some, text, EngineKind::Lookahead);
        assert_eq!(read(&some, &EventFilter::ALL), expected, "{text}, logged");
    }
}

#[test]
fn what_is_wrong_with_a_filter_is_said() {
    let who = Who::of(&scenario());
    let error = |text: &str| {
        FilterText::parse(text).and_then(|parts| parts.filter(&who).map(drop)).unwrap_err().to_string()
    };
    let told = [
        "spike",
        "kind=spik",
        "neuron=exited:3",
        "neuron=excited:30",
        "neuron=excited:7-3",
        "neuron=3",
        "neuron=excited:x",
        "from=-1",
        "from=3 until=3",
        "kind=spike kind=spike",
    ]
    .map(|text| format!("{text}\n    {}", error(text)));
    insta::assert_snapshot!(told.join("\n"));
}

/// Cuts a log off at each byte: what can be read is what was there, and is not taken for whole.
fn no_part_passes(bytes: &[u8], other: &Path, whole: &[Told]) {
    for length in 0..bytes.len() {
        fs::write(other, &bytes[..length]).unwrap();
        if let Ok(log) = Log::open(other) {
            assert!(!log.is_whole, "{length} of {} bytes", bytes.len());
            let told = read(other, &EventFilter::ALL);
            assert_eq!(told, whole[..told.len()]);
        }
    }
}

/// Changes bits of each byte of a log: it is noticed, and what was told before is right.
fn no_change_passes(bytes: &[u8], other: &Path, whole: &[Told], bits: impl Fn(usize) -> u8) {
    for place in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[place] ^= bits(place);
        fs::write(other, &changed).unwrap();
        let mut told = vec![];
        let read = Log::open(other).and_then(|mut log| {
            log.for_each(&EventFilter::ALL, |event| {
                told.push(*event);
                true
            })
            .map(|()| log.is_whole)
        });
        assert!(!matches!(read, Ok(true)), "byte {place}");
        assert_eq!(told, whole[..told.len()]);
    }
}

#[test]
fn a_log_that_is_cut_off_or_changed_is_never_taken_for_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("a.synlog"), folder.path().join("b.synlog"));
    logged(&path, "kind=spike neuron=calm", EngineKind::Lookahead);
    let whole = read(&path, &EventFilter::ALL);
    let bytes = fs::read(&path).unwrap();
    no_part_passes(&bytes, &other, &whole);
    no_change_passes(&bytes, &other, &whole, |_| 4);
}

/// A network from the repository.
fn from_repository(file: &str) -> Scenario {
    crate::scenario::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios").join(file)).unwrap()
}

#[test]
fn arrivals_that_were_logged_together_are_safe_from_damage_too() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("a.synlog"), folder.path().join("b.synlog"));
    let scenario = from_repository("cubadv/scenario.json");
    let filter = "kind=arrival,spike neuron=excitatory:0-1000 until=0.3";
    let mut simulation = prepare(&scenario, vec![], &Options::default()).unwrap();
    let mut log = Setup::new(&path, &header(&scenario, filter), true).unwrap().start().unwrap();
    simulation.run(Time::from_ms(0.3).unwrap(), &mut log.events).unwrap();
    log.finish().unwrap();
    let whole = read(&path, &EventFilter::ALL);
    assert!(count(&whole, EventKind::Arrival) > 20, "{}", whole.len());
    let bytes = fs::read(&path).unwrap();
    no_change_passes(&bytes, &other, &whole, |place| 1 << (place % 8));
}

#[test]
fn a_writer_that_cannot_keep_up_loses_nothing() {
    let scenario = from_repository("larval-brain/scenario.json");
    let (to_thread, batches) = sync_channel::<Batch>(WAITING);
    let (empties, from_thread) = channel();
    let writer = std::thread::spawn(move || {
        let (mut events, mut taken, mut glossary) = (0u64, 0, Glossary::default());
        while let Ok(mut batch) = batches.recv() {
            // Slower than the run by far.
            std::thread::sleep(std::time::Duration::from_millis(20));
            taken += 1;
            batch.sort(&mut glossary);
            batch.for_each(&glossary, |_| events += 1, |_| ());
            batch.clear();
            let _ = empties.send(batch);
        }
        (events, taken)
    });
    // All neurons, but named: else whole rows would be told of, of which many go into a batch.
    let who = Who::of(&scenario);
    let all = who.populations.iter().map(|all| format!("{}:0-{}", all.name, all.size - 1));
    let text = format!("kind=arrival neuron={}", all.collect::<Vec<_>>().join(","));
    let filter = FilterText::parse(&text).unwrap().filter(&who).unwrap();
    let mut log = EventLog::new(filter, Sender { to_thread, from_thread });
    let mut simulation = prepare(&scenario, vec![], &Options::default()).unwrap();
    simulation.run(Time::from_ms(500.0).unwrap(), &mut log).unwrap();
    drop(log.finish());
    let (events, batches) = writer.join().unwrap();
    assert!(batches > WAITING + 4, "{batches} batches: the run had to wait");
    assert_eq!(events, simulation.counts().arrivals);
}

#[test]
fn a_file_that_is_there_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = scenario();
    let path = folder.path().join("a.synlog");
    fs::write(&path, "mine").unwrap();
    let error = |path: &Path| Setup::new(path, &header(&scenario, ""), false).unwrap_err();
    assert!(matches!(error(&path), SetupError::Exists(_)));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    assert!(matches!(error(&folder.path().join("a.log")), SetupError::Form(_)));
}

fn time() -> impl Strategy<Value = Time> {
    (0u64..1 << 40, 0.0..1.0f64).prop_map(|(epoch, offset)| Time::from_parts(epoch, offset).unwrap())
}

fn happening() -> impl Strategy<Value = Happening> {
    let own = prop_oneof![
        time().prop_map(|crossing| What::Predicted { crossing }),
        time().prop_map(|crossing| What::Retracted { crossing }),
        Just(What::Confirmed),
        Just(What::Checkpoint),
        Just(What::RefractoryEnd),
        (-1e9..1e9f64).prop_map(|current| What::Stimulus { current }),
        (0usize..3).prop_map(|cause| What::Spike { cause: Cause::ALL[cause] }),
    ];
    let arrival = (0u32..9, 0u32..3, -2i32..3, 0u32..2).prop_map(|(source, projection, weight, delay)| {
        let (weight, delay_ms) = (f64::from(weight), f64::from(delay));
        Happening::Arrival { source: NeuronId(source), projection, weight, delay_ms }
    });
    let switch = (0.0..1.0f64).prop_map(|gain| Happening::Switch { gain });
    prop_oneof![own.prop_map(Happening::Own), arrival.boxed(), switch]
}

/// Encodes events; arrivals of one spike at several neurons next to each other go in together, half of them as
/// rows.
fn encode(told: &[Told], encoder: &mut Encoder, rows: &mut Vec<String>) {
    let mut left = told;
    while let Some((first, rest)) = left.split_first() {
        left = rest;
        let first = match first {
            Told::Window(from, to) => {
                encoder.window(*from, *to);
                continue;
            }
            Told::Event(event) => event,
        };
        let Happening::Arrival { source, projection, delay_ms, .. } = first.happens else {
            encoder.event(first);
            continue;
        };
        let mut arrivals = vec![(first.neuron.0, weight(first))];
        while let Some((Told::Event(next), rest)) = left.split_first()
            && next.neuron.0 >= arrivals[arrivals.len() - 1].0
            && same_but_neuron(first, next)
        {
            arrivals.push((next.neuron.0, weight(next)));
            left = rest;
        }
        if arrivals.len() == 1 {
            encoder.event(first);
            continue;
        }
        let (targets, weights): (Vec<u32>, Vec<f64>) = arrivals.into_iter().unzip();
        let is_one = weights.iter().all(|w| w.to_bits() == weights[0].to_bits());
        let row = format!("{:?}", (first.population, source, projection, delay_ms, &targets, &weights));
        let number = rows.iter().position(|known| *known == row).unwrap_or(rows.len());
        if number == rows.len() {
            rows.push(row);
        }
        encoder.together(&Together {
            at: first.at,
            generation: first.generation,
            population: first.population,
            source,
            projection,
            delay_ms,
            targets: &targets,
            row: (number % 2 == 0).then_some(number as u32),
            weights: if is_one { Weights::All(weights[0]) } else { Weights::Each(&weights) },
        });
    }
}

fn weight(event: &Event) -> f64 {
    match event.happens {
        Happening::Arrival { weight, .. } => weight,
        _ => f64::NAN,
    }
}

/// Whether two arrivals are of one spike over one projection, after the same delay, at one instant and population.
fn same_but_neuron(a: &Event, b: &Event) -> bool {
    let of = |event: &Event| match event.happens {
        Happening::Arrival { source, projection, delay_ms, .. } => {
            Some((event.at, event.generation, event.population, source, projection, delay_ms.to_bits()))
        }
        _ => None,
    };
    of(a) == of(b)
}

proptest! {
    #[test]
    fn blocks_come_back(parts in prop::collection::vec((prop::option::of(time()), 0u32..3, 0u32..2, 0u32..70, happening()), 1..60)) {
        let sizes = [70, 70];
        let mut at = Time::ZERO;
        let mut told = vec![];
        for (when, generation, population, neuron, happens) in parts {
            at = when.unwrap_or(at);
            let (population, neuron) = (PopulationId(population), LocalId(neuron));
            told.push(Told::Event(Event { at, generation, population, neuron, happens }));
            if let Happening::Arrival { source, projection, weight, delay_ms } = happens {
                // The same spike reaches more neurons, with the same weight or others.
                for next in (neuron.0..70).step_by(3).take(neuron.index() % 5) {
                    let weight = weight + f64::from(next * (neuron.0 % 2));
                    let happens = Happening::Arrival { source, projection, weight, delay_ms };
                    told.push(Told::Event(Event { at, generation, population, neuron: LocalId(next), happens }));
                }
            }
            if generation == 2 {
                told.push(Told::Window(at, at.after(3.25)));
            }
        }
        let (mut encoder, mut rows, mut all_rows) = (Encoder::new(&sizes), Vec::new(), Vec::new());
        for _ in 0..2 {
            encode(&told, &mut encoder, &mut rows);
            let summary = encoder.close();
            prop_assert_eq!(summary.events as usize, told.len());
            prop_assert_eq!(block::Summary::decode(&mut &summary.encode()[..]), Some(summary));
            let mut back = vec![];
            all_rows.extend_from_slice(encoder.new_rows());
            let mut decoder = block::Decoder::new(&sizes);
            prop_assert_eq!(decoder.add_rows(&all_rows), Some(()));
            let decoded = decoder.decode(encoder.bytes(), &EventFilter::ALL, |event| { back.push(event); true });
            prop_assert_eq!(decoded, Some(()));
            prop_assert_eq!(&back, &told);
            encoder.clear();
        }
    }

    #[test]
    fn any_bytes_are_a_block_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut decoder = block::Decoder::new(&[70, 70]);
        let _ = decoder.add_rows(&bytes);
        let _ = decoder.decode(&bytes, &EventFilter::ALL, |_| true);
        let _ = block::Summary::decode(&mut &bytes[..]);
    }
}

/// Neurons under dense input, and what a log of all of it holds: as told, and with dense input drawn again.
fn under_dense_input(path: &Path, filter: &str, is_redrawn: bool) {
    let text = serde_json::json!({
        "synfire": 1,
        "duration": 5,
        "populations": {
            "noise": { "size": 60, "neuron": { "model": "poisson", "rate": 20_000, "start": 0.2 } },
            "cells": {
                "size": 60,
                "neuron": { "model": "lif", "tau_m": 20, "c_m": 1, "e_l": 0, "v_th": 3, "v_reset": 1, "t_ref": 2 },
                "receptors": { "jump": { "kind": "delta" } }
            }
        },
        "projections": [
            { "source": "noise", "target": "cells", "receptor": "jump", "connect": { "rule": "one_to_one" }, "weight": 0.2, "delay": 0.5 },
            { "source": "cells", "target": "cells", "receptor": "jump", "connect": { "rule": "fixed_in_degree", "k": 9 }, "weight": -0.5, "delay": 0.5 }
        ]
    });
    let scenario = check(text.to_string(), "dense.json".as_ref(), &Limits::default()).unwrap();
    let noise = scenario.populations.iter().position(|population| population.name == "noise").unwrap();
    let redrawn = if is_redrawn { vec![PopulationId(noise as u32)] } else { vec![] };
    let options = Options { engine: Some(EngineKind::Lookahead), redrawn, ..Options::default() };
    let mut simulation = prepare(&scenario, vec![], &options).unwrap();
    let mut log = Setup::new(path, &header(&scenario, filter), true).unwrap().start().unwrap();
    let trains = simulation.dense_trains();
    assert_eq!(trains.len(), usize::from(is_redrawn));
    log.events.redraw(trains);
    for stop in [0.3, 5.0] {
        simulation.run(Time::from_ms(stop).unwrap(), &mut log.events).unwrap();
    }
    log.finish().unwrap();
}

#[test]
fn dense_input_takes_no_place_and_is_read_back_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    // Windows, and when crossings are asked for, depend on how the population is driven.
    let all = "kind=spike,arrival,refractory_end";
    under_dense_input(&file("told.synlog"), all, false);
    under_dense_input(&file("drawn.synlog"), all, true);
    let told = read(&file("told.synlog"), &EventFilter::ALL);
    assert!(told.len() > 10_000, "{} events", told.len());
    let drawn = read(&file("drawn.synlog"), &EventFilter::ALL);
    let first = told.iter().zip(&drawn).find(|(a, b)| a != b);
    assert!(told == drawn, "{} and {} events, first in {first:?}", told.len(), drawn.len());
    let size = |is_redrawn| {
        under_dense_input(&file("size.synlog"), "kind=spike,arrival", is_redrawn);
        fs::metadata(file("size.synlog")).unwrap().len()
    };
    let (told_size, drawn_size) = (size(false), size(true));
    assert!(drawn_size * 10 < told_size, "{drawn_size} of {told_size} bytes");

    let header = Log::open(&file("drawn.synlog")).unwrap().header;
    for text in [
        "kind=spike neuron=noise:7,cells:9-11",
        "kind=arrival neuron=cells:59 from=1.5 until=4.25",
        "source=noise:3",
        "source=cells until=3",
    ] {
        let filter = FilterText::parse(text).unwrap().filter(&header.who).unwrap();
        let expected: Vec<Told> = told.iter().filter(|told| file::passes(&filter, told)).copied().collect();
        assert!(!expected.is_empty() && read(&file("drawn.synlog"), &filter) == expected, "{text}, read");
    }
    for text in ["kind=spike", "kind=arrival from=1.3 until=2.1", "kind=spike,arrival from=4.9"] {
        let filter = FilterText::parse(text).unwrap().filter(&header.who).unwrap();
        let expected: Vec<Told> = told.iter().filter(|told| file::passes(&filter, told)).copied().collect();
        under_dense_input(&file("some.synlog"), text, true);
        assert!(
            !expected.is_empty() && read(&file("some.synlog"), &EventFilter::ALL) == expected,
            "{text}, logged"
        );
    }

    for name in ["told.jsonl", "drawn.jsonl"] {
        under_dense_input(&file(name), all, name == "drawn.jsonl");
    }
    let lines = |name: &str| fs::read_to_string(file(name)).unwrap();
    assert!(lines("told.jsonl") == lines("drawn.jsonl"), "the same lines");
}

#[test]
fn dense_input_that_is_drawn_again_is_safe_from_damage_too() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("a.synlog"), folder.path().join("b.synlog"));
    under_dense_input(&path, "kind=spike,arrival until=1.1", true);
    let whole = read(&path, &EventFilter::ALL);
    assert!(whole.len() > 1000, "{}", whole.len());
    let bytes = fs::read(&path).unwrap();
    no_part_passes(&bytes, &other, &whole);
    no_change_passes(&bytes, &other, &whole, |place| 1 << (place % 8));
}
