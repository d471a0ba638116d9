//! The SONATA example becomes the scenario that is shipped, and what cannot be imported is named.

use super::{ImportError, ImportSummary, sonata};
use crate::formats::edges::read_edges;
use crate::formats::spikes::{SpikeWriter, read_spike_trains};
use std::fs;
use std::path::{Path, PathBuf};
use synfire_core::{LocalId, PopulationId, Time};
use tempfile::TempDir;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/sonata-300-intfire")
}

#[test]
fn the_example_becomes_the_shipped_scenario() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/folder");
    let summary = sonata(&shipped().join("sonata/300_intfire/config.json"), &out).unwrap();
    let populations = [("v1", 300), ("lgn", 90), ("tw", 30)].map(|(name, size)| (name.to_owned(), size));
    assert_eq!(summary.populations, populations);
    assert_eq!(
        (summary.synapses, summary.input_spikes, summary.expected_spikes),
        (87_720, 3_033, Some(4_322))
    );
    assert_eq!(summary.warnings, [""; 0]);
    let text = fs::read_to_string(&summary.scenario).unwrap();
    assert_eq!(text, fs::read_to_string(shipped().join("scenario.json")).unwrap());
    for name in ["v1_to_v1", "lgn_to_v1", "tw_to_v1"] {
        let edges = |folder: &Path| read_edges(&folder.join(format!("edges/{name}.edges"))).unwrap();
        assert_eq!(edges(&out), edges(&shipped()));
    }
}

#[test]
fn weights_have_the_sign_of_their_synapses() {
    let edges = read_edges(&shipped().join("edges/v1_to_v1.edges")).unwrap();
    assert_eq!(edges.source.len(), 61_560);
    let weights = edges.weight.unwrap();
    // By the ids of excitatory (0 to 239) and inhibitory neurons: the weight of one synapse.
    for (index, (source, target)) in edges.source.iter().zip(&edges.target).enumerate() {
        let single = match (*source < 240, *target < 240) {
            (true, true) => 0.002,
            (true, false) => 0.3,
            (false, true) => -0.15,
            (false, false) => -0.01,
        };
        let synapses = weights[index] / single;
        assert!(
            synapses > 0.5 && (synapses - synapses.round()).abs() < 1e-9,
            "edge {index}: {}",
            weights[index]
        );
    }
}

