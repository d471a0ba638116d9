//! The scenario's files.

use super::ImportError;
use super::config::Config;
use super::models::{PointModel, PointNeuron, Receptor};
use super::network::{Population, Recorded, duration};
use super::projections::Projection;
use crate::formats::FileError;
use crate::formats::edges::{EdgeList, write_edges};
use crate::formats::spikes::{PopulationSpikes, write_trains};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Writes the scenario and the files that it names; returns the scenario's.
pub(super) fn scenario(
    folder: &Path,
    config: &Config,
    populations: &[Population],
    projections: &[Projection],
    inputs: &[PopulationSpikes],
    recorded: Option<&Recorded>,
) -> Result<PathBuf, ImportError> {
    for part in ["edges", "spikes"] {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(|e| FileError::system(&path, e))?;
    }
    for spikes in inputs {
        let path = folder.join(input_file(spikes.population.as_deref().unwrap_or("")));
        // Without the population's name, so that a file without spikes still is that of this population.
        write_trains(&path, &[PopulationSpikes { population: None, ..spikes.clone() }])?;
    }
    if let Some(recorded) = recorded {
        write_trains(&folder.join(RECORDED_FILE), &recorded.spikes)?;
    }
    for projection in projections {
        let (list, _, _) = without_constants(&projection.edges);
        write_edges(&folder.join(edge_file(&projection.name)), &list)?;
    }
    let text = scenario_text(config, populations, projections, recorded)?;
    let path = folder.join("scenario.json");
    std::fs::write(&path, text).map_err(|e| FileError::system(&path, e))?;
    Ok(path)
}

const RECORDED_FILE: &str = "spikes/recorded.csv.gz";

fn input_file(population: &str) -> String {
    format!("spikes/{population}.csv.gz")
}

fn edge_file(name: &str) -> String {
    format!("edges/{name}.edges")
}

/// The list without weights or delays that are the same for all edges, and those.
fn without_constants(edges: &EdgeList) -> (EdgeList, Option<f64>, Option<f64>) {
    let constant = |values: &Option<Vec<f64>>| {
        let first = *values.as_ref()?.first()?;
        values.iter().flatten().all(|value| *value == first).then_some(first)
    };
    let (weight, delay) = (constant(&edges.weight), constant(&edges.delay));
    let list = EdgeList {
        source: edges.source.clone(),
        target: edges.target.clone(),
        weight: edges.weight.clone().filter(|_| weight.is_none()),
        delay: edges.delay.clone().filter(|_| delay.is_none()),
    };
    (list, weight, delay)
}

/// Written by hand, one population and one projection a line, because their order matters and JSON maps are sorted.
fn scenario_text(
    config: &Config,
    populations: &[Population],
    projections: &[Projection],
    recorded: Option<&Recorded>,
) -> Result<String, ImportError> {
    let population_lines: Vec<String> = populations
        .iter()
        .map(|population| {
            format!("    {}: {}", Value::from(population.name.as_str()), population_text(population))
        })
        .collect();
    let projection_lines: Vec<String> = projections
        .iter()
        .map(|projection| format!("    {}", projection_text(populations, projection)))
        .collect();
    let neurons: Vec<&str> = populations.iter().filter(|p| !p.is_source()).map(|p| p.name.as_str()).collect();
    let mut text = String::from("{\n  \"synfire\": 1,\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  \"name\": {},", Value::from(config.name.as_str()));
    let _ =
        writeln!(text, "  \"description\": \"Imported from a SONATA circuit and simulation configuration\",");
    let _ = writeln!(text, "  \"duration\": {},", Value::from(duration(&config.simulation)?));
    let _ = writeln!(text, "  \"populations\": {{\n{}\n  }},", population_lines.join(",\n"));
    let _ = writeln!(text, "  \"projections\": [\n{}\n  ],", projection_lines.join(",\n"));
    let _ = write!(text, "  \"record\": {{\"spikes\": {}}}", json!(neurons));
    if let Some(recorded) = recorded {
        let expect =
            object(&[("tolerance", json!(recorded.tolerance)), ("spikes_file", json!(RECORDED_FILE))]);
        let _ = write!(text, ",\n  \"expect\": {expect}");
    }
    text += "\n}\n";
    Ok(text)
}

fn population_text(population: &Population) -> String {
    let size = ("size", json!(population.node_types.len()).to_string());
    if population.is_source() {
        let file = json!(input_file(&population.name));
        let neuron = object(&[("model", json!("spike_source")), ("times_file", file)]);
        return raw_object(&[size, ("neuron", neuron)]);
    }
    let column = |value: fn(&PointNeuron) -> f64| {
        let values: Vec<f64> = population.neurons().map(value).collect();
        if values.windows(2).all(|pair| pair[0] == pair[1]) { json!(values.first()) } else { json!(values) }
    };
    let neuron = object(&[
        ("model", json!("lif")),
        ("tau_m", column(|n| n.tau_m)),
        ("c_m", column(|n| n.c_m)),
        ("e_l", column(|n| n.e_l)),
        ("v_th", column(|n| n.v_th)),
        ("v_reset", column(|n| n.v_reset)),
        ("t_ref", column(|n| n.t_ref)),
        ("i_e", column(|n| n.i_e)),
    ]);
    let receptors: Vec<(&str, Value)> = population
        .receptors
        .iter()
        .map(|(name, receptor)| match receptor {
            Receptor::Delta => (name.as_str(), json!({"kind": "delta"})),
            Receptor::Alpha { tau, .. } => (name.as_str(), json!({"kind": "alpha", "tau": tau})),
        })
        .collect();
    let mut members = vec![size, ("neuron", neuron), ("receptors", object(&receptors))];
    if population.neurons().any(|neuron| neuron.model == PointModel::IafPscAlpha) {
        members.push(("initial", object(&[("v", column(|n| n.v))])));
    }
    raw_object(&members)
}

fn projection_text(populations: &[Population], projection: &Projection) -> String {
    let target = &populations[projection.target];
    let connect = object(&[("rule", json!("explicit")), ("file", json!(edge_file(&projection.name)))]);
    let mut members = vec![
        ("source", json!(populations[projection.source].name).to_string()),
        ("target", json!(target.name).to_string()),
        ("receptor", json!(target.receptors[projection.receptor].0).to_string()),
        ("connect", connect),
    ];
    let (_, weight, delay) = without_constants(&projection.edges);
    members.extend(weight.map(|weight| ("weight", json!(weight).to_string())));
    members.extend(delay.map(|delay| ("delay", json!(delay).to_string())));
    raw_object(&members)
}

/// An object in this order.
fn object(members: &[(&str, Value)]) -> String {
    let texts: Vec<(&str, String)> = members.iter().map(|(key, value)| (*key, value.to_string())).collect();
    raw_object(&texts)
}

/// An object in this order, of values that are JSON already.
fn raw_object(members: &[(&str, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(key, value)| format!("{}: {value}", json!(key))).collect();
    format!("{{{}}}", members.join(", "))
}
