//! Blocks of events in few bytes: encoding and decoding.
//!
//! A block knows nothing of those before it, but of the rows that have been told of (below). Each event begins with a byte: the kind
//! in its lower four bits, then flags.
//!
//! | flag | meaning |
//! |---|---|
//! | 16 | the time is that of the event before |
//! | 32 | a generation follows; else it is 0 |
//! | 64 | an arrival: source and projection are those of the arrival before. A spike: see below |
//! | 128 | an arrival: weight and delay are those of the last arrival over this projection |
//!
//! What follows, as far as flags do not say that it is known: the epoch less that of the event before (signed), the offset
//! (f64, little-endian), the generation, the neuron as the network counts it less that of the event before (signed); of an
//! arrival the source (signed, likewise), the projection, the weight and the delay (f64); of a prediction its epoch less the
//! event's, and its offset; of a stimulus the current (f64), of a switch the gain (f64). The two highest bits of a spike's first byte are its cause.
//! A window has time, epoch of its end less that of its beginning, and offset of its end.
//!
//! The kind 15 stands for arrivals of one spike at several neurons of one population, next to each other in the log: after the
//! generation their number, then, as far as flags do not say that they are known, source and projection, the delay, a byte that is
//! 1 if every neuron has a weight of its own, else the one weight; then the first neuron (signed, likewise), each further one
//! less the one before, and the weights, if each has its own. Integers are of variable length,
//! seven bits a byte, lowest first; signed ones are 2n, or -2n - 1 below 0.
//!
//! The kind 14 stands for arrivals of one spike at all of a row: after the generation the row's number. Rows are numbered as they
//! come, each before the first block that needs it: a byte that is 0, population, source, projection, delay, a byte that is 1 if every
//! neuron has a weight of its own, else the one weight; the number of neurons; the first neuron as its population counts it, each further
//! one less the one before; and the weights, if each has its own.
//!
//! The kind 13 stands for all spikes of the dense inputs that have been told of, and all that arrives of them, from its time to
//! before another, which follows as that of a window does: who reads draws them again ([`DenseTrains`]), and they belong between the
//! events that come up to the next of this kind, or the end of the block. Dense inputs come among the rows: a byte that is 1, the kinds
//! that are to be drawn (see [`Kinds::bits`]), source population, target population, projection, delay, the two halves of the key and the mean
//! number of spikes in a cell of their processes, from when and before when they spike (epoch and offset each), a byte that is 1 if every
//! neuron has a weight of its own, else the one weight, and the weights, if each has its own.

use std::sync::Arc;
use synfire_core::events::{
    DenseTrains, Event, EventFilter, EventKind, Happening, Kinds, Place, Redraw, Together, Told, Weights,
};
use synfire_core::group::{Cause, DenseSource, What};
use synfire_core::{LocalId, NeuronId, PopulationId, Time};
use synfire_numerics::poisson::{MOST_SPIKES, PoissonCells};
use synfire_numerics::random::StreamKey;

const SAME_TIME: u8 = 16;
const GENERATION: u8 = 32;
const SAME_SOURCE: u8 = 64;
const SAME_WEIGHT: u8 = 128;
/// Several arrivals.
const TOGETHER: u8 = 15;
/// Arrivals at all of a row.
const ROW: u8 = 14;
/// Dense input that is drawn again.
const REDRAWN: u8 = 13;

/// What comes before blocks that need it.
const OF_ROW: u8 = 0;
const OF_TRAINS: u8 = 1;

/// Events after which a block is closed.
pub const BLOCK: u32 = 16_384;

/// What both sides remember of the events before.
#[derive(Clone, Debug)]
struct Past {
    at: Time,
    neuron: u32,
    source: (u32, u32),
    /// By projection: weight and delay of its last arrival.
    weights: Vec<Option<(f64, f64)>>,
}

impl Past {
    const fn new() -> Past {
        Past { at: Time::ZERO, neuron: 0, source: (0, u32::MAX), weights: Vec::new() }
    }

    fn forget(&mut self) {
        let mut weights = std::mem::take(&mut self.weights);
        weights.iter_mut().for_each(|weight| *weight = None);
        *self = Past { weights, ..Past::new() };
    }

    fn weight(&mut self, projection: u32) -> &mut Option<(f64, f64)> {
        let place = projection as usize;
        if self.weights.len() <= place {
            self.weights.resize(place + 1, None);
        }
        &mut self.weights[place]
    }
}

