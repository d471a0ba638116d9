//! The worked example of `docs/adding-a-model.md`: one file, one line, and what they give.

use synfire_core::Time;
use synfire_core::catalogue::ModelEntry;
use synfire_core::engine::{EngineKind, Options, Simulation};
use synfire_core::group::PopulationSetup;
use synfire_core::network::Network;
use synfire_core::observer::Raster;
use synfire_core::spec::{Column, ParamTable};
use synfire_numerics::formula::{System, read};
use synfire_numerics::random::StreamKey;

catalogue! {
    neuron quartic::Quartic,
}

const PAGE: &str = include_str!("../../../docs/adding-a-model.md");

#[test]
fn the_page_has_the_file_and_the_line() {
    assert!(PAGE.contains(include_str!("example/quartic.rs")), "docs/adding-a-model.md has another file");
    assert!(PAGE.contains("    neuron quartic::Quartic,\n"));
    // The list that the line goes to is written as here.
    assert!(include_str!("lib.rs").contains("    neuron eif::Eif,\n"));
}

/// The spike times, ms, of one neuron that starts at v = -1, w = 0.
fn spikes(entry: &ModelEntry, parameters: &[(&'static str, f64)], engine: EngineKind) -> Vec<f64> {
    let mut table = ParamTable::defaults(entry.spec.parameters);
    table.system = entry.system;
    for (name, value) in parameters {
        table.set(name, Column::Same(*value));
    }
    let setup = PopulationSetup {
        size: 1,
        parameters: table,
        receptors: Vec::new(),
        initial: vec![(0, Column::Same(-1.0))],
        stimuli: Vec::new(),
        at_once: false,
        jumps: Vec::new(),
        spike_trains: Vec::new(),
        random: StreamKey::derive(0, "example", 0),
    };
    let network =
        Network { groups: vec![(entry.build)(&setup).unwrap()], projections: Vec::new(), rates: None };
    let options = Options { engine: Some(engine), ..Options::default() };
    let mut raster = Raster::default();
    let mut simulation = Simulation::new(network, Vec::new(), &options).unwrap();
    simulation.run(Time::from_ms(40.0).unwrap(), &mut raster).unwrap();
    raster.spikes.iter().map(|spike| spike.0.as_ms()).collect()
}

const PARAMETERS: [(&str, f64); 7] =
    [("k", 0.5), ("a", 0.1), ("b", 0.5), ("v_peak", 10.0), ("v_reset", -1.0), ("d", 0.2), ("i_e", 1.5)];

/// The same equations as text give the same spikes.
#[test]
fn the_example_spikes_when_its_equations_do() {
    let names = ["v", "w", "k", "a", "b", "v_peak", "v_reset", "d", "i_e", "I"];
    let formula = |text: &str| read(text, &names).unwrap();
    let system = System {
        variables: vec!["v".into(), "w".into()],
        parameters: names[2..9].iter().map(ToString::to_string).collect(),
        rates: vec![formula("v^4 + 2*k*v - w + I"), formula("a*(b*v - w)")],
        height: formula("v_peak"),
        jumps: Some(vec![formula("v_reset"), formula("w + d")]),
    };
    let stated = crate::equations::entry(system).unwrap();
    for engine in [EngineKind::Queue, EngineKind::Lookahead] {
        let (built_in, stated) =
            (spikes(&CATALOGUE[0], &PARAMETERS, engine), spikes(stated, &PARAMETERS, engine));
        assert!(built_in.len() > 5, "{built_in:?}");
        assert_eq!(built_in.len(), stated.len());
        for (a, b) in built_in.iter().zip(&stated) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }
}
