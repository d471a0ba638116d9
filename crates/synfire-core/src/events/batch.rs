//! Events on their way from the run to whoever takes them.

use super::{DenseTrains, Event, EventFilter, Happening, Part, Place, Redraw};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::network::Values;
use crate::observer::Fan;
use crate::time::Time;

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
    /// From when to before when dense input belongs there that is drawn again.
    pub redrawn: Option<(Time, Time)>,
}

/// Events of some windows, in the order in which the engine told them until [`Batch::sort`].
#[derive(Clone, Debug, Default)]
pub struct Batch {
    events: Vec<Event>,
    /// Arrivals that were told together; they stay together unless others belong between them.
    fans: Vec<KeptFan>,
    /// Rows that no batch has had before.
    new_rows: Vec<Row>,
    /// Dense inputs likewise.
    new_trains: Vec<DenseTrains>,
    /// What fans reach that are not a whole row, or of no row that is kept; and how many neurons that are.
    parts: Vec<Row>,
    parts_reach: usize,
    windows: Vec<Window>,
}

/// Arrivals of one spike: small, since it goes from one thread to another.
#[derive(Clone, Copy, Debug)]
struct KeptFan {
    at: Time,
    generation: u32,
    row: RowId,
}

/// A row in a [`Glossary`], or one of the batch's parts: with [`PART`] set.
type RowId = u32;
const PART: RowId = 1 << 31;

/// What a spike of one source reaches over one projection.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    population: PopulationId,
    source: NeuronId,
    projection: u32,
    weights: Kept,
    delays: Kept,
    targets: Box<[u32]>,
}

/// A value for all synapses of a row, or one each.
#[derive(Clone, Debug, PartialEq)]
enum Kept {
    All(f64),
    Each(Box<[f64]>),
}

impl Kept {
    fn at(&self, place: usize) -> f64 {
        match self {
            Kept::All(value) => *value,
            Kept::Each(values) => values[place],
        }
    }

    /// The values at these places.
    fn new(of: &Values, places: impl Iterator<Item = usize> + Clone) -> Kept {
        if let Values::Same(value) = of {
            return Kept::All(*value);
        }
        let first = places.clone().next().map_or(f64::NAN, |place| of.at(place));
        match places.clone().all(|place| of.at(place).to_bits() == first.to_bits()) {
            true => Kept::All(first),
            false => Kept::Each(places.map(|place| of.at(place)).collect()),
        }
    }
}

impl Row {
    /// Of these synapses.
    fn new(population: PopulationId, fan: &Fan<'_>, places: impl Iterator<Item = usize> + Clone) -> Row {
        let synapses = fan.projection;
        Row {
            population,
            source: fan.source,
            projection: fan.number,
            weights: Kept::new(&synapses.weights, places.clone()),
            delays: Kept::new(&synapses.delays, places.clone()),
            targets: places.map(|place| synapses.targets[place]).collect(),
        }
    }
}

/// What batches refer to, whole rows by number and dense inputs: who takes batches keeps it, because each comes once, in the first
/// batch that needs it.
#[derive(Clone, Debug, Default)]
pub struct Glossary {
    rows: Vec<Row>,
    trains: Vec<DenseTrains>,
}

impl Glossary {
    /// The dense inputs.
    pub fn trains(&self) -> &[DenseTrains] {
        &self.trains
    }
}

/// The same for who fills batches: the number of each row that has been told of.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownRows {
    /// By projection and source.
    numbers: Vec<Vec<u32>>,
    count: u32,
    synapses: usize,
}

/// No more synapses are kept than this, 64 MiB of targets and twice that of weights where each has its own; further rows come each
/// time.
const MOST_SYNAPSES: usize = 1 << 24;

/// In place of a number.
const UNKNOWN: u32 = u32::MAX;

impl KnownRows {
    /// The number of a fan's row, if rows can be told apart by their source; `new` gets the row the first time.
    #[inline]
    fn number(&mut self, population: PopulationId, fan: &Fan<'_>, new: &mut Vec<Row>) -> Option<u32> {
        // Over equal delays a spike reaches all of its row at once.
        if fan.projection.drawn.is_some() || !matches!(fan.projection.delays, Values::Same(_)) {
            return None;
        }
        let (projection, source) = (fan.number as usize, fan.source.0 as usize);
        match self.numbers.get(projection).and_then(|numbers| numbers.get(source)) {
            Some(&number) if number != UNKNOWN => Some(number),
            _ => self.add(population, fan, new),
        }
    }