/// What the index says of a block.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many events, without those that are drawn again.
    pub events: u32,
    /// The first event's time.
    pub first: Time,
    /// The last one's; later in a block is never earlier.
    pub last: Time,
    /// Which kinds.
    pub kinds: Kinds,
    /// Whose: neurons as the network counts them, from one to before another, rising.
    pub neurons: Vec<(u32, u32)>,
}

impl Summary {
    /// As bytes: count, epoch and offset of first and last, kinds, then the number of ranges of neurons, and of
    /// each how far it begins after the end of the one before, and its length.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, self.events.into());
        for time in [self.first, self.last] {
            let (epoch, offset) = time.parts();
            put(&mut bytes, epoch);
            bytes.extend(offset.to_le_bytes());
        }
        put(&mut bytes, self.kinds.bits().into());
        put(&mut bytes, self.neurons.len() as u64);
        let mut before = 0;
        for &(first, end) in &self.neurons {
            put(&mut bytes, u64::from(first - before));
            put(&mut bytes, u64::from(end - first));
            before = end;
        }
        bytes
    }

    /// Reads what [`Summary::encode`] made, and takes it off the front of `bytes`.
    pub fn decode(bytes: &mut &[u8]) -> Option<Summary> {
        let events = u32::try_from(take(bytes)?).ok()?;
        let mut time = || Time::from_parts(take(bytes)?, take_f64(bytes)?);
        let (first, last) = (time()?, time()?);
        let kinds = Kinds::of_bits(u16::try_from(take(bytes)?).ok()?);
        let count = take(bytes)?;
        let mut neurons = Vec::new();
        let mut before = 0u32;
        for _ in 0..count {
            let first = before.checked_add(u32::try_from(take(bytes)?).ok()?)?;
            before = first.checked_add(u32::try_from(take(bytes)?).ok()?)?;
            neurons.push((first, before));
        }
        Some(Summary { events, first, last, kinds, neurons })
    }
}

/// Neurons that are looked at together.
const STRETCH: usize = 64;

/// Makes blocks.
#[derive(Debug)]
pub struct Encoder {
    /// The first neuron of each population.
    first: Vec<u32>,
    past: Past,
    bytes: Vec<u8>,
    events: u32,
    begins: Time,
    kinds: u16,
    /// What is known of rows, by the numbers that they come with.
    rows: Vec<Option<KnownRow>>,
    /// The rows that the log has; those of them that it has had since the last block, as bytes.
    row_count: u32,
    new_rows: Vec<u8>,
    /// The dense inputs: kinds, and neurons as the network counts them.
    trains: Vec<(Kinds, [(u32, u32); 2])>,
    /// Up to when they are drawn again in this block, and whether the window in which they are goes on.
    redrawn_to: Option<Time>,
    is_redrawing: bool,
    /// The neurons of each population that rows of this block reach: from one to before another.
    reached: Vec<(u32, u32)>,
    /// Which neurons are in this block. A byte each, so that they are set without being read.
    seen: Vec<bool>,
}

impl Encoder {
    /// For a network with populations of these sizes.
    pub fn new(sizes: &[usize]) -> Encoder {
        let mut first = vec![0];
        for size in sizes {
            first.push(first[first.len() - 1] + *size as u32);
        }
        let seen = vec![false; first[sizes.len()] as usize];
        let (past, begins) = (Past::new(), Time::ZERO);
        Encoder {
            first,
            past,
            bytes: Vec::new(),
            events: 0,
            begins,
            kinds: 0,
            rows: Vec::new(),
            row_count: 0,
            new_rows: Vec::new(),
            trains: Vec::new(),
            redrawn_to: None,
            is_redrawing: false,
            reached: vec![UNREACHED; sizes.len()],
            seen,
        }
    }

