//! Neurons whose equations are in the scenario, against the built-in models of the same equations.

use serde_json::{Map, Value, json};
use std::path::Path;
use synfire_core::engine::{EngineKind, Options};
use synfire_runner::replay::{collect, replay};
use synfire_runner::scenario::{Limits, check};

/// The equations of a built-in model: variables, condition and reset.
fn equations_of(model: &str) -> Value {
    match model {
        "izhikevich" => json!({
            "variables": { "v": "v^2/25 + 5*v + 140 - u + I", "u": "a*(b*v - u)" },
            "threshold": "v >= v_peak", "reset": { "v": "c", "u": "u + d" },
        }),
        "adex" => json!({
            "variables": {
                "w": "(a*(v - e_l) - w)/tau_w",
                "v": "(-g_l*(v - e_l) + g_l*delta_t*exp((v - v_t)/delta_t) - w + I)/c_m",
            },
            "threshold": "v >= v_peak", "reset": { "v": "v_reset", "w": "w + b" },
        }),
        "eif" => json!({
            "variables": { "v": "(-g_l*(v - e_l) + g_l*delta_t*exp((v - v_t)/delta_t) + I)/c_m" },
            "threshold": "v >= v_peak", "reset": { "v": "v_reset" },
        }),
        "fitzhugh_nagumo" => json!({
            "variables": { "v": "v - v^3/3 - w + I", "w": "epsilon*(v + a - b*w)" },
            "crossing": "v >= v_th",
        }),
        "morris_lecar" => json!({
            "variables": {
                "v": "(-g_l*(v - e_l) - g_ca*(1 + tanh((v - v1)/v2))/2*(v - e_ca) - g_k*w*(v - e_k) + I)/c_m",
                "w": "phi*((1 + tanh((v - v3)/v4))/2 - w)*cosh((v - v3)/(2*v4))",
            },
            "crossing": "v >= v_th",
        }),
        other => panic!("no equations for {other}"),
    }
}

/// The scenario with the neurons of its models stated by their equations.
fn restated(mut scenario: Value) -> Value {
    for (_, population) in scenario["populations"].as_object_mut().unwrap() {
        let neuron = population["neuron"].as_object().unwrap().clone();
        let model = neuron["model"].as_str().unwrap();
        if model == "spike_source" {
            continue;
        }
        let mut stated = equations_of(model);
        stated["model"] = json!("equations");
        let is_parameter = |name: &&String| !["model", "t_ref"].contains(&name.as_str());
        let names = neuron.keys().filter(is_parameter);
        let parameters: Map<String, Value> = names.map(|name| (name.clone(), neuron[name].clone())).collect();
        stated["parameters"] = Value::Object(parameters);
        if let Some(t_ref) = neuron.get("t_ref") {
            stated["t_ref"] = t_ref.clone();
        }
        population["neuron"] = stated;
    }
    scenario
}

#[test]
fn equations_give_the_spikes_of_the_built_in_models() {
    let folder = tempfile::tempdir().unwrap();
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    let cases = [
        "d-two-variable/izhikevich-synapses",
        "d-two-variable/izhikevich-chattering",
        "d-two-variable/adex-synapses",
        "d-two-variable/adex-bursting",
        "d-two-variable/fhn-synapses",
        "d-two-variable/morris-lecar-synapses",
        "c-qif-eif/eif-delta",
        "c-qif-eif/eif-conductance",
    ];
    for case in cases {
        let text = std::fs::read_to_string(reference.join(case).with_extension("json")).unwrap();
        let file = folder.path().join(case.replace('/', "-")).with_extension("json");
        std::fs::write(&file, restated(serde_json::from_str(&text).unwrap()).to_string()).unwrap();
        for engine in [EngineKind::Queue, EngineKind::Lookahead] {
            let options = Options { engine: Some(engine), ..Options::default() };
            let outcome = replay(&collect(std::slice::from_ref(&file)).unwrap()[0], &options);
            assert!(outcome.failed.is_none(), "{}", outcome.text);
        }
    }
}

/// With a constant current of 2, v = 2 (1 - e^(-t)) is 1 at ln 2.
#[test]
fn the_variable_of_the_threshold_need_not_be_the_first() {
    let scenario = json!({
        "synfire": 1, "duration": 30,
        "populations": { "cells": {
            "size": 2,
            "neuron": {
                "model": "equations",
                "variables": { "s": "0*s", "v": "s - v" },
                "parameters": { "height": [1, 3] },
                "threshold": "v >= height", "reset": { "v": "0", "s": "s - 2" },
            },
            "initial": { "s": 2 },
        } },
        "expect": { "tolerance": 1e-14, "spikes": { "cells": [["0.69314718055994530941723212145818"], []] } },
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("system.json");
    std::fs::write(&file, scenario.to_string()).unwrap();
    let outcome = replay(&collect(&[file]).unwrap()[0], &Options::default());
    assert!(outcome.failed.is_none(), "{}", outcome.text);
}

#[test]
fn the_place_in_a_formula_is_shown() {
    let text = r#"{ "synfire": 1, "duration": 5, "populations": { "cells": { "size": 1, "neuron": {
  "model": "equations",
  "variables": { "v": "(e_l - v)/tau_n + max(I, 0)" },
  "parameters": { "e_l": -70, "tau_m": 10 },
  "threshold": "v >= -50", "reset": { "v": "e_l" } } } } }"#;
    let problems = check(text.to_string(), Path::new("cells.json"), &Limits::default()).unwrap_err();
    insta::assert_snapshot!(problems.plain());
}
