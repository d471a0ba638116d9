//! `synfire run` and `synfire check`.

use serde_json::json;

use super::{clock, endless, loop_without_delay, run_line, write};

/// The summary without the lines that tell how long it took.
fn lasting(summary: &str) -> String {
    summary
        .lines()
        .filter(|line| !line.contains(" in ") && !line.contains(" of memory"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn events_are_logged_in_three_forms() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    let log = |name: &str| {
        let line = format!("run clock.json --quiet --log {name} --log-filter kind=spike,arrival");
        let ended = run_line(folder.path(), &line);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        std::fs::read(folder.path().join(name)).unwrap()
    };
    assert!(log("e.synlog").ends_with(b"synflogE"));
    let lines = String::from_utf8(log("e.jsonl")).unwrap();
    let first = r#"{"event":"spike","time":"5","epoch":5,"offset":0.0,"population":"ticks","neuron":0,"generation":0,"cause":"schedule"}"#;
    assert_eq!(lines.lines().next(), Some(first));
    let trace: serde_json::Value = serde_json::from_slice(&log("e.json")).unwrap();
    assert!(trace["traceEvents"].as_array().unwrap().iter().any(|event| event["name"] == "build"));

    let refused = run_line(folder.path(), "run clock.json --log e.jsonl");
    assert_eq!(
        (refused.code, &refused.err[..]),
        (Some(2), "synfire: e.jsonl: is there already; --force replaces it\n")
    );
    assert_eq!(run_line(folder.path(), "run clock.json --log e.jsonl --force").code, Some(0));
}

#[test]
fn a_run_sums_up_and_draws() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    let ended = run_line(folder.path(), "run clock.json");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    insta::assert_snapshot!(lasting(&ended.out));
    let first = ended.out.lines().next().unwrap();
    assert!(first.starts_with("clock: 45 ms in ") && first.contains("(real-time factor "), "{first}");
    assert!(ended.out.contains("\n13 spikes, 9 synaptic events ("), "{}", ended.out);
    // `expect` is not judged here.
    let mut other = clock();
    other["expect"]["spikes"]["cells"][0][0] = 1.into();
    write(folder.path(), "other.json", &other);
    assert_eq!(run_line(folder.path(), "run other.json").code, Some(0));
}

/// The number before a unit of bytes, behind `before`, in MiB.
fn mib_behind(before: &str, text: &str) -> f64 {
    let (_, behind) = text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in {text}"));
    let mut words = behind.split(' ');
    let amount: f64 = words.next().unwrap().parse().unwrap();
    assert_eq!(words.next(), Some("MiB"), "{text}");
    amount
}

#[cfg(target_os = "linux")] // where peak memory is told
#[test]
fn memory_is_known_before_to_a_tenth() {
    let folder = tempfile::tempdir().unwrap();
    let dense = |connect: serde_json::Value, weight: serde_json::Value, delay: serde_json::Value| json!({ "source": "cells", "target": "cells", "receptor": "exc", "connect": connect, "weight": weight, "delay": delay });
    let in_degree = |k: u32| json!({ "rule": "fixed_in_degree", "k": k });
    let normal = json!({ "normal": [1, 0.1] });
    let uniform = json!({ "uniform": [1, 2] });
    let networks = [
        // The second is the larger one, so that its drawing comes on top of the first.
        vec![dense(in_degree(500), json!(1), json!(1)), dense(in_degree(1500), json!(1), json!(1))],
        vec![dense(json!({ "rule": "fixed_out_degree", "k": 800 }), normal, uniform)],
    ];
    for projections in networks {
        let network = json!({
            "synfire": 1,
            "duration": 1,
            "populations": { "cells": {
                "size": 8000,
                "neuron": { "model": "lif" },
                "receptors": { "exc": { "kind": "exponential", "tau": 5 } }
            } },
            "projections": projections
        });
        write(folder.path(), "large.json", &network);
        let told = mib_behind("it takes about ", &run_line(folder.path(), "check large.json").out);
        let taken =
            mib_behind("at most ", &run_line(folder.path(), "run large.json --quiet --threads 1").out);
        assert!((told - taken).abs() <= 0.1 * taken, "told {told} MiB, taken {taken} MiB: {network}");
    }
}

#[test]
fn quiet_runs_do_not_draw() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    let ended = run_line(folder.path(), "run clock.json --quiet");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    assert!(ended.out.contains("rate (Hz)") && !ended.out.contains('│'), "{}", ended.out);
}

#[test]
fn time_and_seed_can_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "clock.json", &clock());
    write(folder.path(), "endless.json", &endless());
    let until = |until| run_line(folder.path(), &format!("run clock.json --quiet --until {until}")).out;
    assert!(until("6").contains("clock: 6 ms") && until("6").contains("\n1 spikes"), "{}", until("6"));
    assert!(until("6.000000000000000001").contains("\n2 spikes"), "the spike at 6 ms is now part of the run");
    assert!(until("1e3").contains("clock: 1000 ms"));
    let seed = |seed| lasting(&run_line(folder.path(), &format!("run endless.json --until 200 {seed}")).out);
    assert_eq!(seed("--seed 3"), seed(""), "3 is the scenario's own");
    assert_ne!(seed("--seed 4"), seed(""));
}

#[test]
fn queues_engines_and_threads_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "endless.json", &endless());
    let run = |how: &str| {
        let ended = run_line(folder.path(), &format!("run endless.json --until 300 {how}"));
        assert_eq!(ended.code, Some(0), "{how}: {}", ended.err);
        lasting(&ended.out)
    };
    let plain = run("");
    assert!(plain.contains("cells"), "{plain}");
    for how in
        ["--queue scan", "--queue priority-queue", "--engine queue", "--engine lookahead", "--threads 2"]
    {
        assert_eq!(run(how), plain, "{how}");
    }
}

#[test]
fn an_engine_that_cannot_run_the_network_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "loop.json", &loop_without_delay());
    let ended = run_line(folder.path(), "run loop.json --engine lookahead");
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("delays of at least"), "{}", ended.err);
}

#[test]
fn a_run_that_cannot_go_on_names_the_loop_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "loop.json", &loop_without_delay());
    let ended = run_line(folder.path(), "run loop.json --out rec");
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{}", ended.err);
    assert!(ended.err.contains("at 5 ms") && ended.err.contains("neuron 0 of \"ring\""), "{}", ended.err);
    assert!(ended.err.contains("a partial recording"), "{}", ended.err);
    let replayed = run_line(folder.path(), "replay rec");
    assert_eq!(replayed.code, Some(0), "{}", replayed.out);
}

#[test]
fn a_plan_is_shown_before_anything_is_built() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "endless.json", &endless());
    let ended = run_line(folder.path(), "check endless.json");
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    // How much memory there is depends on the machine.
    let plan: Vec<&str> = ended.out.lines().filter(|line| !line.ends_with("available")).collect();
    insta::assert_snapshot!(plan.join("\n"));
}
