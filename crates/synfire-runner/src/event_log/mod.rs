//! The event log of a run: what `synfire run --log FILE` writes, and how it is read back.
//!
//! The run hands batches of events to a thread of their own, over a channel that holds a few: when the thread falls behind,
//! the run waits, so nothing is lost. The thread brings each batch into order and makes `tracing` events of it, one each for
//! layers that want them one by one ([`synfire_core::events`]), and one a block ([`layers::BLOCK_TARGET`]) for the compact log,
//! which could not keep up otherwise. What a filter does not let through is not even collected.

pub mod block;
pub mod file;
pub mod filter;
pub mod layers;
pub mod line;
pub mod who;

pub use file::{Header, Log, LogError, is_log};
pub use filter::{FilterError, FilterText};
pub use line::Line;
pub use who::{Unknown, Who};

use block::Encoder;
use layers::{BLOCK_TARGET, FileLayer, Output, PHASE_TARGET};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use synfire_core::events::{
    Batch, Event, EventFilter, EventLog, Glossary, Kinds, Sink, Together, Visitor, Window, enabled, trace,
    trace_window,
};
use tracing::{Dispatch, Level, Metadata, dispatcher};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

/// The name of the thread that writes.
const THREAD: &str = "event log";

/// Batches that may wait for the thread.
const WAITING: usize = 8;

/// What a log file looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// `.synlog`: compact, with checksums and an index.
    Blocks,
    /// `.jsonl`: one JSON object a line.
    Lines,
    /// `.json`: a trace for Perfetto or Chrome.
    Trace,
}

impl LogForm {
    /// The form that a file's name asks for.
    pub fn of(path: &Path) -> Option<LogForm> {
        match path.extension()?.to_str()? {
            "synlog" => Some(LogForm::Blocks),
            "jsonl" => Some(LogForm::Lines),
            "json" => Some(LogForm::Trace),
            _ => None,
        }
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The name does not say what to write.
    #[error("{}: expected a name that ends with .synlog (compact), .jsonl (lines of JSON) or .json (a trace for Perfetto)", .0.display())]
    Form(PathBuf),
    /// There is such a file.
    #[error("{}: is there already; --force replaces it", .0.display())]
    Exists(PathBuf),
    /// The filter cannot be understood.
    #[error("--log-filter: {0}")]
    Filter(#[from] FilterError),
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SetupError {
    /// True if what was asked for is wrong, rather than the disk failing.
    pub fn is_input(&self) -> bool {
        !matches!(self, SetupError::Io { .. })
    }
}

/// A log to be: the file is there, nothing is written yet.
#[derive(Debug)]
pub struct Setup {
    /// The file.
    pub path: PathBuf,
    /// What is kept.
    pub filter: EventFilter,
    output: Arc<Mutex<Output>>,
    dispatch: Dispatch,
    who: Arc<Who>,
    clock: Instant,
}

impl Setup {
    /// Begins a file.
    ///
    /// # Errors
    /// A name that says nothing, a filter that cannot be understood, a file that is there or cannot be written.
    pub fn new(path: &Path, header: &Header, force: bool) -> Result<Setup, SetupError> {
        let form = LogForm::of(path).ok_or_else(|| SetupError::Form(path.to_owned()))?;
        let filter = FilterText::parse(&header.filter)?.filter(&header.who)?;
        let failed = |source| SetupError::Io { path: path.to_owned(), source };
        let file = create(path, force)?;
        let sink = BufWriter::with_capacity(1 << 18, file);
        let output = match form {
            LogForm::Blocks => file::Writer::new(sink, header).map(Output::blocks),
            LogForm::Lines => Ok(Output::lines(sink)),
            LogForm::Trace => Output::trace(sink),
        };
        let output = Arc::new(Mutex::new(output.map_err(failed)?));
        let who = Arc::new(header.who.clone());
        let layer = FileLayer { output: Arc::clone(&output), who: Arc::clone(&who) };
        let is_ours = move |metadata: &Metadata<'_>| {
            let target = metadata.target();
            let is_block = target == BLOCK_TARGET;
            match form {
                LogForm::Blocks => is_block,
                LogForm::Lines => target.starts_with("synfire::event::") && !is_block,
                LogForm::Trace => {
                    target.starts_with("synfire::event::") && !is_block || target == PHASE_TARGET
                }
            }
        };
        let layers = Registry::default().with(layer.with_filter(filter_fn(is_ours)));
        Ok(Setup {
            path: path.to_owned(),
            filter,
            output,
            dispatch: Dispatch::new(layers),
            who,
            clock: Instant::now(),
        })
    }

    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(self) -> io::Result<RunLog> {
        let Setup { path, filter, output, dispatch, who, clock } = self;
        let (to_thread, batches) = sync_channel(WAITING);
        let (empties, from_thread) = channel();
        let blocks = dispatcher::with_default(&dispatch, wants_blocks);
        let kinds = if blocks { Kinds::ALL } else { dispatcher::with_default(&dispatch, enabled) };
        let filter = EventFilter { kinds: filter.kinds.and(kinds), ..filter };
        let worker = {
            let dispatch = dispatch.clone();
            let encoder = blocks.then(|| Encoder::new(&who.sizes()));
            let mut thread =
                LogThread { encoder, glossary: Glossary::default(), singles: Kinds::NONE, clock };
            move || dispatcher::with_default(&dispatch, || thread.run(&batches, &empties))
        };
        let handle = std::thread::Builder::new().name(THREAD.to_owned()).spawn(worker)?;
        let sender = Sender { to_thread, from_thread };
        let writing = Writing { handle, output, dispatch, path, clock };
        Ok(RunLog { events: EventLog::new(filter, sender), writing })
    }
}

fn create(path: &Path, force: bool) -> Result<File, SetupError> {
    let failed = |source: io::Error| SetupError::Io { path: path.to_owned(), source };
    if force && path.exists() {
        fs::remove_file(path).map_err(failed)?;
    }
    OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => SetupError::Exists(path.to_owned()),
        _ => failed(error),
    })
}