    /// Whether the block should be closed.
    pub fn is_full(&self) -> bool {
        self.events >= BLOCK && !self.is_redrawing
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds an event.
    #[inline]
    pub fn event(&mut self, event: &Event) {
        let neuron = self.first[event.population.index()] + event.neuron.0;
        self.seen[neuron as usize] = true;
        let mut tag = event.kind() as u8;
        if event.generation != 0 {
            tag |= GENERATION;
        }
        match event.happens {
            Happening::Arrival { source, projection, weight, delay_ms } => {
                if self.past.source == (source.0, projection) {
                    tag |= SAME_SOURCE;
                }
                let is_same = |&(w, d): &(f64, f64)| {
                    w.to_bits() == weight.to_bits() && d.to_bits() == delay_ms.to_bits()
                };
                if self.past.weight(projection).as_ref().is_some_and(is_same) {
                    tag |= SAME_WEIGHT;
                }
            }
            Happening::Own(What::Spike { cause }) => tag |= (cause as u8) << 6,
            Happening::Own(_) | Happening::Switch { .. } => {}
        }
        self.begin(tag, event.at);
        let bytes = &mut self.bytes;
        if event.generation != 0 {
            put(bytes, event.generation.into());
        }
        put_signed(bytes, i64::from(neuron) - i64::from(self.past.neuron));
        self.past.neuron = neuron;
        match event.happens {
            Happening::Arrival { source, projection, weight, delay_ms } => {
                if tag & SAME_SOURCE == 0 {
                    put_signed(bytes, i64::from(source.0) - i64::from(self.past.source.0));
                    put(bytes, projection.into());
                    self.past.source = (source.0, projection);
                }
                if tag & SAME_WEIGHT == 0 {
                    bytes.extend(weight.to_le_bytes());
                    bytes.extend(delay_ms.to_le_bytes());
                    *self.past.weight(projection) = Some((weight, delay_ms));
                }
            }
            Happening::Own(What::Predicted { crossing } | What::Retracted { crossing }) => {
                put_time_after(bytes, event.at, crossing);
            }
            Happening::Own(What::Stimulus { current }) => bytes.extend(current.to_le_bytes()),
            Happening::Switch { gain } => bytes.extend(gain.to_le_bytes()),
            Happening::Own(_) => {}
        }
    }

    /// Adds several arrivals.
    pub fn together(&mut self, arrivals: &Together<'_>) {
        let Together { at, generation, population, source, projection, delay_ms, targets, row, weights } =
            *arrivals;
        let Some((&first, others)) = targets.split_first() else { return };
        if let Some(row) = row {
            return self.row(row, arrivals);
        }
        let mut tag = TOGETHER;
        if generation != 0 {
            tag |= GENERATION;
        }
        if self.past.source == (source.0, projection) {
            tag |= SAME_SOURCE;
        }
        let known = *self.past.weight(projection);
        if let (Weights::All(weight), Some((known_weight, known_delay))) = (weights, known)
            && (weight.to_bits(), delay_ms.to_bits()) == (known_weight.to_bits(), known_delay.to_bits())
        {
            tag |= SAME_WEIGHT;
        }
        self.begin(tag, at);
        self.events += others.len() as u32;
        let bytes = &mut self.bytes;
        if generation != 0 {
            put(bytes, generation.into());
        }
        put(bytes, targets.len() as u64);
        if tag & SAME_SOURCE == 0 {
            put_signed(bytes, i64::from(source.0) - i64::from(self.past.source.0));
            put(bytes, projection.into());
            self.past.source = (source.0, projection);
        }
        if tag & SAME_WEIGHT == 0 {
            bytes.extend(delay_ms.to_le_bytes());
            bytes.push(u8::from(matches!(weights, Weights::Each(_))));
            if let Weights::All(weight) = weights {
                bytes.extend(weight.to_le_bytes());
                *self.past.weight(projection) = Some((weight, delay_ms));
            }
        }
        let begins = self.first[population.index()];
        put_signed(bytes, i64::from(begins + first) - i64::from(self.past.neuron));
        put_steps(bytes, targets);
        self.past.neuron = begins + targets[others.len()];
        if let Weights::Each(weights) = weights {
            weights.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
        }
        let seen = &mut self.seen[begins as usize..];
        targets.iter().for_each(|&target| seen[target as usize] = true);
    }

    /// Adds arrivals at all of a row.
    fn row(&mut self, row: u32, arrivals: &Together<'_>) {
        let known = match self.rows.get(row as usize) {
            Some(Some(known)) => *known,
            _ => self.add_row(row, arrivals),
        };
        let tag = if arrivals.generation == 0 { ROW } else { ROW | GENERATION };
        self.begin(tag, arrivals.at);
        self.events += arrivals.targets.len() as u32 - 1;
        if arrivals.generation != 0 {
            put(&mut self.bytes, arrivals.generation.into());
        }
        put(&mut self.bytes, known.number.into());
        let (first, end) = &mut self.reached[arrivals.population.index()];
        (*first, *end) = (known.neurons.0.min(*first), known.neurons.1.max(*end));
    }

    #[cold]
    fn add_row(&mut self, row: u32, arrivals: &Together<'_>) -> KnownRow {
        let Together { population, source, projection, delay_ms, targets, weights, .. } = *arrivals;
        let bytes = &mut self.new_rows;
        bytes.push(OF_ROW);
        [population.0, source.0, projection].into_iter().for_each(|number| put(bytes, number.into()));
        bytes.extend(delay_ms.to_le_bytes());
        bytes.push(u8::from(matches!(weights, Weights::Each(_))));
        if let Weights::All(weight) = weights {
            bytes.extend(weight.to_le_bytes());
        }
        put(bytes, targets.len() as u64);
        put(bytes, targets[0].into());
        put_steps(bytes, targets);
        if let Weights::Each(weights) = weights {
            weights.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
        }
        let begins = self.first[population.index()];
        let neurons = (begins + targets[0], begins + targets[targets.len() - 1] + 1);
        let known = KnownRow { number: self.row_count, neurons };
        self.row_count += 1;
        if self.rows.len() <= row as usize {
            self.rows.resize(row as usize + 1, None);
        }
        self.rows[row as usize] = Some(known);
        known
    }

    /// The rows that the block needs and no block before it did, as bytes.
    pub fn new_rows(&self) -> &[u8] {
        &self.new_rows
    }

    /// Adds a window.
    pub fn window(&mut self, from: Time, to: Time) {
        self.begin(EventKind::Window as u8, from);
        put_time_after(&mut self.bytes, from, to);
    }

    /// Dense inputs that are drawn again from now on: all of a log, of which those that come last may be new.
    pub fn add_trains(&mut self, all: &[DenseTrains]) {
        for trains in &all[self.trains.len()..] {
            let DenseTrains { source, population, target, projection, delay_ms, weights, kinds, .. } = trains;
            let neurons = [population, target].map(|of| (self.first[of.index()], self.first[of.index() + 1]));
            self.trains.push((*kinds, neurons));
            let bytes = &mut self.new_rows;
            bytes.push(OF_TRAINS);
            let key = source.cells.key().0;
            let numbers = [kinds.bits().into(), population.0, target.0, *projection];
            numbers.iter().for_each(|&number| put(bytes, number.into()));
            bytes.extend(delay_ms.to_le_bytes());
            key.iter().for_each(|&half| put(bytes, half.into()));
            bytes.extend(source.cells.mean().to_le_bytes());
            for time in [source.start, source.stop] {
                let (epoch, offset) = time.parts();
                put(bytes, epoch);
                bytes.extend(offset.to_le_bytes());
            }
            bytes.push((weights.len() > 1).into());
            weights.iter().for_each(|weight| bytes.extend(weight.to_le_bytes()));
        }
    }

    /// From a time to before another dense inputs are drawn again. What is in the window comes after this.
    pub fn redrawn(&mut self, from: Time, to: Time) {
        self.begin_at(REDRAWN, from);
        put_time_after(&mut self.bytes, from, to);
        (self.redrawn_to, self.is_redrawing) = (Some(to), true);
    }

    /// The window in which dense inputs are drawn again is over.
    pub fn end_redrawn(&mut self) {
        self.is_redrawing = false;
    }

    /// The first byte, and the time.
    #[inline]
    fn begin(&mut self, tag: u8, at: Time) {
        self.kinds |= match tag & 15 {
            TOGETHER | ROW => 1 << EventKind::Arrival as u8,
            kind => 1 << kind,
        };
        self.events += 1;
        self.begin_at(tag, at);
    }

    #[inline]
    fn begin_at(&mut self, tag: u8, at: Time) {
        if self.bytes.is_empty() {
            self.begins = at;
        } else if at == self.past.at {
            self.bytes.push(tag | SAME_TIME);
            return;
        }
        self.bytes.push(tag);
        let (epoch, offset) = at.parts();
        put_signed(&mut self.bytes, epoch.wrapping_sub(self.past.at.parts().0) as i64);
        self.bytes.extend(offset.to_le_bytes());
        self.past.at = at;
    }

    /// Ends the block: its bytes, valid until the next event is added, and its summary.
    pub fn close(&mut self) -> Summary {
        // Rows may reach all that lies between their ends: who asks for one of those has to look.
        let reached = self.reached.iter_mut().map(|range| std::mem::replace(range, UNREACHED));
        let mut neurons: Vec<(u32, u32)> = reached.filter(|range| *range != UNREACHED).collect();
        for (stretch, first) in self.seen.chunks_mut(STRETCH).zip((0..).step_by(STRETCH)) {
            if stretch.iter().fold(false, |any, seen| any | seen) {
                let of_stretch = (first..).zip(&*stretch).filter(|(_, seen)| **seen);
                of_stretch.for_each(|(neuron, _)| add_to_ranges(&mut neurons, neuron));
                stretch.fill(false);
            }
        }
        if self.redrawn_to.is_some() {
            self.kinds = self.trains.iter().fold(self.kinds, |kinds, trains| kinds | trains.0.bits());
            neurons.extend(self.trains.iter().flat_map(|trains| trains.1));
        }
        let neurons = united(neurons);
        let summary = Summary {
            events: self.events,
            first: self.begins,
            last: self.redrawn_to.map_or(self.past.at, |to| to.max(self.past.at)),
            kinds: Kinds::of_bits(self.kinds),
            neurons,
        };
        self.past.forget();
        self.redrawn_to = None;
        self.is_redrawing = false;
        self.events = 0;
        self.kinds = 0;
        summary
    }

    /// The block's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes room for the next block.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.new_rows.clear();
    }
}

