//! In which form a population is driven, where a model has more than one. The scenario alone decides, so that every engine
//! and every number of threads gives the same bits.

use super::{BuildError, population_setup};
use crate::scenario::{Projection, Quantity, Rule, Scenario};
use synfire_core::Time;
use synfire_core::dense::{self, DenseNeuron, MOST_WEIGHTS};
use synfire_core::group::{Group, PopulationSetup};
use synfire_core::linear::{self, LinearNeuron};
use synfire_core::oracle::OracleUnits;
use synfire_numerics::cells::CELL_MS;

/// Smaller populations are not worth a form of their own.
const MANY: usize = 400;

/// A source of at least so many Hz for each neuron makes its input dense.
const DENSE_HZ: f64 = 2000.0;

/// With more arrivals in a cell, a neuron's sums could overflow: at 53,000.
const MOST_ARRIVALS: f64 = 20_000.0;

/// A unit of a source makes no more spikes in a cell of 1/8 ms than this; a neuron makes one.
const MOST_SOURCE_SPIKES: f64 = 64.0;

/// Which form to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What the scenario says.
    Chosen,
    /// Coordinates that rest between events wherever the model can: see [`synfire_core::linear`].
    Linear,
    /// Under dense jumps wherever the model can: see [`synfire_core::dense`].
    Dense,
}

/// A form, with what it is made from.
enum Made {
    Anchored,
    Linear(LinearNeuron),
    Dense(DenseNeuron, Vec<f64>),
}

/// Makes population `index` in its form.
pub(super) fn group_of(scenario: &Scenario, index: usize, form: Form) -> Result<Box<dyn Group>, BuildError> {
    let population = &scenario.populations[index];
    let setup = population_setup(scenario, index)?;
    let group = match choose(scenario, index, &setup, form) {
        Made::Linear(neuron) => Ok(linear::population(&neuron, &setup)),
        Made::Dense(neuron, weights) => Ok(dense::population(&neuron, &weights, &setup)),
        Made::Anchored => (population.model.build)(&setup),
    };
    group.map_err(|error| BuildError::of_population(population, error))
}

/// Makes population `index` in its form for the oracle, up to a time.
///
/// # Errors
/// As [`super::build`].
pub fn oracle_of(
    scenario: &Scenario,
    index: usize,
    until: Time,
    form: Form,
) -> Result<Box<dyn OracleUnits>, BuildError> {
    let population = &scenario.populations[index];
    let setup = population_setup(scenario, index)?;
    let units = match choose(scenario, index, &setup, form) {
        Made::Linear(neuron) => Ok(linear::oracle(&neuron, &setup)),
        Made::Dense(neuron, weights) => Ok(dense::oracle(&neuron, &weights, &setup)),
        Made::Anchored => (population.model.oracle)(&setup, until),
    };
    units.map_err(|error| BuildError::of_population(population, error))
}

fn choose(scenario: &Scenario, index: usize, setup: &PopulationSetup, form: Form) -> Made {
    let model = scenario.populations[index].model;
    let reaching: Vec<&Projection> = scenario.projections.iter().filter(|p| p.target == index).collect();
    let is_large = setup.size >= MANY && form == Form::Chosen;
    let may_be_linear = form == Form::Linear || is_large && is_reached_at_once(&reaching);
    if may_be_linear && let Some(neuron) = (model.linear)(setup) {
        return Made::Linear(neuron);
    }
    let may_be_dense = form == Form::Dense || is_large && has_dense_input(scenario, &reaching);
    if may_be_dense && let (Some(weights), Some(neuron)) = (few_weights(&reaching), (model.dense)(setup)) {
        return Made::Dense(neuron, weights);
    }
    Made::Anchored
}

/// Each spike reaches all its targets in the population at one instant, which is later, and there are many of them.
fn is_reached_at_once(reaching: &[&Projection]) -> bool {
    !reaching.is_empty() && reaching.iter().all(|p| is_delayed(p) && p.rule != Rule::OneToOne)
}

fn is_delayed(projection: &Projection) -> bool {
    matches!(projection.delay, Quantity::Number(delay_ms) if delay_ms > 0.0)
}

/// Each neuron has a dense source of its own, over a delay of whole cells, and all input is delayed.
fn has_dense_input(scenario: &Scenario, reaching: &[&Projection]) -> bool {
    let is_dense = |projection: &&Projection| {
        let source = &scenario.populations[projection.source];
        let rate = source.model.spec.parameters.iter().position(|parameter| parameter.name == "rate");
        let rate = rate.map(|place| &source.parameters[place]);
        let cells = match projection.delay {
            Quantity::Number(delay_ms) => delay_ms / CELL_MS,
            _ => f64::NAN,
        };
        source.model.spec.is_source
            && matches!(rate, Some(Quantity::Number(rate)) if *rate >= DENSE_HZ)
            && projection.rule == Rule::OneToOne
            && cells.fract() == 0.0
    };
    let arrivals = |projection: &&Projection| {
        let is_source = scenario.populations[projection.source].model.spec.is_source;
        synapses_a_target(scenario, projection) * if is_source { MOST_SOURCE_SPIKES } else { 1.0 }
    };
    let arrivals: f64 = reaching.iter().map(arrivals).sum();
    reaching.iter().any(is_dense) && reaching.iter().all(|p| is_delayed(p)) && arrivals <= MOST_ARRIVALS
}

/// How many synapses a target has, about; infinite where only a file knows.
fn synapses_a_target(scenario: &Scenario, projection: &Projection) -> f64 {
    let [sources, targets] =
        [projection.source, projection.target].map(|population| scenario.populations[population].size as f64);
    match projection.rule {
        Rule::AllToAll => sources,
        Rule::OneToOne => 1.0,
        Rule::FixedInDegree(k) => k as f64,
        Rule::FixedOutDegree(k) => k as f64 * sources / targets,
        Rule::FixedTotalNumber(n) => n as f64 / targets,
        Rule::PairwiseBernoulli(p) => p * sources,
        Rule::Explicit(_) => f64::INFINITY,
    }
}

/// The weights that ever arrive, if they are few.
fn few_weights(reaching: &[&Projection]) -> Option<Vec<f64>> {
    let mut weights: Vec<f64> = Vec::new();
    for projection in reaching {
        let Quantity::Number(weight) = projection.weight else { return None };
        if !weight.is_finite() {
            return None;
        }
        if !weights.contains(&weight) {
            weights.push(weight);
        }
    }
    (1..=MOST_WEIGHTS).contains(&weights.len()).then_some(weights)
}
