//! The network that the configuration describes: populations, what goes into them and what came out.

use super::ImportError;
use super::config::{Config, Document};
use super::models::{Node, PointModel, PointNeuron, Receptor, node};
use super::types::TypeTable;
use crate::formats::hdf5::Hdf5File;
use crate::formats::sonata;
use crate::formats::spikes::{PopulationSpikes, read_spike_trains};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A population of nodes.
pub(super) struct Population {
    pub(super) name: String,
    /// The type of each node.
    pub(super) node_types: Vec<i64>,
    /// What the nodes of each type are: all virtual or all neurons.
    pub(super) nodes: BTreeMap<i64, Node>,
    /// Receptors by name; none for sources.
    pub(super) receptors: Vec<(String, Receptor)>,
    /// The table of the types.
    pub(super) types: TypeTable,
}

impl Population {
    /// Whether its nodes are virtual: sources of given spikes.
    pub(super) fn is_source(&self) -> bool {
        self.nodes.values().all(|node| *node == Node::Virtual)
    }

    /// The neurons, by id; none in a source.
    pub(super) fn neurons(&self) -> impl Iterator<Item = &PointNeuron> {
        self.node_types.iter().filter_map(|node_type| match self.nodes.get(node_type) {
            Some(Node::Point(neuron)) => Some(neuron),
            _ => None,
        })
    }
}

/// An HDF5 file and the table of its types.
pub(super) struct Entry {
    pub(super) file: PathBuf,
    pub(super) types: PathBuf,
}

/// The files of a list in the circuit's configuration, without those that are not enabled.
pub(super) fn entries(
    circuit: &Document,
    list: &str,
    file: &str,
    types: &str,
) -> Result<Vec<Entry>, ImportError> {
    let mut entries = Vec::new();
    for (index, value) in circuit.array(list)?.iter().enumerate() {
        let path = |key: &str| {
            let place = format!("{list}[{index}].{key}");
            match value.get(key).and_then(Value::as_str) {
                Some(text) => circuit.resolve(&place, text),
                None => Err(circuit.wrong(&place, "expected a file's name")),
            }
        };
        if value.get("enabled").and_then(Value::as_bool).unwrap_or(true) {
            entries.push(Entry { file: path(file)?, types: path(types)? });
        }
    }
    Ok(entries)
}

/// Reads all populations, in the order of the configuration.
pub(super) fn populations(config: &Config) -> Result<Vec<Population>, ImportError> {
    let circuit = &config.circuit;
    let models = circuit.path("components.point_neuron_models_dir")?;
    let v_init = config.simulation.number("conditions.v_init")?;
    let mut populations: Vec<Population> = Vec::new();
    for entry in entries(circuit, "networks.nodes", "nodes_file", "node_types_file")? {
        for found in sonata::read_nodes(&Hdf5File::open(&entry.file)?)? {
            if populations.iter().any(|known| known.name == found.population) {
                let problem = "is in another file already";
                return Err(ImportError::wrong(&entry.file, format!("/nodes/{}", found.population), problem));
            }
            let types = TypeTable::read(&entry.types, "node_type_id")?;
            populations.push(population(&entry.file, found, types, models.as_deref(), v_init)?);
        }
    }
    Ok(populations)
}

fn population(
    file: &Path,
    found: sonata::Nodes,
    types: TypeTable,
    models: Option<&Path>,
    v_init: Option<f64>,
) -> Result<Population, ImportError> {
    let place = format!("/nodes/{}", found.population);
    let mut nodes = BTreeMap::new();
    for node_type in &found.types {
        if nodes.contains_key(node_type) {
            continue;
        }
        if !types.has(*node_type) {
            let problem = format!("node type {node_type} is not in {}", types.path.display());
            return Err(ImportError::wrong(file, place, problem));
        }
        nodes.insert(*node_type, node(&types, *node_type, models, v_init)?);
    }
    let virtual_types = nodes.values().filter(|node| **node == Node::Virtual).count();
    if virtual_types != 0 && virtual_types != nodes.len() {
        let found = "a population with both virtual nodes and neurons";
        return Err(ImportError::not_supported(file, place, found, "populations of one or the other"));
    }
    let receptors = receptors(&nodes);
    Ok(Population { name: found.population, node_types: found.types, nodes, receptors, types })
}

