//! The command `synfire`, started as a user starts it.

mod analyse;
mod import;
mod inspect;
mod plot;
mod recording;
mod replay;
mod run;
mod usage;
mod view;

use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command, in a folder of its own.
fn synfire(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_synfire-under-test"));
    command.current_dir(folder).env_remove("SYNFIRE_LOG").env("NO_COLOR", "1").env("COLUMNS", "100");
    command
}

/// What a command that has ended left behind.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the command in `folder` to its end.
fn run<S: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = S>) -> Ended {
    synfire(folder).args(args).output().unwrap().into()
}

/// Runs a command line of words without spaces.
fn run_line(folder: &Path, line: &str) -> Ended {
    run(folder, line.split_whitespace())
}

fn top(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path).canonicalize().unwrap()
}

fn write(folder: &Path, name: &str, scenario: &Value) {
    std::fs::write(folder.join(name), serde_json::to_string_pretty(scenario).unwrap()).unwrap();
}

/// Two neurons that a kick makes spike every 10 ms, over different delays, and one that only feels its kick.
fn clock() -> Value {
    json!({
        "synfire": 1,
        "name": "clock",
        "duration": 45,
        "populations": {
            "ticks": { "size": 2, "neuron": { "model": "spike_source", "times": [[5, 15, 25, 35], [7.5]] } },
            "cells": {
                "size": 3,
                "neuron": { "model": "lif" },
                "receptors": { "kick": { "kind": "delta" } }
            }
        },
        "projections": [
            { "source": "ticks", "target": "cells", "receptor": "kick",
              "connect": { "rule": "explicit", "pairs": [[0, 0], [0, 1], [1, 2]] },
              "weight": [20, 20, 5], "delay": [1, 2.5, 1] }
        ],
        "record": {
            "spikes": ["cells"],
            "states": [{ "population": "cells", "ids": [2], "variables": ["v"], "every": 5 }]
        },
        "expect": { "tolerance": 1e-12, "spikes": { "cells": [[6, 16, 26, 36], [7.5, 17.5, 27.5, 37.5], []] } }
    })
}

/// Random input without end to a hundred neurons: a run that somebody will interrupt.
fn endless() -> Value {
    json!({
        "synfire": 1,
        "name": "endless",
        "seed": 3,
        "duration": 1e9,
        "populations": {
            "drive": { "size": 100, "neuron": { "model": "poisson", "rate": 50 } },
            "cells": {
                "size": 100,
                "neuron": { "model": "lif" },
                "receptors": { "exc": { "kind": "exponential", "tau": 5 } }
            }
        },
        "projections": [
            { "source": "drive", "target": "cells", "receptor": "exc",
              "connect": { "rule": "fixed_in_degree", "k": 20 }, "weight": 60, "delay": 1.5 }
        ],
        "record": { "spikes": ["cells"] }
    })
}

/// Neurons that kick one another at once, for ever: no run gets past 5 ms.
fn loop_without_delay() -> Value {
    json!({
        "synfire": 1,
        "name": "loop",
        "duration": 10,
        "populations": {
            "start": { "size": 1, "neuron": { "model": "spike_source", "times": [[2, 5]] } },
            "ring": {
                "size": 2,
                "neuron": { "model": "lif", "t_ref": 0 },
                "receptors": { "kick": { "kind": "delta" } }
            }
        },
        "projections": [
            { "source": "start", "target": "ring", "receptor": "kick",
              "connect": { "rule": "explicit", "pairs": [[0, 0]] }, "weight": 10, "delay": 0 },
            { "source": "ring", "target": "ring", "receptor": "kick",
              "connect": { "rule": "explicit", "pairs": [[0, 1], [1, 0]] }, "weight": 20, "delay": 0 }
        ],
        "record": { "spikes": ["ring"] }
    })
}
