//! What a scenario will need, told before anything is allocated: neurons, synapses, memory, input.
//!
//! Memory is an estimate: what the program and the network occupy, and what building its projections takes besides. The
//! spikes under way, which nobody can tell beforehand, are not in it; they are few bytes each, and a row of synapses where these
//! are drawn again.

mod available;

pub use available::available_memory;

use crate::build::{self, BuildError, PopulationError, ProjectionError};
use crate::connect::{Count, Shape};
use crate::draw::mean;
use crate::formats::edges::read_edges;
use crate::formats::spikes::read_spike_trains;
use crate::numbers;
use crate::scenario::{Pairs, Population, Projection, Quantity, Rule, Scenario, SpikeTimes, Storage};
use std::path::Path;
use synfire_core::Time;

/// What a scenario will need.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Population by population.
    pub populations: Vec<PopulationPlan>,
    /// Projection by projection.
    pub projections: Vec<ProjectionPlan>,
}

/// What a population will need.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationPlan {
    /// How many neurons.
    pub neurons: u64,
    /// About how many bytes.
    pub memory: f64,
    /// About how many spikes all its neurons make per second of simulated time, on average over the run; `None` for
    /// neurons with dynamics, of which that cannot be told.
    pub spikes_per_second: Option<f64>,
}

/// What a projection will need.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionPlan {
    /// How many synapses.
    pub synapses: Count,
    /// About how many bytes, for good.
    pub memory: f64,
    /// About how many bytes more while it is built.
    pub building: f64,
    /// About how many synaptic events it makes per second of simulated time, if that can be told of its source.
    pub events_per_second: Option<f64>,
}

/// More memory than there is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the network needs about {} of memory, {} are available", numbers::bytes(*.needed), numbers::bytes(*.available))]
pub struct OutOfMemory {
    /// Bytes.
    pub needed: u64,
    /// Bytes.
    pub available: u64,
}

impl Plan {
    /// Plans a scenario. Short files that belong to it are read; long ones are judged by their length.
    ///
    /// # Errors
    /// A rule that the sizes do not allow, or a file that cannot be read.
    pub fn of(scenario: &Scenario) -> Result<Plan, BuildError> {
        let mut plan = Plan { populations: Vec::new(), projections: Vec::new() };
        for population in &scenario.populations {
            let planned = plan_population(population, scenario.duration);
            plan.populations.push(planned.map_err(|error| BuildError::of_population(population, error))?);
        }
        for (index, projection) in scenario.projections.iter().enumerate() {
            let planned = plan_projection(projection, scenario, &plan.populations);
            plan.projections
                .push(planned.map_err(|error| BuildError::of_projection(scenario, index, error))?);
        }
        Ok(plan)
    }

    /// How many neurons.
    pub fn neurons(&self) -> u64 {
        self.populations.iter().map(|population| population.neurons).sum()
    }

    /// How many synapses.
    pub fn synapses(&self) -> Count {
        let synapses = total(self.projections.iter().map(|projection| projection.synapses.synapses));
        Count { synapses, exact: self.projections.iter().all(|projection| projection.synapses.exact) }
    }

    /// About how many bytes of memory it takes to build and to run, the program itself included. Projections are built one
    /// after the other: what one takes besides itself comes on top of those before it.
    pub fn memory(&self) -> u64 {
        let neurons = total(self.populations.iter().map(|population| population.memory));
        let (mut built, mut most) = (PROGRAM + neurons, PROGRAM + neurons);
        for projection in &self.projections {
            built += projection.memory;
            most = most.max(built + projection.building);
        }
        most as u64
    }

    /// About how many spikes all sources make per second of simulated time.
    pub fn input_spikes_per_second(&self) -> f64 {
        total(self.populations.iter().filter_map(|population| population.spikes_per_second))
    }

    /// About how many synaptic events the spikes of sources make per second of simulated time. The neurons' own come on
    /// top: those of a neuron that spikes are as many as it has synapses.
    pub fn input_events_per_second(&self) -> f64 {
        total(self.projections.iter().filter_map(|projection| projection.events_per_second))
    }

