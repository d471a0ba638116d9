//! `synfire inspect`.

mod show;
mod tree;

use super::output::Output;
use super::{CliError, EngineArgs, Exit};
use crate::event_log::who::instant;
use crate::event_log::{FilterText, Line, Log, Who, is_log};
use crate::inspect::{self, InspectError, Settings, Subject, find_spike};
use crate::recording::Spike;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use synfire_core::Time;
use synfire_core::events::{Batch, EventFilter, EventKind, Glossary, Kinds, Sink, Told};

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A recording; or a scenario, which is run for it; or an event log (events, spikes and between only)
    #[arg(value_name = "RECORDING")]
    subject: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Spikes
    Spikes {
        #[command(flatten)]
        only: Only,
        #[command(flatten)]
        show: Show,
    },
    /// Everything that happens: spikes, arrivals, crossings predicted and retracted, ends of refractory times, ...
    Events {
        /// Only these kinds: spike,arrival,predicted,retracted,confirmed,checkpoint,refractory_end,stimulus,window,switch
        #[arg(long, value_name = "KINDS")]
        kind: Option<String>,
        /// Only arrivals from these neurons
        #[arg(long, value_name = "NEURONS")]
        source: Option<String>,
        #[command(flatten)]
        only: Only,
        #[command(flatten)]
        show: Show,
    },
    /// One neuron: its parameters, its spikes, what reached it
    Neuron {
        /// The neuron, like cells:3; or 3, where that can only mean one
        neuron: String,
        #[command(flatten)]
        show: Show,
    },
    /// Everything that happens from one time to before another, ms
    Between {
        /// From when on, ms
        from: String,
        /// Before when, ms
        until: String,
        /// Only these kinds
        #[arg(long, value_name = "KINDS")]
        kind: Option<String>,
        /// Only these neurons, like cells:0-9,drive
        #[arg(long, value_name = "NEURONS")]
        neuron: Option<String>,
        #[command(flatten)]
        show: Show,
    },
    /// Why a neuron spiked: what reached it since its last reset, and how much each arrival moved it
    Why {
        /// The neuron, like cells:3; or 3, where that can only mean one
        neuron: String,
        /// The time of its spike, ms, in as many digits as it takes
        time: String,
        /// Explain the spikes from which the arrivals came, too, and so on: how many generations
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
        depth: u32,
        #[command(flatten)]
        causes: Causes,
    },
    /// Why a neuron did not spike: how near it came, and what held it back
    WhyNot {
        /// The neuron, like cells:3; or 3, where that can only mean one
        neuron: String,
        /// The time, ms
        time: String,
        #[command(flatten)]
        causes: Causes,
    },
    /// Where another recording parts from this one: the first difference, its causes, how it spreads
    Diff {
        /// The other recording, or scenario
        other: PathBuf,
        #[command(flatten)]
        causes: Causes,
    },
}

#[derive(Debug, Args)]
struct Only {
    /// Only these neurons, like cells:0-9,drive
    #[arg(long, value_name = "NEURONS")]
    neuron: Option<String>,
    /// From when on, ms
    #[arg(long, value_name = "MS")]
    from: Option<String>,
    /// Before when, ms
    #[arg(long, value_name = "MS")]
    until: Option<String>,
}

