//! From a scenario to a network that can be run.
//!
//! Random numbers come from streams named by the seed and by what they are for. These names are part of what a seed
//! means:
//!
//! | purpose | index | one stream for each |
//! |---|---|---|
//! | `parameter NAME` | population | neuron |
//! | `initial NAME` | population | neuron |
//! | name of the model, such as `poisson` | population | neuron |
//! | `connect` | projection | row; for `fixed_total_number` block |
//! | `weight`, `delay` | projection | synapse, in the order of declaration |

mod form;

use crate::connect::{ConnectError, Listed, PairList, ProjectionSetup, connect, connect_procedural};
use crate::draw::{self, DrawError, Owner, Use};
use crate::formats::FileError;
use crate::formats::edges::{EdgeList, read_edges};
use crate::formats::spikes::read_spike_trains;
use crate::scenario::{
    Pairs, Population, Precision, Projection, Quantity, Rule, Scenario, SpikeTimes, Storage,
};
pub use form::{Form, oracle_of};
use std::path::{Path, PathBuf};
use synfire_core::group::{CurrentStep, PopulationSetup, SetupError};
use synfire_core::network::{self, Network};
use synfire_core::rates::{RateError, RatePopulation, Rates};
use synfire_core::receptor::variable_names;
use synfire_core::spec::{Column, ParamRange, ParamTable};
use synfire_core::{PopulationId, Time};
use synfire_numerics::random::StreamKey;

/// A network that cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A population cannot be made.
    #[error("population `{name}`: {error}")]
    Population {
        /// Its name.
        name: String,
        /// Why.
        error: Box<PopulationError>,
    },
    /// A projection cannot be made.
    #[error("projection {index}, `{from}` to `{to}`: {error}")]
    Projection {
        /// Its place among the projections, from 0.
        index: usize,
        /// The name of its source.
        from: String,
        /// The name of its target.
        to: String,
        /// Why.
        error: Box<ProjectionError>,
    },
    /// Rate populations that cannot be run together.
    #[error(transparent)]
    Rates(#[from] RateError),
}

impl BuildError {
    pub(crate) fn of_population(population: &Population, error: impl Into<PopulationError>) -> BuildError {
        BuildError::Population { name: population.name.clone(), error: Box::new(error.into()) }
    }

    pub(crate) fn of_projection(scenario: &Scenario, index: usize, error: ProjectionError) -> BuildError {
        let projection = &scenario.projections[index];
        let name = |population: usize| scenario.populations[population].name.clone();
        BuildError::Projection {
            index,
            from: name(projection.source),
            to: name(projection.target),
            error: Box::new(error),
        }
    }

    /// Whether the network is too large, not wrong.
    pub fn is_limit(&self) -> bool {
        match self {
            BuildError::Population { error, .. } => matches!(**error, PopulationError::TooManyNeurons(_)),
            BuildError::Projection { error, .. } => matches!(
                **error,
                ProjectionError::TooManyNeurons(_)
                    | ProjectionError::Connect(ConnectError::TooManySynapses { .. })
            ),
            BuildError::Rates(_) => false,
        }
    }
}

