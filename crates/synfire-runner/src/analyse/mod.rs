//! What can be said of one piecewise-linear neuron without running anything, and what becomes of a smooth one that is made
//! piecewise linear.

pub mod figure;
pub mod linearise;
mod report;

pub use report::class;

use crate::build::{BuildError, population_setup};
use crate::scenario::Scenario;
use std::io;
use std::path::PathBuf;
use synfire_core::group::PopulationSetup;
use synfire_core::receptor::{Receptor, ReceptorSet};
use synfire_core::spec::{Column, ParamTable};
use synfire_pwl::analysis::{Cycle, Equilibrium, Onset, PhaseResponse};
use synfire_pwl::membrane::Membrane;

/// Why a neuron cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubjectError {
    /// No population of this name.
    #[error("there is no population `{name}`; populations: {known}")]
    NoPopulation {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// No population of a model that will do.
    #[error("there is no population of a model that can be {what}: {models}")]
    NoModel {
        /// What was wanted.
        what: &'static str,
        /// The models that can.
        models: String,
    },
    /// A population of another model.
    #[error("population `{population}` has the model `{model}`; what can be {what}: {models}")]
    OtherModel {
        /// The population.
        population: String,
        /// Its model.
        model: &'static str,
        /// What was wanted.
        what: &'static str,
        /// The models that can.
        models: String,
    },
    /// No neuron of this number.
    #[error("population `{population}` has no neuron {neuron}; it has {size}")]
    NoNeuron {
        /// The population.
        population: String,
        /// The neuron.
        neuron: usize,
        /// How many there are.
        size: usize,
    },
    /// The population cannot be made.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// What the neuron's parameters have to fulfil together.
    #[error(transparent)]
    Parameters(#[from] synfire_core::spec::ParamError),
    /// A range that is none.
    #[error("from {0} to {1}: expected two finite numbers, the first below the second")]
    Range(f64, f64),
    /// The two neurons cannot be run.
    #[error("{0}")]
    Run(String),
    /// The scenario cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// One neuron of a scenario, alone.
#[derive(Debug)]
pub struct Subject {
    /// The name of its population.
    pub population: String,
    /// Its id there.
    pub neuron: usize,
    /// Its model.
    pub model: &'static str,
    /// What a population of this neuron alone is made from, without input.
    pub setup: PopulationSetup,
}

impl Subject {
    /// Neuron `neuron` of the population called `name`, or of the first one whose model is one of `models`.
    ///
    /// # Errors
    /// There is none.
    pub fn of(
        scenario: &Scenario,
        name: Option<&str>,
        neuron: usize,
        models: &[&str],
        what: &'static str,
    ) -> Result<Subject, SubjectError> {
        let listed = || models.join(", ");
        let fits = |model: &str| models.contains(&model);
        let index = match name {
            Some(name) => scenario.populations.iter().position(|one| one.name == name).ok_or_else(|| {
                let known: Vec<&str> = scenario.populations.iter().map(|one| one.name.as_str()).collect();
                SubjectError::NoPopulation { name: name.to_owned(), known: known.join(", ") }
            })?,
            None => (scenario.populations.iter().position(|one| fits(one.model.spec.name)))
                .ok_or_else(|| SubjectError::NoModel { what, models: listed() })?,
        };
        let population = &scenario.populations[index];
        let (model, name) = (population.model.spec.name, population.name.clone());
        if !fits(model) {
            return Err(SubjectError::OtherModel { population: name, model, what, models: listed() });
        }
        if neuron >= population.size {
            return Err(SubjectError::NoNeuron { population: name, neuron, size: population.size });
        }
        let variables = population.model.spec.variables.len();
        let setup = alone(population_setup(scenario, index)?, variables, neuron);
        Ok(Subject { population: name, neuron, model, setup })
    }
}

/// Neuron `neuron` of a population, as a population of its own without stimuli and receptors.
fn alone(setup: PopulationSetup, own_variables: usize, neuron: usize) -> PopulationSetup {
    let own = |column: &Column| Column::Same(column.at(neuron));
    let ParamTable { specs, columns, lists, system } = &setup.parameters;
    let columns = columns.iter().map(own).collect();
    // The model's own variables come before those of receptors.
    let is_own = |&&(variable, _): &&(usize, Column)| variable < own_variables;
    let initial = setup.initial.iter().filter(is_own).map(|(variable, column)| (*variable, own(column)));
    PopulationSetup {
        size: 1,
        parameters: ParamTable { specs, columns, lists: lists.clone(), system: *system },
        receptors: Vec::<Receptor>::new(),
        initial: initial.collect(),
        stimuli: Vec::new(),
        at_once: false,
        jumps: Vec::new(),
        spike_trains: Vec::new(),
        random: setup.random,
    }
}

/// What to look at.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// The constant currents between which rates and the onset are wanted; one unit to both sides of `i_e` if left out.
    pub currents: Option<(f64, f64)>,
    /// At how many currents and phases; more currents where firing begins and ends.
    pub points: usize,
}

/// What can be said of a neuron.
#[derive(Debug)]
pub struct Analysis {
    /// The neuron.
    pub subject: Subject,
    /// Its membrane.
    pub membrane: Membrane,
    /// The currents that were looked at.
    pub currents: (f64, f64),
    /// Where it rests under its own current `i_e`, stably or not.
    pub equilibria: Vec<Equilibrium>,
    /// How it fires under `i_e`, if it goes on firing.
    pub cycle: Option<Cycle>,
    /// How small inputs shift the phase of that.
    pub response: Option<PhaseResponse>,
    /// Rates under these currents.
    pub curve: Curve,
}

/// The curve of rate against a constant current that is switched on at rest.
#[derive(Debug)]
pub struct Curve {
    /// Where firing begins, if it does between the currents.
    pub onset: Option<Onset>,
    /// The largest current of those under which it fires, if silence follows.
    pub fires_until: Option<f64>,
    /// Current and rate, Hz, by rising current: so many even steps, and ever finer ones where firing begins and ends.
    pub rates: Vec<(f64, f64)>,
}

/// The models that can be looked at.
pub fn models() -> Vec<&'static str> {
    synfire_pwl::CATALOGUE.iter().map(|entry| entry.spec.name).collect()
}

