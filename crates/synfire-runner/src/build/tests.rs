use super::*;
use crate::draw::sample;
use crate::formats::edges::write_edges;
use crate::scenario::{self, Distribution, Law, Limits};
use synfire_core::engine::{Options, Simulation};
use synfire_core::network::Values;
use synfire_core::observer::Raster;
use synfire_numerics::random::Stream;

/// A scenario with these populations and projections, in a folder.
fn scenario_in(folder: &Path, populations: &str, projections: &str) -> Scenario {
    let text = format!(
        r#"{{ "synfire": 1, "name": "test", "seed": 99, "duration": 100.0,
             "populations": {{ {populations} }}, "projections": [ {projections} ],
             "stimuli": [ {{ "kind": "current_step", "population": "cells", "ids": [1], "at": 5.5, "amplitude": 3.0 }} ] }}"#
    );
    scenario::check(text, &folder.join("test.json"), &Limits::default()).unwrap_or_else(|p| panic!("{p}"))
}

fn scenario(populations: &str, projections: &str) -> Scenario {
    scenario_in(Path::new(""), populations, projections)
}

const CELLS: &str = r#""cells": { "size": 20,
    "neuron": { "model": "lif", "tau_m": {"normal": [20, 2], "clip": [10, 30]}, "v_th": -50, "i_e": {"uniform": [300, 400]} },
    "receptors": { "exc": { "kind": "exponential", "tau": 5 },
                   "g": { "kind": "exponential_conductance", "tau": 5, "e_rev": 0 } },
    "initial": { "v": {"uniform": [-70, -55]}, "exc": 1.5 } }"#;

const NOISE: &str = r#""noise": { "size": 30, "neuron": { "model": "poisson", "rate": 200 } }"#;

fn failure(scenario: &Scenario) -> String {
    match build(scenario) {
        Ok(_) => panic!("it was built"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_parameter_has_its_own_streams() {
    let scenario = scenario(&format!("{NOISE}, {CELLS}"), "");
    let setup = population_setup(&scenario, 1).unwrap();
    // Population 1; the purpose is the parameter; the stream is the neuron's.
    let law = Distribution { law: Law::Normal(20.0, 2.0), clip: Some((10.0, 30.0)) };
    let key = StreamKey::derive(99, "parameter tau_m", 1);
    let tau_m: Vec<f64> = (0..20).map(|id| sample(&law, &mut Stream::new(key, id)).unwrap()).collect();
    assert_eq!(setup.parameters.columns[0], Column::Each(tau_m));

    let law = Distribution { law: Law::Uniform(-70.0, -55.0), clip: None };
    let key = StreamKey::derive(99, "initial v", 1);
    let v: Vec<f64> = (0..20).map(|id| sample(&law, &mut Stream::new(key, id)).unwrap()).collect();
    assert_eq!(setup.initial, [(0, Column::Each(v)), (1, Column::Same(1.5))]);

    assert_eq!(setup.size, 20);
    assert_eq!(setup.receptors.len(), 2);
    let step = &setup.stimuli[0];
    assert_eq!((step.neurons.as_deref(), step.at.as_ms(), step.amplitude), (Some(&[1u32][..]), 5.5, 3.0));

    let noise = population_setup(&scenario, 0).unwrap();
    assert_eq!(noise.random, StreamKey::derive(99, "poisson", 0));
    assert!(noise.stimuli.is_empty());
}

/// Runs for 100 ms.
fn raster(scenario: &Scenario) -> Raster {
    let network = build(scenario).unwrap();
    let mut simulation = Simulation::new(network, Vec::new(), &Options::default()).unwrap();
    let mut raster = Raster::default();
    simulation.run(scenario.duration, &mut raster).unwrap();
    raster
}

const SYNAPSES: &str = r#"
    { "source": "noise", "target": "cells", "receptor": "exc", "connect": { "rule": "fixed_in_degree", "k": 5 },
      "weight": {"normal": [50, 5]}, "delay": {"uniform": [0.5, 2]} },
    { "source": "cells", "target": "cells", "receptor": "g", "connect": { "rule": "pairwise_bernoulli", "p": 0.3 },
      "weight": {"exponential": 2}, "delay": 1.5 }"#;

#[test]
fn the_same_network_runs_for_any_number_of_threads_and_another_for_another_seed() {
    let mut scenario = scenario(&format!("{NOISE}, {CELLS}"), SYNAPSES);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| raster(&scenario))
    };
    let [one, two, three] = [1, 2, 3].map(on);
    assert!(one.spikes.iter().filter(|spike| spike.1.index() == 1).count() > 20);
    assert!(one == two && one == three);
    scenario.seed = 100;
    assert_ne!(raster(&scenario), one);
}

#[test]
fn progress_is_told_of_every_part() {
    let scenario = scenario(&format!("{NOISE}, {CELLS}"), SYNAPSES);
    let mut told = Vec::new();
    build_with_progress(&scenario, |p| {
        told.push((p.source.to_owned(), p.target.map(str::to_owned), p.done, p.total, p.synapses));
    })
    .unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!(told[1], ("cells".into(), None, 2, 4, 0));
    assert_eq!(told[2], ("noise".into(), Some("cells".into()), 3, 4, 100));
    assert_eq!((told[3].2, told[3].3), (4, 4));
    assert!(told[3].4 > 100);
}

#[test]
fn files_of_pairs_and_of_spikes_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let edges = EdgeList {
        source: vec![1, 0, 1],
        target: vec![3, 4, 0],
        weight: Some(vec![1.0, 2.0, 3.0]),
        delay: None,
    };
    write_edges(&folder.path().join("pairs.edges"), &edges).unwrap();
    let csv = "neuron,time_ms,population\n1,5.5,drive\n0,7.25,drive\n1,0.5,drive\n0,1,other\n";
    std::fs::write(folder.path().join("spikes.csv"), csv).unwrap();
    let drive =
        r#""drive": { "size": 2, "neuron": { "model": "spike_source", "times_file": "spikes.csv" } }"#;
    let projection = |rest: &str| {
        format!(
            r#"{{ "source": "drive", "target": "cells", "receptor": "exc",
                 "connect": {{ "rule": "explicit", "file": "pairs.edges" }} {rest} }}"#
        )
    };
    let built = |rest: &str| scenario_in(folder.path(), &format!("{drive}, {CELLS}"), &projection(rest));

    let scenario = built(r#", "weight": 7, "delay": 2"#);
    let trains = population_setup(&scenario, 0).unwrap().spike_trains;
    let ms = |at| Time::from_ms(at).unwrap();
    assert_eq!(trains, [vec![ms(7.25)], vec![ms(0.5), ms(5.5)]]);
    let synapses = synapses_of(&scenario, 0).unwrap();
    assert_eq!((synapses.offsets, synapses.targets), (vec![0, 1, 3], vec![4, 0, 3]));
    assert_eq!(synapses.weights, Values::Each(vec![2.0, 3.0, 1.0]), "the file's");
    assert_eq!(synapses.delays, Values::Same(2.0));

    let mut scenario = scenario;
    scenario.projections[0].delay = Quantity::Number(f64::NAN);
    let text = failure(&scenario);
    assert!(text.starts_with("projection 0, `drive` to `cells`: "), "{text}");
    assert!(text.ends_with("pairs.edges has no delays, and the projection gives no `delay`"), "{text}");

    scenario.populations[0].size = 1;
    let text = failure(&scenario);
    assert!(text.starts_with("population `drive`: "), "{text}");
    assert!(text.ends_with("a spike of neuron 1, but the population has 1 neurons"), "{text}");
    std::fs::remove_file(folder.path().join("spikes.csv")).unwrap();
    assert!(failure(&scenario).contains("spikes.csv"));
}

