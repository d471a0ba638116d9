//! Neuron models and spike sources, one file each, and the catalogue that registers them.
//!
//! A new model is one file and one line of [`CATALOGUE`]'s list; checking, documentation, building and the laws that
//! the tests hold every model to follow from it.

use synfire_core::Time;
use synfire_core::group::{Group, PopulationSetup, SetupError};
use synfire_core::model::NeuronModel;
use synfire_core::oracle::{OracleNeurons, OracleSource, OracleUnits};
use synfire_core::population::Population;
use synfire_core::receptor::ReceptorSet;
use synfire_core::source::{SourceGroup, SourceModel};
use synfire_core::spec::{ModelSpec, ParamError, ParamRow, check_ranges};

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
}

/// Makes a population for the oracle, up to a time.
pub type MakeOracle = fn(&PopulationSetup, Time) -> Result<Box<dyn OracleUnits>, SetupError>;

/// Declares the modules of models and registers them: one line a model, `neuron` or `source`.
macro_rules! catalogue {
    ($($kind:ident $module:ident :: $model:ident),* $(,)?) => {
        $(pub mod $module;)*

        /// All models, in the order in which they are documented.
        pub const CATALOGUE: &[ModelEntry] = &[$($kind!($module::$model)),*];
    };
}

/// The entry of a neuron model.
macro_rules! neuron {
    ($model:ty) => {
        ModelEntry {
            spec: &<$model as NeuronModel>::SPEC,
            check: |row, receptors| <$model as NeuronModel>::prepare(row, receptors).map(|_| ()),
            build: |setup| Ok(Box::new(Population::<$model>::new(setup)?)),
            oracle: |setup, _| Ok(Box::new(OracleNeurons::<$model>::new(setup)?)),
        }
    };
}

/// The entry of a model of units that spike on their own.
macro_rules! source {
    ($model:ty) => {
        ModelEntry {
            spec: &<$model as SourceModel>::SPEC,
            check: |_, _| Ok(()),
            build: |setup| Ok(Box::new(SourceGroup::new(trains::<$model>(setup)?))),
            oracle: |setup, until| Ok(Box::new(OracleSource::new(trains::<$model>(setup)?, until))),
        }
    };
}

mod quadratic;

catalogue! {
    neuron lif::Lif,
    neuron qif::Qif,
    neuron qif_normalised::QifNormalised,
    source spike_source::SpikeSource,
    source poisson::Poisson,
}

fn trains<M: SourceModel>(setup: &PopulationSetup) -> Result<Vec<M::Train>, SetupError> {
    check_ranges(&setup.parameters, setup.size).map_err(|(neuron, error)| SetupError { neuron, error })?;
    M::trains(setup)
}

/// The model of this name.
pub fn find(name: &str) -> Option<&'static ModelEntry> {
    CATALOGUE.iter().find(|entry| entry.spec.name == name)
}
