//! `inspect` on neurons of every kind: what is told of causes fits the spikes that were there.

use std::path::Path;
use synfire_core::engine::Options;
use synfire_core::observer::Raster;
use synfire_core::{LocalId, PopulationId, Time};
use synfire_runner::inspect::{Neuron, Settings, SpikeCauses, Subject, causes, why_not};

const SETTINGS: Settings = Settings { depth: 2, top: 3 };

fn subject(file: &str, until: f64) -> Subject {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let mut subject = Subject::open(&path, &Options::default()).unwrap();
    subject.until = subject.until.min(Time::from_ms(until).unwrap());
    subject
}

/// The last spikes of some neurons that have a membrane: at most `most`, of different neurons.
fn last_spikes(subject: &Subject, most: usize) -> Vec<(Neuron, Time)> {
    let mut raster = Raster::default();
    let mut simulation = subject.simulation().unwrap();
    subject.run_up_to(&mut simulation, subject.until, &mut raster).unwrap();
    let mut spikes: Vec<(Neuron, Time)> = vec![];
    for (at, population, neuron) in raster.spikes.into_iter().rev() {
        let is_source = subject.who.populations[population.index()].is_source;
        if spikes.len() < most && !is_source && spikes.iter().all(|spike| spike.0 != (population, neuron)) {
            spikes.push(((population, neuron), at));
        }
    }
    spikes
}

fn threshold(subject: &Subject, neuron: Neuron) -> f64 {
    let setup = synfire_runner::build::population_setup(&subject.scenario, neuron.0.index()).unwrap();
    setup.parameters.row(neuron.1.index()).get("v_th")
}

/// Scenarios, and up to when they are looked at, ms.
const CASES: [(&str, f64); 12] = [
    ("scenarios/cuba/scenario.json", 150.0),        // in linear form
    ("scenarios/cubadv/scenario.json", 120.0),      // by phase, generations without delay
    ("scenarios/brunel/scenario.json", 2.5),        // under dense jumps
    ("scenarios/larval-brain/scenario.json", 80.0), // lif with currents and kicks
    ("tests/reference/f-networks/zero-delay-generations.json", 1000.0),
    ("tests/reference/f-networks/mixed-models.json", 1000.0),
    ("tests/reference/f-networks/izhikevich-net.json", 1000.0),
    ("tests/reference/d-two-variable/adex-synapses.json", 1000.0),
    ("tests/reference/d-two-variable/fhn-synapses.json", 1000.0),
    ("tests/reference/c-qif-eif/qif-infinite-exponential.json", 1000.0),
    ("tests/reference/e-piecewise-rate/pwl-if-synapses.json", 1000.0),
    ("tests/reference/e-piecewise-rate/pwl-planar-synapses.json", 1000.0),
];

#[test]
fn spikes_of_neurons_of_every_kind_have_their_causes() {
    for (file, until) in CASES {
        let subject = subject(file, until);
        let spikes = last_spikes(&subject, 4);
        assert!(!spikes.is_empty(), "{file}");
        let found = causes(&subject, &spikes, SETTINGS).unwrap();
        for (why, (neuron, at)) in found.iter().zip(&spikes) {
            let what = format!("{file}, {} {} at {at} ms", why.population, why.neuron);
            assert_eq!((why.spike.epoch, why.spike.offset), at.parts(), "{what}");
            let (up, down) = (why.up.0, why.down.0);
            assert!(up + down <= why.arrivals && why.from.len() <= SETTINGS.top, "{what}");
            if why.cause == "arrival" {
                assert!(why.arrivals > 0, "{what}: by an arrival");
            }
            let is_linear = subject.scenario.populations[neuron.0.index()].model.spec.name == "lif";
            if is_linear {
                adds_up(&what, why, threshold(&subject, *neuron));
            }
        }
    }
}

/// Effects of arrivals on a linear membrane add up, and a crossing is at threshold.
fn adds_up(what: &str, why: &SpikeCauses, threshold: f64) {
    let (v, v_alone) = (why.v.unwrap(), why.v_alone.unwrap());
    let sum = v_alone + why.up.1 + why.down.1;
    assert!((v - sum).abs() < 1e-9, "{what}: {v} mV, and the parts add up to {sum} mV");
    let is_right = match why.cause {
        "crossing" => (v - threshold).abs() < 1e-9,
        _ => v >= threshold,
    };
    assert!(is_right, "{what}: {v} mV with a threshold of {threshold} mV, by {}", why.cause);
}

