//! Events on their way from the run to whoever takes them.

use super::{Event, Happening, Part, Place};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::network::Values;
use crate::observer::Fan;
use crate::time::Time;
use std::ops::Range;

/// A window of the lookahead engine, or an instant of the queue engine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its beginning.
    pub from: Time,
    /// Its end, which is not part of it.
    pub to: Time,
    /// How many events of its batch come before its end, those in fans not counted.
    pub events: usize,
    /// How many fans of its batch come before its end.
    pub fans: usize,
    /// Whether it is to be logged itself: the filter lets it through.
    pub is_logged: bool,
}

/// Events of some windows, in the order in which the engine told them until [`Batch::sort`].
#[derive(Clone, Debug, Default)]
pub struct Batch {
    events: Vec<Event>,
    /// Arrivals that were told together; they stay together unless others belong between them.
    fans: Vec<KeptFan>,
    targets: Vec<u32>,
    /// Weights and delays of fans whose synapses have their own.
    values: Vec<f64>,
    windows: Vec<Window>,
}

/// Arrivals of one spike.
#[derive(Clone, Debug, PartialEq)]
struct KeptFan {
    at: Time,
    generation: u32,
    population: PopulationId,
    source: NeuronId,
    projection: u32,
    weights: Kept,
    delays: Kept,
    /// The targets, as places in the batch.
    targets: Range<usize>,
}

/// A value for all synapses of a fan, or one each from a place in the batch on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    All(f64),
    Each(usize),
}

impl KeptFan {
    /// Its place in the order of the log, before its first arrival.
    fn place(&self) -> Place {
        let KeptFan { at, generation, population, source, projection, .. } = *self;
        let by = u64::from(source.0) << 32 | u64::from(projection);
        Place { at, generation, population, part: Part::Arrivals, by, neuron: LocalId(0), step: 0 }
    }
}

/// Arrivals of one spike at neurons of one population that are next to each other in the order of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Together<'a> {
    /// When.
    pub at: Time,
    /// The generation of the instant.
    pub generation: u32,
    /// The neurons' population.
    pub population: PopulationId,
    /// Whose spike.
    pub source: NeuronId,
    /// The projection, in the order of declaration.
    pub projection: u32,
    /// How long it was under way, ms.
    pub delay_ms: f64,
    /// The neurons, rising.
    pub targets: &'a [u32],
    /// The weights.
    pub weights: Weights<'a>,
}

/// Weights of several synapses, in the receptor's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weights<'a> {
    /// The same for all.
    All(f64),
    /// One each.
    Each(&'a [f64]),
}

impl Together<'_> {
    /// The arrivals, one by one.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        let Together { at, generation, population, source, projection, delay_ms, weights, .. } = *self;
        self.targets.iter().enumerate().map(move |(place, &target)| {
            let weight = match weights {
                Weights::All(weight) => weight,
                Weights::Each(weights) => weights[place],
            };
            let happens = Happening::Arrival { source, projection, weight, delay_ms };
            Event { at, generation, population, neuron: LocalId(target), happens }
        })
    }
}

/// Who looks at a batch.
pub trait Visitor {
    /// An event.
    fn event(&mut self, event: &Event);

    /// A window that is logged; what is in it comes after it.
    fn window(&mut self, window: &Window);

    /// Several arrivals.
    fn together(&mut self, arrivals: &Together<'_>) {
        arrivals.events().for_each(|event| self.event(&event));
    }
}

impl<E: FnMut(&Event), W: FnMut(&Window)> Visitor for (E, W) {
    fn event(&mut self, event: &Event) {
        (self.0)(event);
    }

    fn window(&mut self, window: &Window) {
        (self.1)(window);
    }
}

impl Batch {
    /// Adds an event to the window that is open.
    #[inline]
    pub(super) fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Adds the arrivals of a fan at the neurons that are wanted.
    pub(super) fn push_fan(
        &mut self,
        population: PopulationId,
        fan: &Fan<'_>,
        is_wanted: Option<impl Fn(u32) -> bool>,
    ) {
        let Fan { at, generation, source, number: projection, .. } = *fan;
        let synapses = fan.projection;
        let first = self.targets.len();
        let (weights, delays) = match is_wanted {
            None => {
                self.targets.extend_from_slice(&synapses.targets[fan.places.clone()]);
                let mut keep = |values| keep(values, fan.places.clone(), &mut self.values);
                (keep(&synapses.weights), keep(&synapses.delays))
            }
            Some(is_wanted) => {
                let places = fan.places.clone().filter(|&place| is_wanted(synapses.targets[place]));
                self.targets.extend(places.clone().map(|place| synapses.targets[place]));
                let mut keep = |values| keep(values, places.clone(), &mut self.values);
                (keep(&synapses.weights), keep(&synapses.delays))
            }
        };
        let targets = first..self.targets.len();
        if !targets.is_empty() {
            self.fans.push(KeptFan {
                at,
                generation,
                population,
                source,
                projection,
                weights,
                delays,
                targets,
            });
        }
    }

    /// How much it holds, in events.
    pub(super) fn len(&self) -> usize {
        self.events.len() + self.targets.len() + self.windows.len()
    }

    /// Whether there is something that belongs to no window yet.
    pub(super) fn is_open(&self) -> bool {
        let (events, fans) = self.closed();
        self.events.len() > events || self.fans.len() > fans
    }

    /// When the last event happens.
    pub(super) fn last(&self) -> Option<Time> {
        let fans = self.fans.iter().map(|fan| fan.at);
        self.events.iter().map(|event| event.at).chain(fans).max()
    }

    /// How many events and fans are in windows.
    fn closed(&self) -> (usize, usize) {
        self.windows.last().map_or((0, 0), |window| (window.events, window.fans))
    }