#[derive(Debug, Args)]
struct Show {
    /// Show so many, 0 for all; by default 40 in a table, all as JSON
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Causes {
    /// Tell so many arrivals of each spike, those that moved it most
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Lines of a table that are shown unless asked otherwise.
const SHOWN: u64 = 40;

impl Show {
    fn limit(&self) -> u64 {
        match self.limit {
            Some(0) => u64::MAX,
            Some(limit) => limit,
            None if self.json => u64::MAX,
            None => SHOWN,
        }
    }
}

/// Looks into a recording.
pub(super) fn inspect(
    args: &InspectArgs,
    engine: &EngineArgs,
    output: &mut Output,
) -> Result<Exit, CliError> {
    let open = |path| Subject::open(path, &engine.options());
    if is_log(&args.subject) {
        return inspect_log(args, output);
    }
    let subject = open(&args.subject)?;
    match &args.what {
        What::Spikes { only, show } => spikes(&subject, only, show, output)?,
        What::Events { kind, source, only, show } => {
            let filter = text(kind, &only.neuron, source, &only.from, &only.until)
                .filter(&subject.who)
                .map_err(InspectError::from)?;
            let mut lines = Lines::new(&subject.who, show, output);
            subject.events(filter, Each::new(|told: &Told| lines.tell(told)))?;
            lines.finish()?;
        }
        What::Between { from, until, kind, neuron, show } => {
            let (from, until) = (Some(from.clone()), Some(until.clone()));
            let filter =
                text(kind, neuron, &None, &from, &until).filter(&subject.who).map_err(InspectError::from)?;
            let mut lines = Lines::new(&subject.who, show, output);
            subject.events(filter, Each::new(|told: &Told| lines.tell(told)))?;
            lines.finish()?;
        }
        What::Neuron { neuron, show } => {
            let neuron = subject.who.find_neuron(neuron).map_err(InspectError::from)?;
            let told = inspect::biography(&subject, neuron)?;
            output.print(&if show.json { json(&told) } else { show::biography(&told, show.limit()) })?;
        }
        What::Why { neuron, time, depth, causes } => {
            let neuron = subject.who.find_neuron(neuron).map_err(InspectError::from)?;
            let spike = spike_named(&subject, neuron, time)?;
            let settings = Settings { depth: *depth, top: causes.top };
            for why in inspect::causes(&subject, &[(neuron, spike)], settings)? {
                output.print(&if causes.json { json(&why) } else { tree::why(&why) })?;
            }
        }
        What::WhyNot { neuron, time, causes } => {
            let neuron = subject.who.find_neuron(neuron).map_err(InspectError::from)?;
            let at = within(&subject, time)?;
            let quiet = inspect::why_not(&subject, neuron, at, causes.top)?;
            output.print(&if causes.json { json(&quiet) } else { tree::why_not(&quiet) })?;
        }
        What::Diff { other, causes } => {
            let difference = inspect::differ(&subject, &open(other)?, causes.top)?;
            output.print(&if causes.json { json(&difference) } else { tree::difference(&difference) })?;
            if difference.first.is_some() {
                return Ok(Exit::Mismatch);
            }
        }
    }
    Ok(Exit::Done)
}

/// Looks into an event log.
fn inspect_log(args: &InspectArgs, output: &mut Output) -> Result<Exit, CliError> {
    let mut log = Log::open(&args.subject).map_err(InspectError::from)?;
    let (parts, show) = match &args.what {
        What::Spikes { only, show } => {
            (text(&Some("spike".into()), &only.neuron, &None, &only.from, &only.until), show)
        }
        What::Events { kind, source, only, show } => {
            (text(kind, &only.neuron, source, &only.from, &only.until), show)
        }
        What::Between { from, until, kind, neuron, show } => {
            (text(kind, neuron, &None, &Some(from.clone()), &Some(until.clone())), show)
        }
        What::Neuron { neuron, show } => (text(&None, &Some(neuron.clone()), &None, &None, &None), show),
        What::Why { .. } | What::WhyNot { .. } | What::Diff { .. } => {
            let what = "is an event log; ask the recording, or the scenario, which need no log";
            return Err(InspectError::Not(format!("{}: {what}", args.subject.display())).into());
        }
    };
    if !log.is_whole {
        super::output::note(&format!(
            "{}: the log was cut off; this is what had been written",
            args.subject.display()
        ));
    }
    let who = log.header.who.clone();
    let filter = parts.filter(&who).map_err(InspectError::from)?;
    let mut lines = Lines::new(&who, show, output);
    let read = log.for_each(&filter, |told| {
        lines.tell(told);
        true
    });
    read.map_err(InspectError::from)?;
    lines.finish()?;
    Ok(Exit::Done)
}

fn text(
    kind: &Option<String>,
    neuron: &Option<String>,
    source: &Option<String>,
    from: &Option<String>,
    until: &Option<String>,
) -> FilterText {
    let (kind, neuron, source) = (kind.clone(), neuron.clone(), source.clone());
    FilterText { kind, neuron, source, from: from.clone(), until: until.clone() }
}

fn json(told: &impl Serialize) -> String {
    // Strings, numbers and lists of them always have a JSON text.
    serde_json::to_string(told).unwrap_or_default() + "\n"
}

/// A time of the run.
fn within(subject: &Subject, text: &str) -> Result<Time, InspectError> {
    let at = instant(text)?;
    if at >= subject.until {
        return Err(InspectError::Not(format!(
            "{text} ms is not in the run, which ends at {} ms",
            subject.until
        )));
    }
    Ok(at)
}

fn spike_named(subject: &Subject, neuron: inspect::Neuron, text: &str) -> Result<Time, InspectError> {
    let at = within(subject, text)?;
    let spikes = match subject.recorded_spikes(|population| population == neuron.0.index())? {
        Some(spikes) => {
            let mine = spikes.iter().filter(|spike| (spike.population, spike.neuron) == neuron);
            mine.map(|spike| spike.at).collect()
        }
        None => {
            let stories = inspect::stories(subject, &[neuron], subject.until)?;
            stories[&neuron].spikes.iter().map(|spike| spike.at).collect::<Vec<Time>>()
        }
    };
    find_spike(subject, neuron, &spikes, at, text)
}

/// Recorded spikes; or those of a run, where they were not recorded.
fn spikes(subject: &Subject, only: &Only, show: &Show, output: &mut Output) -> Result<(), CliError> {
    let parts = text(&Some("spike".into()), &only.neuron, &None, &only.from, &only.until);
    let filter = parts.filter(&subject.who).map_err(InspectError::from)?;
    let is_wanted = |population: usize| {
        let size = subject.who.populations[population].size as u32;
        let id = |neuron| (synfire_core::PopulationId(population as u32), synfire_core::LocalId(neuron));
        filter.neurons.as_ref().is_none_or(|set| (0..size).map(id).any(|(p, n)| set.has(p, n)))
    };
    let mut lines = Lines::new(&subject.who, show, output);
    match subject.recorded_spikes(is_wanted)? {
        Some(spikes) => {
            for Spike { at, population, neuron } in spikes {
                if filter.passes(EventKind::Spike, at, population, neuron, None) {
                    lines.spike(at, population, neuron);
                }
            }
        }
        None => {
            let filter = EventFilter { kinds: Kinds::NONE.with(EventKind::Spike), ..filter };
            subject.events(filter, Each::new(|told: &Told| lines.tell(told)))?;
        }
    }
    lines.finish()?;
    Ok(())
}

/// Calls a function with each event.
struct Each<F> {
    tell: F,
    glossary: Glossary,
}

impl<F> Each<F> {
    fn new(tell: F) -> Each<F> {
        Each { tell, glossary: Glossary::default() }
    }
}

impl<F: FnMut(&Told)> Sink for Each<F> {
    fn take(&mut self, batch: &mut Batch) {
        batch.sort(&mut self.glossary);
        let tell = std::cell::RefCell::new(&mut self.tell);
        batch.for_each(
            &self.glossary,
            |event| (tell.borrow_mut())(&Told::Event(*event)),
            |window| (tell.borrow_mut())(&Told::Window(window.from, window.to)),
        );
        batch.clear();
    }
}

/// Events on their way to the output: lines of JSON at once, a table at the end.
struct Lines<'a> {
    who: &'a Who,
    output: &'a mut Output,
    json: bool,
    limit: u64,
    told: u64,
    text: String,
    rows: Vec<[String; 4]>,
    failed: Result<(), super::OutputError>,
}

impl<'a> Lines<'a> {
    fn new(who: &'a Who, show: &Show, output: &'a mut Output) -> Lines<'a> {
        let (json, limit) = (show.json, show.limit());
        Lines { who, output, json, limit, told: 0, text: String::new(), rows: vec![], failed: Ok(()) }
    }

