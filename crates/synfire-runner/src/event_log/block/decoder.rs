//! From blocks to events.

use super::numbers::{take, take_byte, take_f64, take_signed, take_time_after};
use super::{
    GENERATION, OF_ROW, OF_TRAINS, Past, REDRAWN, ROW, SAME_SOURCE, SAME_TIME, SAME_WEIGHT, TOGETHER,
    first_neurons,
};
use std::sync::Arc;
use synfire_core::events::{
    DenseTrains, Event, EventFilter, EventKind, Happening, Kinds, Place, Redraw, Told,
};
use synfire_core::group::{Cause, DenseSource, What};
use synfire_core::{LocalId, NeuronId, PopulationId, Time};
use synfire_numerics::poisson::{MOST_SPIKES, PoissonCells};
use synfire_numerics::random::StreamKey;

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
        let first = first_neurons(sizes);
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

    /// What several arrivals begin with: the first byte, the time and the generation.
    fn head(&mut self, bytes: &mut &[u8]) -> Option<(u8, Time, u32)> {
        let tag = take_byte(bytes)?;
        let at = self.time(tag, bytes)?;
        let generation = if tag & GENERATION == 0 { 0 } else { u32::try_from(take(bytes)?).ok()? };
        Some((tag, at, generation))
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
        let (tag, at, generation) = self.head(bytes)?;
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
        let (_, at, generation) = self.head(bytes)?;
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
