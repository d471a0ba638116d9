//! Layers that write: the compact log, JSON lines, and a trace for Perfetto or Chrome.

use super::file::Writer;
use super::line::Line;
use super::who::Who;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, PoisonError};
use synfire_core::events::Told;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// The target of a block of events in one `tracing` event, for sinks that can take many at once.
pub const BLOCK_TARGET: &str = "synfire::event::block";
/// The target of a phase of the program: its name, the thread, when it began and how long it took, microseconds on the clock.
pub const PHASE_TARGET: &str = "synfire::phase";

/// What is being written, and the first thing that went wrong.
#[derive(Debug)]
pub struct Output {
    form: Option<Form>,
    failed: Option<io::Error>,
}

#[derive(Debug)]
enum Form {
    Blocks(Writer<BufWriter<File>>),
    Lines(BufWriter<File>),
    Trace(Trace),
}

impl Output {
    /// The compact log.
    pub fn blocks(writer: Writer<BufWriter<File>>) -> Output {
        Output { form: Some(Form::Blocks(writer)), failed: None }
    }

    /// JSON lines.
    pub fn lines(sink: BufWriter<File>) -> Output {
        Output { form: Some(Form::Lines(sink)), failed: None }
    }

    /// A trace in the format of Chrome's trace viewer, which Perfetto reads, too.
    ///
    /// # Errors
    /// What the sink says.
    pub fn trace(mut sink: BufWriter<File>) -> io::Result<Output> {
        sink.write_all(b"{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n")?;
        let trace = Trace { sink, is_first: true, named: BTreeSet::new(), threads: Vec::new() };
        Ok(Output { form: Some(Form::Trace(trace)), failed: None })
    }

    /// What went wrong, if anything has.
    pub fn take_failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// Ends what is being written.
    ///
    /// # Errors
    /// What the sink says, or said before.
    pub fn finish(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        match self.form.take() {
            None => Ok(()),
            Some(Form::Blocks(writer)) => writer.finish().map(drop),
            Some(Form::Lines(mut sink)) => sink.flush(),
            Some(Form::Trace(mut trace)) => {
                trace.sink.write_all(b"\n]}\n")?;
                trace.sink.flush()
            }
        }
    }

    fn write(&mut self, write: impl FnOnce(&mut Form) -> io::Result<()>) {
        if self.failed.is_none()
            && let Some(form) = &mut self.form
        {
            self.failed = write(form).err();
        }
    }
}

/// Writes what it is told. An error is remembered, and nothing is written after it.
#[derive(Debug)]
pub struct FileLayer {
    /// Where.
    pub output: Arc<Mutex<Output>>,
    /// Who is who.
    pub who: Arc<Who>,
}

impl<S: tracing::Subscriber> Layer<S> for FileLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.write(|form| match form {
            Form::Blocks(writer) => {
                let mut block = BlockFields { writer, summary: Vec::new(), events: 0, result: Ok(()) };
                event.record(&mut block);
                block.result
            }
            Form::Lines(sink) => match Told::of(event) {
                Some(told) => {
                    serde_json::to_writer(&mut *sink, &Line::of(&told, &self.who))?;
                    sink.write_all(b"\n")
                }
                None => Ok(()),
            },
            Form::Trace(trace) => match Told::of(event) {
                Some(told) => trace.told(&told, &self.who),
                None => trace.phase(event, &self.who),
            },
        });
    }
}

/// Writes the block in an event, and the rows that it is the first to need; these, its summary and number come before it.
struct BlockFields<'a> {
    writer: &'a mut Writer<BufWriter<File>>,
    summary: Vec<u8>,
    events: u64,
    result: io::Result<()>,
}

impl Visit for BlockFields<'_> {
    fn record_u64(&mut self, _: &Field, value: u64) {
        self.events = value;
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        match field.name() {
            "summary" => self.summary = value.to_vec(),
            "rows" if value.is_empty() => {}
            "rows" => self.result = self.writer.rows(value),
            _ if self.result.is_ok() => {
                self.result = self.writer.block(value, &self.summary, self.events);
            }
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Populations up to this size have a track for each neuron; a larger one has one for all.
const TRACKS: usize = 256;

/// A trace: a process for each population and one for the engine's windows, in microseconds of simulated time; and one for the
/// program, with a track for each of its threads, in microseconds on the clock.
#[derive(Debug)]
struct Trace {
    sink: BufWriter<File>,
    is_first: bool,
    /// The processes and tracks that have their names.
    named: BTreeSet<(u32, u32)>,
    /// The program's threads, in the order in which they were first told of.
    threads: Vec<String>,
}

impl Trace {
    fn told(&mut self, told: &Told, who: &Who) -> io::Result<()> {
        let line = Line::of(told, who);
        let name = line.event;
        let args = serde_json::to_value(&line)?;
        match told {
            Told::Event(event) => {
                let process = event.population.0 + 2;
                let size =
                    who.populations.get(event.population.index()).map_or(0, |population| population.size);
                let track = if size <= TRACKS { event.neuron.0 + 1 } else { 0 };
                let label = if size <= TRACKS {
                    who.neuron(event.population, event.neuron)
                } else {
                    "all neurons".into()
                };
                self.name(process, track, who.population(event.population), &label)?;
                let ts = event.at.as_ms() * 1000.0;
                self.push(&json!({ "ph": "i", "s": "t", "name": name, "pid": process, "tid": track, "ts": ts, "args": args }))
            }
            Told::Window(from, to) => {
                self.name(1, 1, "engine", "windows, simulated time")?;
                let (ts, dur) = (from.as_ms() * 1000.0, to.since(*from) * 1000.0);
                self.push(&json!({ "ph": "X", "name": name, "pid": 1, "tid": 1, "ts": ts, "dur": dur, "args": args }))
            }
        }
    }

    fn phase(&mut self, event: &tracing::Event<'_>, who: &Who) -> io::Result<()> {
        let mut phase = PhaseFields::default();
        event.record(&mut phase);
        let PhaseFields { name, thread, from_us, us } = phase;
        let place = self.threads.iter().position(|other| *other == thread);
        let place = place.unwrap_or_else(|| {
            self.threads.push(thread.clone());
            self.threads.len() - 1
        });
        let (process, track) = (who.populations.len() as u32 + 2, place as u32 + 1);
        self.name(process, track, "program, on the clock", &thread)?;
        self.push(&json!({ "ph": "X", "name": name, "pid": process, "tid": track, "ts": from_us, "dur": us }))
    }

    /// Gives a process and a track their names, the first time.
    fn name(&mut self, process: u32, track: u32, process_name: &str, track_name: &str) -> io::Result<()> {
        if !self.named.insert((process, track)) {
            return Ok(());
        }
        let names = [("process_name", process_name), ("thread_name", track_name)];
        for (what, name) in names {
            let args = json!({ "name": name });
            self.push(&json!({ "ph": "M", "name": what, "pid": process, "tid": track, "args": args }))?;
        }
        Ok(())
    }

    fn push(&mut self, value: &Value) -> io::Result<()> {
        if !self.is_first {
            self.sink.write_all(b",\n")?;
        }
        self.is_first = false;
        serde_json::to_writer(&mut self.sink, value)?;
        Ok(())
    }
}

#[derive(Default)]
struct PhaseFields {
    name: String,
    thread: String,
    from_us: f64,
    us: f64,
}

impl Visit for PhaseFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "from_us" => self.from_us = value,
            _ => self.us = value,
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "thread" => self.thread = value.to_owned(),
            _ => self.name = value.to_owned(),
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