    /// Compares the memory with what is `available`, in bytes.
    ///
    /// # Errors
    /// More than that is needed.
    pub fn check_memory(&self, available: u64) -> Result<(), OutOfMemory> {
        let needed = self.memory();
        if needed > available { Err(OutOfMemory { needed, available }) } else { Ok(()) }
    }
}

/// The sum; 0 if there are none, where `sum` says -0.
fn total(parts: impl Iterator<Item = f64>) -> f64 {
    parts.fold(0.0, |sum, part| sum + part)
}

/// Bytes that the program takes for itself.
const PROGRAM: f64 = 8e6;
/// Bytes that every neuron takes in its population, in the queue and in the engine.
const BYTES_PER_NEURON: f64 = 160.0;
/// Bytes of a neuron's model, where neurons have parameters of their own, and more for each receptor.
const BYTES_PER_MODEL: f64 = 200.0;
const BYTES_PER_RECEPTOR: f64 = 130.0;
/// Bytes of a spike of a `spike_source`, with the number from which it is made.
const BYTES_PER_SPIKE: f64 = 24.0;
/// Bytes of a source whose synapses are drawn again and again: where its row begins, and whether it is in hand.
const BYTES_PER_DRAWN_ROW: f64 = 16.0;
/// Files up to this length are read to know what is in them.
const SHORT_FILE: u64 = 4 << 20;
/// How many bytes of a longer file stand for a spike or an edge, about: most are compressed.
const FILE_BYTES_PER_ENTRY: f64 = 6.0;

fn plan_population(population: &Population, duration: Time) -> Result<PopulationPlan, PopulationError> {
    let neurons = f64::from(build::size(population)?);
    let parameters = population.parameters.iter();
    let varied = parameters.filter(|quantity| !matches!(quantity, Quantity::Number(_))).count();
    let own_model = match varied {
        0 => 0.0,
        _ => BYTES_PER_MODEL + BYTES_PER_RECEPTOR * population.receptors.len() as f64 + 8.0 * varied as f64,
    };
    let variables: usize = population.receptors.iter().map(|receptor| receptor.kind.variables()).sum();
    let spikes = source_spikes(population, duration.as_ms())?;
    let stored_spikes = if population.model.spec.has_spike_trains { spikes.unwrap_or(0.0) } else { 0.0 };
    Ok(PopulationPlan {
        neurons: neurons as u64,
        memory: neurons * (BYTES_PER_NEURON + own_model + 8.0 * variables as f64)
            + BYTES_PER_SPIKE * stored_spikes,
        spikes_per_second: spikes.map(|spikes| per_second(spikes, duration)),
    })
}

fn per_second(count: f64, duration: Time) -> f64 {
    if duration == Time::ZERO { 0.0 } else { count / duration.as_ms() * 1000.0 }
}

/// About how many spikes a source makes in a run; `None` for neurons with dynamics.
fn source_spikes(population: &Population, duration_ms: f64) -> Result<Option<f64>, PopulationError> {
    let in_run = |times: &[f64]| times.iter().filter(|time| **time < duration_ms).count() as f64;
    Ok(match &population.spike_times {
        SpikeTimes::Inline(trains) => Some(trains.iter().map(|train| in_run(train)).sum()),
        SpikeTimes::File { path, population: name } => Some(match entries_by_length(path) {
            Some(entries) => entries,
            None => {
                let name = name.as_deref().unwrap_or(&population.name);
                read_spike_trains(path, Some(name))?.iter().map(|spikes| in_run(&spikes.times)).sum()
            }
        }),
        SpikeTimes::None if population.model.spec.name == "poisson" => {
            Some(poisson_spikes(population, duration_ms))
        }
        SpikeTimes::None => None,
    })
}

/// The expected number of spikes, with start and stop of an average neuron.
fn poisson_spikes(population: &Population, duration_ms: f64) -> f64 {
    let average = |name| {
        let parameter = population.model.spec.parameters.iter().position(|spec| spec.name == name);
        parameter.map_or(f64::NAN, |index| mean(&population.parameters[index]))
    };
    let active_ms = (average("stop").min(duration_ms) - average("start")).max(0.0);
    population.size as f64 * average("rate") * active_ms / 1000.0
}

