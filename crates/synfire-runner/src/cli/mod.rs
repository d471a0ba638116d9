//! The command line.

mod analyse;
mod check;
mod import;
mod inspect;
mod models;
mod output;
mod plot;
mod replay;
mod run;
mod summary;
mod table;
mod view;

use crate::plot::{Selection, View};
use crate::recording::Format;
use crate::run::{ENGINES, Failure, FailureKind, QUEUES};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use output::{Output, OutputError};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use synfire_core::engine::{EngineKind, Options, QueueKind};

/// How the command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Done = 0,
    RunFailed = 1,
    BadInput = 2,
    LimitExceeded = 3,
    Mismatch = 4,
    Interrupted = 130,
}

impl From<FailureKind> for Exit {
    fn from(kind: FailureKind) -> Exit {
        match kind {
            FailureKind::Run => Exit::RunFailed,
            FailureKind::Input => Exit::BadInput,
            FailureKind::Limit => Exit::LimitExceeded,
        }
    }
}

const FORMATS: [(&str, Format); 3] = [("csv", Format::Csv), ("npy", Format::Npy), ("sonata", Format::Sonata)];

const EXIT_CODES: &str = "Exit codes:
  0    done
  1    the run failed
  2    bad usage, or a scenario with problems
  3    a limit is exceeded
  4    replay: something else came out; inspect diff: the recordings differ
  130  interrupted

SYNFIRE_LOG=info (or debug, or a filter like synfire_runner=debug) logs to standard error.";

/// Event-driven simulation of spiking neural networks with exact spike times.
#[derive(Debug, Parser)]
#[command(name = "synfire", bin_name = "synfire", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario
    Run(RunArgs),
    /// Run recorded networks again and compare, spike by spike
    Replay(ReplayArgs),
    /// Look inside a run: spikes, events, why a neuron spiked or did not, where two runs part
    Inspect(InspectCommand),
    /// Show all problems of a scenario, or what running it would take
    Check(CheckArgs),
    /// Show the neuron models: equations, parameters, units, defaults, ranges
    Models(ModelsArgs),
    /// Print the JSON schema of scenarios, for editors
    Schema,
    /// Make a scenario of another tool's files
    Import(ImportArgs),
    /// Draw a recording: raster, rates, traces, distributions
    Plot(PlotArgs),
    /// Make a page to look into a recording: zoom, find neurons, see what led to a spike
    View(ViewArgs),
    /// Say what a piecewise-linear neuron does: rests, cycle, onset, rates, phase response
    Analyse(AnalyseArgs),
    /// Make a smooth neuron piecewise linear and say how far its spikes move
    Linearise(LineariseArgs),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("written").args(["out", "log"]).multiple(true))]
struct RunArgs {
    /// The scenario
    scenario: PathBuf,
    /// Record into this folder; a scenario that does not say what to record has all its spikes recorded
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the spikes in these formats, too
    #[arg(long, value_name = "FORMAT", value_parser = named(&FORMATS), value_delimiter = ',', requires = "out")]
    format: Vec<Format>,
    /// Log what happens inside the run: compact (FILE.synlog), as lines of JSON (FILE.jsonl) or as a trace for Perfetto
    /// (FILE.json)
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Log only this: terms like kind=spike,arrival neuron=cells:0-9 source=drive from=10 until=20, all of which must hold
    #[arg(long, value_name = "TERMS", requires = "log")]
    log_filter: Option<String>,
    /// Replace a recording or a log that is there
    #[arg(long, requires = "written")]
    force: bool,
    /// Simulated time, ms, instead of the scenario's duration
    #[arg(long, value_name = "MS", allow_negative_numbers = true, value_parser = parse_until)]
    until: Option<synfire_core::Time>,
    /// Seed, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads; they change no bit. If left out, all processors build the network and one runs it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    #[command(flatten)]
    engine: EngineArgs,
    /// No progress, no raster
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// Scenarios with `expect`, recordings, and folders to search for them
    #[arg(required = true, value_name = "FILE_OR_DIR")]
    paths: Vec<PathBuf>,
    /// Go on after a case that failed
    #[arg(long)]
    keep_going: bool,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Debug, Args)]
struct EngineArgs {
    /// The queue; all give the same bits
    #[arg(long, value_name = "NAME", value_parser = named(&QUEUES), default_value = "tree")]
    queue: QueueKind,
    /// The engine; both give the same bits. By default the delays decide
    #[arg(long, value_name = "NAME", value_parser = named(&ENGINES))]
    engine: Option<EngineKind>,
}

