//! SONATA's HDF5 files: nodes, edges and spikes (Dai et al. 2020, doi:10.1371/journal.pcbi.1007696).

use super::FileError;
use super::edges::EdgeList;
use super::hdf5::Hdf5File;
use super::spikes::PopulationSpikes;
use super::table::quoted;

/// The nodes of a population: their types, by id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Nodes {
    /// The population's name.
    pub(crate) population: String,
    /// The type of node 0, 1, 2, ...
    pub(crate) types: Vec<i64>,
}

/// Reads all populations of a file of nodes.
pub(crate) fn read_nodes(file: &Hdf5File) -> Result<Vec<Nodes>, FileError> {
    let populations = file.groups("/nodes")?;
    populations.into_iter().map(|population| read_node_population(file, population)).collect()
}

fn read_node_population(file: &Hdf5File, population: String) -> Result<Nodes, FileError> {
    let place = format!("/nodes/{population}");
    let listed = file.i64s(&format!("{place}/node_type_id"))?;
    for group in file.groups(&place)? {
        let groups = file.groups(&format!("{place}/{group}"))?;
        if groups.iter().any(|name| name == "dynamics_params") {
            let object = format!("{place}/{group}/dynamics_params");
            return Err(FileError::object(
                file.path(),
                &object,
                "parameters of single nodes are not supported",
            ));
        }
    }
    if !file.datasets(&place)?.iter().any(|name| name == "node_id") {
        return Ok(Nodes { population, types: listed });
    }
    let object = format!("{place}/node_id");
    let ids = file.u32s(&object, "node id")?;
    let mut types = vec![None; listed.len()];
    if ids.len() != listed.len() {
        let problem = format!("{} ids, but {} node_type_id", ids.len(), listed.len());
        return Err(FileError::object(file.path(), &object, problem));
    }
    for (id, node_type) in ids.iter().zip(listed) {
        match types.get_mut(*id as usize) {
            Some(place @ None) => *place = Some(node_type),
            Some(Some(_)) => {
                return Err(FileError::object(file.path(), &object, format!("node {id} is there twice")));
            }
            None => {
                let problem =
                    format!("node id {id} among {} nodes; ids must go from 0 without gaps", types.len());
                return Err(FileError::object(file.path(), &object, problem));
            }
        }
    }
    // As many ids as nodes, none twice, none out of range: all are there.
    Ok(Nodes { population, types: types.into_iter().flatten().collect() })
}

/// The edges of a population.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Edges {
    /// The population's name.
    pub(crate) population: String,
    /// The population of the sources.
    pub(crate) source_population: String,
    /// The population of the targets.
    pub(crate) target_population: String,
    /// Sources, in the order of the file.
    pub(crate) source: Vec<u32>,
    /// Targets, in the order of the file.
    pub(crate) target: Vec<u32>,
    /// Types, in the order of the file.
    pub(crate) types: Vec<i64>,
    /// `syn_weight`, `nsyns` and `delay` of each edge, where the file has them; not a number for edges without.
    pub(crate) weight: Option<Vec<f64>>,
    pub(crate) synapses: Option<Vec<f64>>,
    pub(crate) delay: Option<Vec<f64>>,
}

/// Reads all populations of a file of edges.
pub(crate) fn read_edges(file: &Hdf5File) -> Result<Vec<Edges>, FileError> {
    let populations = file.groups("/edges")?;
    populations.into_iter().map(|population| read_edge_population(file, population)).collect()
}

fn read_edge_population(file: &Hdf5File, population: String) -> Result<Edges, FileError> {
    let place = format!("/edges/{population}");
    let (sources, targets) = (format!("{place}/source_node_id"), format!("{place}/target_node_id"));
    let source = file.u32s(&sources, "node id")?;
    let target = file.u32s(&targets, "node id")?;
    let types = file.i64s(&format!("{place}/edge_type_id"))?;
    for (name, length) in [("target_node_id", target.len()), ("edge_type_id", types.len())] {
        if length != source.len() {
            let problem = format!("{length} entries, but {} source_node_id", source.len());
            return Err(FileError::object(file.path(), &format!("{place}/{name}"), problem));
        }
    }
    let properties = Properties::read(file, &place, source.len())?;
    Ok(Edges {
        source_population: node_population(file, &sources)?,
        target_population: node_population(file, &targets)?,
        weight: properties.column("syn_weight")?,
        synapses: properties.column("nsyns")?,
        delay: properties.column("delay")?,
        population,
        source,
        target,
        types,
    })
}

fn node_population(file: &Hdf5File, ids: &str) -> Result<String, FileError> {
    // Early files call the attribute `network`.
    for name in ["node_population", "network"] {
        if let Some(population) = file.text_attribute(ids, name)? {
            return Ok(population);
        }
    }
    Err(FileError::object(file.path(), ids, "no attribute \"node_population\" says whose ids these are"))
}