    #[cold]
    fn add(&mut self, population: PopulationId, fan: &Fan<'_>, new: &mut Vec<Row>) -> Option<u32> {
        let (projection, source) = (fan.number as usize, fan.source.0 as usize);
        self.synapses += fan.places.len();
        if self.synapses > MOST_SYNAPSES {
            self.synapses = MOST_SYNAPSES;
            return None;
        }
        if self.numbers.len() <= projection {
            self.numbers.resize(projection + 1, Vec::new());
        }
        let numbers = &mut self.numbers[projection];
        if numbers.len() <= source {
            numbers.resize(source + 1, UNKNOWN);
        }
        numbers[source] = self.count;
        self.count += 1;
        new.push(Row::new(population, fan, fan.places.clone()));
        Some(numbers[source])
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
    /// The number of the row in the [`Glossary`] that they are; `None` if they may be different another time.
    pub row: Option<u32>,
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

    /// A window begins. Answers whether the visitor only wants to know to which windows dense input belongs; else it is drawn
    /// for it.
    fn begin(&mut self, window: &Window) -> bool {
        let _ = window;
        false
    }

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
        known: &mut KnownRows,
    ) {
        let Fan { at, generation, .. } = *fan;
        let whole =
            if is_wanted.is_none() { known.number(population, fan, &mut self.new_rows) } else { None };
        let (row, is_empty) = match whole {
            Some(number) => (number, fan.places.is_empty()),
            None => {
                let targets = &fan.projection.targets;
                let is_wanted =
                    |place: &usize| is_wanted.as_ref().is_none_or(|wanted| wanted(targets[*place]));
                let part = Row::new(population, fan, fan.places.clone().filter(is_wanted));
                let is_empty = part.targets.is_empty();
                self.parts_reach += part.targets.len();
                self.parts.push(part);
                (PART | (self.parts.len() - 1) as u32, is_empty)
            }
        };
        if !is_empty {
            self.fans.push(KeptFan { at, generation, row });
        }
    }