#[test]
fn errors_name_population_or_projection() {
    let good = || scenario(&format!("{NOISE}, {CELLS}"), SYNAPSES);
    let mut wrong = good();
    wrong.populations[1].parameters[0] =
        Quantity::Distribution(Distribution { law: Law::Normal(1.0, 1.0), clip: None });
    let text = failure(&wrong);
    assert!(text.starts_with("population `cells`: tau_m of neuron "), "{text}");
    assert!(text.contains("expected a number greater than 0"), "{text}");

    // What parameters have to fulfil together.
    let mut wrong = good();
    let v_th = wrong.populations[1].model.spec.parameters.iter().position(|p| p.name == "v_th").unwrap();
    wrong.populations[1].parameters[v_th] = Quantity::Number(-80.0);
    let text = failure(&wrong);
    assert!(text.starts_with("population `cells`: neuron 0: v_"), "{text}");

    let mut wrong = good();
    wrong.projections[1].weight =
        Quantity::Distribution(Distribution { law: Law::Normal(1.0, 1.0), clip: None });
    let text = failure(&wrong);
    assert!(text.starts_with("projection 1, `cells` to `cells`: weight of synapse "), "{text}");
    assert!(text.contains("expected a number of at least 0"), "conductances: {text}");

    let mut wrong = good();
    wrong.projections[0].rule = Rule::FixedInDegree(usize::MAX);
    assert!(matches!(build(&wrong), Err(error) if error.is_limit()));
    wrong.populations[0].size = usize::MAX;
    assert!(matches!(build(&wrong), Err(error) if error.is_limit()));
    wrong = good();
    wrong.projections[0].rule = Rule::OneToOne;
    assert!(matches!(build(&wrong), Err(error) if !error.is_limit()));
}
