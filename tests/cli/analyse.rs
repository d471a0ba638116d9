//! What the command says of single neurons.

use super::{run_line, top, write};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A network with one population of this neuron.
fn network(folder: &Path, neuron: Value) {
    let scenario = json!({
        "synfire": 1, "duration": 200, "populations": { "cells": { "size": 1, "neuron": neuron } },
    });
    write(folder, "network.json", &scenario);
}

#[test]
fn a_planar_neuron_is_analysed_in_words_numbers_and_figures() {
    let folder = tempfile::tempdir().unwrap();
    let case = top("tests/reference/e-piecewise-rate/pwl-planar-limit-cycle.json");
    fs::copy(case, folder.path().join("case.json")).unwrap();

    let said = run_line(folder.path(), "analyse case.json --currents -0.5,0.5 --points 40 --out a.svg,b.png");
    assert_eq!(said.code, Some(0), "{}", said.err);
    insta::assert_snapshot!(said.out);
    let svg = fs::read_to_string(folder.path().join("a.svg")).unwrap();
    for words in ["phase plane", "dw/dt = 0", "zones", "rate (Hz)", "rheobase", "advance (ms per unit)"] {
        assert!(svg.contains(words), "{words}");
    }
    assert!(fs::read(folder.path().join("b.png")).unwrap().starts_with(b"\x89PNG"));

    let said = run_line(folder.path(), "analyse case.json --population cells --neuron 0 --points 10 --json");
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let number = |pointer: &str| found.pointer(pointer).and_then(Value::as_f64).unwrap();
    assert!((number("/cycle/period_ms") - 26.643_709_827_311_777).abs() < 1e-12);
    // f has slope 1 around v = 0: the rest there has the eigenvalues of ((1, -1), (0.15, -0.1)).
    let root = (0.9_f64 * 0.9 - 4.0 * 0.05).sqrt();
    assert!((number("/equilibria/0/v") - 0.2).abs() < 1e-12);
    assert!((number("/equilibria/0/eigenvalues/0/0") - 0.5 * (0.9 + root)).abs() < 1e-12);
    assert_eq!(found["equilibria"][0]["kind"], "unstable node");
    // It fires between the knees, where v (b - 1) = I at v = -1/2 and 1/2.
    assert!((number("/onset/rheobase") + 0.25).abs() < 1e-12);
    assert!((number("/fires_until") - 0.25).abs() < 1e-12);
    let rates = found["rates"].as_array().unwrap();
    assert!(rates.len() > 11 && rates.is_sorted_by(|a, b| a[0].as_f64() < b[0].as_f64()), "{rates:?}");
    assert_eq!(found["phase_response"]["at_ms"].as_array().unwrap().len(), 10);
}

#[test]
fn a_neuron_of_one_variable_is_analysed() {
    let folder = tempfile::tempdir().unwrap();
    let case = top("tests/reference/e-piecewise-rate/pwl-if-constant.json");
    fs::copy(case, folder.path().join("case.json")).unwrap();
    let said = run_line(folder.path(), "analyse case.json --out a.svg");
    assert_eq!(said.code, Some(0), "{}", said.err);
    insta::assert_snapshot!(said.out);
    assert!(fs::read_to_string(folder.path().join("a.svg")).unwrap().contains("dv/dt"));
}

/// The columns of the table that `linearise` prints, as numbers.
fn rows(text: &str) -> Vec<Vec<f64>> {
    let cells = |line: &str| line.split_whitespace().map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
    text.lines().skip(3).map(cells).collect()
}

