//! What a crate of models says of each of them: an entry for its catalogue. Crates of models do not see each other; who
//! uses several joins their catalogues.

use crate::dense::{DenseModel, DenseNeuron};
use crate::group::{Group, PopulationSetup, SetupError};
use crate::linear::{LinearModel, LinearNeuron};
use crate::model::NeuronModel;
use crate::oracle::{OracleNeurons, OracleSource, OracleUnits};
use crate::phase::{self, OraclePhases, PhasePopulation};
use crate::population::RowPopulation;
use crate::rates::{RateModel, RatePlaceholder, RateUnit};
use crate::receptor::ReceptorSet;
use crate::relive::{Life, Relive};
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
    /// Describes a population that can be driven in linear form; `None` if this one cannot.
    pub linear: fn(&PopulationSetup) -> Option<LinearNeuron>,
    /// Describes a population that can be driven under dense jumps; `None` if this one cannot.
    pub dense: fn(&PopulationSetup) -> Option<DenseNeuron>,
    /// Makes one neuron of a population, to be lived again alone; `None` where that is not possible: units of a
    /// source have no membrane, population rates no spikes.
    pub relive: Option<MakeLife>,
    /// For population rates: makes their units. What `build` makes is only their place among the populations.
    pub rates: Option<MakeRates>,
    /// The equations of a model that a user has stated.
    pub system: Option<&'static System>,
}

/// Makes neuron `index` of a population at t = 0.
pub type MakeLife = fn(&PopulationSetup, usize) -> Result<Box<dyn Relive>, SetupError>;

/// Makes the rate units of a population.
pub type MakeRates = fn(&PopulationSetup) -> Result<Vec<RateUnit>, SetupError>;

/// Makes a population for the oracle, up to a time.
pub type MakeOracle = fn(&PopulationSetup, Time) -> Result<Box<dyn OracleUnits>, SetupError>;

impl ModelEntry {
    /// The entry of a neuron model.
    pub const fn neuron<M: NeuronModel>() -> ModelEntry {
        ModelEntry {
            spec: &M::SPEC,
            check: |row, receptors| M::prepare(row, receptors).map(|_| ()),
            relive: Some(|setup, index| Ok(Box::new(Life::<M>::new(setup, index)?))),
            build: |setup| {
                Ok(match phase::law_of::<M>(setup) {
                    Some(law) => Box::new(PhasePopulation::new(law, setup)),
                    None => RowPopulation::<M>::group(setup)?,
                })
            },
            oracle: |setup, _| {
                Ok(match phase::law_of::<M>(setup) {
                    Some(law) => Box::new(OraclePhases::new(law, setup)),
                    None => Box::new(OracleNeurons::<M>::new(setup)?),
                })
            },
            rates: None,
            linear: |_| None,
            system: None,
            dense: |_| None,
        }
    }

    /// The entry of a neuron model some of whose populations can be driven in linear form or under dense jumps.
    pub const fn linear<M: LinearModel + DenseModel>() -> ModelEntry {
        ModelEntry { linear: M::linear, dense: M::dense, ..ModelEntry::neuron::<M>() }
    }

    /// The entry of a model of units that spike on their own.
    pub const fn source<M: SourceModel>() -> ModelEntry {
        ModelEntry {
            spec: &M::SPEC,
            check: |_, _| Ok(()),
            build: |setup| Ok(Box::new(SourceGroup::new(trains::<M>(setup)?))),
            oracle: |setup, until| Ok(Box::new(OracleSource::new(trains::<M>(setup)?, until))),
            relive: None,
            rates: None,
            linear: |_| None,
            system: None,
            dense: |_| None,
        }
    }

    /// The entry of a model of population rates.
    pub const fn rates<M: RateModel>() -> ModelEntry {
        ModelEntry {
            spec: &M::SPEC,
            check: |_, _| Ok(()),
            build: |setup| Ok(Box::new(RatePlaceholder { size: setup.size })),
            oracle: |setup, _| Ok(Box::new(RatePlaceholder { size: setup.size })),
            relive: None,
            rates: Some(rate_units::<M>),
            linear: |_| None,
            system: None,
            dense: |_| None,
        }
    }
}

fn rate_units<M: RateModel>(setup: &PopulationSetup) -> Result<Vec<RateUnit>, SetupError> {
    check_ranges(&setup.parameters, setup.size).map_err(|(neuron, error)| SetupError { neuron, error })?;
    let initial = |index| setup.initial.first().map(|(_, column)| column.at(index));
    Ok((0..setup.size).map(|index| M::unit(setup.parameters.row(index), initial(index))).collect())
}

fn trains<M: SourceModel>(setup: &PopulationSetup) -> Result<Vec<M::Train>, SetupError> {
    check_ranges(&setup.parameters, setup.size).map_err(|(neuron, error)| SetupError { neuron, error })?;
    M::trains(setup)
}