/// Why a population cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PopulationError {
    /// A parameter or an initial value.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// What parameters have to fulfil together.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The file of its spike trains.
    #[error(transparent)]
    File(#[from] FileError),
    /// A spike of a neuron that does not exist.
    #[error("{}: a spike of neuron {neuron}, but the population has {size} neurons", path.display())]
    NoSuchNeuron {
        /// The file.
        path: PathBuf,
        /// The neuron.
        neuron: u32,
        /// How many there are.
        size: usize,
    },
    /// A spike time that the clock does not have.
    #[error("neuron {neuron} has a spike at {at} ms, expected a time from 0 to 2^53 ms")]
    SpikeTime {
        /// The neuron.
        neuron: usize,
        /// ms.
        at: f64,
    },
    /// More neurons than can be.
    #[error(transparent)]
    TooManyNeurons(#[from] TooManyNeurons),
}

/// A population with more neurons than there are ids.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("population `{name}` has {size} neurons, expected at most {most}", most = u32::MAX)]
pub struct TooManyNeurons {
    /// Its name.
    pub name: String,
    /// How many.
    pub size: usize,
}

/// The size of a population, as ids count it.
pub(crate) fn size(population: &Population) -> Result<u32, TooManyNeurons> {
    let too_many = |_| TooManyNeurons { name: population.name.clone(), size: population.size };
    u32::try_from(population.size).map_err(too_many)
}

/// Why a projection cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectionError {
    /// Its synapses.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// More neurons than can be.
    #[error(transparent)]
    TooManyNeurons(#[from] TooManyNeurons),
    /// The file of its pairs.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file of pairs with delays, for a projection between rates.
    #[error("{} has delays, and rates reach one another at once", path.display())]
    DelayedRates {
        /// The file.
        path: PathBuf,
    },
    /// Neither the projection nor the file of its pairs has them.
    #[error("{} has no {what}s, and the projection gives no `{what}`", path.display())]
    Missing {
        /// Weight or delay.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
}

/// What is being built, and how far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildProgress<'a> {
    /// The population that has been made, or the source of the projection.
    pub source: &'a str,
    /// The target of the projection that has been made; `None` for a population.
    pub target: Option<&'a str>,
    /// How many populations and projections are done.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// Synapses so far.
    pub synapses: u64,
}

/// Builds the network of a scenario. The same scenario, with the same seed, gives the same bits on every machine, for any
/// number of threads.
///
/// # Errors
/// The first population, else the first projection, that cannot be made, and why.
pub fn build(scenario: &Scenario) -> Result<Network, BuildError> {
    build_with_progress(scenario, |_| {})
}

/// The same with a form of its populations that the scenario would not choose: for tests of the forms.
///
/// # Errors
/// As [`build`].
pub fn build_in_form(scenario: &Scenario, form: Form) -> Result<Network, BuildError> {
    build_all(scenario, form, |_| {})
}

/// The same; `progress` is told of each population and projection that is done.
///
/// # Errors
/// As [`build`].
pub fn build_with_progress(
    scenario: &Scenario,
    progress: impl FnMut(BuildProgress<'_>),
) -> Result<Network, BuildError> {
    build_all(scenario, Form::Chosen, progress)
}

fn build_all(
    scenario: &Scenario,
    form: Form,
    mut progress: impl FnMut(BuildProgress<'_>),
) -> Result<Network, BuildError> {
    let total = scenario.populations.len() + scenario.projections.len();
    let mut network = Network { groups: Vec::new(), projections: Vec::new(), rates: None };
    let (mut rate_populations, mut rate_projections) = (Vec::new(), Vec::new());
    for (index, population) in scenario.populations.iter().enumerate() {
        let _span = tracing::info_span!("population", name = population.name).entered();
        network.groups.push(form::group_of(scenario, index, form)?);
        if let Some(units) = population.model.rates {
            let setup = population_setup(scenario, index)?;
            let units = units(&setup).map_err(|error| BuildError::of_population(population, error))?;
            let stimuli = setup.stimuli;
            rate_populations.push(RatePopulation { population: PopulationId(index as u32), units, stimuli });
        }
        let (source, done) = (population.name.as_str(), index + 1);
        progress(BuildProgress { source, target: None, done, total, synapses: 0 });
    }
    let mut synapses = 0;
    for (index, projection) in scenario.projections.iter().enumerate() {
        let _span = tracing::info_span!("projection", index).entered();
        let made = draw_synapses(scenario, index, projection.storage)
            .map_err(|error| BuildError::of_projection(scenario, index, error))?;
        synapses += made.synapses() as u64;
        if scenario.populations[projection.target].is_rate() {
            rate_projections.push(made);
        } else {
            network.projections.push(made);
        }
        let source = scenario.populations[projection.source].name.as_str();
        let target = Some(scenario.populations[projection.target].name.as_str());
        let done = scenario.populations.len() + index + 1;
        progress(BuildProgress { source, target, done, total, synapses });
    }
    if !rate_populations.is_empty() {
        network.rates = Some(Rates::new(&rate_populations, &rate_projections)?);
    }
    Ok(network)
}

/// All that population `index` of a scenario is made from.
///
/// # Errors
/// A parameter, an initial value or a spike train that cannot be had.
pub fn population_setup(scenario: &Scenario, index: usize) -> Result<PopulationSetup, BuildError> {
    let population = &scenario.populations[index];
    let setup = || {
        size(population)?;
        Ok(PopulationSetup {
            size: population.size,
            parameters: parameters(population, scenario.seed, index as u32)?,
            receptors: population.receptors.clone(),
            initial: initial(population, scenario.seed, index as u32)?,
            stimuli: stimuli(scenario, index),
            at_once: is_reached_at_once(scenario, index),
            jumps: jumps(scenario, index),
            spike_trains: spike_trains(population)?,
            random: StreamKey::derive(scenario.seed, population.model.spec.name, index as u32),
        })
    };
    setup().map_err(|error: PopulationError| BuildError::of_population(population, error))
}

fn parameters(population: &Population, seed: u64, index: u32) -> Result<ParamTable, DrawError> {
    let (specs, precision) = (population.model.spec.parameters, Precision::Double);
    let columns = specs.iter().zip(&population.parameters).map(|(spec, quantity)| {
        let key = StreamKey::derive(seed, &format!("parameter {}", spec.name), index);
        let what = Use { name: spec.name, of: Owner::Neuron, range: spec.range, key, precision };
        draw::column(quantity, &what, population.size)
    });
    let lists = population.lists.clone();
    let system = population.model.system;
    Ok(ParamTable { specs, columns: columns.collect::<Result<_, _>>()?, lists, system })
}

/// Initial values; those of conductances are not negative.
fn initial(population: &Population, seed: u64, index: u32) -> Result<Vec<(usize, Column)>, DrawError> {
    let (own, precision) = (population.model.spec.variables, Precision::Double);
    let names = variable_names(own, &population.receptors);
    let mut ranges = vec![ParamRange::Finite; own.len()];
    for receptor in &population.receptors {
        ranges.extend(vec![range_of(receptor.kind.is_conductance()); receptor.kind.variables()]);
    }
    let columns = population.initial.iter().map(|(variable, quantity)| {
        let name = &names[*variable];
        let key = StreamKey::derive(seed, &format!("initial {name}"), index);
        let what = Use { name, of: Owner::Neuron, range: ranges[*variable], key, precision };
        draw::column(quantity, &what, population.size).map(|column| (*variable, column))
    });
    columns.collect()
}

/// What weights and values may be: conductances are not negative.
fn range_of(is_conductance: bool) -> ParamRange {
    if is_conductance { ParamRange::NotNegative } else { ParamRange::Finite }
}

fn stimuli(scenario: &Scenario, population: usize) -> Vec<CurrentStep> {
    let mine = scenario.stimuli.iter().filter(|stimulus| stimulus.population == population);
    let steps = mine.map(|stimulus| CurrentStep {
        neurons: stimulus.ids.clone(),
        at: stimulus.at,
        until: stimulus.until,
        amplitude: stimulus.amplitude,
    });
    steps.collect()
}

fn is_reached_at_once(scenario: &Scenario, population: usize) -> bool {
    let mut mine = scenario.projections.iter().filter(|projection| projection.target == population);
    mine.any(|projection| projection.delay == Quantity::Number(0.0))
}

/// The weights of the projections that reach a population, if each has one and it is reached at once.
fn jumps(scenario: &Scenario, population: usize) -> Vec<f64> {
    let mine = || scenario.projections.iter().filter(|projection| projection.target == population);
    let one = |weight: &Quantity| match weight {
        Quantity::Number(weight) if !weight.is_nan() => Some(*weight),
        _ => None,
    };
    match is_reached_at_once(scenario, population) {
        true => mine().map(|projection| one(&projection.weight)).collect::<Option<_>>().unwrap_or_default(),
        false => Vec::new(),
    }
}

fn spike_trains(population: &Population) -> Result<Vec<Vec<Time>>, PopulationError> {
    match &population.spike_times {
        SpikeTimes::None => Ok(Vec::new()),
        SpikeTimes::Inline(trains) => instants(trains),
        SpikeTimes::File { path, population: name } => {
            let name = name.as_deref().unwrap_or(&population.name);
            instants(&trains_of_file(path, name, population.size)?)
        }
    }
}

/// The spike trains of all neurons of a population in a file.
fn trains_of_file(path: &Path, name: &str, size: usize) -> Result<Vec<Vec<f64>>, PopulationError> {
    let mut trains = vec![Vec::new(); size];
    for spikes in read_spike_trains(path, Some(name))? {
        let found = spikes.trains(size);
        let found =
            found.map_err(|neuron| PopulationError::NoSuchNeuron { path: path.to_owned(), neuron, size })?;
        trains.iter_mut().zip(found).for_each(|(train, more)| train.extend(more));
    }
    trains.iter_mut().for_each(|train| train.sort_by(f64::total_cmp));
    Ok(trains)
}

fn instants(trains: &[Vec<f64>]) -> Result<Vec<Vec<Time>>, PopulationError> {
    let instant = |neuron, at: f64| Time::from_ms(at).ok_or(PopulationError::SpikeTime { neuron, at });
    let train = |(neuron, train): (usize, &Vec<f64>)| train.iter().map(|&at| instant(neuron, at)).collect();
    trains.iter().enumerate().map(train).collect()
}

/// The synapses of projection `index` of a scenario, also where a run would draw them again and again.
///
/// # Errors
/// A rule that the sizes do not allow, a file that cannot be read, a weight or delay out of range.
pub fn synapses_of(scenario: &Scenario, index: usize) -> Result<network::Projection, BuildError> {
    draw_synapses(scenario, index, Storage::Stored)
        .map_err(|error| BuildError::of_projection(scenario, index, error))
}

fn draw_synapses(
    scenario: &Scenario,
    index: usize,
    storage: Storage,
) -> Result<network::Projection, ProjectionError> {
    let projection = &scenario.projections[index];
    let target = &scenario.populations[projection.target];
    let edges = match &projection.rule {
        Rule::Explicit(Pairs::File(path)) => Some(edges_of_file(path, projection, target.is_rate())?),
        _ => None,
    };
    let listed = match (&projection.rule, &edges) {
        (Rule::Explicit(Pairs::Inline(pairs)), _) => {
            Some(Listed { pairs: PairList::Pairs(pairs), weights: None, delays: None })
        }
        (_, Some(edges)) => Some(Listed {
            pairs: PairList::Columns(&edges.source, &edges.target),
            weights: edges.weight.as_deref(),
            delays: edges.delay.as_deref(),
        }),
        _ => None,
    };
    let setup = ProjectionSetup {
        projection,
        index: index as u32,
        sources: size(&scenario.populations[projection.source])?,
        targets: size(target)?,
        weight_range: range_of(
            target.receptors.get(projection.receptor).is_some_and(|receptor| receptor.kind.is_conductance()),
        ),
        listed,
        seed: scenario.seed,
    };
    Ok(match storage {
        Storage::Stored => connect(&setup)?,
        Storage::Procedural => connect_procedural(&setup)?,
    })
}

/// The pairs of a file. Where the projection gives no weight or delay (its number is none), the file has to.
fn edges_of_file(
    path: &Path,
    projection: &Projection,
    between_rates: bool,
) -> Result<EdgeList, ProjectionError> {
    let edges = read_edges(path)?;
    if between_rates && edges.delay.as_ref().is_some_and(|delays| delays.iter().any(|delay| *delay != 0.0)) {
        return Err(ProjectionError::DelayedRates { path: path.to_owned() });
    }
    let numbers = [
        ("weight", edges.weight.is_some(), &projection.weight),
        ("delay", edges.delay.is_some(), &projection.delay),
    ];
    for (what, in_file, quantity) in numbers {
        if !in_file && matches!(quantity, Quantity::Number(number) if number.is_nan()) {
            return Err(ProjectionError::Missing { what, path: path.to_owned() });
        }
    }
    Ok(edges)
}

#[cfg(test)]
mod tests;