    /// Ends the window that is open.
    pub(super) fn close(&mut self, from: Time, to: Time, is_logged: bool) {
        let (events, fans) = (self.events.len(), self.fans.len());
        self.windows.push(Window { from, to, events, fans, is_logged });
    }

    /// Puts a window of these events, which is not logged, before the one that is open.
    pub(super) fn put_before(&mut self, events: impl ExactSizeIterator<Item = Event>, from: Time, to: Time) {
        let (place, fans) = self.closed();
        let end = place + events.len();
        self.events.splice(place..place, events);
        self.windows.push(Window { from, to, events: end, fans, is_logged: false });
    }

    /// Brings the events of each window into canonical order (see [`Event::place`]); windows are in order already. Both
    /// engines then tell the same.
    pub fn sort(&mut self) {
        let mut is_split = Vec::new();
        let (mut first, mut first_fan) = (0, 0);
        for window in &self.windows {
            let events = &mut self.events[first..window.events];
            events.sort_by_key(Event::place);
            let fans = &mut self.fans[first_fan..window.fans];
            fans.sort_by_key(KeptFan::place);
            for number in 0..fans.len() {
                let place = fans[number].place();
                let is_meeting = |other: Option<&KeptFan>| other.is_some_and(|other| other.place() == place);
                // Spikes of one source that meet over different delays.
                let is_alone = matches!(fans[number].delays, Kept::All(_))
                    && !is_meeting(fans.get(number + 1))
                    && !(number > 0 && is_meeting(fans.get(number - 1)));
                if !is_alone {
                    is_split.push(first_fan + number);
                }
            }
            (first, first_fan) = (window.events, window.fans);
        }
        if !is_split.is_empty() {
            self.split(&is_split);
        }
    }

    /// Takes these fans apart into their arrivals.
    fn split(&mut self, numbers: &[usize]) {
        let (events, fans) = (std::mem::take(&mut self.events), std::mem::take(&mut self.fans));
        let (mut first, mut first_fan) = (0, 0);
        let mut numbers = numbers.iter().peekable();
        for place in 0..self.windows.len() {
            let window = self.windows[place];
            let begins = self.events.len();
            self.events.extend_from_slice(&events[first..window.events]);
            for (number, fan) in (first_fan..window.fans).zip(&fans[first_fan..window.fans]) {
                match numbers.next_if(|&&split| split == number) {
                    Some(_) => self.push_arrivals(fan),
                    None => self.fans.push(fan.clone()),
                }
            }
            // Arrivals at one neuron stay in the order in which they were told.
            self.events[begins..].sort_by_key(Event::place);
            (first, first_fan) = (window.events, window.fans);
            self.windows[place] = Window { events: self.events.len(), fans: self.fans.len(), ..window };
        }
    }

    fn push_arrivals(&mut self, fan: &KeptFan) {
        let KeptFan { at, generation, population, source, projection, weights, delays, .. } = *fan;
        for (place, number) in fan.targets.clone().zip(0..) {
            let value = |kept| match kept {
                Kept::All(value) => value,
                Kept::Each(first) => self.values[first + number],
            };
            let (weight, delay_ms) = (value(weights), value(delays));
            let happens = Happening::Arrival { source, projection, weight, delay_ms };
            let neuron = LocalId(self.targets[place]);
            self.events.push(Event { at, generation, population, neuron, happens });
        }
    }

    /// Shows everything in the order of the log, after [`Batch::sort`].
    pub fn show(&self, visitor: &mut impl Visitor) {
        let (mut first, mut first_fan) = (0, 0);
        for window in &self.windows {
            if window.is_logged {
                visitor.window(window);
            }
            let mut events = self.events[first..window.events].iter().peekable();
            for fan in &self.fans[first_fan..window.fans] {
                let place = fan.place();
                let is_before = |event: &&Event| event.place() < place;
                while let Some(event) = events.next_if(is_before) {
                    visitor.event(event);
                }
                visitor.together(&self.together(fan));
            }
            events.for_each(|event| visitor.event(event));
            (first, first_fan) = (window.events, window.fans);
        }
    }

    fn together(&self, fan: &KeptFan) -> Together<'_> {
        let KeptFan { at, generation, population, source, projection, .. } = *fan;
        let targets = &self.targets[fan.targets.clone()];
        let weights = match fan.weights {
            Kept::All(weight) => Weights::All(weight),
            Kept::Each(first) => Weights::Each(&self.values[first..first + targets.len()]),
        };
        // Fans with several delays have been taken apart.
        let delay_ms = match fan.delays {
            Kept::All(delay_ms) => delay_ms,
            Kept::Each(first) => self.values[first],
        };
        Together { at, generation, population, source, projection, delay_ms, targets, weights }
    }

    /// Calls `event` and `window` in the order of the log, after [`Batch::sort`]: a window that is logged comes before what is in
    /// it.
    pub fn for_each(&self, event: impl FnMut(&Event), window: impl FnMut(&Window)) {
        self.show(&mut (event, window));
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Makes room for the next.
    pub fn clear(&mut self) {
        self.events.clear();
        self.fans.clear();
        self.targets.clear();
        self.values.clear();
        self.windows.clear();
    }
}

/// Keeps the values of synapses, one if they are the same.
fn keep(of: &Values, places: impl Iterator<Item = usize> + Clone, values: &mut Vec<f64>) -> Kept {
    if let Values::Same(value) = of {
        return Kept::All(*value);
    }
    let first = places.clone().next().map_or(f64::NAN, |place| of.at(place));
    if places.clone().all(|place| of.at(place).to_bits() == first.to_bits()) {
        return Kept::All(first);
    }
    let begins = values.len();
    values.extend(places.map(|place| of.at(place)));
    Kept::Each(begins)
}