impl EngineArgs {
    fn options(&self) -> Options {
        Options { queue: self.queue, engine: self.engine, ..Options::default() }
    }
}

#[derive(Debug, Args)]
struct InspectCommand {
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    args: inspect::InspectArgs,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// The scenario
    scenario: PathBuf,
}

#[derive(Debug, Args)]
struct ModelsArgs {
    /// Only this model
    #[arg(value_parser = models::names())]
    name: Option<String>,
}

#[derive(Debug, Args)]
struct ImportArgs {
    #[command(subcommand)]
    from: ImportFrom,
}

#[derive(Debug, Args)]
struct AnalyseArgs {
    /// The scenario
    scenario: PathBuf,
    /// The population; the first one that will do if left out
    #[arg(long, value_name = "NAME")]
    population: Option<String>,
    /// The neuron
    #[arg(long, value_name = "ID", default_value_t = 0)]
    neuron: usize,
    /// Constant currents between which rates and the onset are wanted; by default 1 to both sides of `i_e`
    #[arg(long, value_name = "LOW,HIGH", allow_hyphen_values = true, value_parser = parse_interval)]
    currents: Option<(f64, f64)>,
    /// At how many currents and phases; some more currents are looked at where firing begins and ends
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    points: u16,
    /// Draw phase plane, rates and phase response: .svg or .png, or both
    #[arg(long, value_name = "FILE", value_delimiter = ',')]
    out: Vec<PathBuf>,
    /// Print all numbers as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct LineariseArgs {
    /// The scenario
    scenario: PathBuf,
    /// The population; the first one that will do if left out
    #[arg(long, value_name = "NAME")]
    population: Option<String>,
    /// The neuron
    #[arg(long, value_name = "ID", default_value_t = 0)]
    neuron: usize,
    /// Numbers of pieces
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [2, 4, 8, 16, 32],
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pieces: Vec<u16>,
    /// The interval of v in which f is approximated; beyond it the outer pieces go on. By default from reset (or the
    /// start, if that is lower) to threshold, for exponentials to v_t + 6 delta_t, for cubic nullclines from -2.2 to 2.2
    #[arg(long, value_name = "LOW,HIGH", allow_hyphen_values = true, value_parser = parse_interval)]
    range: Option<(f64, f64)>,
    /// Write a scenario in which the neuron and its piecewise-linear ones run side by side
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print all numbers and the neurons as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum ImportFrom {
    /// From a SONATA simulation of point neurons
    Sonata {
        /// The configuration: of a simulation, or the one that names it and its circuit
        config: PathBuf,
        /// The folder for the scenario and its files
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
struct PlotArgs {
    /// The recording
    recording: PathBuf,
    /// The picture, .svg or .png; may be given more than once. By default an SVG beside the recording
    #[arg(long, value_name = "FILE")]
    out: Vec<PathBuf>,
    /// What to show. By default raster, gain switches, rates and what traces there are
    #[arg(long, value_name = "VIEW", value_parser = named(&View::ALL), value_delimiter = ',')]
    show: Vec<View>,
    /// Only these populations
    #[arg(long = "population", value_name = "NAME")]
    populations: Vec<String>,
    /// Only these neurons of each population
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    neurons: Vec<u32>,
    /// From when on, ms
    #[arg(long, value_name = "MS")]
    from: Option<f64>,
    /// Until when, ms
    #[arg(long, value_name = "MS")]
    until: Option<f64>,
}

#[derive(Debug, Args)]
struct ViewArgs {
    /// The recording
    recording: PathBuf,
    /// The page. By default beside the recording
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A file beside a recording, with the recording's name and another ending.
fn beside(recording: &std::path::Path, ending: &str) -> PathBuf {
    let folder = std::path::absolute(recording).unwrap_or_else(|_| recording.to_owned());
    let mut name = folder.file_name().unwrap_or("recording".as_ref()).to_owned();
    name.push(ending);
    recording.components().collect::<PathBuf>().with_file_name(name)
}

impl PlotArgs {
    fn selection(&self) -> Selection {
        Selection {
            populations: self.populations.clone(),
            neurons: self.neurons.clone(),
            from_ms: self.from,
            until_ms: self.until,
        }
    }
}

/// Reads one of a few names.
fn named<T: Copy + Send + Sync>(kinds: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(kinds.iter().map(|(name, _)| *name)).try_map(move |found| {
        let kind = kinds.iter().find(|(name, _)| *name == found);
        kind.map(|(_, kind)| *kind).ok_or("unknown")
    })
}

fn parse_until(text: &str) -> Result<synfire_core::Time, String> {
    let number = || text.parse().ok().and_then(synfire_core::Time::from_ms);
    let time = crate::scenario::time_of_digits(text).or_else(number);
    time.ok_or_else(|| "expected a time in ms, at least 0".to_owned())
}

fn parse_interval(text: &str) -> Result<(f64, f64), String> {
    let numbers: Option<Vec<f64>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[low, high]) if low.is_finite() && high.is_finite() && low < high => Ok((low, high)),
        _ => Err("expected two finite numbers LOW,HIGH, the first below the second".to_owned()),
    }
}

/// Why the command does not come to its end.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Failure(#[from] Failure),
    #[error(transparent)]
    Cases(#[from] crate::replay::CasesError),
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    #[error(transparent)]
    Inspect(#[from] crate::inspect::InspectError),
    #[error(transparent)]
    Plot(#[from] crate::plot::PlotError),
    #[error(transparent)]
    Selection(#[from] crate::plot::SelectionError),
    #[error(transparent)]
    View(#[from] crate::view::ViewError),
    #[error(transparent)]
    Subject(#[from] crate::analyse::SubjectError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("the threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error("Ctrl-C cannot be caught: {0}")]
    CtrlC(#[from] ctrlc::Error),
    #[error(transparent)]
    EventLog(#[from] crate::event_log::SetupError),
    #[error("the log's thread cannot be started: {0}")]
    LogThread(std::io::Error),
    #[error("SYNFIRE_LOG: {0}")]
    Log(#[from] tracing_subscriber::filter::FromEnvError),
}

impl CliError {
    fn exit(&self) -> Exit {
        match self {
            CliError::Failure(failure) => failure.kind().into(),
            CliError::Inspect(crate::inspect::InspectError::Failure(failure)) => failure.kind().into(),
            CliError::Inspect(_) => Exit::BadInput,
            CliError::EventLog(error) if error.is_input() => Exit::BadInput,
            CliError::Output(_) | CliError::Threads(_) | CliError::CtrlC(_) => Exit::RunFailed,
            CliError::Plot(crate::plot::PlotError::Write { .. }) => Exit::RunFailed,
            CliError::View(crate::view::ViewError::Write { .. }) => Exit::RunFailed,
            CliError::Plot(_) | CliError::Selection(_) | CliError::View(_) => Exit::BadInput,
            CliError::EventLog(_) | CliError::LogThread(_) => Exit::RunFailed,
            CliError::Subject(crate::analyse::SubjectError::Write { .. }) => Exit::RunFailed,
            CliError::Cases(_) | CliError::Import(_) | CliError::Subject(_) | CliError::Log(_) => {
                Exit::BadInput
            }
        }
    }
}

/// Runs the command with these arguments, the program's name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let exit = match Cli::try_parse_from(args) {
        Ok(cli) => start_log().and_then(|()| run(cli.command)).unwrap_or_else(|error| {
            output::report(&error);
            error.exit()
        }),
        Err(error) => {
            // Help and version go to standard output, where nobody may be reading.
            let _ = error.print();
            if error.use_stderr() { Exit::BadInput } else { Exit::Done }
        }
    };
    ExitCode::from(exit as u8)
}

fn run(command: Command) -> Result<Exit, CliError> {
    let mut output = Output::default();
    match command {
        Command::Run(args) => run::run(&args, &mut output),
        Command::Replay(args) => replay::replay(&args, &mut output),
        Command::Inspect(command) => inspect::inspect(&command.args, &command.engine, &mut output),
        Command::Check(args) => check::check(&args, &mut output),
        Command::Models(args) => models::models(args.name.as_deref(), &mut output),
        Command::Schema => check::schema(&mut output),
        Command::Import(args) => import::import(&args.from, &mut output),
        Command::Plot(args) => plot::plot(&args, &mut output),
        Command::View(args) => view::view(&args, &mut output),
        Command::Analyse(args) => analyse::analyse_neuron(&args, &mut output),
        Command::Linearise(args) => analyse::linearise_neuron(&args, &mut output),
    }
}

/// The log goes to standard error, filtered by SYNFIRE_LOG; without it there is none.
fn start_log() -> Result<(), CliError> {
    use tracing_subscriber::fmt::format::FmtSpan;
    let variable = "SYNFIRE_LOG";
    if std::env::var_os(variable).is_none() {
        return Ok(());
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env(variable)?;
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    // A second log in one process would be a test's; the first one stays.
    let _ = log.with_span_events(FmtSpan::CLOSE).try_init();
    Ok(())
}