/// No neuron: all are before its end and after its beginning.
const UNREACHED: (u32, u32) = (u32::MAX, 0);

/// What an encoder knows of a row.
#[derive(Clone, Copy, Debug)]
struct KnownRow {
    /// Its number in the log.
    number: u32,
    /// From its first neuron, as the network counts it, to before the place after its last.
    neurons: (u32, u32),
}

/// The same neurons in ranges that rise and do not touch.
fn united(mut ranges: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    ranges.sort_unstable();
    let mut united: Vec<(u32, u32)> = Vec::new();
    for (first, end) in ranges {
        match united.last_mut() {
            Some((_, last)) if first <= *last => *last = end.max(*last),
            _ => united.push((first, end)),
        }
    }
    united
}

/// Adds a neuron after all others to ranges.
pub fn add_to_ranges(ranges: &mut Vec<(u32, u32)>, neuron: u32) {
    match ranges.last_mut() {
        Some((_, end)) if *end == neuron => *end += 1,
        _ => ranges.push((neuron, neuron + 1)),
    }
}

/// Reads blocks.
#[derive(Debug)]
pub struct Decoder {
    /// The first neuron of each population, and the number of all.
    first: Vec<u32>,
    past: Past,
    /// The neurons of several arrivals.
    neurons: Vec<u32>,
    rows: Vec<Row>,
    trains: Vec<DenseTrains>,
    redraw: Redraw,
}

