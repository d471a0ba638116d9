//! Running a scenario piece by piece: between the pieces there is time for progress, for Ctrl-C, for a full disk.

use crate::build::{BuildError, build};
use crate::formats::FileError;
use crate::plan::{OutOfMemory, Plan, available_memory};
use crate::recording::RecordingError;
use crate::scenario::{LoadError, Scenario};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use synfire_core::engine::{EngineError, EngineKind, Options, Probe, QueueKind, RunError, Simulation};
use synfire_core::group::GroupError;
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// How long a piece should take: short enough for the answer to Ctrl-C, long enough to cost nothing.
const PIECE: Duration = Duration::from_millis(150);
/// The first piece, ms of simulated time; nobody knows yet how busy the network is.
const FIRST_PIECE_MS: f64 = 0.1;
/// The longest piece, ms: a quiet network may become busy in the middle of it.
const LONGEST_PIECE_MS: f64 = 100.0;
/// But no more pieces than this, whatever the time to run.
const MOST_PIECES: f64 = 1e5;
/// The shortest piece: the clock must move.
const LEAST_PIECE_MS: f64 = 1e-6;

/// Why a scenario does not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The scenario cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The network cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The network does not fit into memory.
    #[error(transparent)]
    Memory(#[from] OutOfMemory),
    /// The network cannot be run as asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The run cannot go on.
    #[error("{words}")]
    Run {
        /// Why, with the names of the scenario.
        words: String,
        /// Why.
        source: RunError,
    },
    /// The recording cannot be written or read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A file of expected spikes cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Expected spikes are not of this network.
    #[error("{}: {problem}", path.display())]
    ExpectedSpikes {
        /// The file.
        path: PathBuf,
        /// What was found, and what there is.
        problem: String,
    },
}

/// What kind of failure: each has an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The run went wrong.
    Run,
    /// What was asked for cannot be.
    Input,
    /// Something is larger than the limits allow.
    Limit,
}

impl Failure {
    /// The kind of failure.
    pub fn kind(&self) -> FailureKind {
        match self {
            Failure::Load(LoadError::Problems(problems)) if problems.too_large() => FailureKind::Limit,
            Failure::Build(error) if error.is_limit() => FailureKind::Limit,
            Failure::Memory(_) => FailureKind::Limit,
            Failure::Engine(EngineError::TooManyNeurons(_)) => FailureKind::Limit,
            Failure::Recording(error) if !error.is_input() => FailureKind::Run,
            Failure::Run { .. } => FailureKind::Run,
            _ => FailureKind::Input,
        }
    }
}

/// Builds a scenario's network, ready to run; one that does not fit into memory is refused before.
///
/// # Errors
/// The network cannot be built, or not be run as asked.
pub fn prepare(scenario: &Scenario, probes: Vec<Probe>, options: &Options) -> Result<Simulation, Failure> {
    let _span = tracing::info_span!("build", scenario = scenario.name).entered();
    let plan = Plan::of(scenario)?;
    if let Some(available) = available_memory() {
        plan.check_memory(available)?;
    }
    let network = build(scenario)?;
    Ok(Simulation::new(network, probes, options)?)
}

/// Puts the names of the scenario into what a run says.
///
/// # Errors
/// The run's.
pub fn check_run(ran: Result<(), RunError>, scenario: &Scenario) -> Result<(), Failure> {
    ran.map_err(|source| Failure::Run { words: describe(&source, scenario), source })
}

/// How far a run came.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// All that happens before this time has been told to the observer. It is the end asked for, unless `between` broke
    /// the run off or it failed.
    pub at: Time,
    /// Why the run could not go on.
    pub error: Option<RunError>,
}

/// Runs up to `until` and asks `between` after every piece whether to go on. The pieces change no bit.
pub fn drive<O: Observer>(
    simulation: &mut Simulation,
    until: Time,
    observer: &mut O,
    mut between: impl FnMut(&Simulation, &mut O) -> ControlFlow<()>,
) -> Reached {
    let mut at = Time::ZERO;
    let mut piece_ms = FIRST_PIECE_MS;
    let longest_ms = LONGEST_PIECE_MS.max(until.as_ms() / MOST_PIECES);
    while at < until {
        let end = at.after(piece_ms).min(until);
        let begun = Instant::now();
        if let Err(error) = simulation.run(end, observer) {
            return Reached { at, error: Some(error) };
        }
        at = end;
        if between(simulation, observer).is_break() {
            break;
        }
        let ratio = PIECE.as_secs_f64() / begun.elapsed().as_secs_f64().max(1e-9);
        piece_ms = (piece_ms * ratio.clamp(0.25, 4.0)).clamp(LEAST_PIECE_MS, longest_ms);
    }
    Reached { at, error: None }
}

/// The names of queues on the command line.
pub const QUEUES: [(&str, QueueKind); 4] = [
    ("tree", QueueKind::MinTree),
    ("heap", QueueKind::IndexedHeap),
    ("priority-queue", QueueKind::PriorityQueue),
    ("scan", QueueKind::Scan),
];

/// The names of engines on the command line.
pub const ENGINES: [(&str, EngineKind); 2] =
    [("queue", EngineKind::Queue), ("lookahead", EngineKind::Lookahead)];

/// The name of a queue on the command line.
pub fn queue_name(kind: QueueKind) -> &'static str {
    QUEUES.iter().find(|(_, queue)| *queue == kind).map_or("?", |(name, _)| name)
}

/// The name of an engine on the command line.
pub fn engine_name(kind: EngineKind) -> &'static str {
    ENGINES.iter().find(|(_, engine)| *engine == kind).map_or("?", |(name, _)| name)
}

/// A neuron or rate unit as messages name it: `neuron 3 of "cells"`.
pub fn neuron_name(scenario: &Scenario, population: PopulationId, neuron: LocalId) -> String {
    let name = scenario.populations.get(population.index()).map_or("?", |population| &population.name);
    format!("{} {} of \"{name}\"", unit_word(scenario, population.index()), neuron.0)
}

/// What the members of a population are called.
pub fn unit_word(scenario: &Scenario, population: usize) -> &'static str {
    let is_rate = scenario.populations.get(population).is_some_and(|population| population.is_rate());
    if is_rate { "unit" } else { "neuron" }
}

/// Why a run could not go on, with the names of the scenario.
pub fn describe(error: &RunError, scenario: &Scenario) -> String {
    match error {
        RunError::EndlessInstant { at, neurons } => {
            let names: Vec<String> = neurons.iter().map(|&(p, n)| neuron_name(scenario, p, n)).collect();
            format!("more than a million generations of spikes at {at} ms; in the loop: {}", names.join(", "))
        }
        RunError::Group { population, error: GroupError::Endless { neuron, at } } => {
            format!("{} spikes without end at {at} ms", neuron_name(scenario, *population, *neuron))
        }
        other => other.to_string(),
    }
}
