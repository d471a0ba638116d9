//! Looking inside a run.

use super::{clock, run_line, write};
use serde_json::{Value, json};
use std::path::Path;
use synfire_numerics::math::exp;

/// Three kicks of 7 mV at 2, 4 and 6 ms, the third of which carries a neuron over a threshold 15 mV above rest.
fn three_kicks(folder: &Path) {
    let scenario = json!({
        "synfire": 1,
        "name": "kicks",
        "duration": 10,
        "populations": {
            "ticks": { "size": 1, "neuron": { "model": "spike_source", "times": [[1, 3, 5]] } },
            "cells": {
                "size": 1,
                "neuron": { "model": "lif", "tau_m": 20, "e_l": -65, "v_th": -50, "v_reset": -65 },
                "receptors": { "kick": { "kind": "delta" } }
            }
        },
        "projections": [
            { "source": "ticks", "target": "cells", "receptor": "kick",
              "connect": { "rule": "all_to_all" }, "weight": 7, "delay": 1 }
        ],
        "record": { "spikes": ["cells"] }
    });
    write(folder, "kicks.json", &scenario);
}

#[test]
fn each_arrival_moved_the_membrane_by_what_the_closed_form_says() {
    let folder = tempfile::tempdir().unwrap();
    three_kicks(folder.path());
    let ended = run_line(folder.path(), "inspect kicks.json why cells:0 6 --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let why: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&why["cause"], &why["arrivals"]), (&json!("arrival"), &json!(3)));
    let from = why["from"].as_array().unwrap();
    assert_eq!(from.len(), 3);
    for (arrival, age_ms) in from.iter().zip([0.0, 2.0, 4.0]) {
        let expected = 7.0 * exp(-age_ms / 20.0);
        let moved = arrival["moved"].as_f64().unwrap();
        assert!((moved - expected).abs() < 1e-12, "{moved} is not {expected}");
        assert_eq!(arrival["without"], Value::Null);
    }
}

#[test]
fn a_neuron_that_kept_quiet_tells_how_far_it_was() {
    let folder = tempfile::tempdir().unwrap();
    three_kicks(folder.path());
    let ended = run_line(folder.path(), "inspect kicks.json why-not cells:0 4 --json");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let quiet: Value = serde_json::from_str(&ended.out).unwrap();
    let expected = -65.0 + 7.0 * (1.0 + exp(-0.1));
    assert!((quiet["v"].as_f64().unwrap() - expected).abs() < 1e-12, "{quiet}");
    assert_eq!(quiet["threshold"], json!(-50.0));
}

#[test]
fn a_log_that_is_damaged_or_cut_off_is_told() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    assert_eq!(run_line(folder.path(), "run clock.json --log a.synlog --quiet").code, Some(0));
    let file = folder.path().join("a.synlog");
    let whole = std::fs::read(&file).unwrap();
    let inspect = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        run_line(folder.path(), "inspect a.synlog spikes")
    };
    assert_eq!(inspect(&whole).code, Some(0));
    let cut = inspect(&whole[..whole.len() - 40]);
    assert_eq!(cut.code, Some(0), "{}", cut.err);
    assert!(cut.err.contains("a.synlog: the log was cut off"), "{}", cut.err);
    let mut changed = whole.clone();
    // The first block comes right after the header, whose length stands after eight bytes and a letter.
    let header = u32::from_le_bytes([whole[9], whole[10], whole[11], whole[12]]) as usize;
    changed[8 + 5 + header + 4 + 5] ^= 1;
    for (bytes, words) in [
        (&changed[..], "is damaged: the block at byte"),
        (&whole[..5], "cannot read"),
        (&b"synflog\x01 and so on"[..], "is no event log of a version that this program reads"),
    ] {
        let ended = inspect(bytes);
        assert_eq!(ended.code, Some(2), "{words}: {}", ended.err);
        assert!(ended.err.contains(words) || words == "cannot read", "{words}: {}", ended.err);
    }
}

#[test]
fn what_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    assert_eq!(run_line(folder.path(), "run clock.json --out rec").code, Some(0));
    let cases = [
        ("inspect rec why cels:0 6", "did you mean `cells`?"),
        ("inspect rec why cells:0 7", "the nearest are at 6 and 16 ms"),
        ("inspect rec why-not cells:0 50", "50 ms is not in the run, which ends at 45 ms"),
        ("inspect rec why-not ticks:0 6", "has no membrane"),
        ("inspect nothing spikes", "cannot read nothing"),
    ];
    for (line, words) in cases {
        let ended = run_line(folder.path(), line);
        assert_eq!(ended.code, Some(2), "{line}: {}", ended.err);
        assert!(ended.err.contains(words), "{line}: {}", ended.err);
    }
}