/// The receptors that the neurons need, each once; with the time constant in the name where it takes that to tell them.
fn receptors(nodes: &BTreeMap<i64, Node>) -> Vec<(String, Receptor)> {
    let mut kinds: Vec<Receptor> = Vec::new();
    for node in nodes.values() {
        if let Node::Point(neuron) = node {
            for receptor in [neuron.excitatory, neuron.inhibitory] {
                if !kinds.contains(&receptor) {
                    kinds.push(receptor);
                }
            }
        }
    }
    let sign = |receptor: &Receptor| matches!(receptor, Receptor::Alpha { negative: true, .. });
    let name = |receptor: &Receptor| match receptor {
        Receptor::Delta => "delta".to_owned(),
        Receptor::Alpha { tau, negative } => {
            let name = if *negative { "inh" } else { "exc" };
            let alpha = |other: &&Receptor| **other != Receptor::Delta && sign(other) == *negative;
            if kinds.iter().filter(alpha).count() > 1 { format!("{name}_{tau}") } else { name.to_owned() }
        }
    };
    kinds.iter().map(|receptor| (name(receptor), *receptor)).collect()
}

/// The spikes of every source, in the order of the populations, each sorted by time and neuron.
pub(super) fn inputs(
    config: &Config,
    populations: &[Population],
) -> Result<Vec<PopulationSpikes>, ImportError> {
    let sources = populations.iter().filter(|population| population.is_source());
    let mut trains: Vec<PopulationSpikes> = sources
        .map(|population| PopulationSpikes {
            population: Some(population.name.clone()),
            ..Default::default()
        })
        .collect();
    let simulation = &config.simulation;
    let named = match simulation.get("inputs") {
        None => return Ok(trains),
        Some(Value::Object(inputs)) => inputs,
        Some(_) => return Err(simulation.wrong("inputs", "expected an object of inputs by name")),
    };
    for name in named.keys() {
        let place = format!("inputs.{name}");
        for (key, supported) in [("input_type", &["spikes"][..]), ("module", &["h5", "sonata"])] {
            let keys = format!("{place}.{key}");
            let found = simulation.text(&keys)?.unwrap_or("");
            if !supported.contains(&found) {
                let found = format!("\"{found}\"");
                return Err(ImportError::not_supported(&simulation.path, keys, found, supported.join(", ")));
            }
        }
        let file = simulation.path(&format!("{place}.input_file"))?;
        let file = file.ok_or_else(|| simulation.wrong(&place, "no \"input_file\""))?;
        let set = node_set(simulation, &format!("{place}.node_set"))?;
        let own = trains.iter_mut().find(|spikes| spikes.population.as_deref() == Some(&set.population));
        let Some(own) = own else {
            let problem = format!("there is no virtual population \"{}\"", set.population);
            return Err(simulation.wrong(&format!("{place}.node_set"), problem));
        };
        for spikes in read_spike_trains(&file, Some(&set.population))? {
            check_ids(&file, &spikes, &set.population, populations)?;
            for (neuron, time) in spikes.neurons.iter().zip(&spikes.times) {
                if set.ids.as_ref().is_none_or(|ids| ids.contains(&u64::from(*neuron))) {
                    own.neurons.push(*neuron);
                    own.times.push(*time);
                }
            }
        }
    }
    trains.iter_mut().for_each(sort_by_time);
    Ok(trains)
}

fn sort_by_time(spikes: &mut PopulationSpikes) {
    let mut sorted: Vec<(f64, u32)> =
        spikes.times.iter().copied().zip(spikes.neurons.iter().copied()).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    (spikes.times, spikes.neurons) = sorted.into_iter().unzip();
}

fn check_ids(
    file: &Path,
    spikes: &PopulationSpikes,
    name: &str,
    populations: &[Population],
) -> Result<(), ImportError> {
    let size = populations.iter().find(|known| known.name == name).map_or(0, |known| known.node_types.len());
    match spikes.neurons.iter().find(|neuron| **neuron as usize >= size) {
        None => Ok(()),
        Some(neuron) => {
            let problem = format!("node {neuron}, but population \"{name}\" has {size} nodes");
            Err(ImportError::wrong(file, "/spikes", problem))
        }
    }
}

/// Some nodes of a population.
struct NodeSet {
    population: String,
    /// `None` for all.
    ids: Option<Vec<u64>>,
}

