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
    for words in
        ["cells, neuron 0: pwl_planar", "unstable focus", "period 26.6437098273117", "rheobase", "class"]
    {
        assert!(said.out.contains(words), "{words} in\n{}", said.out);
    }
    let svg = fs::read_to_string(folder.path().join("a.svg")).unwrap();
    for words in ["phase plane", "dw/dt = 0", "rate (Hz)", "advance (ms per unit)"] {
        assert!(svg.contains(words), "{words}");
    }
    assert!(fs::read(folder.path().join("b.png")).unwrap().starts_with(b"\x89PNG"));

    let said = run_line(folder.path(), "analyse case.json --population cells --neuron 0 --points 10 --json");
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert!((found["cycle"]["period_ms"].as_f64().unwrap() - 26.643_709_827_311_777).abs() < 1e-12);
    assert_eq!(found["rates"].as_array().unwrap().len(), 11);
    assert_eq!(found["phase_response"]["at_ms"].as_array().unwrap().len(), 10);
}

#[test]
fn a_neuron_of_one_variable_is_analysed() {
    let folder = tempfile::tempdir().unwrap();
    let case = top("tests/reference/e-piecewise-rate/pwl-if-constant.json");
    fs::copy(case, folder.path().join("case.json")).unwrap();
    let said = run_line(folder.path(), "analyse case.json --out a.svg");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("class 1"), "{}", said.out);
    assert!(fs::read_to_string(folder.path().join("a.svg")).unwrap().contains("dv/dt"));
}

#[test]
fn a_smooth_neuron_is_made_piecewise_linear() {
    let folder = tempfile::tempdir().unwrap();
    let neuron = json!({ "model": "qif_normalised", "v_peak": 10, "v_reset": -5, "i_e": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "linearise network.json --pieces 4,16,64");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let rows: Vec<Vec<&str>> =
        said.out.lines().skip(3).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), ["4", "16", "64"], "{}", said.out);
    // More pieces are better, about by the square.
    let moved: Vec<f64> = rows.iter().map(|row| row[5].parse::<f64>().unwrap().abs()).collect();
    assert!(moved[2] < 0.2 * moved[1] && moved[1] < 0.5 * moved[0], "{}", said.out);

    // What it prints is a neuron of a scenario, and that can be analysed.
    let said = run_line(folder.path(), "linearise network.json --pieces 8 --json");
    let neurons: Value = serde_json::from_str(&said.out).unwrap();
    network(folder.path(), neurons[0].clone());
    let said = run_line(folder.path(), "analyse network.json --currents -1,1");
    assert!(said.code == Some(0) && said.out.contains("period"), "{}{}", said.out, said.err);
}

#[test]
fn a_cubic_nullcline_is_made_piecewise_linear() {
    let folder = tempfile::tempdir().unwrap();
    let neuron =
        json!({ "model": "fitzhugh_nagumo", "a": 0.7, "b": 0.8, "epsilon": 0.08, "v_th": 0.5, "i_e": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "linearise network.json --pieces 5,40");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let rows: Vec<Vec<&str>> =
        said.out.lines().skip(3).map(|line| line.split_whitespace().collect()).collect();
    let moved: Vec<f64> = rows.iter().map(|row| row[5].parse::<f64>().unwrap().abs()).collect();
    assert!(moved[1] < 0.05 * moved[0], "{}", said.out);
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
    ];
    for (line, message) in cases {
        let said = run_line(folder.path(), line);
        assert_eq!(said.code, Some(2), "{line}");
        assert!(said.err.contains(message), "{line}: {}", said.err);
    }
    let neuron = json!({ "model": "mckean", "a": 0.25, "epsilon": 0.1, "gamma": 0.2, "v_th": 0.5 });
    network(folder.path(), neuron);
    let said = run_line(folder.path(), "analyse network.json --neuron 3");
    assert!(said.err.contains("population `cells` has no neuron 3; it has 1"), "{}", said.err);
    let said = run_line(folder.path(), "analyse network.json --currents 1,0");
    assert!(said.code == Some(2) && said.err.contains("the first below the second"), "{}", said.err);
    let said = run_line(folder.path(), "analyse network.json --out figure.gif");
    assert!(said.code == Some(2) && said.err.contains("pictures end in .svg or .png"), "{}", said.err);
}
