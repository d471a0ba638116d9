//! Neurons whose equations are in the scenario, against the built-in models of the same equations.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::Path;
use synfire_core::Time;
use synfire_core::engine::{EngineKind, Options};
use synfire_core::observer::Raster;
use synfire_runner::build::Form;
use synfire_runner::catalogue::find;
use synfire_runner::replay::{collect, replay};
use synfire_runner::run::prepare;
use synfire_runner::scenario::{Limits, check};

use crate::equivalence::{all_engines_agree, load};

/// The equations of a built-in model: variables, condition and reset.
fn equations_of(model: &str) -> Option<Value> {
    Some(match model {
        "lif" => json!({
            "variables": { "v": "(e_l - v)/tau_m + I/c_m" },
            "threshold": "v >= v_th", "reset": { "v": "v_reset" },
        }),
        "qif" => json!({
            "variables": { "v": "(k*(v - v_rest)*(v - v_crit) + I)/c_m" },
            "threshold": "v >= v_peak", "reset": { "v": "v_reset" },
        }),
        "qif_normalised" => json!({
            "variables": { "v": "v^2 + I" }, "threshold": "v >= v_peak", "reset": { "v": "v_reset" },
        }),
        "eif" => json!({
            "variables": { "v": "(-g_l*(v - e_l) + g_l*delta_t*exp((v - v_t)/delta_t) + I)/c_m" },
            "threshold": "v >= v_peak", "reset": { "v": "v_reset" },
        }),
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
        "qif_adaptive" => json!({
            "variables": { "v": "(k*(v - v_rest)*(v - v_crit) - u + I)/c_m", "u": "a*(b*(v - v_rest) - u)" },
            "threshold": "v >= v_peak", "reset": { "v": "v_reset", "u": "u + d" },
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
        "hodgkin_huxley" => json!({
            "variables": {
                "v": "(-g_l*(v - e_l) - g_na*m^3*h*(v - e_na) - g_k*n^4*(v - e_k) + I)/c_m",
                "m": "0.32*(13 - (v - v_t))/(exp((13 - (v - v_t))/4) - 1)*(1 - m) \
                      - 0.28*(v - v_t - 40)/(exp((v - v_t - 40)/5) - 1)*m",
                "h": "0.128*exp((17 - (v - v_t))/18)*(1 - h) - 4/(1 + exp((40 - (v - v_t))/5))*h",
                "n": "0.032*(15 - (v - v_t))/(exp((15 - (v - v_t))/5) - 1)*(1 - n) \
                      - 0.5*exp((10 - (v - v_t))/40)*n",
            },
            "crossing": "v >= v_th",
        }),
        _ => return None,
    })
}

/// The scenario with its neurons stated by their equations; `None` if one of them cannot.
fn restated(mut scenario: Value) -> Option<Value> {
    for (_, population) in scenario["populations"].as_object_mut()? {
        let neuron = population["neuron"].as_object()?.clone();
        let name = neuron["model"].as_str()?;
        if matches!(name, "spike_source" | "poisson") {
            continue;
        }
        let spec = find(name)?.spec;
        let mut stated = equations_of(name)?;
        stated["model"] = json!("equations");
        let mut parameters = Map::new();
        for parameter in spec.parameters {
            let value = match neuron.get(parameter.name) {
                Some(value) => value.clone(),
                None => json!(parameter.default?),
            };
            if value.is_string() {
                return None;
            }
            if parameter.name == "t_ref" {
                stated["t_ref"] = value;
            } else {
                parameters.insert(parameter.name.to_string(), value);
            }
        }
        // Variables start where those of the built-in model do, which have other values at rest.
        let given = population["initial"].as_object().map_or(0, Map::len);
        if given < spec.variables.len() && !(name == "lif" || spec.variables.len() == 1) {
            return None;
        }
        if given == 0 {
            population["initial"] = json!({ "v": parameters.get("e_l").or(parameters.get("v_rest"))? });
        }
        stated["parameters"] = Value::Object(parameters);
        population["neuron"] = stated;
    }
    Some(scenario)
}

/// All reference cases of models without pieces, except those that are about sizes.
#[test]
fn equations_give_the_spikes_of_the_built_in_models() {
    let folder = tempfile::tempdir().unwrap();
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference");
    let mut cases = [0, 0];
    for group in ["a-lif", "b-threshold", "c-qif-eif", "d-two-variable", "states"] {
        for file in std::fs::read_dir(reference.join(group)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let scenario: Value = serde_json::from_str(&text).unwrap();
            let is_long = scenario["duration"].as_f64().unwrap() > 2000.0;
            let Some(scenario) = restated(scenario).filter(|_| !is_long) else { continue };
            let file = folder.path().join(path.file_name().unwrap());
            std::fs::write(&file, scenario.to_string()).unwrap();
            for (cases, engine) in cases.iter_mut().zip([EngineKind::Queue, EngineKind::Lookahead]) {
                let options = Options { engine: Some(engine), ..Options::default() };
                let outcome = replay(&collect(std::slice::from_ref(&file)).unwrap()[0], &options);
                // Networks with zero delays are not for the lookahead engine.
                let needs_delay = outcome.text.contains("lookahead") && engine == EngineKind::Lookahead;
                assert!(outcome.failed.is_none() || needs_delay, "{}", outcome.text);
                *cases += usize::from(outcome.failed.is_none());
            }
        }
    }
    assert!(cases[0] >= 80 && cases[1] >= 60, "only {cases:?} cases");
}

/// Gates whose rates have removable singularities, through which v runs.
#[test]
fn a_neuron_with_gates_spikes_when_the_built_in_one_does() {
    let scenario = json!({
        "synfire": 1, "duration": 40,
        "populations": {
            "cells": {
                "size": 3,
                "neuron": { "model": "hodgkin_huxley", "i_e": [300, 600, 1200] },
                "receptors": { "e": { "kind": "exponential_conductance", "tau": 5, "e_rev": 0 } },
                "initial": { "v": [-65, -62, -70], "m": 0.02, "h": 0.9, "n": 0.1 },
            },
            "drive": { "size": 1, "neuron": { "model": "spike_source", "times": [[1, 4.5, 20]] } },
        },
        "projections": [{ "source": "drive", "target": "cells", "receptor": "e",
            "connect": { "rule": "all_to_all" }, "weight": 40, "delay": 0.5 }],
    });
    let spikes = |scenario: &Value| {
        let engines = [EngineKind::Queue, EngineKind::Lookahead];
        all_engines_agree((&load(&scenario.to_string()), Form::Chosen), &engines, &[])
    };
    let (built_in, stated) = (spikes(&scenario), spikes(&restated(scenario.clone()).unwrap()));
    assert!(built_in.len() > 6, "only {} spikes", built_in.len());
    assert_eq!(built_in.len(), stated.len());
    for (a, b) in built_in.iter().zip(&stated) {
        assert_eq!((a.1, a.2), (b.1, b.2));
        let difference = (a.0.as_ms() - b.0.as_ms()).abs();
        assert!(difference < 2e-13, "{} {} differ by {difference:e}", a.0.as_ms(), b.0.as_ms());
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
    insta::assert_snapshot!(format!("{}\n{}", problems.render(100, false), problems.plain()));
}

/// The neuron of a text, alone for a while: refused, or run to the end or to where it cannot go on.
fn live(neuron: &Value, duration_ms: f64) -> String {
    let scenario = json!({
        "synfire": 1, "duration": duration_ms,
        "populations": {
            "cells": { "size": 1, "neuron": neuron, "receptors": { "d": { "kind": "delta" } } },
            "drive": { "size": 1, "neuron": { "model": "spike_source", "times": [[0.1, 0.2]] } },
        },
        "projections": [{ "source": "drive", "target": "cells", "receptor": "d",
            "connect": { "rule": "one_to_one" }, "weight": 0.25, "delay": 0.125 }],
    });
    let scenario = match check(scenario.to_string(), Path::new("cells.json"), &Limits::default()) {
        Ok(scenario) => scenario,
        Err(problems) => return problems.render(80, false) + &problems.plain(),
    };
    let mut simulation = match prepare(&scenario, Vec::new(), &Options::default()) {
        Ok(simulation) => simulation,
        Err(failure) => return failure.to_string(),
    };
    match simulation.run(Time::from_ms(duration_ms).unwrap(), &mut Raster::default()) {
        Ok(()) => "ran".to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_cannot_go_on_is_an_error() {
    let neuron = |rate: &str, condition: &str, reset: &str| {
        json!({ "model": "equations", "variables": { "v": rate, "u": "-u" },
            "threshold": format!("v >= {condition}"), "reset": { "v": reset } })
    };
    let long = "v+".repeat(50_000) + "1";
    let deep = "(".repeat(3000) + "v" + &")".repeat(3000);
    for (rate, condition, reset, said) in [
        ("1 - v", "1", "0", "ran"),
        ("1/v", "1", "0", "not a number"),
        ("log(v)", "1", "0", "not a number"),
        ("1e300^2", "1", "0", "not a number"),
        ("2", "1", "v + 1", "more than a million generations"),
        ("2", "1", "v/0", "more than a million generations"),
        ("2", "1", "0/u", "not a number"),
        ("2", "1", "0/0", "comes below the threshold"),
        ("2", "1/0", "0", "a finite number on its right"),
        ("2", "1", "1e400", "too large"),
        (&long, "1", "0", "at most 10000 bytes"),
        (&deep, "1", "0", "too deep"),
        ("2", &long, "0", "at most 10000 bytes"),
        ("2", "1", &deep, "too deep"),
    ] {
        let ended = live(&neuron(rate, condition, reset), 2.0);
        assert!(ended.contains(said), "{} {condition} {reset}: {ended}", &rate[..rate.len().min(40)]);
    }
    let involved = (1..300).map(|n| format!("sin({n}*v)")).collect::<Vec<_>>();
    let neuron = json!({ "model": "equations", "variables": { "v": involved.join("+"), "u": involved.join("*") },
        "crossing": "v >= 1" });
    assert!(live(&neuron, 1.0).contains("too involved"));
    // Held for ever, and stiff meanwhile.
    let stiff = json!({ "model": "equations", "variables": { "v": "2", "u": "-1e12*u*(1 + u)" }, "threshold": "v >= 1",
        "reset": { "v": "0", "u": "1" }, "t_ref": 1e6 });
    live(&stiff, 1e5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the texts are.
    #[test]
    fn no_text_is_a_panic(texts in proptest::collection::vec(proptest::collection::vec(0usize..24, 1..12), 4), other in ".{0,8}", holds: bool) {
        const PIECES: [&str; 23] = [
            "v", "u", "p", "I", "v", "(", ")", "+", "-", "*", "/", "^", "exp(", "log(", "sqrt(", "sin(", "tanh(", "cosh(",
            "1", "0.5", "2", ">=", "\\\"",
        ];
        let text = |place: usize| -> String {
            texts[place].iter().map(|&piece| PIECES.get(piece).copied().unwrap_or(&other)).collect()
        };
        let mut neuron = json!({ "model": "equations", "variables": { "v": text(0), "u": text(1) }, "parameters": { "p": 0.75 } });
        let condition = json!(format!("v >= {}", text(2)));
        // With a refractory time, or without spikes that reset, there are not too many of them.
        if holds {
            neuron["threshold"] = condition;
            neuron["reset"] = json!({ "v": text(3), "u": "u + 1" });
            neuron["t_ref"] = json!(0.01);
        } else {
            neuron["crossing"] = condition;
        }
        prop_assert!(!live(&neuron, 0.5).is_empty());
    }
}