/// What a node set means: an object, the name of one in the node sets' file, or a population's name.
fn node_set(simulation: &Document, keys: &str) -> Result<NodeSet, ImportError> {
    let supported = "a population's name, or a set of \"population\" and \"node_id\"";
    let not_supported =
        |found: &Value| ImportError::not_supported(&simulation.path, keys, found.to_string(), supported);
    let value =
        simulation.get(keys).ok_or_else(|| simulation.wrong(keys, format!("expected {supported}")))?;
    let named = match (value, simulation.path("node_sets_file")?) {
        (Value::String(name), Some(file)) => Document::open(&file)?.get(name).cloned(),
        _ => None,
    };
    let set = match (value, &named) {
        (_, Some(Value::Object(set))) | (Value::Object(set), None) => set,
        (Value::String(name), None) => return Ok(NodeSet { population: name.clone(), ids: None }),
        (_, found) => return Err(not_supported(found.as_ref().unwrap_or(value))),
    };
    if set.keys().any(|key| key != "population" && key != "node_id") {
        return Err(not_supported(&Value::Object(set.clone())));
    }
    let population = set.get("population").and_then(Value::as_str);
    let population = population.ok_or_else(|| not_supported(&Value::Object(set.clone())))?;
    let ids = match set.get("node_id") {
        None => None,
        Some(Value::Array(ids)) => Some(ids.iter().map(Value::as_u64).collect::<Option<Vec<_>>>()),
        Some(single) => Some(single.as_u64().map(|id| vec![id])),
    };
    let ids = ids.map(|ids| ids.ok_or_else(|| not_supported(&Value::Object(set.clone())))).transpose()?;
    Ok(NodeSet { population: population.to_owned(), ids })
}

/// The spikes that were recorded, and how far they may be from what comes out.
pub(super) struct Recorded {
    pub(super) spikes: Vec<PopulationSpikes>,
    /// ms.
    pub(super) tolerance: f64,
}

/// Reads the simulation's output, if it is there.
pub(super) fn recorded(
    config: &Config,
    populations: &[Population],
    warnings: &mut Vec<String>,
) -> Result<Option<Recorded>, ImportError> {
    let simulation = &config.simulation;
    let Some(name) = simulation.text("output.spikes_file")? else { return Ok(None) };
    let name = simulation.resolve("output.spikes_file", name)?;
    let folder = simulation.path("output.output_dir")?;
    // The file's name is relative to the output's folder; only its own part was resolved here.
    let path = match (&folder, name.file_name()) {
        (Some(folder), Some(file)) if !name.is_file() => folder.join(file),
        _ => name,
    };
    if !path.is_file() {
        return Ok(None);
    }
    let is_neuron = |name: &str| populations.iter().any(|known| known.name == name && !known.is_source());
    let mut kept = Vec::new();
    for mut spikes in read_spike_trains(&path, None)? {
        let neurons: Vec<&Population> = populations.iter().filter(|known| !known.is_source()).collect();
        if let (None, [only]) = (&spikes.population, &neurons[..]) {
            spikes.population = Some(only.name.clone());
        }
        match spikes.population.clone() {
            Some(name) if is_neuron(&name) => {
                check_ids(&path, &spikes, &name, populations)?;
                sort_by_time(&mut spikes);
                kept.push(spikes);
            }
            other => {
                let other = other.unwrap_or_else(|| "no population".to_owned());
                warnings.push(format!("{}: recorded spikes of {other} are left out", path.display()));
            }
        }
    }
    let tolerance = tolerance(simulation, populations)?;
    Ok((!kept.is_empty()).then_some(Recorded { spikes: kept, tolerance }))
}

fn tolerance(simulation: &Document, populations: &[Population]) -> Result<f64, ImportError> {
    let mut neurons = populations.iter().flat_map(Population::neurons);
    if neurons.all(|neuron| neuron.model == PointModel::IntFire1) {
        let end = duration(simulation)?;
        return Ok((end.next_up() - end).max(5e-13));
    }
    simulation.number("run.dt")?.ok_or_else(|| simulation.wrong("run.dt", "expected a number of ms"))
}

/// The end of the run, ms.
pub(super) fn duration(simulation: &Document) -> Result<f64, ImportError> {
    if let Some(start) = simulation.number("run.tstart")?
        && start != 0.0
    {
        return Err(ImportError::not_supported(&simulation.path, "run.tstart", start.to_string(), "0"));
    }
    let duration = simulation.number("run.tstop")?.or(simulation.number("run.duration")?);
    duration.ok_or_else(|| simulation.wrong("run.tstop", "expected a number of ms"))
}