/// Looks at a neuron.
///
/// # Errors
/// A model that is not piecewise linear, a range of currents that is none.
pub fn analyse(subject: Subject, request: &Request) -> Result<Analysis, SubjectError> {
    let made = synfire_pwl::membrane(subject.model, subject.setup.parameters.row(0), &ReceptorSet::default());
    let membrane = made.ok_or_else(|| SubjectError::OtherModel {
        population: subject.population.clone(),
        model: subject.model,
        what: "analysed",
        models: models().join(", "),
    })??;
    let own = membrane.current();
    let currents = request.currents.unwrap_or((own - 1.0, own + 1.0));
    let (low, high) = currents;
    if !(low.is_finite() && high.is_finite() && low < high) {
        return Err(SubjectError::Range(low, high));
    }
    let cycle = membrane.cycle(membrane.rest(), own).or_else(|| membrane.firing(low, own));
    let response = cycle.as_ref().map(|cycle| membrane.phase_response(cycle, own, request.points));
    Ok(Analysis {
        equilibria: membrane.equilibria(own),
        curve: curve(&membrane, currents, request.points),
        currents,
        cycle,
        response,
        membrane,
        subject,
    })
}

fn curve(membrane: &Membrane, (low, high): (f64, f64), points: usize) -> Curve {
    let step = (high - low) / points.max(1) as f64;
    let even = |index: usize| if index < points { low + step * index as f64 } else { high };
    let mut at: Vec<f64> = (0..=points.max(1)).map(even).collect();
    let fires: Vec<bool> = membrane.rates(low, &at).iter().map(|rate| *rate > 0.0).collect();
    // It may fall silent again under strong currents: it begins below the first of these currents under which it fires.
    let onset = (1..at.len()).find(|&index| fires[index]).and_then(|first| membrane.onset(low, at[first]));
    let last = (1..at.len()).rev().find(|&index| fires[index - 1] && !fires[index]);
    let fires_until = last.map(|last| membrane.firing_border(low, at[last], at[last - 1]));
    if let Some(Onset { rheobase, .. }) = onset {
        at.push(rheobase.next_down());
        at.extend(FINER.iter().map(|part| rheobase + part * step));
    }
    if let Some(end) = fires_until {
        at.push(end.next_up());
        at.extend(FINER.iter().map(|part| end - part * step));
    }
    at.retain(|current| (low..=high).contains(current));
    at.sort_by(f64::total_cmp);
    at.dedup();
    let rates = membrane.rates(low, &at);
    Curve { onset, fires_until, rates: at.into_iter().zip(rates).collect() }
}

/// Where rates are looked at beside the borders of firing, in steps.
const FINER: [f64; 8] = [0.0, 1e-6, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5];
