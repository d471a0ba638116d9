//! Recordings written by hand-driven recorders, read back, damaged, replaced.

use super::manifest::Instant;
use super::*;
use crate::scenario::{
    Pairs, Population, Projection, Quantity, Record, RecordedStates, Rule, Scenario, SpikeTimes,
};
use std::fs;
use synfire_core::engine::Counts;
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

fn population(name: &str, size: usize, model: &str) -> Population {
    Population {
        name: name.into(),
        size,
        model: crate::catalogue::find(model).unwrap(),
        parameters: vec![],
        lists: vec![],
        spike_times: SpikeTimes::None,
        receptors: vec![],
        initial: vec![],
    }
}

/// Two populations, the second recorded, with an edge file outside of the scenario's folder.
fn scenario(folder: &Path) -> Scenario {
    fs::create_dir_all(folder.join("here")).unwrap();
    fs::create_dir_all(folder.join("there")).unwrap();
    fs::write(folder.join("there/edges.csv"), "source,target\n0,1\n").unwrap();
    let path = folder.join("here/two.json");
    let written = "../there/edges.csv";
    let connected = Projection {
        source: 0,
        target: 1,
        receptor: 0,
        rule: Rule::Explicit(Pairs::File(path.parent().unwrap().join(written))),
        autapses: true,
        multapses: true,
        blocks: 1,
        precision: Default::default(),
        storage: Default::default(),
        weight: Quantity::Number(1.0),
        delay: Quantity::Number(1.0),
    };
    let states = RecordedStates { population: 1, ids: Some(vec![2, 0]), variables: vec![0], every: 0.5 };
    Scenario {
        path,
        text: format!("{{\"synfire\": 1, \"connect\": {{\"file\": \"{written}\"}} }}"),
        name: "two".into(),
        seed: 7,
        duration: Time::from_ms(100.0).unwrap(),
        populations: vec![population("drive", 2, "poisson"), population("cells", 3, "lif")],
        projections: vec![connected],
        stimuli: vec![],
        record: Record { spikes: vec![1], switches: vec![], states: vec![states] },
        expect: None,
    }
}

fn settings(formats: &[Format]) -> Settings {
    Settings { queue: "heap".into(), engine: "queue".into(), formats: formats.to_vec() }
}

fn spikes() -> Vec<Spike> {
    let spike = |epoch, offset, neuron| Spike {
        at: Time::from_parts(epoch, offset).unwrap(),
        population: PopulationId(1),
        neuron: LocalId(neuron),
    };
    vec![spike(1, 0.1, 0), spike(1, 0.1, 2), spike(30, 1e-17, 1), spike(99, 0.999, 0)]
}

/// What a run would tell the recorder.
fn drive(recorder: &mut Recorder) {
    for spike in spikes() {
        recorder.spike(spike.at, PopulationId(0), LocalId(1));
        recorder.spike(spike.at, spike.population, spike.neuron);
    }
    for (row, at) in [0.0, 0.5, 1.0].into_iter().enumerate() {
        recorder.sample(0, Time::from_ms(at).unwrap(), row as f64);
        recorder.sample(1, Time::from_ms(at).unwrap(), -(row as f64));
        recorder.sample(2, Time::from_ms(at).unwrap(), f64::NAN);
    }
    recorder.check().unwrap();
}

fn counts() -> Counts {
    Counts { spikes: vec![4, 4], arrivals: 12, ambiguous: 1, switches: vec![] }
}

fn record(target: &Path, formats: &[Format], ending: &Ending) -> Manifest {
    let scenario = scenario(target.parent().unwrap());
    let mut recorder = Recorder::create(target, &scenario, settings(formats), true).unwrap();
    drive(&mut recorder);
    assert!(!target.exists() || is_recording(target), "nothing has the name before it is whole");
    recorder.finish(ending, &counts()).unwrap()
}