    fn tell(&mut self, told: &Told) {
        self.told += 1;
        if self.told > self.limit {
            return;
        }
        match self.json {
            true => self.push(json(&Line::of(told, self.who))),
            false => self.rows.push(show::event(told, self.who)),
        }
    }

    fn spike(&mut self, at: Time, population: synfire_core::PopulationId, neuron: synfire_core::LocalId) {
        self.told += 1;
        if self.told > self.limit {
            return;
        }
        match self.json {
            true => {
                let (epoch, offset) = at.parts();
                let population = self.who.population(population);
                let spike = SpikeLine {
                    event: "spike",
                    time: at.to_string(),
                    epoch,
                    offset,
                    population,
                    neuron: neuron.0,
                };
                self.push(json(&spike));
            }
            false => {
                let name = self.who.neuron(population, neuron);
                self.rows.push([at.to_string(), name, "spike".to_owned(), String::new()]);
            }
        }
    }

    fn push(&mut self, line: String) {
        self.text += &line;
        if self.text.len() > 1 << 16 && self.failed.is_ok() {
            self.failed = self.output.print(&self.text);
            self.text.clear();
        }
    }

    fn finish(self) -> Result<(), super::OutputError> {
        self.failed?;
        if self.json {
            return self.output.print(&self.text);
        }
        self.output.print(&show::events(&self.rows, self.told))
    }
}

#[derive(Serialize)]
struct SpikeLine<'a> {
    event: &'static str,
    time: String,
    epoch: u64,
    offset: f64,
    population: &'a str,
    neuron: u32,
}
