//! `synfire replay`.

use super::{clock, run_line, top, write};
use serde_json::{Value, json};
use std::path::Path;

fn clock_but(change: impl FnOnce(&mut Value)) -> Value {
    let mut scenario = clock();
    change(&mut scenario);
    scenario
}

#[test]
fn what_comes_out_as_expected_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = clock_but(|scenario| {
        let expect = &mut scenario["expect"];
        expect["rates"] = json!([{ "population": "cells", "ids": [0, 1], "rate": 88.9, "tolerance": 0.1 }]);
        expect["states"] =
            json!([{ "population": "cells", "id": 2, "variable": "v", "at": 8.5, "value": -65 }]);
        expect["state_tolerance"] = 1e-9.into();
    });
    write(folder.path(), "clock.json", &scenario);
    let ended = run_line(folder.path(), "replay clock.json");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{}", ended.out);
    insta::assert_snapshot!(ended.out);
}

#[test]
fn reference_cases_in_a_folder_are_all_found() {
    let ended = run_line(&top("tests"), "replay reference/a-lif reference/f-networks");
    assert_eq!(ended.code, Some(0), "{}", ended.out);
    assert!(ended.out.contains("ok   reference/a-lif/alpha-1   4 spikes, worst "), "{}", ended.out);
    let last = ended.out.lines().last().unwrap();
    assert_eq!(last, format!("{} passed, 0 failed", ended.out.lines().count() - 1));
}

#[test]
fn the_first_difference_in_time_is_told_with_what_led_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let expect = |name, change: &dyn Fn(&mut Value)| {
        write(folder.path(), name, &clock_but(|scenario| change(&mut scenario["expect"])));
    };
    expect("a-late.json", &|expect| {
        expect["spikes"]["cells"] =
            json!([[6, 16, 26, 36], [7.5, 17.5, 27.4999999999, "37.4999999999999999999"], [44]]);
    });
    expect("b-missing.json", &|expect| {
        expect["spikes"]["cells"] = json!([[6, 11, 16, 26, 36], [7.5, 17.5, 27.5, 37.5], []]);
    });
    expect("c-extra.json", &|expect| {
        expect["spikes"]["cells"] = json!([[6, 16, 36], [7.5, 17.5, 27.5], []]);
    });
    expect("d-states.json", &|expect| {
        *expect = json!({ "states": [
            { "population": "cells", "id": 2, "variable": "v", "at": 20, "value": -60 },
            { "population": "cells", "id": 2, "variable": "v", "at": 8.5, "value": -66 }
        ], "state_tolerance": 0.5 });
    });
    expect("e-rates.json", &|expect| {
        *expect = json!({ "rates": [
            { "population": "cells", "rate": 10, "tolerance": 1 },
            { "population": "cells", "ids": [2], "rate": 1, "tolerance": 0.5 },
            { "population": "cells", "ids": [0], "rate": 88.9, "tolerance": 0.1 }
        ] });
    });
    expect("f-nothing.json", &|expect| *expect = json!({ "tolerance": 1 }));
    let ended = run_line(folder.path(), "replay --keep-going .");
    assert_eq!((ended.code, ended.err.as_str()), (Some(4), ""), "{}", ended.out);
    insta::assert_snapshot!(ended.out);
}

#[test]
fn the_first_failure_ends_the_replay_unless_it_is_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.json", "c.json"] {
        write(folder.path(), name, &clock());
    }
    write(
        folder.path(),
        "b.json",
        &clock_but(|scenario| scenario["expect"]["spikes"]["cells"][0][0] = 1.into()),
    );
    let stopped = run_line(folder.path(), "replay .");
    assert_eq!(stopped.code, Some(4));
    assert!(stopped.out.contains("\n1 case after it was not run; --keep-going runs it\n"), "{}", stopped.out);
    assert!(stopped.out.ends_with("\n1 passed, 1 failed\n"), "{}", stopped.out);
    let went_on = run_line(folder.path(), "replay . --keep-going");
    assert_eq!(went_on.code, Some(4));
    assert!(
        went_on.out.contains("ok   c") && went_on.out.ends_with("\n2 passed, 1 failed\n"),
        "{}",
        went_on.out
    );
}

#[test]
fn a_model_that_there_is_not_is_a_failed_case() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = clock_but(|scenario| {
        scenario["populations"]["cells"] = json!({ "size": 3, "neuron": { "model": "poisson_group" } });
        scenario["projections"] = json!([]);
        scenario["record"] = json!({});
    });
    write(folder.path(), "other.json", &scenario);
    write(folder.path(), "clock.json", &clock());
    let ended = run_line(folder.path(), "replay . --keep-going");
    assert_eq!(ended.code, Some(2), "{}", ended.out);
    assert!(
        ended.out.contains("FAIL other") && ended.out.contains("there is no neuron model `poisson_group`"),
        "{}",
        ended.out
    );
    assert!(ended.out.ends_with("1 passed, 1 failed\n"), "{}", ended.out);
}

#[test]
fn broken_scenarios_in_a_folder_are_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let text = clock().to_string();
    std::fs::write(folder.path().join("broken.json"), &text[..text.len() - 1]).unwrap();
    std::fs::write(folder.path().join("config.json"), "{\"not\": \"ours\"").unwrap();
    let ended = run_line(folder.path(), "replay .");
    assert_eq!(ended.code, Some(2), "{}", ended.out);
    assert!(
        ended.out.starts_with("FAIL broken   ") && ended.out.ends_with("\n0 passed, 1 failed\n"),
        "{}",
        ended.out
    );
}

#[test]
fn what_is_nothing_to_replay_is_said() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "none.json",
        &clock_but(|scenario| {
            scenario.as_object_mut().unwrap().remove("expect");
        }),
    );
    for (path, said) in [("none.json", "no `expect`"), (".", "no scenario with `expect`")] {
        let ended = run_line(folder.path(), &format!("replay {path}"));
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{path}");
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

#[test]
fn a_recording_of_another_run_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    assert_eq!(run_line(folder.path(), "run clock.json --out rec").code, Some(0));
    change_a_weight(&folder.path().join("rec"));
    let ended = run_line(folder.path(), "replay rec");
    assert_eq!(ended.code, Some(4), "{}", ended.out);
    insta::assert_snapshot!(ended.out);
}

/// Makes a recording's scenario another one, as if the program had changed its mind: checksums included.
fn change_a_weight(recording: &Path) {
    use synfire_runner::recording::manifest::{FileEntry, Manifest};
    let scenario = recording.join("scenario.json");
    let text = std::fs::read_to_string(&scenario).unwrap();
    let changed = text.replacen("2.5", "2.75", 1);
    assert_ne!(text, changed);
    std::fs::write(&scenario, changed).unwrap();
    let path = recording.join("manifest.json");
    let mut manifest = Manifest::from_text(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for file in manifest.files.iter_mut().filter(|file| file.file == "scenario.json") {
        *file = FileEntry::of(recording, "scenario.json").unwrap();
    }
    std::fs::write(&path, manifest.to_text()).unwrap();
}
