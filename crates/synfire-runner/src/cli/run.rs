//! `synfire run`.

use super::output::{Output, note};
use super::summary::{Measures, summary};
use super::{CliError, Exit, RunArgs};
use crate::event_log::{Header, RunLog, Setup, Who, Writing};
use crate::picture::RasterPicture;
use crate::progress::Progress;
use crate::recording::{self, Ending, Recorder, Settings};
use crate::run::{Failure, Reached, check_run, drive, engine_name, prepare, queue_name};
use crate::scenario::{Scenario, load};
use crate::statistics::Statistics;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use synfire_core::engine::{Options, Simulation};
use synfire_core::events::{DenseTrains, EventFilter, EventKind, EventLog, NeuronSet, TraceNow, enabled};
use synfire_core::observer::Observer;
use synfire_core::{LocalId, PopulationId, Time};

/// All that watches a run.
struct Watchers {
    statistics: Statistics,
    picture: Option<RasterPicture>,
    recorder: Option<Recorder>,
}

impl Observer for Watchers {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        self.statistics.spike(at, population, neuron);
        if let Some(picture) = &mut self.picture {
            picture.spike(at, population, neuron);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.spike(at, population, neuron);
        }
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        if let Some(recorder) = &mut self.recorder {
            recorder.switch(at, population, unit, gain);
        }
    }

    fn sample(&mut self, probe: usize, at: Time, value: f64) {
        if let Some(recorder) = &mut self.recorder {
            recorder.sample(probe, at, value);
        }
    }
}

/// Runs a scenario, records it if asked to, and sums it up.
pub fn run(args: &RunArgs, output: &mut Output) -> Result<Exit, CliError> {
    let interrupted = catch_ctrl_c()?;
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global()?;
    }
    let scenario = load_as_asked(args)?;
    let setup = log_setup(args, &scenario)?;
    let begun = Instant::now();
    let probes = if args.out.is_some() { recording::probes(&scenario) } else { vec![] };
    let mut log = Log::start(setup)?;
    let threads = args.threads.map_or(1, usize::from);
    let mut options = Options { threads, ..args.engine.options() };
    leave_background(&mut options, &scenario, args.out.is_some(), log.filter());
    let mut simulation = prepare(&scenario, probes, &options)?;
    let trains = simulation.dense_trains();
    let redrawn = trains.iter().map(|trains| trains.population);
    let unwatched: Vec<PopulationId> = options.unwatched.iter().copied().chain(redrawn).collect();
    log.redraw(trains);
    let (build_begun, build) = (begun, begun.elapsed());
    let mut watchers = Watchers {
        statistics: Statistics::of(&scenario),
        picture: (!args.quiet).then(|| picture(&scenario, &unwatched)),
        recorder: recorder(args, &scenario, &simulation)?,
    };

    log.phase("build", build_begun, build_begun + build);
    let begun = Instant::now();
    let reached = run_watched(&mut simulation, &scenario, &mut watchers, &mut log, args.quiet, &interrupted)?;
    log.finish()?;
    let counts = simulation.counts();
    let measures = Measures { reached: reached.at, build, run: begun.elapsed(), counts };
    let ending = ending(&reached, &scenario);
    if let Some(recorder) = watchers.recorder {
        let manifest = recorder.finish(&ending, &measures.counts).map_err(Failure::from)?;
        if !manifest.complete {
            let folder = args.out.as_deref().unwrap_or_else(|| "".as_ref());
            note(&format!("{}: a partial recording, up to {} ms", folder.display(), reached.at));
        }
    }
    if let Some(error) = reached.error {
        check_run(Err(error), &scenario)?;
    }
    output.print(&summary(&scenario, &watchers.statistics, &unwatched, &measures))?;
    if let Some(picture) = watchers.picture {
        output.print(&format!("\n{}", picture.draw()))?;
    }
    if reached.at < scenario.duration {
        note(&format!("interrupted at {} of {} ms", reached.at, scenario.duration));
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Done)
}

/// Whether Ctrl-C has been pressed. The second time it ends the program at once.
fn catch_ctrl_c() -> Result<Arc<AtomicBool>, CliError> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
    })?;
    Ok(interrupted)
}

fn load_as_asked(args: &RunArgs) -> Result<Scenario, Failure> {
    let _span = tracing::info_span!("load", file = %args.scenario.display()).entered();
    let mut scenario = load(&args.scenario)?;
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    scenario.duration = args.until.unwrap_or(scenario.duration);
    Ok(scenario)
}

/// Leaves alone the populations of units that spike at random, if nobody asks for their spikes or the log can have them drawn
/// again: dense background is only counted.
fn leave_background(options: &mut Options, scenario: &Scenario, recorded: bool, log: Option<&EventFilter>) {
    for (index, population) in scenario.populations.iter().enumerate() {
        let spec = population.model.spec;
        let is_background = spec.is_source && !spec.has_spike_trains;
        if !is_background || recorded && recording::is_recorded(scenario, index) {
            continue;
        }
        let id = PopulationId(index as u32);
        if !log.is_some_and(|filter| logs_spikes(filter, id, population.size)) {
            options.unwatched.push(id);
        }
        if log.is_some_and(EventFilter::redraws) {
            options.redrawn.push(id);
        }
    }
}

/// Whether the log keeps spikes of a population.
fn logs_spikes(filter: &EventFilter, population: PopulationId, size: usize) -> bool {
    let has_one = |set: &NeuronSet| (0..size as u32).any(|id| set.has(population, LocalId(id)));
    filter.kinds.has(EventKind::Spike)
        && filter.sources.is_none()
        && filter.neurons.as_ref().is_none_or(has_one)
}