/// A copy of the example in which texts are replaced, imported.
fn changed(replacements: &[(&str, &str, &str)]) -> (TempDir, Result<ImportSummary, ImportError>) {
    let folder = tempfile::tempdir().unwrap();
    copy(&shipped().join("sonata"), folder.path());
    for (file, from, to) in replacements {
        let path = folder.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(&path, text.replace(from, to)).unwrap();
    }
    let result = sonata(&folder.path().join("300_intfire/config.json"), &folder.path().join("out"));
    (folder, result)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The error of such a copy, without its folder.
fn error(replacements: &[(&str, &str, &str)]) -> String {
    let (folder, result) = changed(replacements);
    result.unwrap_err().to_string().replace(&format!("{}/300_intfire/", folder.path().display()), "")
}

const V1_TYPES: &str = "300_intfire/network/v1_node_types.csv";
const V1_EDGES: &str = "300_intfire/network/v1_v1_edge_types.csv";
const CIRCUIT: &str = "300_intfire/circuit_config.json";
const SIMULATION: &str = "300_intfire/simulation_config.json";
const EXC_NEURON: &str = "shared_components/point_neuron_models_dir/IntFire1_exc_1.json";

#[test]
fn what_cannot_be_imported_is_named() {
    insta::assert_snapshot!(error(&[(V1_TYPES, "nrn:IntFire1 point_process IntFire1_inh_1.json", "nrn:IntFire4 point_process IntFire1_inh_1.json")]), @r#"network/v1_node_types.csv, node_type_id 101: model_template "nrn:IntFire4" is not supported; supported: nrn:IntFire1, nest:iaf_psc_alpha"#);
    insta::assert_snapshot!(error(&[(V1_TYPES, "point_process IntFire1_exc_1.json", "biophysical IntFire1_exc_1.json")]), @r#"network/v1_node_types.csv, node_type_id 100: model_type "biophysical" is not supported; supported: virtual, point_process, point_neuron"#);
    insta::assert_snapshot!(error(&[(V1_TYPES, "IntFire1_exc_1.json LIF_exc", "no_such.json LIF_exc")]), @"../shared_components/point_neuron_models_dir/no_such.json: No such file or directory (os error 2)");
    insta::assert_snapshot!(error(&[(EXC_NEURON, "\"refrac\"", "\"refractory\"")]), @r#"../shared_components/point_neuron_models_dir/IntFire1_exc_1.json, refractory: a parameter "refractory" of nrn:IntFire1 is not supported; supported: tau, refrac, type"#);
    insta::assert_snapshot!(error(&[(EXC_NEURON, "0.024", "\"long\"")]), @r#"../shared_components/point_neuron_models_dir/IntFire1_exc_1.json, tau: found "long", expected a number"#);
    insta::assert_snapshot!(error(&[(EXC_NEURON, "\"tau\": 0.024,", "")]), @"../shared_components/point_neuron_models_dir/IntFire1_exc_1.json, tau: nrn:IntFire1 needs this parameter");
    insta::assert_snapshot!(error(&[(EXC_NEURON, "\"tau\": 0.024,", "\"tau\": 0.024")]), @"../shared_components/point_neuron_models_dir/IntFire1_exc_1.json: expected `,` or `}` at line 3 column 3");
    insta::assert_snapshot!(error(&[(V1_EDGES, "wmax 0.01", "wmin 0.01")]), @r#"network/v1_v1_edge_types.csv, edge_type_id 100: weight_function "wmin" is not supported; supported: wmax"#);
    insta::assert_snapshot!(error(&[(V1_EDGES, "wmax 0.01", "wmax NULL")]), @r#"network/v1_v1_edge_types.csv, edge_type_id 100: no "syn_weight", nor in the edges"#);
    insta::assert_snapshot!(error(&[(V1_EDGES, "2.0 wmax 0.01", "NULL wmax 0.01")]), @r#"network/v1_v1_edge_types.csv, edge_type_id 100: no "delay", nor in the edges"#);
    insta::assert_snapshot!(error(&[(V1_EDGES, "2.0 wmax 0.01", "soon wmax 0.01")]), @r#"network/v1_v1_edge_types.csv, edge_type_id 100: delay is "soon", expected a number"#);
    insta::assert_snapshot!(error(&[(V1_EDGES, "\n103 ", "\n104 ")]), @"network/v1_v1_edge_types.csv, edge_type_id 103: there are edges of this type, but the table does not have it");
    insta::assert_snapshot!(error(&[(CIRCUIT, "$NETWORK_DIR/v1_nodes.h5", "$NET/v1_nodes.h5")]), @r#"circuit_config.json, networks.nodes[0].nodes_file: "$NET/v1_nodes.h5" has a variable that the manifest has not"#);
    insta::assert_snapshot!(error(&[(CIRCUIT, "\"./network\"", "\"$NETWORK_DIR/network\"")]), @r#"circuit_config.json, networks.nodes[0].nodes_file: "$NETWORK_DIR/v1_nodes.h5" has a variable that is defined by itself"#);
    insta::assert_snapshot!(error(&[(SIMULATION, "\"tstop\": 3000.0", "\"tstart\": 5.0, \"tstop\": 3000.0")]), @"simulation_config.json, run.tstart: 5 is not supported; supported: 0");
    insta::assert_snapshot!(error(&[(SIMULATION, "\"tstop\": 3000.0", "\"tstop\": \"3 s\"")]), @r#"simulation_config.json, run.tstop: found "3 s", expected a number"#);
    insta::assert_snapshot!(error(&[(SIMULATION, "\"input_type\": \"spikes\"", "\"input_type\": \"current_clamp\"")]), @r#"simulation_config.json, inputs.LGN_spikes.input_type: "current_clamp" is not supported; supported: spikes"#);
    insta::assert_snapshot!(error(&[(SIMULATION, "\"node_set\": \"lgn\"", "\"node_set\": \"retina\"")]), @r#"simulation_config.json, inputs.LGN_spikes.node_set: there is no virtual population "retina""#);
    insta::assert_snapshot!(error(&[(SIMULATION, "lgn_spikes.h5", "no_spikes.h5")]), @"inputs/no_spikes.h5: No such file or directory (os error 2)");
    insta::assert_snapshot!(error(&[("300_intfire/config.json", "circuit_config", "simulation_config")]), @r#"simulation_config.json, networks: no "networks"; a configuration needs "network", the circuit's file"#);
}

#[test]
fn queries_that_edges_contradict_are_told() {
    let (folder, result) = changed(&[(V1_EDGES, "ei=='e' 2.0 wmax 0.3", "ei=='i' 2.0 wmax 0.3")]);
    let warnings = result.unwrap().warnings.join("\n").replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!(warnings, @"300_intfire/network/v1_v1_edge_types.csv, edge_type_id 102: source_query is ei=='i', but there are edges with nodes of type 100");
}

#[test]
fn nodes_without_input_are_silent_and_sets_choose_neurons() {
    let chosen = "\"node_set\": {\"population\": \"tw\", \"node_id\": [3]}";
    let replacements = [
        (SIMULATION, "\"node_set\": \"tw\"", chosen),
        (SIMULATION, "\"node_set\": \"lgn\"", "\"node_set\": {\"population\": \"lgn\", \"node_id\": 1000}"),
        (SIMULATION, "\"spikes_file\": \"spikes.h5\"", "\"spikes_file\": \"none.h5\""),
    ];
    let (folder, result) = changed(&replacements);
    let summary = result.unwrap();
    assert_eq!(summary.expected_spikes, None);
    let trains = |name: &str| {
        let path = folder.path().join(format!("out/spikes/{name}.csv.gz"));
        read_spike_trains(&path, Some(name)).unwrap().remove(0).trains(90).unwrap()
    };
    assert!(trains("lgn").iter().all(Vec::is_empty));
    let spiking: Vec<usize> = (0..90).filter(|neuron| !trains("tw")[*neuron].is_empty()).collect();
    assert_eq!(spiking, [3]);
    assert_eq!(summary.input_spikes, trains("tw")[3].len() as u64);
}

/// The example with NEST's neuron in place of NEURON's: other receptors, defaults, and the start.
#[test]
fn iaf_psc_alpha_gets_a_receptor_for_each_sign() {
    let exc_synapse = "shared_components/synaptic_models/instanteneousExc.json";
    let inh_synapse = "shared_components/synaptic_models/instanteneousInh.json";
    let exc = fs::read_to_string(shipped().join("sonata").join(EXC_NEURON)).unwrap();
    let replacements = [
        (V1_TYPES, "nrn:IntFire1", "nest:iaf_psc_alpha"),
        (V1_TYPES, "IntFire1_inh_1.json", "NULL"),
        (EXC_NEURON, exc.as_str(), "{\"tau_m\": 20, \"E_L\": -60.5, \"tau_syn_in\": 5, \"V_m\": -61}"),
        (exc_synapse, "\"level_of_detail\": \"instanteneous\",\n  \"sign\": 1", ""),
        (inh_synapse, "\"level_of_detail\": \"instanteneous\",\n  \"sign\": -1", ""),
        (V1_EDGES, "wmax 0.15", "wmax -0.15"),
        (V1_EDGES, "2.0 wmax 0.3", "NULL wmax 0.3"),
    ];
    let (folder, result) = changed(&replacements);
    let summary = result.unwrap();
    let text = fs::read_to_string(&summary.scenario).unwrap();
    let scenario: serde_json::Value = serde_json::from_str(&text).unwrap();
    let v1 = &scenario["populations"]["v1"];
    let receptors = serde_json::json!({
        "exc": {"kind": "alpha", "tau": 2.0},
        "inh_5": {"kind": "alpha", "tau": 5.0},
        "inh_2": {"kind": "alpha", "tau": 2.0},
    });
    assert_eq!(v1["receptors"], receptors);
    // The inhibitory type has NEST's defaults, and the configuration's v_init of -80 mV.
    let ends = |values: &serde_json::Value| (values[0].as_f64().unwrap(), values[299].as_f64().unwrap());
    assert_eq!(ends(&v1["neuron"]["tau_m"]), (20.0, 10.0));
    assert_eq!(ends(&v1["neuron"]["e_l"]), (-60.5, -70.0));
    assert_eq!(ends(&v1["initial"]["v"]), (-61.0, -80.0));
    assert_eq!((&v1["neuron"]["v_th"], &v1["neuron"]["c_m"]), (&(-55.0).into(), &250.0.into()));
    // Weights -0.15 of inhibitory on excitatory neurons, and only they, reach their receptor.
    let inhibition =
        scenario["projections"].as_array().unwrap().iter().find(|p| p["receptor"] == "inh_5").unwrap();
    let file = inhibition["connect"]["file"].as_str().unwrap();
    let edges = read_edges(&folder.path().join("out").join(file)).unwrap();
    assert!(
        edges.source.iter().all(|source| *source >= 240) && edges.target.iter().all(|target| *target < 240)
    );
    assert!(inhibition["weight"].as_f64().unwrap() < 0.0);
    // Where the type gives no delay, NEST's is 1 ms.
    let excitation =
        scenario["projections"].as_array().unwrap().iter().find(|p| p["source"] == "v1").unwrap();
    assert_eq!(excitation["receptor"], "exc");
    let edges =
        read_edges(&folder.path().join("out").join(excitation["connect"]["file"].as_str().unwrap())).unwrap();
    let delays = edges.delay.unwrap();
    assert!(delays.contains(&1.0) && delays.contains(&2.0));
    assert_eq!(scenario["expect"]["tolerance"], 0.1, "a recording on a grid is judged within one step");
}

#[test]
fn recorded_spikes_of_others_are_left_out_with_a_word() {
    let folder = tempfile::tempdir().unwrap();
    copy(&shipped().join("sonata"), folder.path());
    let mut writer =
        SpikeWriter::sonata(&folder.path().join("300_intfire/output/spikes.h5"), &["lgn", "v1"]).unwrap();
    writer.push(PopulationId(0), LocalId(0), Time::from_ms(1.0).unwrap()).unwrap();
    writer.push(PopulationId(1), LocalId(299), Time::from_ms(2.0).unwrap()).unwrap();
    writer.finish().unwrap();
    let summary = sonata(&folder.path().join("300_intfire/config.json"), &folder.path().join("out")).unwrap();
    assert_eq!(summary.expected_spikes, Some(1));
    assert!(
        summary.warnings[0].ends_with("spikes.h5: recorded spikes of lgn are left out"),
        "{:?}",
        summary.warnings
    );
    let mut writer =
        SpikeWriter::sonata(&folder.path().join("300_intfire/output/spikes.h5"), &["v1"]).unwrap();
    writer.push(PopulationId(0), LocalId(300), Time::ZERO).unwrap();
    writer.finish().unwrap();
    let error =
        sonata(&folder.path().join("300_intfire/config.json"), &folder.path().join("out")).unwrap_err();
    assert!(error.to_string().ends_with("/spikes: node 300, but population \"v1\" has 300 nodes"), "{error}");
}