/// What a spike of one source reaches over one projection.
#[derive(Debug)]
struct Row {
    population: PopulationId,
    source: NeuronId,
    projection: u32,
    delay_ms: f64,
    targets: Vec<u32>,
    /// One for all, or one each.
    weights: Vec<f64>,
}

impl Decoder {
    /// For a network with populations of these sizes.
    pub fn new(sizes: &[usize]) -> Decoder {
        let first = Encoder::new(sizes).first;
        Decoder {
            first,
            past: Past::new(),
            neurons: Vec::new(),
            rows: Vec::new(),
            trains: Vec::new(),
            redraw: Redraw::default(),
        }
    }

    /// Takes the rows and dense inputs that come before a block. `None` if the bytes are none.
    pub fn add_rows(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            match take_byte(&mut bytes)? {
                OF_ROW => {
                    let row = self.take_row(&mut bytes)?;
                    self.rows.push(row);
                }
                OF_TRAINS => {
                    let trains = self.take_trains(&mut bytes)?;
                    self.trains.push(trains);
                }
                _ => return None,
            }
        }
        Some(())
    }

    fn take_row(&self, bytes: &mut &[u8]) -> Option<Row> {
        let mut number = || u32::try_from(take(bytes)?).ok();
        let (population, source, projection) = (number()?, NeuronId(number()?), number()?);
        let size = self.first.get(population as usize + 1)? - self.first[population as usize];
        let delay_ms = take_f64(bytes)?;
        let one = if take_byte(bytes)? == 0 { Some(take_f64(bytes)?) } else { None };
        let count = usize::try_from(take(bytes)?).ok()?;
        // Each neuron takes a byte at least: a damaged number must not ask for more.
        if count == 0 || count > bytes.len() {
            return None;
        }
        let mut targets = Vec::with_capacity(count);
        let mut target = 0u64;
        for _ in 0..count {
            target = target.checked_add(take(bytes)?)?;
            targets.push(u32::try_from(target).ok().filter(|&target| target < size)?);
        }
        let weights = match one {
            Some(weight) => vec![weight],
            None => (0..count).map(|_| take_f64(bytes)).collect::<Option<_>>()?,
        };
        Some(Row { population: PopulationId(population), source, projection, delay_ms, targets, weights })
    }

    fn take_trains(&self, bytes: &mut &[u8]) -> Option<DenseTrains> {
        let kinds = Kinds::of_bits(u16::try_from(take(bytes)?).ok()?).and(DenseTrains::KINDS);
        let mut number = || u32::try_from(take(bytes)?).ok();
        let (population, target, projection) = (number()?, number()?, number()?);
        let size = |population: u32| {
            let end = self.first.get(population as usize + 1)?;
            Some(end - self.first[population as usize])
        };
        let units = size(population).filter(|&units| size(target) == Some(units) && units > 0)?;
        let delay_ms = take_f64(bytes).filter(|delay| (0.0..1e15).contains(delay))?;
        let mut half = || u32::try_from(take(bytes)?).ok();
        let key = StreamKey([half()?, half()?]);
        let mean = take_f64(bytes).filter(|mean| (0.0..=MOST_SPIKES).contains(mean))?;
        let mut time = || Time::from_parts(take(bytes)?, take_f64(bytes)?);
        let (start, stop) = (time()?, time()?);
        let count = if take_byte(bytes)? == 0 { 1 } else { units as usize };
        if count > bytes.len() / 8 {
            return None;
        }
        let weights = (0..count).map(|_| take_f64(bytes)).collect::<Option<_>>()?;
        Some(DenseTrains {
            source: DenseSource { cells: Arc::new(PoissonCells::new(key, mean)), start, stop },
            population: PopulationId(population),
            first: NeuronId(self.first[population as usize]),
            units,
            target: PopulationId(target),
            projection,
            delay_ms,
            weights,
            kinds,
        })
    }

    /// Calls `told` with each event of a block, as far as a filter lets those that are drawn again through, until it says that it has enough. `None` if the bytes are no block.
    pub fn decode(
        &mut self,
        mut bytes: &[u8],
        filter: &EventFilter,
        mut told: impl FnMut(Told) -> bool,
    ) -> Option<()> {
        self.past.forget();
        self.redraw = Redraw::default();
        while !bytes.is_empty() {
            let goes_on = match bytes[0] & 15 {
                REDRAWN => {
                    let tag = take_byte(&mut bytes)?;
                    let from = self.time(tag, &mut bytes)?;
                    let to = take_time_after(&mut bytes, from)?;
                    // Where a run can get; a damaged number must not ask for more.
                    if !(from <= to && to.parts().0 < 1 << 53) {
                        return None;
                    }
                    let goes_on = self.redraw(None, filter, &mut told);
                    if goes_on {
                        self.redraw.begin(from, to);
                    }
                    goes_on
                }
                TOGETHER => self.together(&mut bytes, filter, &mut told)?,
                ROW => self.row(&mut bytes, filter, &mut told)?,
                _ => {
                    let one = self.one(&mut bytes)?;
                    let goes_on = match &one {
                        Told::Event(event) => self.redraw(Some(&|| event.place()), filter, &mut told),
                        Told::Window(..) => true,
                    };
                    goes_on && told(one)
                }
            };
            if !goes_on {
                return Some(());
            }
        }
        self.redraw(None, filter, &mut told);
        Some(())
    }

    /// Tells of dense input that comes before a place, or before the end; tells whether `told` wants more.
    #[inline]
    fn redraw(
        &mut self,
        before: Option<&dyn Fn() -> Place>,
        filter: &EventFilter,
        told: &mut impl FnMut(Told) -> bool,
    ) -> bool {
        if !self.redraw.is_over() {
            let before = before.map(|place| place());
            while let Some(event) = self.redraw.next_before(before.as_ref(), &self.trains, filter) {
                if !told(Told::Event(event)) {
                    return false;
                }
            }
        }
        true
    }

    #[inline]
    fn one(&mut self, bytes: &mut &[u8]) -> Option<Told> {
        let tag = take_byte(bytes)?;
        let kind = *EventKind::ALL.get(usize::from(tag & 15))?;
        let at = self.time(tag, bytes)?;
        if kind == EventKind::Window {
            return Some(Told::Window(at, take_time_after(bytes, at)?));
        }
        let generation = if tag & GENERATION == 0 { 0 } else { u32::try_from(take(bytes)?).ok()? };
        let (population, neuron) = self.neuron(bytes)?;
        let happens = match kind {
            EventKind::Arrival => self.arrival(tag, bytes)?,
            EventKind::Spike => {
                Happening::Own(What::Spike { cause: *Cause::ALL.get(usize::from(tag >> 6))? })
            }
            EventKind::Predicted => Happening::Own(What::Predicted { crossing: take_time_after(bytes, at)? }),
            EventKind::Retracted => Happening::Own(What::Retracted { crossing: take_time_after(bytes, at)? }),
            EventKind::Confirmed => Happening::Own(What::Confirmed),
            EventKind::Checkpoint => Happening::Own(What::Checkpoint),
            EventKind::RefractoryEnd => Happening::Own(What::RefractoryEnd),
            EventKind::Stimulus => Happening::Own(What::Stimulus { current: take_f64(bytes)? }),
            EventKind::Switch => Happening::Switch { gain: take_f64(bytes)? },
            EventKind::Window => return None,
        };
        let neuron = LocalId(neuron - self.first[population]);
        Some(Told::Event(Event {
            at,
            generation,
            population: PopulationId(population as u32),
            neuron,
            happens,
        }))
    }

    #[inline]
    fn time(&mut self, tag: u8, bytes: &mut &[u8]) -> Option<Time> {
        if tag & SAME_TIME == 0 {
            let epoch = self.past.at.parts().0.wrapping_add(take_signed(bytes)? as u64);
            self.past.at = Time::from_parts(epoch, take_f64(bytes)?)?;
        }
        Some(self.past.at)
    }

    /// A population, and a neuron as the network counts it.
    #[inline]
    fn neuron(&mut self, bytes: &mut &[u8]) -> Option<(usize, u32)> {
        self.past.neuron =
            u32::try_from(i64::from(self.past.neuron).checked_add(take_signed(bytes)?)?).ok()?;
        let neuron = self.past.neuron;
        let population = self.first.partition_point(|&first| first <= neuron) - 1;
        (population + 1 < self.first.len()).then_some((population, neuron))
    }

    /// The source and the projection of an arrival.
    #[inline]
    fn source(&mut self, tag: u8, bytes: &mut &[u8]) -> Option<(u32, u32)> {
        if tag & SAME_SOURCE == 0 {
            let source = i64::from(self.past.source.0).checked_add(take_signed(bytes)?)?;
            self.past.source = (u32::try_from(source).ok()?, u32::try_from(take(bytes)?).ok()?);
        }
        // More projections than this no scenario has; a damaged number must not ask for memory.
        (self.past.source.1 <= 1 << 24).then_some(self.past.source)
    }

    /// Several arrivals; tells whether `told` wants more.
    fn together(
        &mut self,
        bytes: &mut &[u8],
        filter: &EventFilter,
        told: &mut impl FnMut(Told) -> bool,
    ) -> Option<bool> {
        let tag = take_byte(bytes)?;
        let at = self.time(tag, bytes)?;
        let generation = if tag & GENERATION == 0 { 0 } else { u32::try_from(take(bytes)?).ok()? };
        let count = usize::try_from(take(bytes)?).ok()?;
        let (source, projection) = self.source(tag, bytes)?;
        let has_own = if tag & SAME_WEIGHT == 0 {
            let delay_ms = take_f64(bytes)?;
            match take_byte(bytes)? {
                0 => {
                    *self.past.weight(projection) = Some((take_f64(bytes)?, delay_ms));
                    None
                }
                _ => Some(delay_ms),
            }
        } else {
            None
        };
        let (population, first) = self.neuron(bytes)?;
        // Each further neuron takes a byte at least: a damaged number must not ask for more.
        if count == 0 || count - 1 > bytes.len() {
            return None;
        }
        let mut neurons = std::mem::take(&mut self.neurons);
        neurons.clear();
        neurons.push(first);
        for _ in 1..count {
            let neuron = u64::from(self.past.neuron).checked_add(take(bytes)?)?;
            self.past.neuron = u32::try_from(neuron).ok().filter(|&n| n < self.first[population + 1])?;
            neurons.push(self.past.neuron);
        }
        let begins = self.first[population];
        let population = PopulationId(population as u32);
        let mut goes_on = true;
        for &neuron in &neurons {
            let (weight, delay_ms) = match has_own {
                Some(delay_ms) => (take_f64(bytes)?, delay_ms),
                None => (*self.past.weight(projection))?,
            };
            let happens = Happening::Arrival { source: NeuronId(source), projection, weight, delay_ms };
            let event = Event { at, generation, population, neuron: LocalId(neuron - begins), happens };
            goes_on = self.redraw(Some(&|| event.place()), filter, told) && told(Told::Event(event));
            if !goes_on {
                break;
            }
        }
        self.neurons = neurons;
        Some(goes_on)
    }

    /// Arrivals at all of a row; tells whether `told` wants more.
    fn row(
        &mut self,
        bytes: &mut &[u8],
        filter: &EventFilter,
        told: &mut impl FnMut(Told) -> bool,
    ) -> Option<bool> {
        let tag = take_byte(bytes)?;
        let at = self.time(tag, bytes)?;
        let generation = if tag & GENERATION == 0 { 0 } else { u32::try_from(take(bytes)?).ok()? };
        let number = usize::try_from(take(bytes)?).ok()?;
        let row = self.rows.get(number)?;
        let Row { population, source, projection, delay_ms, .. } = *row;
        let event = |row: &Row, place: usize| {
            let weight = *row.weights.get(place).unwrap_or(&row.weights[0]);
            let happens = Happening::Arrival { source, projection, weight, delay_ms };
            Event { at, generation, population, neuron: LocalId(row.targets[place]), happens }
        };
        let first = event(row, 0);
        if !self.redraw(Some(&|| first.place()), filter, told) {
            return Some(false);
        }
        let row = &self.rows[number];
        Some((0..row.targets.len()).all(|place| told(Told::Event(event(row, place)))))
    }

    #[inline]
    fn arrival(&mut self, tag: u8, bytes: &mut &[u8]) -> Option<Happening> {
        let (source, projection) = self.source(tag, bytes)?;
        let weight = self.past.weight(projection);
        if tag & SAME_WEIGHT == 0 {
            *weight = Some((take_f64(bytes)?, take_f64(bytes)?));
        }
        let (weight, delay_ms) = (*weight)?;
        Some(Happening::Arrival { source: NeuronId(source), projection, weight, delay_ms })
    }
}