    /// How much it holds: arrivals at a row are no more than an event.
    pub(super) fn len(&self) -> usize {
        self.events.len() + self.fans.len() + self.parts_reach + self.windows.len()
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

    /// These dense inputs are drawn again.
    pub(super) fn redraw(&mut self, mut trains: Vec<DenseTrains>) {
        self.new_trains.append(&mut trains);
    }

    /// Ends the window that is open.
    pub(super) fn close(&mut self, from: Time, to: Time, is_logged: bool, redrawn: Option<(Time, Time)>) {
        let (events, fans) = (self.events.len(), self.fans.len());
        self.windows.push(Window { from, to, events, fans, is_logged, redrawn });
    }

    /// Puts a window of these events, which is not logged, before the one that is open.
    pub(super) fn put_before(&mut self, events: impl ExactSizeIterator<Item = Event>, from: Time, to: Time) {
        let (place, fans) = self.closed();
        let end = place + events.len();
        self.events.splice(place..place, events);
        self.windows.push(Window { from, to, events: end, fans, is_logged: false, redrawn: None });
    }

    /// Brings the events of each window into canonical order (see [`Event::place`]); windows are in order already. Both
    /// engines then tell the same. Every batch of a log has to come here, with the same glossary, in order.
    pub fn sort(&mut self, glossary: &mut Glossary) {
        glossary.rows.append(&mut self.new_rows);
        glossary.trains.append(&mut self.new_trains);
        let rows = &glossary.rows[..];
        let mut is_split = Vec::new();
        let (mut first, mut first_fan) = (0, 0);
        for window in &self.windows {
            let events = &mut self.events[first..window.events];
            events.sort_by_key(Event::place);
            let fans = &mut self.fans[first_fan..window.fans];
            let parts = &self.parts;
            let order = |fan: &KeptFan| fan.place(row_of(rows, parts, fan.row));
            fans.sort_by_key(order);
            for number in 0..fans.len() {
                let place = order(&fans[number]);
                let is_meeting = |other: Option<&KeptFan>| other.is_some_and(|other| order(other) == place);
                // Spikes of one source that meet over different delays.
                let is_alone = matches!(row_of(rows, parts, fans[number].row).delays, Kept::All(_))
                    && !is_meeting(fans.get(number + 1))
                    && !(number > 0 && is_meeting(fans.get(number - 1)));
                if !is_alone {
                    is_split.push(first_fan + number);
                }
            }
            (first, first_fan) = (window.events, window.fans);
        }
        if !is_split.is_empty() {
            self.split(&is_split, rows);
        }
    }

    /// Takes these fans apart into their arrivals.
    fn split(&mut self, numbers: &[usize], rows: &[Row]) {
        let (events, fans) = (std::mem::take(&mut self.events), std::mem::take(&mut self.fans));
        let (mut first, mut first_fan) = (0, 0);
        let mut numbers = numbers.iter().peekable();
        for place in 0..self.windows.len() {
            let window = self.windows[place];
            let begins = self.events.len();
            self.events.extend_from_slice(&events[first..window.events]);
            for (number, fan) in (first_fan..window.fans).zip(&fans[first_fan..window.fans]) {
                match numbers.next_if(|&&split| split == number) {
                    Some(_) => self.push_arrivals(fan, rows),
                    None => self.fans.push(*fan),
                }
            }
            // Arrivals at one neuron stay in the order in which they were told.
            self.events[begins..].sort_by_key(Event::place);
            (first, first_fan) = (window.events, window.fans);
            self.windows[place] = Window { events: self.events.len(), fans: self.fans.len(), ..window };
        }
    }

    fn push_arrivals(&mut self, fan: &KeptFan, rows: &[Row]) {
        let KeptFan { at, generation, row } = *fan;
        let row = row_of(rows, &self.parts, row);
        let Row { population, source, projection, .. } = *row;
        for (place, &target) in row.targets.iter().enumerate() {
            let (weight, delay_ms) = (row.weights.at(place), row.delays.at(place));
            let happens = Happening::Arrival { source, projection, weight, delay_ms };
            self.events.push(Event { at, generation, population, neuron: LocalId(target), happens });
        }
    }

    /// Shows everything in the order of the log, after [`Batch::sort`].
    pub fn show(&self, glossary: &Glossary, visitor: &mut impl Visitor) {
        let (mut first, mut first_fan) = (0, 0);
        let mut redraw = Redraw::default();
        for window in &self.windows {
            let is_taken = visitor.begin(window);
            if window.is_logged {
                visitor.window(window);
            }
            let redrawn = window.redrawn.filter(|_| !is_taken);
            if let Some((from, to)) = redrawn {
                redraw.begin(from, to);
            }
            let mut show_before = |place: &dyn Fn() -> Option<Place>, visitor: &mut _| {
                if redrawn.is_none() {
                    return;
                }
                let place = place();
                let mut next = || redraw.next_before(place.as_ref(), &glossary.trains, &EventFilter::ALL);
                while let Some(event) = next() {
                    Visitor::event(visitor, &event);
                }
            };
            let mut events = self.events[first..window.events].iter().peekable();
            for fan in &self.fans[first_fan..window.fans] {
                let row = row_of(&glossary.rows, &self.parts, fan.row);
                let place = fan.place(row);
                let is_before = |event: &&Event| event.place() < place;
                while let Some(event) = events.next_if(is_before) {
                    show_before(&|| Some(event.place()), visitor);
                    visitor.event(event);
                }
                show_before(&|| Some(place), visitor);
                visitor.together(&fan.together(row));
            }
            for event in events {
                show_before(&|| Some(event.place()), visitor);
                visitor.event(event);
            }
            show_before(&|| None, visitor);
            (first, first_fan) = (window.events, window.fans);
        }
    }

    /// Calls `event` and `window` in the order of the log, after [`Batch::sort`]: a window that is logged comes before what is in
    /// it.
    pub fn for_each(&self, glossary: &Glossary, event: impl FnMut(&Event), window: impl FnMut(&Window)) {
        self.show(glossary, &mut (event, window));
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Makes room for the next.
    pub fn clear(&mut self) {
        self.events.clear();
        self.fans.clear();
        self.parts_reach = 0;
        self.new_rows.clear();
        self.new_trains.clear();
        self.parts.clear();
        self.windows.clear();
    }
}

impl KeptFan {
    /// Its place in the order of the log, before its first arrival.
    fn place(&self, row: &Row) -> Place {
        let KeptFan { at, generation, .. } = *self;
        let by = u64::from(row.source.0) << 32 | u64::from(row.projection);
        let (population, part) = (row.population, Part::Arrivals);
        Place { at, generation, population, part, by, neuron: LocalId(0), step: 0 }
    }

    /// Its arrivals.
    fn together<'a>(&self, row: &'a Row) -> Together<'a> {
        let KeptFan { at, generation, row: id } = *self;
        let Row { population, source, projection, .. } = *row;
        let weights = match &row.weights {
            Kept::All(weight) => Weights::All(*weight),
            Kept::Each(weights) => Weights::Each(weights),
        };
        // Fans with several delays have been taken apart.
        let delay_ms = row.delays.at(0);
        let number = (id & PART == 0).then_some(id);
        Together {
            at,
            generation,
            population,
            source,
            projection,
            delay_ms,
            targets: &row.targets,
            row: number,
            weights,
        }
    }
}

fn row_of<'a>(rows: &'a [Row], parts: &'a [Row], id: RowId) -> &'a Row {
    if id & PART == 0 { &rows[id as usize] } else { &parts[(id & !PART) as usize] }
}
