//! The observer that logs.

use super::{Event, EventFilter, EventKind, Happening, kind_of};
use crate::group::{Arrival, Note};
use crate::ids::{LocalId, PopulationId};
use crate::observer::{Observer, Origin};
use crate::time::Time;

/// Events that are handed on together, about.
const BATCH: usize = 16_384;

/// A window of the lookahead engine, or an instant of the queue engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its beginning.
    pub from: Time,
    /// Its end, which is not part of it.
    pub to: Time,
    /// How many events of its batch come before its end.
    pub events: usize,
    /// Whether it is to be logged itself: the filter lets it through.
    pub is_logged: bool,
}

/// Events of some windows, in the order in which the engine told them until [`Batch::sort`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The events.
    pub events: Vec<Event>,
    /// The windows that cut them up; all events lie in one.
    pub windows: Vec<Window>,
}

impl Batch {
    /// Brings the events of each window into canonical order (see [`Event::place`]); windows are in order already. Both
    /// engines then tell the same.
    pub fn sort(&mut self) {
        let mut first = 0;
        for window in &self.windows {
            self.events[first..window.events].sort_by_key(Event::place);
            first = window.events;
        }
    }

    /// Calls `event` and `window` in the order of the log: a window that is logged comes before what is in it.
    pub fn for_each(&self, mut event: impl FnMut(&Event), mut window: impl FnMut(&Window)) {
        let mut first = 0;
        for next in &self.windows {
            if next.is_logged {
                window(next);
            }
            self.events[first..next.events].iter().for_each(&mut event);
            first = next.events;
        }
    }

    fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Makes room for the next.
    pub fn clear(&mut self) {
        self.events.clear();
        self.windows.clear();
    }
}

/// Where batches go.
pub trait Sink {
    /// Takes the events out of a batch that is not sorted yet and leaves it empty.
    fn take(&mut self, batch: &mut Batch);
}

/// Makes `tracing` events at once, on the thread that runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceNow;

impl Sink for TraceNow {
    fn take(&mut self, batch: &mut Batch) {
        batch.sort();
        batch.for_each(super::trace, super::trace_window);
        batch.clear();
    }
}

/// Collects what the filter lets through and hands it on batch by batch. Ends with [`EventLog::finish`].
#[derive(Clone, Debug)]
pub struct EventLog<S> {
    filter: EventFilter,
    batch: Batch,
    sink: S,
}

impl<S: Sink> EventLog<S> {
    /// Begins a log.
    pub fn new(filter: EventFilter, sink: S) -> EventLog<S> {
        EventLog { filter, batch: Batch::default(), sink }
    }

    /// Where the batches go.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Hands on what is left.
    pub fn finish(mut self) -> S {
        // A run that failed has left its last window open.
        if self.batch.windows.last().map_or(0, |window| window.events) < self.batch.events.len() {
            let last = self.batch.events.iter().map(|event| event.at).max().unwrap_or(Time::ZERO);
            self.close(last, last, false);
        }
        if !self.batch.is_empty() {
            self.sink.take(&mut self.batch);
        }
        self.sink
    }

    fn close(&mut self, from: Time, to: Time, is_logged: bool) {
        let events = self.batch.events.len();
        self.batch.windows.push(Window { from, to, events, is_logged });
        if events + self.batch.windows.len() >= BATCH {
            self.sink.take(&mut self.batch);
            self.batch.clear();
        }
    }
}

impl<S: Sink> Observer for EventLog<S> {
    const ARRIVALS: bool = true;
    const NOTES: bool = true;

    #[inline]
    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        let Origin { source, projection, delay_ms, generation } = *origin;
        if self.filter.passes(EventKind::Arrival, arrival.at, population, neuron, Some(source)) {
            let happens = Happening::Arrival { source, projection, weight: arrival.weight, delay_ms };
            self.batch.events.push(Event { at: arrival.at, generation, population, neuron, happens });
        }
    }

    #[inline]
    fn note(&mut self, population: PopulationId, note: &Note) {
        let Note { at, generation, neuron, what } = *note;
        if self.filter.passes(kind_of(what), at, population, neuron, None) {
            let happens = Happening::Own(what);
            self.batch.events.push(Event { at, generation, population, neuron, happens });
        }
    }

    fn window(&mut self, from: Time, to: Time) {
        let is_logged = self.filter.passes_window(from);
        let before = self.batch.windows.last().map_or(0, |window| window.events);
        if is_logged || self.batch.events.len() > before {
            self.close(from, to, is_logged);
        }
    }
}