#[test]
fn moments_without_a_spike_are_told_for_neurons_of_every_kind() {
    for (file, until) in CASES {
        let subject = subject(file, until);
        for (neuron, at) in last_spikes(&subject, 2) {
            let before = Time::from_ms(at.as_ms() - 0.05).unwrap();
            let quiet = why_not(&subject, neuron, before, 3).unwrap();
            assert!(quiet.pushed_down <= quiet.arrivals, "{file}");
            let is_lif = subject.scenario.populations[neuron.0.index()].model.spec.name == "lif";
            if is_lif && quiet.refractory_until.is_none() {
                let threshold = quiet.threshold.unwrap();
                assert!(quiet.v < threshold, "{file}: {} mV of {threshold} mV", quiet.v);
                let nearest = quiet.nearest.unwrap();
                assert!(quiet.v <= nearest.v && nearest.v < threshold + 1e-9, "{file}: {nearest:?}");
            }
            assert!(why_not(&subject, neuron, at, 3).is_err(), "{file}: it does spike at {at} ms");
        }
    }
}

/// A neuron with adaptation: a kick up long ago is by now a pull down, and still no inhibition.
#[test]
fn what_pushed_up_is_not_what_held_a_neuron_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("adex.json");
    let scenario = serde_json::json!({
        "synfire": 1,
        "duration": 100,
        "populations": {
            "up": { "size": 1, "neuron": { "model": "spike_source", "times": [[20]] } },
            "down": { "size": 1, "neuron": { "model": "spike_source", "times": [[75]] } },
            "cells": {
                "size": 1,
                "neuron": { "model": "adex", "a": 30, "tau_w": 80 },
                "receptors": { "kick": { "kind": "delta" } }
            }
        },
        "projections": [
            { "source": "up", "target": "cells", "receptor": "kick", "connect": { "rule": "all_to_all" }, "weight": 8, "delay": 1 },
            { "source": "down", "target": "cells", "receptor": "kick", "connect": { "rule": "all_to_all" }, "weight": -2, "delay": 1 }
        ]
    });
    std::fs::write(&file, scenario.to_string()).unwrap();
    let subject = Subject::open(&file, &Options::default()).unwrap();
    let quiet = why_not(&subject, (PopulationId(0), LocalId(0)), Time::from_ms(80.0).unwrap(), 5).unwrap();
    assert_eq!((quiet.arrivals, quiet.pushed_down), (2, 1), "{quiet:?}");
    assert_eq!(quiet.down.0, 2, "the kick up has become its contrary: {quiet:?}");
}

#[test]
fn more_arrivals_than_are_looked_at_one_by_one_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("many.json");
    let scenario = serde_json::json!({
        "synfire": 1,
        "duration": 100,
        "populations": {
            "noise": { "size": 50, "neuron": { "model": "poisson", "rate": 1000 } },
            "cells": {
                "size": 1,
                "neuron": { "model": "lif", "tau_m": 1000 },
                "receptors": { "kick": { "kind": "delta" } }
            }
        },
        "projections": [
            { "source": "noise", "target": "cells", "receptor": "kick", "connect": { "rule": "all_to_all" }, "weight": 0.001, "delay": 1 }
        ]
    });
    std::fs::write(&file, scenario.to_string()).unwrap();
    let subject = Subject::open(&file, &Options::default()).unwrap();
    let quiet = why_not(&subject, (PopulationId(0), LocalId(0)), Time::from_ms(99.0).unwrap(), 1).unwrap();
    let (earlier, moved) = quiet.earlier.unwrap();
    assert!(earlier > 100 && earlier + quiet.up.0 + quiet.down.0 == quiet.arrivals, "{quiet:?}");
    let sum = quiet.v_alone + moved + quiet.up.1 + quiet.down.1;
    assert!((sum - quiet.v).abs() < 1e-9, "{sum} is not {}", quiet.v);
}
