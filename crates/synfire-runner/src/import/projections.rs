//! The edges of the circuit as projections.

use super::ImportError;
use super::config::Config;
use super::models::{PointModel, PointNeuron, synapse_sign};
use super::network::{Population, entries};
use super::types::{Query, TypeTable};
use crate::formats::edges::EdgeList;
use crate::formats::hdf5::Hdf5File;
use crate::formats::sonata::{self, Edges};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// All edges of an edge population that reach one receptor. Weights and delays are always there.
pub(super) struct Projection {
    /// A name for its file: that of the edges, and the receptor's if there are several.
    pub(super) name: String,
    /// Index of the source population.
    pub(super) source: usize,
    /// Index of the target population.
    pub(super) target: usize,
    /// Index of the receptor of the target.
    pub(super) receptor: usize,
    pub(super) edges: EdgeList,
}

/// Reads all edges, in the order of the configuration.
pub(super) fn projections(
    config: &Config,
    populations: &[Population],
    warnings: &mut Vec<String>,
) -> Result<Vec<Projection>, ImportError> {
    let synapses = config.circuit.path("components.synaptic_models_dir")?;
    let mut projections = Vec::new();
    for entry in entries(&config.circuit, "networks.edges", "edges_file", "edge_types_file")? {
        let types = TypeTable::read(&entry.types, "edge_type_id")?;
        for edges in sonata::read_edges(&Hdf5File::open(&entry.file)?)? {
            let find = |name: &str| {
                let place = populations.iter().position(|population| population.name == name);
                let problem = format!("population \"{name}\" is in no file of nodes");
                place.ok_or_else(|| {
                    ImportError::wrong(&entry.file, format!("/edges/{}", edges.population), problem)
                })
            };
            let (source, target) = (find(&edges.source_population)?, find(&edges.target_population)?);
            let reader = EdgeReader {
                file: &entry.file,
                types: &types,
                synapses: synapses.as_deref(),
                source: &populations[source],
                target: &populations[target],
            };
            warnings.extend(reader.contradicted_queries(&edges));
            let lists = reader.split_by_receptor(&edges)?;
            let several = lists.len() > 1;
            for (receptor, list) in lists {
                let receptor_name = &populations[target].receptors[receptor].0;
                let name = if several {
                    format!("{}.{receptor_name}", edges.population)
                } else {
                    edges.population.clone()
                };
                projections.push(Projection { name, source, target, receptor, edges: list });
            }
        }
    }
    Ok(projections)
}

/// Reads the edges of one population.
struct EdgeReader<'a> {
    file: &'a Path,
    types: &'a TypeTable,
    synapses: Option<&'a Path>,
    source: &'a Population,
    target: &'a Population,
}

/// What an edge type says of edges onto neurons of one model.
struct EdgeType {
    weight: Option<f64>,
    synapses: Option<f64>,
    sign: f64,
    delay: Option<f64>,
}