#[test]
fn what_was_recorded_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out/recording");
    fs::create_dir(folder.path().join("out")).unwrap();
    let written = record(&target, &[Format::Csv, Format::Npy, Format::Sonata], &Ending::Complete);
    let recording = Recording::open(&target).unwrap();

    let manifest = recording.manifest();
    assert_eq!(Manifest { blake3: String::new(), ..manifest.clone() }, written);
    assert!(manifest.complete && manifest.seed == 7 && manifest.arrivals == 12 && manifest.spikes == 8);
    assert_eq!(recording.until(), Time::from_ms(100.0).unwrap());
    assert_eq!(recording.spikes().unwrap().collect::<Result<Vec<_>, _>>().unwrap(), spikes());
    let states = &manifest.states[0];
    assert_eq!((states.rows, &states.ids[..], &states.variables[0][..]), (3, &[2, 0][..], "v"));
    let values: Vec<f64> = recording.states(states).unwrap().map(Result::unwrap).collect();
    assert_eq!(values, [0.0, -0.0, 1.0, -1.0, 2.0, -2.0]);

    let text = fs::read_to_string(recording.scenario()).unwrap();
    assert_eq!(text, "{\"synfire\": 1, \"connect\": {\"file\": \"inputs/edges.csv\"} }");
    assert_eq!(fs::read_to_string(target.join("inputs/edges.csv")).unwrap(), "source,target\n0,1\n");
    let csv = fs::read_to_string(target.join("spikes.csv")).unwrap();
    assert!(csv.contains("cells,0,1.1\n") && csv.contains("cells,1,30.00000000000000001\n"), "{csv}");
    let h5 = crate::formats::spikes::read_spike_trains(&target.join("spikes.h5"), Some("cells")).unwrap();
    assert_eq!(h5[0].times, [1.1, 1.1, 30.0, 99.999]);
}

#[test]
fn two_recordings_of_one_run_are_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    record(&one, &[], &Ending::Complete);
    record(&two, &[], &Ending::Complete);
    for file in ["manifest.json", "spikes.bin", "states-0.npy", "scenario.json"] {
        assert_eq!(fs::read(one.join(file)).unwrap(), fs::read(two.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn an_interrupted_recording_says_so_and_ends_there() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("recording");
    let at = Time::from_ms(99.5).unwrap();
    record(&target, &[], &Ending::Early { at, why: "interrupted".into() });
    let recording = Recording::open(&target).unwrap();
    let ended = recording.manifest().ended.clone().unwrap();
    assert_eq!((ended.at, &ended.why[..]), (Instant { epoch: 99, offset: 0.5 }, "interrupted"));
    assert!(!recording.manifest().complete);
    let read: Vec<Spike> = recording.spikes().unwrap().map(Result::unwrap).collect();
    assert_eq!(read, spikes()[..3], "what lies behind the end does not count");
}

#[test]
fn every_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("recording");
    let manifest = record(&target, &[Format::Csv], &Ending::Complete);
    let mut files: Vec<String> = manifest.files.into_iter().map(|file| file.file).collect();
    files.push("manifest.json".into());
    for file in &files {
        let path = target.join(file);
        let whole = fs::read(&path).unwrap();
        let mut changed = whole.clone();
        changed[whole.len() / 2] ^= 1;
        for damaged in [&whole[..whole.len() - 1], &[], &changed] {
            fs::write(&path, damaged).unwrap();
            let error = Recording::open(&target).unwrap_err().to_string();
            assert!(error.starts_with(&path.display().to_string()), "{error}");
        }
        fs::remove_file(&path).unwrap();
        let error = Recording::open(&target).unwrap_err().to_string();
        assert!(error.contains(file), "{error}");
        fs::write(&path, whole).unwrap();
        Recording::open(&target).unwrap();
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = scenario(folder.path());
    let target = folder.path().join("recording");
    let create = |force| Recorder::create(&target, &scenario, settings(&[]), force);

    // A run that was killed.
    drop(create(false).unwrap());
    assert!(matches!(create(false), Err(RecordingError::Unfinished(_))));
    let error = Recording::open(&folder.path().join("recording.partial")).unwrap_err().to_string();
    assert!(error.contains("is not finished"), "{error}");
    create(true).unwrap().finish(&Ending::Complete, &counts()).unwrap();

    // A whole recording stays until the new one is whole.
    assert!(matches!(create(false), Err(RecordingError::Exists(_))));
    let second = create(true).unwrap();
    assert_eq!(Recording::open(&target).unwrap().manifest().arrivals, 12);
    let other = Counts { arrivals: 13, ..counts() };
    second.finish(&Ending::Complete, &other).unwrap();
    assert_eq!(Recording::open(&target).unwrap().manifest().arrivals, 13);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "here, there and the recording");

    // Something else.
    let target = folder.path().join("there");
    for force in [false, true] {
        let created = Recorder::create(&target, &scenario, settings(&[]), force);
        assert!(matches!(created, Err(RecordingError::InTheWay(_))));
    }
}