/// Appends an integer of variable length.
#[inline]
pub fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[inline]
fn put_signed(bytes: &mut Vec<u8>, value: i64) {
    put(bytes, (value << 1 ^ value >> 63) as u64);
}

/// Appends each target less the one before.
fn put_steps(bytes: &mut Vec<u8>, targets: &[u32]) {
    let begins = bytes.len();
    bytes.resize(begins + 2 * targets.len(), 0);
    let mut end = begins;
    let mut largest = 0;
    // Nobody can foresee which of them take a second byte.
    for pair in targets.windows(2) {
        let step = pair[1] - pair[0];
        let is_long = step >= 128;
        let low = step as u8 & 127 | u8::from(is_long) << 7;
        bytes[end..end + 2].copy_from_slice(&[low, (step >> 7) as u8]);
        end += 1 + usize::from(is_long);
        largest = largest.max(step);
    }
    bytes.truncate(end);
    if largest >= 1 << 14 {
        bytes.truncate(begins);
        targets.windows(2).for_each(|pair| put(bytes, u64::from(pair[1] - pair[0])));
    }
}

fn put_time_after(bytes: &mut Vec<u8>, at: Time, later: Time) {
    let (epoch, offset) = later.parts();
    put(bytes, epoch.wrapping_sub(at.parts().0));
    bytes.extend(offset.to_le_bytes());
}

fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(byte)
}

/// Takes an integer of variable length off the front.
#[inline]
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(bytes)?;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some(value);
        }
    }
    None
}

fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = take(bytes)?;
    Some((value >> 1) as i64 ^ -((value & 1) as i64))
}

fn take_f64(bytes: &mut &[u8]) -> Option<f64> {
    let (front, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(f64::from_le_bytes(*front))
}

fn take_time_after(bytes: &mut &[u8], at: Time) -> Option<Time> {
    let epoch = at.parts().0.wrapping_add(take(bytes)?);
    Time::from_parts(epoch, take_f64(bytes)?)
}
