//! What a crate of models says of each of them: an entry for its catalogue. Crates of models do not see each other; who
//! uses several joins their catalogues.

use crate::group::{Group, PopulationSetup, SetupError};
use crate::model::NeuronModel;
use crate::oracle::{OracleNeurons, OracleSource, OracleUnits};
use crate::population::Population;
use crate::receptor::ReceptorSet;
use crate::source::{SourceGroup, SourceModel};
use crate::spec::{ModelSpec, ParamError, ParamRow, check_ranges};
use crate::time::Time;
use synfire_numerics::formula::System;

/// A registered model.
#[derive(Debug)]
pub struct ModelEntry {
    /// Its page.
    pub spec: &'static ModelSpec,
    /// Checks what one neuron's parameters have to fulfil together.
    pub check: fn(ParamRow<'_>, &ReceptorSet) -> Result<(), ParamError>,
    /// Makes a population for the engines.
    pub build: fn(&PopulationSetup) -> Result<Box<dyn Group>, SetupError>,
    /// Makes a population for the oracle, which needs to know how long sources have to go on.
    pub oracle: MakeOracle,
    /// The equations of a model that a user has stated.
    pub system: Option<&'static System>,
}

/// Makes a population for the oracle, up to a time.
pub type MakeOracle = fn(&PopulationSetup, Time) -> Result<Box<dyn OracleUnits>, SetupError>;

impl ModelEntry {
    /// The entry of a neuron model.
    pub const fn neuron<M: NeuronModel>() -> ModelEntry {
        ModelEntry {
            spec: &M::SPEC,
            check: |row, receptors| M::prepare(row, receptors).map(|_| ()),
            build: |setup| Ok(Box::new(Population::<M>::new(setup)?)),
            oracle: |setup, _| Ok(Box::new(OracleNeurons::<M>::new(setup)?)),
            system: None,
        }
    }

    /// The entry of a model of units that spike on their own.
    pub const fn source<M: SourceModel>() -> ModelEntry {
        ModelEntry {
            spec: &M::SPEC,
            check: |_, _| Ok(()),
            build: |setup| Ok(Box::new(SourceGroup::new(trains::<M>(setup)?))),
            oracle: |setup, until| Ok(Box::new(OracleSource::new(trains::<M>(setup)?, until))),
            system: None,
        }
    }
}

fn trains<M: SourceModel>(setup: &PopulationSetup) -> Result<Vec<M::Train>, SetupError> {
    check_ranges(&setup.parameters, setup.size).map_err(|(neuron, error)| SetupError { neuron, error })?;
    M::trains(setup)
}
