//! From events to blocks.

use super::numbers::{put, put_signed, put_steps, put_time_after};
use super::summary::{add_to_ranges, united};
use super::{
    GENERATION, OF_ROW, OF_TRAINS, Past, REDRAWN, ROW, SAME_SOURCE, SAME_TIME, SAME_WEIGHT, Summary,
    TOGETHER, first_neurons,
};
use synfire_core::Time;
use synfire_core::events::{DenseTrains, Event, EventKind, Happening, Kinds, Together, Weights};
use synfire_core::group::What;

/// Events after which a block is closed.
pub const BLOCK: u32 = 16_384;

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
        let first = first_neurons(sizes);
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