impl EdgeReader<'_> {
    /// The edges onto each receptor, by its index.
    fn split_by_receptor(&self, edges: &Edges) -> Result<BTreeMap<usize, EdgeList>, ImportError> {
        let neurons: Vec<&PointNeuron> = self.target.neurons().collect();
        if neurons.is_empty() && !edges.target.is_empty() {
            let problem = format!("its targets are virtual: population \"{}\"", self.target.name);
            return Err(self.wrong(edges, problem));
        }
        let mut edge_types: BTreeMap<(i64, PointModel), EdgeType> = BTreeMap::new();
        let mut lists: BTreeMap<usize, EdgeList> = BTreeMap::new();
        for (index, (&source, &target)) in edges.source.iter().zip(&edges.target).enumerate() {
            for (id, population) in [(source, self.source), (target, self.target)] {
                let size = population.node_types.len();
                if id as usize >= size {
                    let problem =
                        format!("edge {index} has node {id} of \"{}\", which has {size}", population.name);
                    return Err(self.wrong(edges, problem));
                }
            }
            let neuron = neurons[target as usize];
            let key = (edges.types[index], neuron.model);
            if let std::collections::btree_map::Entry::Vacant(place) = edge_types.entry(key) {
                place.insert(self.edge_type(key.0, key.1)?);
            }
            let edge_type = &edge_types[&key];
            let weight = self.weight(edges, index, edge_type)?;
            let receptor = if weight < 0.0 { neuron.inhibitory } else { neuron.excitatory };
            let receptor =
                self.target.receptors.iter().position(|(_, known)| *known == receptor).unwrap_or(0);
            let list = lists.entry(receptor).or_default();
            list.source.push(source);
            list.target.push(target);
            list.weight.get_or_insert_default().push(weight);
            list.delay.get_or_insert_default().push(self.delay(edges, index, edge_type, neuron.model)?);
        }
        Ok(lists)
    }

    fn edge_type(&self, id: i64, model: PointModel) -> Result<EdgeType, ImportError> {
        if !self.types.has(id) {
            return Err(self.types.wrong(id, "there are edges of this type, but the table does not have it"));
        }
        for (column, supported) in [("weight_function", "wmax"), ("model_template", "static_synapse")] {
            if let Some(found) = self.types.get(id, column).filter(|found| *found != supported) {
                let (place, found) = (self.types.place(id), format!("{column} \"{found}\""));
                return Err(ImportError::not_supported(&self.types.path, place, found, supported));
            }
        }
        let sign = match self.types.get(id, "dynamics_params") {
            None => 1.0,
            Some(file) => {
                let problem = "dynamics_params, but the configuration has no components.synaptic_models_dir";
                let folder = self.synapses.ok_or_else(|| self.types.wrong(id, problem))?;
                synapse_sign(&folder.join(file), model)?
            }
        };
        Ok(EdgeType {
            weight: self.types.number(id, "syn_weight")?,
            synapses: self.types.number(id, "nsyns")?,
            sign,
            delay: self.types.number(id, "delay")?,
        })
    }

    fn weight(&self, edges: &Edges, index: usize, edge_type: &EdgeType) -> Result<f64, ImportError> {
        let weight = own(&edges.weight, index).or(edge_type.weight);
        let weight = weight
            .ok_or_else(|| self.types.wrong(edges.types[index], "no \"syn_weight\", nor in the edges"))?;
        let synapses = own(&edges.synapses, index).or(edge_type.synapses).unwrap_or(1.0);
        Ok(edge_type.sign * (weight * synapses))
    }

    fn delay(
        &self,
        edges: &Edges,
        index: usize,
        edge_type: &EdgeType,
        model: PointModel,
    ) -> Result<f64, ImportError> {
        match (own(&edges.delay, index).or(edge_type.delay), model) {
            (Some(delay), _) => Ok(delay),
            // NEST's default.
            (None, PointModel::IafPscAlpha) => Ok(1.0),
            (None, PointModel::IntFire1) => {
                Err(self.types.wrong(edges.types[index], "no \"delay\", nor in the edges"))
            }
        }
    }

    /// The edges are what counts, but types whose queries say otherwise are worth a word.
    fn contradicted_queries(&self, edges: &Edges) -> Vec<String> {
        let node_type = |population: &Population, id: u32| population.node_types.get(id as usize).copied();
        let mut seen = BTreeSet::new();
        for (index, (&source, &target)) in edges.source.iter().zip(&edges.target).enumerate() {
            seen.insert((edges.types[index], node_type(self.source, source), node_type(self.target, target)));
        }
        let mut warnings = BTreeSet::new();
        for (edge_type, source, target) in seen {
            for (column, population, node) in
                [("source_query", self.source, source), ("target_query", self.target, target)]
            {
                let (Some(text), Some(node)) = (self.types.get(edge_type, column), node) else { continue };
                let query = Query::parse(text);
                let problem = match query {
                    None => format!("{column} {text} is not understood and was not checked"),
                    Some(query) if query.allows(&population.types, node) => continue,
                    Some(_) => format!("{column} is {text}, but there are edges with nodes of type {node}"),
                };
                warnings.insert(format!(
                    "{}, {}: {problem}",
                    self.types.path.display(),
                    self.types.place(edge_type)
                ));
            }
        }
        warnings.into_iter().collect()
    }

    fn wrong(&self, edges: &Edges, problem: String) -> ImportError {
        ImportError::wrong(self.file, format!("/edges/{}", edges.population), problem)
    }
}

/// An edge's own value.
fn own(values: &Option<Vec<f64>>, index: usize) -> Option<f64> {
    values.as_ref().map(|values| values[index]).filter(|value| !value.is_nan())
}
