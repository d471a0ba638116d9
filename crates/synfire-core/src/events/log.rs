//! The observer that logs.

use super::batch::KnownRows;
use super::{Batch, DenseTrains, Event, EventFilter, EventKind, Glossary, Happening, kind_of};
use crate::group::{Arrival, Note, What};
use crate::ids::{LocalId, PopulationId};
use crate::observer::{Fan, Observer, Origin};
use crate::time::Time;
use std::collections::VecDeque;

/// Events that are handed on together, about.
const BATCH: usize = 16_384;

/// Where batches go.
pub trait Sink {
    /// Takes the events out of a batch that is not sorted yet and leaves it empty.
    fn take(&mut self, batch: &mut Batch);
}

/// Makes `tracing` events at once, on the thread that runs.
#[derive(Clone, Debug, Default)]
pub struct TraceNow {
    glossary: Glossary,
}

impl Sink for TraceNow {
    fn take(&mut self, batch: &mut Batch) {
        batch.sort(&mut self.glossary);
        batch.for_each(&self.glossary, super::trace, super::trace_window);
        batch.clear();
    }
}

/// Collects what the filter lets through and hands it on batch by batch. Ends with [`EventLog::finish`].
#[derive(Clone, Debug)]
pub struct EventLog<S> {
    filter: EventFilter,
    batch: Batch,
    known: KnownRows,
    /// What rate units did, of which a run tells before everything else: not yet among the windows.
    ahead: VecDeque<Event>,
    /// Dense input is drawn again by whoever reads.
    redraws: bool,
    /// The end of the last window.
    told_until: Time,
    sink: S,
}

impl<S: Sink> EventLog<S> {
    /// Begins a log.
    pub fn new(filter: EventFilter, sink: S) -> EventLog<S> {
        let (batch, known) = (Batch::default(), KnownRows::default());
        let (ahead, told_until) = (VecDeque::new(), Time::ZERO);
        EventLog { filter, batch, known, ahead, redraws: false, told_until, sink }
    }

    /// What is kept.
    pub fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// Nothing will be told of these dense inputs (see [`crate::engine::Options::redrawn`]): whoever reads draws them again. To be called
    /// before a run, and if [`EventFilter::redraws`] only.
    pub fn redraw(&mut self, mut trains: Vec<DenseTrains>) {
        debug_assert!(trains.is_empty() || self.filter.redraws(), "a filter by neuron");
        self.redraws = !trains.is_empty();
        trains.iter_mut().for_each(|trains| trains.kinds = trains.kinds.and(self.filter.kinds));
        self.batch.redraw(trains);
    }

    /// Where the batches go.
    pub fn sink(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Hands on what is left.
    pub fn finish(mut self) -> S {
        // A run that failed has left its last window open.
        if let Some(last) = self.batch.last().filter(|_| self.batch.is_open()) {
            self.batch.close(last, last, false, None);
        }
        self.take_ahead(Time::NEVER);
        if !self.batch.is_empty() {
            self.sink.take(&mut self.batch);
        }
        self.sink
    }

    /// Takes what rate units did before `before` and puts it between the last window and the events after it, as a window
    /// that is not logged.
    fn take_ahead(&mut self, before: Time) {
        let count = self.ahead.partition_point(|event| event.at < before);
        let (Some(first), Some(last)) = (self.ahead.front(), count.checked_sub(1)) else { return };
        let (from, to) = (first.at, self.ahead[last].at);
        self.batch.put_before(self.ahead.drain(..count), from, to);
    }

    fn keep_ahead(&mut self, at: Time, population: PopulationId, neuron: LocalId, happens: Happening) {
        let event = Event { at, generation: 0, population, neuron, happens };
        if self.filter.passes(event.kind(), at, population, neuron, None) {
            self.ahead.push_back(event);
        }
    }

    fn hand_on_if_full(&mut self) {
        if self.batch.len() >= BATCH {
            self.sink.take(&mut self.batch);
            self.batch.clear();
        }
    }
}

impl<S: Sink> Observer for EventLog<S> {
    const ARRIVALS: bool = true;
    const NOTES: bool = true;

    fn wants_arrivals(&self) -> bool {
        self.filter.kinds.has(EventKind::Arrival)
    }

    #[inline]
    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        let Origin { source, projection, delay_ms, generation } = *origin;
        if self.filter.passes(EventKind::Arrival, arrival.at, population, neuron, Some(source)) {
            let happens = Happening::Arrival { source, projection, weight: arrival.weight, delay_ms };
            self.batch.push(Event { at: arrival.at, generation, population, neuron, happens });
        }
    }

    fn fan(&mut self, population: PopulationId, fan: &Fan<'_>) {
        if self.filter.passes_some(EventKind::Arrival, fan.at, Some(fan.source)) {
            let wanted = self.filter.neurons.as_ref();
            let wanted = wanted.map(|set| |target| set.has(population, LocalId(target)));
            self.batch.push_fan(population, fan, wanted, &mut self.known);
        }
    }

    #[inline]
    fn note(&mut self, population: PopulationId, note: &Note) {
        let Note { mut at, generation, neuron, what } = *note;
        if let What::Predicted { .. } = what {
            // A group that has put the question off gives the time from which it could have asked.
            at = at.max(self.told_until);
        }
        if self.filter.passes(kind_of(what), at, population, neuron, None) {
            let happens = Happening::Own(what);
            self.batch.push(Event { at, generation, population, neuron, happens });
        }
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        self.keep_ahead(at, population, unit, Happening::Switch { gain });
    }

    fn rate_stimulus(&mut self, at: Time, population: PopulationId, unit: LocalId, input: f64) {
        self.keep_ahead(at, population, unit, Happening::Own(What::Stimulus { current: input }));
    }

    fn window(&mut self, from: Time, to: Time) {
        self.take_ahead(from);
        let within = self.ahead.partition_point(|event| event.at < to);
        self.ahead.drain(..within).for_each(|event| self.batch.push(event));
        self.told_until = to;
        let is_logged = self.filter.passes_window(from);
        let (redrawn_from, redrawn_to) = (from.max(self.filter.from), to.min(self.filter.until));
        let redrawn = (self.redraws && redrawn_from < redrawn_to).then_some((redrawn_from, redrawn_to));
        if is_logged || self.batch.is_open() || redrawn.is_some() {
            self.batch.close(from, to, is_logged, redrawn);
            self.hand_on_if_full();
        }
    }

    fn reached(&mut self, until: Time) {
        self.take_ahead(until);
        self.hand_on_if_full();
    }
}