/// Where the properties of edges are: each edge has its row in one of several groups.
struct Properties<'a> {
    file: &'a Hdf5File,
    place: &'a str,
    groups: Vec<String>,
    /// For each edge, the number of its group and its row there; `None` if edge i is row i of the one group.
    rows: Option<(Vec<u32>, Vec<u32>)>,
    count: usize,
}

impl<'a> Properties<'a> {
    fn read(file: &'a Hdf5File, place: &'a str, count: usize) -> Result<Properties<'a>, FileError> {
        // Groups of properties are called by numbers; `indices` beside them is something else.
        let groups: Vec<String> =
            file.groups(place)?.into_iter().filter(|name| name.parse::<u32>().is_ok()).collect();
        let has_rows = file.datasets(place)?.iter().any(|name| name == "edge_group_id");
        if !has_rows {
            let groups = groups.into_iter().take(1).collect();
            return Ok(Properties { file, place, groups, rows: None, count });
        }
        let ids = file.u32s(&format!("{place}/edge_group_id"), "group")?;
        let index = format!("{place}/edge_group_index");
        let indices = file.u32s(&index, "row")?;
        if ids.len() != count || indices.len() != count {
            let problem = format!("{} rows in {} groups for {count} edges", indices.len(), ids.len());
            return Err(FileError::object(file.path(), &index, problem));
        }
        Ok(Properties { file, place, groups, rows: Some((ids, indices)), count })
    }

    fn column(&self, name: &str) -> Result<Option<Vec<f64>>, FileError> {
        let mut column = None;
        for group in &self.groups {
            if !self.file.datasets(&format!("{}/{group}", self.place))?.iter().any(|dataset| dataset == name)
            {
                continue;
            }
            let object = format!("{}/{group}/{name}", self.place);
            let values = self.file.f64s(&object)?;
            let column = column.get_or_insert_with(|| vec![f64::NAN; self.count]);
            self.fill(column, group, &values).map_err(|row| {
                let problem = format!("{} values, but an edge has row {row}", values.len());
                FileError::object(self.file.path(), &object, problem)
            })?;
        }
        Ok(column)
    }

    /// Sets the edges that have their row in this group; the row that is not there, if so.
    fn fill(&self, column: &mut [f64], group: &str, values: &[f64]) -> Result<(), usize> {
        for (edge, place) in column.iter_mut().enumerate() {
            let row = match &self.rows {
                None => edge,
                Some((ids, rows)) if group.parse() == Ok(ids[edge]) => rows[edge] as usize,
                Some(_) => continue,
            };
            *place = *values.get(row).ok_or(row)?;
        }
        Ok(())
    }
}

/// Reads the one population of a file of edges. Weights are `syn_weight`, times `nsyns` where the file has both.
pub(crate) fn read_edge_list(file: &Hdf5File) -> Result<EdgeList, FileError> {
    let mut populations = read_edges(file)?;
    if populations.len() != 1 {
        let names: Vec<&str> = populations.iter().map(|edges| edges.population.as_str()).collect();
        let problem = format!("{} populations of edges ({}), expected one", names.len(), quoted(&names));
        return Err(FileError::object(file.path(), "/edges", problem));
    }
    let Edges { source, target, weight, synapses, delay, .. } = populations.remove(0);
    let weight = match (weight, synapses) {
        (Some(weight), Some(synapses)) => Some(weight.iter().zip(synapses).map(|(w, n)| w * n).collect()),
        (weight, _) => weight,
    };
    Ok(EdgeList { source, target, weight, delay })
}

/// Reads a file of spikes: a group for each population, or the older layout with `gids` and without populations.
pub(crate) fn read_spikes(file: &Hdf5File) -> Result<Vec<PopulationSpikes>, FileError> {
    let mut found = Vec::new();
    if file.datasets("/spikes")?.iter().any(|name| name == "gids") {
        found.push(read_spike_group(file, None, "/spikes", "gids")?);
    }
    for population in file.groups("/spikes")? {
        let place = format!("/spikes/{population}");
        found.push(read_spike_group(file, Some(population), &place, "node_ids")?);
    }
    Ok(found)
}

fn read_spike_group(
    file: &Hdf5File,
    population: Option<String>,
    place: &str,
    ids: &str,
) -> Result<PopulationSpikes, FileError> {
    let timestamps = format!("{place}/timestamps");
    let neurons = file.u32s(&format!("{place}/{ids}"), "node id")?;
    let times = file.f64s(&timestamps)?;
    if times.len() != neurons.len() {
        let problem = format!("{} times, but {} {ids}", times.len(), neurons.len());
        return Err(FileError::object(file.path(), &timestamps, problem));
    }
    if let Some(units) = file.text_attribute(&timestamps, "units")?
        && units != "ms"
    {
        return Err(FileError::object(
            file.path(),
            &timestamps,
            format!("units are \"{units}\", expected \"ms\""),
        ));
    }
    Ok(PopulationSpikes { population, neurons, times })
}