/// About how many entries a file has, judged by its length; `None` if it is short enough to be read, or is not there.
fn entries_by_length(path: &Path) -> Option<f64> {
    let length = path.metadata().ok()?.len();
    (length > SHORT_FILE).then(|| length as f64 / FILE_BYTES_PER_ENTRY)
}

/// The pairs of an `explicit` rule.
struct ListPlan {
    pairs: Count,
    weights: bool,
    delays: bool,
}

fn plan_list(rule: &Rule) -> Result<Option<ListPlan>, ProjectionError> {
    let certain = |pairs: usize| Count { synapses: pairs as f64, exact: true };
    Ok(match rule {
        Rule::Explicit(Pairs::Inline(pairs)) => {
            Some(ListPlan { pairs: certain(pairs.len()), weights: false, delays: false })
        }
        Rule::Explicit(Pairs::File(path)) => Some(match entries_by_length(path) {
            Some(synapses) => {
                ListPlan { pairs: Count { synapses, exact: false }, weights: true, delays: true }
            }
            None => {
                let edges = read_edges(path)?;
                let (weights, delays) = (edges.weight.is_some(), edges.delay.is_some());
                ListPlan { pairs: certain(edges.source.len()), weights, delays }
            }
        }),
        _ => None,
    })
}

fn plan_projection(
    projection: &Projection,
    scenario: &Scenario,
    populations: &[PopulationPlan],
) -> Result<ProjectionPlan, ProjectionError> {
    let sources = build::size(&scenario.populations[projection.source])?;
    let targets = build::size(&scenario.populations[projection.target])?;
    let list = plan_list(&projection.rule)?;
    let shape = Shape::of(projection, sources, targets)?;
    let listed = list.as_ref().map(|list| list.pairs.synapses as usize);
    let count = shape.count(&projection.rule, listed)?;
    let exact = count.exact && list.as_ref().is_none_or(|list| list.pairs.exact);
    let synapses = Count { exact, ..count };

    let spikes_of_one =
        populations[projection.source].spikes_per_second.map(|spikes| spikes / f64::from(sources));
    let events_per_second = spikes_of_one.map(|spikes| spikes * synapses.synapses);
    if projection.storage == Storage::Procedural {
        let memory = BYTES_PER_DRAWN_ROW * f64::from(sources);
        return Ok(ProjectionPlan { synapses, memory, building: 0.0, events_per_second });
    }
    let vary = |quantity: &Quantity| !matches!(quantity, Quantity::Number(_));
    let weights = vary(&projection.weight) || list.as_ref().is_some_and(|list| list.weights);
    let delays = vary(&projection.delay) || list.as_ref().is_some_and(|list| list.delays);
    let numbers = projection.precision.bytes() * (f64::from(u8::from(weights)) + f64::from(u8::from(delays)));
    let numbered = if weights || delays { 4.0 } else { 0.0 };
    // What a rule holds while its synapses are brought into rows.
    let building = match &projection.rule {
        Rule::AllToAll | Rule::OneToOne | Rule::FixedOutDegree(_) => {
            if delays {
                4.0
            } else {
                0.0
            }
        }
        Rule::FixedInDegree(_) => 4.0 + numbered,
        Rule::PairwiseBernoulli(_) => 4.0 + if delays { 4.0 } else { 0.0 },
        Rule::FixedTotalNumber(_) => 12.0,
        Rule::Explicit(_) => 8.0 + numbers + numbered,
    };
    Ok(ProjectionPlan {
        synapses,
        memory: synapses.synapses * (4.0 + numbers) + 8.0 * f64::from(sources),
        // Rows are sorted through slices, three of 16 bytes each.
        building: synapses.synapses * building + 48.0 * f64::from(sources),
        events_per_second,
    })
}

#[cfg(test)]
mod tests;
