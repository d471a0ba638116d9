//! Looking inside a run that is over. A recording holds its scenario, and the same scenario gives the same bits: so whatever was
//! not recorded is found by running it again up to that moment, with an observer that takes it down.

mod biography;
mod causes;
mod collect;
mod differ;
mod why_not;

pub use biography::{Biography, InputFrom, Parameter, biography};
pub use causes::{CauseArrival, LAST_DIGITS_MS, Settings, SpikeCauses, causes, find_spike};
pub use collect::{NeuronStory, Reached, stories};
pub use differ::{Difference, Divergence, differ};
pub use why_not::{Approach, Quiet, why_not};

use crate::event_log::Who;
use crate::recording::{Recording, RecordingError, Spike, is_recording};
use crate::run::{Failure, check_run, prepare};
use crate::scenario::{Scenario, load};
use std::path::{Path, PathBuf};
use synfire_core::engine::{Options, Simulation};
use synfire_core::events::{EventFilter, EventLog, Sink};
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// A neuron of the network: its population and its place in it.
pub type Neuron = (PopulationId, LocalId);

/// Why something cannot be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InspectError {
    /// The scenario cannot be loaded or run, or the recording not be read.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The event log cannot be read.
    #[error(transparent)]
    Log(#[from] crate::event_log::LogError),
    /// What was asked for is not there.
    #[error(transparent)]
    Unknown(#[from] crate::event_log::Unknown),
    /// A filter that cannot be understood.
    #[error(transparent)]
    Filter(#[from] crate::event_log::FilterError),
    /// What was asked for is not there, or cannot be told.
    #[error("{0}")]
    Not(String),
}

impl From<RecordingError> for InspectError {
    fn from(error: RecordingError) -> InspectError {
        InspectError::Failure(error.into())
    }
}

/// What is looked into: a recording, or a scenario that is run for the purpose.
#[derive(Debug)]
pub struct Subject {
    /// Where it is.
    pub path: PathBuf,
    /// The scenario as it was run.
    pub scenario: Scenario,
    /// Its names.
    pub who: Who,
    /// Up to when there is something; this instant is not part of it.
    pub until: Time,
    recording: Option<Recording>,
    options: Options,
}

impl Subject {
    /// Opens a recording, or a scenario.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(path: &Path, options: &Options) -> Result<Subject, InspectError> {
        let recording = if path.is_dir() || is_recording(path) { Some(Recording::open(path)?) } else { None };
        let scenario_path = recording.as_ref().map_or_else(|| path.to_owned(), Recording::scenario);
        let mut scenario = load(&scenario_path).map_err(Failure::from)?;
        let mut until = scenario.duration;
        if let Some(recording) = &recording {
            let manifest = recording.manifest();
            scenario.name.clone_from(&manifest.name);
            scenario.seed = manifest.seed;
            scenario.duration = manifest.duration.time().unwrap_or(recording.until());
            until = recording.until();
        }
        let who = Who::of(&scenario);
        Ok(Subject { path: path.to_owned(), scenario, who, until, recording, options: options.clone() })
    }

    /// The recording, if it is one.
    pub fn recording(&self) -> Option<&Recording> {
        self.recording.as_ref()
    }

    /// The recorded spikes, if all populations that `needs` names are recorded.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn recorded_spikes(&self, needs: impl Fn(usize) -> bool) -> Result<Option<Vec<Spike>>, InspectError> {
        let Some(recording) = &self.recording else { return Ok(None) };
        let populations = &recording.manifest().populations;
        if populations.iter().enumerate().any(|(index, population)| needs(index) && !population.recorded) {
            return Ok(None);
        }
        let spikes: Result<Vec<Spike>, RecordingError> = recording.spikes()?.collect();
        Ok(Some(spikes?))
    }

    /// The network at t = 0, ready to be run again.
    ///
    /// # Errors
    /// It cannot be built.
    pub fn simulation(&self) -> Result<Simulation, InspectError> {
        Ok(prepare(&self.scenario, vec![], &self.options)?)
    }

    /// Runs again up to and including `until`, at most to the end.
    ///
    /// # Errors
    /// The run's.
    pub fn run_up_to(
        &self,
        simulation: &mut Simulation,
        until: Time,
        observer: &mut impl Observer,
    ) -> Result<(), InspectError> {
        let ran = simulation.run(until.next_up().min(self.until), observer);
        Ok(check_run(ran, &self.scenario)?)
    }

    /// Runs again and hands on the events that pass.
    ///
    /// # Errors
    /// The run's.
    pub fn events<S: Sink>(&self, filter: EventFilter, sink: S) -> Result<S, InspectError> {
        let until = filter.until;
        let mut log = EventLog::new(filter, sink);
        let mut simulation = self.simulation()?;
        let ran = simulation.run(until.min(self.until), &mut log);
        check_run(ran, &self.scenario)?;
        Ok(log.finish())
    }
}