fn wants_blocks() -> bool {
    tracing::enabled!(target: "synfire::event::block", Level::TRACE)
}

/// Hands batches to the thread; waits while it is behind.
#[derive(Debug)]
pub struct Sender {
    to_thread: SyncSender<Batch>,
    from_thread: Receiver<Batch>,
}

impl Sink for Sender {
    fn take(&mut self, batch: &mut Batch) {
        let empty = self.from_thread.try_recv().unwrap_or_default();
        // A thread that has ended has panicked, and `RunLog::finish` will say so.
        let _ = self.to_thread.send(std::mem::replace(batch, empty));
    }
}

/// What the thread does with batches.
struct LogThread {
    /// For those who take blocks.
    encoder: Option<Encoder>,
    /// What all batches refer to.
    glossary: Glossary,
    /// The kinds that somebody takes one by one.
    singles: Kinds,
    /// When the program's clock began.
    clock: Instant,
}

impl LogThread {
    fn run(&mut self, batches: &Receiver<Batch>, empties: &std::sync::mpsc::Sender<Batch>) {
        self.singles = enabled();
        while let Ok(mut batch) = batches.recv() {
            let begun = Instant::now();
            batch.sort(&mut self.glossary);
            if !self.singles.is_empty() {
                batch.for_each(&self.glossary, trace, trace_window);
            }
            if let Some(encoder) = &mut self.encoder {
                encoder.add_trains(self.glossary.trains());
                batch.show(&self.glossary, &mut Encoding(encoder));
            }
            batch.clear();
            tell_phase(self.clock, THREAD, "write", begun, Instant::now());
            // Nobody has to take it back.
            let _ = empties.send(batch);
        }
        if let Some(encoder) = &mut self.encoder
            && !encoder.is_empty()
        {
            tell_block(encoder);
        }
    }
}

/// Encodes what it is shown, block by block.
struct Encoding<'a>(&'a mut Encoder);

impl Encoding<'_> {
    #[inline]
    fn tell_if_full(&mut self) {
        if self.0.is_full() {
            tell_block(self.0);
        }
    }
}

impl Visitor for Encoding<'_> {
    fn event(&mut self, event: &Event) {
        self.0.event(event);
        self.tell_if_full();
    }

    fn together(&mut self, arrivals: &Together<'_>) {
        self.0.together(arrivals);
        self.tell_if_full();
    }

    fn begin(&mut self, window: &Window) -> bool {
        // Dense input is drawn up to the end of a block: no window goes on in the next.
        self.0.end_redrawn();
        self.tell_if_full();
        if let Some((from, to)) = window.redrawn {
            self.0.redrawn(from, to);
        }
        true
    }

    fn window(&mut self, window: &Window) {
        self.0.window(window.from, window.to);
    }
}

/// Tells of a phase of the program.
fn tell_phase(clock: Instant, thread: &str, name: &str, from: Instant, to: Instant) {
    let us = |span: Duration| span.as_secs_f64() * 1e6;
    let (from_us, us) = (us(from.saturating_duration_since(clock)), us(to.saturating_duration_since(from)));
    tracing::trace!(target: "synfire::phase", name, thread, from_us, us);
}

fn tell_block(encoder: &mut Encoder) {
    let summary = encoder.close();
    let events = u64::from(summary.events);
    let summary = summary.encode();
    let rows = encoder.new_rows();
    tracing::trace!(
        target: "synfire::event::block",
        events,
        rows,
        summary = &summary[..],
        block = encoder.bytes()
    );
    encoder.clear();
}

/// The log of a run.
#[derive(Debug)]
pub struct RunLog {
    /// The observer.
    pub events: EventLog<Sender>,
    /// The other end, to be asked now and then whether it can still write.
    pub writing: Writing,
}

/// What writes a log.
#[derive(Debug)]
pub struct Writing {
    handle: JoinHandle<()>,
    output: Arc<Mutex<Output>>,
    dispatch: Dispatch,
    path: PathBuf,
    clock: Instant,
}

impl RunLog {
    /// Ends the log.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn finish(self) -> Result<(), SetupError> {
        drop(self.events.finish());
        self.writing.finish()
    }
}

impl Writing {
    /// Whether everything could be written so far.
    ///
    /// # Errors
    /// The first thing that could not.
    pub fn check(&self) -> Result<(), SetupError> {
        let failure = self.output.lock().unwrap_or_else(PoisonError::into_inner).take_failure();
        failure.map_or(Ok(()), |source| Err(self.failed(source)))
    }

    /// Tells of a phase of the program on a thread: from when to when it took.
    pub fn phase(&self, thread: &str, name: &str, from: Instant, to: Instant) {
        dispatcher::with_default(&self.dispatch, || tell_phase(self.clock, thread, name, from, to));
    }

    /// Waits for the thread, which ends when the observer has.
    fn finish(self) -> Result<(), SetupError> {
        let Writing { handle, output, dispatch, path, clock: _ } = self;
        let failed = |source| SetupError::Io { path: path.clone(), source };
        handle.join().map_err(|_| failed(io::Error::other("the log's thread has panicked")))?;
        drop(dispatch);
        output.lock().unwrap_or_else(PoisonError::into_inner).finish().map_err(failed)
    }

    fn failed(&self, source: io::Error) -> SetupError {
        SetupError::Io { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests;