fn log_setup(args: &RunArgs, scenario: &Scenario) -> Result<Option<Setup>, CliError> {
    let Some(path) = &args.log else { return Ok(None) };
    let header = Header {
        synfire: env!("CARGO_PKG_VERSION").to_owned(),
        name: scenario.name.clone(),
        seed: scenario.seed,
        filter: args.log_filter.clone().unwrap_or_default(),
        who: Who::of(scenario),
    };
    Ok(Some(Setup::new(path, &header, args.force)?))
}

/// How the thread that runs is called in traces.
const ENGINE_THREAD: &str = "engine";

/// Where the events of the run go.
enum Log {
    /// Nowhere: the run has no code for it.
    Off,
    /// To whoever listens to this program's own log.
    Now(EventLog<TraceNow>),
    /// To a file.
    File(RunLog),
}

impl Log {
    fn start(setup: Option<Setup>) -> Result<Log, CliError> {
        if let Some(setup) = setup {
            return Ok(Log::File(setup.start().map_err(CliError::LogThread)?));
        }
        match enabled() {
            kinds if kinds.is_empty() => Ok(Log::Off),
            kinds => {
                Ok(Log::Now(EventLog::new(EventFilter { kinds, ..EventFilter::ALL }, TraceNow::default())))
            }
        }
    }

    /// What is kept.
    fn filter(&self) -> Option<&EventFilter> {
        match self {
            Log::Off => None,
            Log::Now(events) => Some(events.filter()),
            Log::File(log) => Some(log.events.filter()),
        }
    }

    /// These dense inputs are drawn again by whoever reads.
    fn redraw(&mut self, trains: Vec<DenseTrains>) {
        match self {
            Log::Off => {}
            Log::Now(events) => events.redraw(trains),
            Log::File(log) => log.events.redraw(trains),
        }
    }

    /// A phase of the thread that runs.
    fn phase(&self, name: &str, from: Instant, to: Instant) {
        if let Log::File(log) = self {
            log.writing.phase(ENGINE_THREAD, name, from, to);
        }
    }

    fn finish(self) -> Result<(), CliError> {
        match self {
            Log::Off => {}
            Log::Now(events) => drop(events.finish()),
            Log::File(log) => log.finish()?,
        }
        Ok(())
    }
}

fn picture(scenario: &Scenario, unwatched: &[PopulationId]) -> RasterPicture {
    let populations = scenario.populations.iter().enumerate().map(|(index, population)| {
        let is_drawn = !population.is_rate() && !unwatched.contains(&PopulationId(index as u32));
        is_drawn.then_some((&population.name[..], population.size))
    });
    RasterPicture::new(populations, scenario.duration)
}

fn recorder(
    args: &RunArgs,
    scenario: &Scenario,
    simulation: &Simulation,
) -> Result<Option<Recorder>, Failure> {
    let Some(out) = &args.out else { return Ok(None) };
    let mut formats = args.format.clone();
    formats.sort();
    formats.dedup();
    let settings = Settings {
        queue: queue_name(args.engine.queue).to_owned(),
        engine: engine_name(simulation.engine()).to_owned(),
        formats,
    };
    Ok(Some(Recorder::create(out, scenario, settings, args.force)?))
}

fn run_watched(
    simulation: &mut Simulation,
    scenario: &Scenario,
    watchers: &mut Watchers,
    log: &mut Log,
    quiet: bool,
    interrupted: &AtomicBool,
) -> Result<Reached, CliError> {
    let _span = tracing::info_span!("run", duration = %scenario.duration).entered();
    let mut progress = Progress::new(scenario.duration, quiet);
    let mut written = Ok(());
    let mut goes_on = |simulation: &Simulation, watchers: &mut Watchers, writing: Option<&Writing>| {
        progress.update(simulation.now(), simulation.spikes_so_far());
        let recorded = watchers.recorder.as_mut().map_or(Ok(()), Recorder::check);
        let logged = writing.map_or(Ok(()), Writing::check);
        written = recorded
            .map_err(|error| CliError::from(Failure::from(error)))
            .and(logged.map_err(CliError::from));
        let goes_on = written.is_ok() && !interrupted.load(Ordering::Relaxed);
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let until = scenario.duration;
    // One `drive` each: what is not logged costs nothing.
    let reached = match log {
        Log::Off => {
            drive(simulation, until, watchers, |simulation, watchers| goes_on(simulation, watchers, None))
        }
        Log::Now(events) => drive(simulation, until, &mut (watchers, events), |simulation, (watchers, _)| {
            goes_on(simulation, watchers, None)
        }),
        Log::File(RunLog { events, writing }) => {
            let mut begun = Instant::now();
            drive(simulation, until, &mut (watchers, events), |simulation, (watchers, _)| {
                let now = Instant::now();
                let piece = format!("run to {} ms", simulation.now());
                writing.phase(ENGINE_THREAD, &piece, begun, now);
                begun = now;
                goes_on(simulation, watchers, Some(writing))
            })
        }
    };
    progress.finish();
    written?;
    Ok(reached)
}

fn ending(reached: &Reached, scenario: &Scenario) -> Ending {
    let why = match &reached.error {
        Some(error) => crate::run::describe(error, scenario),
        None if reached.at < scenario.duration => "interrupted".to_owned(),
        None => return Ending::Complete,
    };
    Ending::Early { at: reached.at, why }
}