#[test]
fn a_smooth_neuron_is_made_piecewise_linear() {
    let folder = tempfile::tempdir().unwrap();
    let neuron = json!({ "model": "qif_normalised", "v_peak": 10, "v_reset": -5, "i_e": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "linearise network.json --pieces 4,16,64 --out side-by-side.json");
    assert_eq!(said.code, Some(0), "{}", said.err);
    insta::assert_snapshot!(said.out);
    // Four pieces rest where the parabola does not; then more pieces are better, by the square and a little more.
    let moved: Vec<f64> = rows(&said.out).iter().map(|row| row[5].abs()).collect();
    assert!(moved[0].is_nan() && moved[2] < moved[1] / 16.0, "{}", said.out);

    // The scenario that it writes runs and gives the spikes that it counted.
    let ran = run_line(folder.path(), "run side-by-side.json -q --out recording");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for row in rows(&said.out) {
        let line =
            ran.out.lines().find(|line| line.starts_with(&format!("cells-pieces-{} ", row[0]))).unwrap();
        assert_eq!(line.split_whitespace().nth(3).unwrap().parse(), Ok(row[1]), "{line}");
    }
    let drawn = run_line(folder.path(), "plot recording --out spikes.svg");
    assert_eq!(drawn.code, Some(0), "{}", drawn.err);

    // What it says as JSON is a neuron of a scenario, and that can be analysed.
    let said = run_line(folder.path(), "linearise network.json --pieces 16 --json");
    let found: Value = serde_json::from_str(&said.out).unwrap();
    network(folder.path(), found["linearised"][0]["neuron"].clone());
    let analysed = run_line(folder.path(), "analyse network.json --currents -1,1 --json");
    let cycle: Value = serde_json::from_str(&analysed.out).unwrap();
    let period = |value: &Value| value.as_f64().unwrap();
    let off = period(&cycle["cycle"]["period_ms"]) - period(&found["linearised"][0]["period_ms"]);
    assert!(off.abs() < 1e-11, "{off}");
}

#[test]
fn a_cubic_nullcline_is_made_piecewise_linear() {
    let folder = tempfile::tempdir().unwrap();
    let neuron =
        json!({ "model": "fitzhugh_nagumo", "a": 0.7, "b": 0.8, "epsilon": 0.08, "v_th": 0.5, "i_e": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "linearise network.json --pieces 8,64");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let moved: Vec<f64> = rows(&said.out).iter().map(|row| row[5].abs()).collect();
    assert!(moved[1] < moved[0] / 64.0, "{}", said.out);
    let said = run_line(folder.path(), "linearise network.json --pieces 8 --out nowhere/s.json");
    assert!(said.code == Some(1) && said.err.contains("nowhere/s.json: cannot be written"), "{said:?}");
}

#[test]
fn what_lies_at_infinity_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let neuron = json!({ "model": "qif_normalised", "v_peak": "inf", "v_reset": "-inf", "i_e": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "linearise network.json");
    assert!(said.code == Some(2) && said.err.contains("from -inf to inf: expected"), "{}", said.err);
    let said = run_line(folder.path(), "linearise network.json --range -30,30 --pieces 120 --out s.json");
    assert_eq!(said.code, Some(0), "{}", said.err);
    // The period is pi/sqrt(I); beyond +-30 the smooth neuron spends about 2/30 ms.
    let row = &rows(&said.out)[0];
    assert!((row[4] - std::f64::consts::PI / 0.5_f64.sqrt()).abs() < 0.08, "{}", said.out);
    assert_eq!(run_line(folder.path(), "run s.json -q").code, Some(0));
}

#[test]
fn what_cannot_be_analysed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    network(folder.path(), json!({ "model": "lif" }));
    let cases = [
        (
            "analyse network.json",
            "there is no population of a model that can be analysed: pwl_integrate_and_fire",
        ),
        ("analyse network.json --population cells", "population `cells` has the model `lif`"),
        ("analyse network.json --population sells", "there is no population `sells`; populations: cells"),
        ("linearise network.json --population cells", "what can be made piecewise linear: qif_normalised"),
        ("linearise network.json --pieces 0", "0 is not in 1..=256"),
        ("linearise network.json --range -1", "expected two finite numbers LOW,HIGH"),
        ("linearise network.json --range 1,-1", "the first below the second"),
        ("analyse network.json --currents 0,inf", "expected two finite numbers LOW,HIGH"),
        ("analyse network.json --points 0", "0 is not in 1..=65535"),
    ];
    for (line, message) in cases {
        let said = run_line(folder.path(), line);
        assert_eq!(said.code, Some(2), "{line}");
        assert!(said.err.contains(message), "{line}: {}", said.err);
    }
    let neuron = json!({ "model": "mckean", "a": 0.25, "epsilon": 0.1, "gamma": 0.2, "v_th": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "analyse network.json --out excitable.svg");
    assert!(said.out.contains("it does not go on firing"), "{}", said.out);
    assert!(fs::read_to_string(folder.path().join("excitable.svg")).unwrap().contains("orbit to rest"));
    let said = run_line(folder.path(), "analyse network.json --neuron 3");
    assert!(said.err.contains("population `cells` has no neuron 3; it has 1"), "{}", said.err);
    let said = run_line(folder.path(), "analyse network.json --currents 1,0");
    assert!(said.code == Some(2) && said.err.contains("the first below the second"), "{}", said.err);
    let said = run_line(folder.path(), "analyse network.json --out figure.gif");
    assert!(said.code == Some(2) && said.err.contains("pictures end in .svg or .png"), "{}", said.err);
}
