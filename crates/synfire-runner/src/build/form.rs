//! In which form a population is driven, where a model has more than one. The scenario alone decides, so that every engine
//! and every number of threads gives the same bits.

use super::{BuildError, population_setup};
use crate::scenario::{Projection, Quantity, Rule, Scenario};
use synfire_core::Time;
use synfire_core::group::{Group, PopulationSetup};
use synfire_core::linear::{self, LinearNeuron};
use synfire_core::oracle::OracleUnits;

/// Smaller populations are not worth a form of their own.
const MANY: usize = 400;

/// Which form to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// What the scenario says.
    Chosen,
    /// Coordinates that rest between events wherever the model can: see [`synfire_core::linear`].
    Linear,
}

/// Makes population `index` in its form.
pub(super) fn group_of(scenario: &Scenario, index: usize, form: Form) -> Result<Box<dyn Group>, BuildError> {
    let population = &scenario.populations[index];
    let setup = population_setup(scenario, index)?;
    let group = match linear_neuron(scenario, index, &setup, form) {
        Some(neuron) => Ok(linear::population(&neuron, &setup)),
        None => (population.model.build)(&setup),
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
    let units = match linear_neuron(scenario, index, &setup, form) {
        Some(neuron) => Ok(linear::oracle(&neuron, &setup)),
        None => (population.model.oracle)(&setup, until),
    };
    units.map_err(|error| BuildError::of_population(population, error))
}

fn linear_neuron(
    scenario: &Scenario,
    index: usize,
    setup: &PopulationSetup,
    form: Form,
) -> Option<LinearNeuron> {
    let is_wanted = form == Form::Linear || setup.size >= MANY && is_reached_at_once(scenario, index);
    if is_wanted { (scenario.populations[index].model.linear)(setup) } else { None }
}

/// Each spike reaches all its targets in the population at one instant, which is later, and there are many of them.
fn is_reached_at_once(scenario: &Scenario, index: usize) -> bool {
    let at_once = |projection: &&Projection| {
        let is_delayed = matches!(projection.delay, Quantity::Number(delay_ms) if delay_ms > 0.0);
        is_delayed && projection.rule != Rule::OneToOne
    };
    let mut reaching = scenario.projections.iter().filter(|p| p.target == index).peekable();
    reaching.peek().is_some() && reaching.all(|projection| at_once(&projection))
}
