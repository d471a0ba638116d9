//! Spikes under way: from the instant at which they are emitted to the last of their arrivals.
//!
//! A spike is one entry that walks along its row, whose synapses are sorted by delay. Where delays vary, the queue engine
//! keeps the entries in a heap by their next arrival. The lookahead engine, which lands what arrives in a window and not
//! what comes next, keeps them in a wheel of short slices of time: an entry lies in the slice of its next arrival and is
//! looked at when that has come, whatever else is under way. On the way to populations that go through windows as a whole a
//! slice is an epoch, and what an entry reaches in it is laid into [`super::slices`]; where such a population knows ahead of time
//! what arrives, a row is cut into pieces at once ([`super::stretches`]).

use super::stretches::Stretches;
use crate::network::{Projection, Values};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};

/// The spikes under way over each projection.
pub(super) struct Flights {
    /// Those to each population, with the number of the projection.
    pub to: Vec<Vec<(u32, Flight)>>,
    /// Where those over a projection are: the population, and the place there.
    places: Vec<(usize, usize)>,
}

/// One projection's.
pub(super) enum Flight {
    /// All delays are equal, so what is emitted first arrives first: (arrival, source).
    Constant { delay_ms: f64, queue: VecDeque<(Time, u32)> },
    /// Rows are sorted by delay.
    Varied { cursors: BinaryHeap<Reverse<Cursor>> },
    /// The same for windows, or for whole epochs.
    Sliced(Box<Wheel>),
    /// The same for populations that know ahead of time what arrives.
    Ahead(Stretches),
}

/// A spike under way over one projection. Those that arrive first come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor {
    /// The next arrival.
    at: Time,
    source: u32,
    emitted: Time,
    /// The place of the synapse that is reached next.
    place: u64,
}

/// A spike on its way that arrives now: over all synapses of its row from `first` to before `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landing {
    pub at: Time,
    pub source: u32,
    pub first: u64,
    pub end: u64,
}

impl Flights {
    pub(super) fn new(projections: &[Projection]) -> Flights {
        let populations = projections.iter().map(|projection| projection.target.index() + 1).max();
        let mut flights = Flights { to: Vec::new(), places: Vec::new() };
        flights.to.resize_with(populations.unwrap_or(0), Vec::new);
        let flight = |projection: &Projection| match projection.delays {
            Values::Same(delay_ms) => Flight::Constant { delay_ms, queue: VecDeque::new() },
            Values::Each(_) | Values::Single(_) => Flight::Varied { cursors: BinaryHeap::new() },
        };
        for (index, projection) in (0..).zip(projections) {
            let population = projection.target.index();
            let to = &mut flights.to[population];
            flights.places.push((population, to.len()));
            to.push((index, flight(projection)));
        }
        flights
    }

    #[inline]
    fn over(&self, index: usize) -> &Flight {
        let (population, place) = self.places[index];
        &self.to[population][place].1
    }

    #[inline]
    fn over_mut(&mut self, index: usize) -> &mut Flight {
        let (population, place) = self.places[index];
        &mut self.to[population][place].1
    }

    /// Prepares for landing what flies over a projection in steps of about `step_ms`. Nothing may be under way.
    pub(super) fn land_in_steps(&mut self, index: usize, projection: &Projection, step_ms: f64) {
        let flight = self.over_mut(index);
        if let Flight::Varied { .. } = flight {
            *flight = Flight::Sliced(Box::new(Wheel::new(step_ms, projection.longest_delay())));
        }
    }

    /// The same for a population that knows ahead of time what arrives.
    pub(super) fn land_ahead(&mut self, index: usize) {
        let flight = self.over_mut(index);
        if let Flight::Varied { .. } = flight {
            *flight = Flight::Ahead(Stretches::default());
        }
    }

    /// Asks memory for what has to be known of a row when a spike sets out over it.
    #[inline]
    pub(super) fn prefetch(&self, index: usize, projection: &Projection, source: u32) {
        if !matches!(self.over(index), Flight::Ahead(_)) {
            projection.prefetch_row(source as usize);
        }
    }

    /// A spike sets out over a projection, whose row is held from now on. Spikes set out in order of time.
    #[inline]
    pub(super) fn launch(&mut self, index: usize, projection: &mut Projection, at: Time, source: u32) {
        if let Flight::Ahead(stretches) = self.over_mut(index) {
            projection.hold(source as usize);
            return stretches.launch(at, source);
        }
        let row = projection.hold(source as usize);
        if row.is_empty() {
            return;
        }
        let cursor = || Cursor {
            at: at.after(projection.delays.at(row.start)),
            source,
            emitted: at,
            place: row.start as u64,
        };
        match self.over_mut(index) {
            Flight::Constant { delay_ms, queue } => queue.push_back((at.after(*delay_ms), source)),
            Flight::Varied { cursors } => cursors.push(Reverse(cursor())),
            Flight::Sliced(wheel) => wheel.insert(cursor()),
            Flight::Ahead(_) => {}
        }
    }

    /// The next arrival over a projection.
    #[inline]
    pub(super) fn next(&self, index: usize) -> Time {
        match self.over(index) {
            Flight::Constant { queue, .. } => queue.front().map_or(Time::NEVER, |front| front.0),
            Flight::Varied { cursors } => cursors.peek().map_or(Time::NEVER, |Reverse(first)| first.at),
            Flight::Sliced(wheel) => wheel.next,
            Flight::Ahead(stretches) => stretches.next(),
        }
    }

    /// The next arrival over any projection.
    pub(super) fn next_of_all(&self) -> Time {
        (0..self.places.len()).map(|index| self.next(index)).min().unwrap_or(Time::NEVER)
    }

    /// Lands everything that arrives over a projection before `before`.
    pub(super) fn land(
        &mut self,
        index: usize,
        projection: &Projection,
        before: Time,
        landings: &mut Vec<Landing>,
    ) {
        self.over_mut(index).land(projection, before, |landing| landings.push(landing));
    }
}

impl Flight {
    /// Lands everything that arrives before `before`. Over equal delays the landings come in order of time and, as far as
    /// they were launched so, source; over varied delays each has one instant and the order is open.
    pub(super) fn land(&mut self, projection: &Projection, before: Time, mut landed: impl FnMut(Landing)) {
        match self {
            Flight::Constant { queue, .. } => {
                while let Some(&(at, source)) = queue.front() {
                    if at >= before {
                        return;
                    }
                    queue.pop_front();
                    let row = projection.row(source as usize);
                    landed(Landing { at, source, first: row.start as u64, end: row.end as u64 });
                }
            }
            Flight::Varied { cursors } => {
                while let Some(mut first) = cursors.peek_mut() {
                    if first.0.at >= before {
                        return;
                    }
                    match first.0.land(projection, before, &mut landed) {
                        Some(left) => *first = Reverse(left),
                        None => drop(PeekMut::pop(first)),
                    }
                }
            }
            Flight::Sliced(wheel) => {
                let fetch = |cursor: &Cursor| projection.prefetch(cursor.place as usize);
                wheel.land(before, fetch, |cursor| cursor.land(projection, before, &mut landed));
            }
            // These are taken by epochs.
            Flight::Ahead(_) => {}
        }
    }
}

impl Cursor {
    /// Lands what arrives before `before`, which is at least one synapse; gives what is left.
    #[inline]
    fn land(
        mut self,
        projection: &Projection,
        before: Time,
        landed: &mut impl FnMut(Landing),
    ) -> Option<Cursor> {
        let end = projection.row(self.source as usize).end as u64;
        while self.place < end {
            let first = self.place;
            let mut next = Time::NEVER;
            self.place += 1;
            while self.place < end {
                next = self.emitted.after(projection.delays.at(self.place as usize));
                if next > self.at {
                    break;
                }
                self.place += 1;
            }
            landed(Landing { at: self.at, source: self.source, first, end: self.place });
            self.at = next;
            if self.at >= before && self.place < end {
                return Some(self);
            }
        }
        None
    }
}

impl Cursor {
    /// Lands synapse by synapse what arrives up to the end of an epoch, which is at least one; gives what is left.
    #[inline]
    fn land_singly(
        self,
        projection: &Projection,
        epoch: u64,
        landed: &mut impl FnMut(f64, u32, usize),
    ) -> Option<Cursor> {
        match &projection.delays {
            Values::Single(delays) => self.walk(projection, epoch, |place| f64::from(delays[place]), landed),
            delays => self.walk(projection, epoch, |place| delays.at(place), landed),
        }
    }

    #[inline(always)]
    fn walk(
        mut self,
        projection: &Projection,
        epoch: u64,
        delay_ms: impl Fn(usize) -> f64,
        landed: &mut impl FnMut(f64, u32, usize),
    ) -> Option<Cursor> {
        let end = projection.row(self.source as usize).end;
        for place in self.place as usize..end {
            let delay_ms = delay_ms(place);
            // What `Time::after` does; delays that it takes for endless lead beyond the epoch, too.
            let whole = delay_ms as u64;
            let (arrives_in, offset) = self.emitted.after_parts(whole, delay_ms - whole as f64).parts();
            if arrives_in > epoch {
                (self.place, self.at) = (place as u64, self.emitted.after(delay_ms));
                return Some(self);
            }
            landed(offset, self.source, place);
        }
        None
    }
}

/// Slices of equal length of time, one after the other, and round again.
pub(super) struct Wheel {
    per_ms: f64,
    /// The cursors whose next arrival falls into a slice of this number, or of one some rounds later.
    slices: Vec<Vec<Cursor>>,
    /// All slices before this number are empty of this round.
    first: u64,
    /// The next arrival.
    next: Time,
    /// The cursors in hand.
    taken: Vec<Cursor>,
}

/// Memory is asked for the synapses of so many rows ahead of time.
const FETCHED: usize = 16;

/// A wheel has no more slices than this, and no more in a millisecond.
const MOST_SLICES: f64 = 16_384.0;
const MOST_PER_MS: f64 = 128.0;

impl Wheel {
    /// Slices as long as a step, if that is at most 1 ms, and as many as the longest delay needs.
    fn new(step_ms: f64, longest_delay_ms: f64) -> Wheel {
        let per_ms = (1.0 / step_ms).ceil().clamp(1.0, MOST_PER_MS);
        let count = (longest_delay_ms * per_ms + 2.0).min(MOST_SLICES) as usize;
        let slices = vec![Vec::new(); count.next_power_of_two()];
        Wheel { per_ms, slices, first: 0, next: Time::NEVER, taken: Vec::new() }
    }

    /// The number of the slice of an instant; rises with it.
    #[inline]
    fn number(&self, at: Time) -> u64 {
        let (epoch, offset_ms) = at.parts();
        epoch.saturating_mul(self.per_ms as u64).saturating_add((offset_ms * self.per_ms) as u64)
    }

    #[inline]
    fn place(&self, number: u64) -> usize {
        number as usize & (self.slices.len() - 1)
    }

    #[inline]
    fn insert(&mut self, cursor: Cursor) {
        self.next = self.next.min(cursor.at);
        let number = self.number(cursor.at);
        // What sets out can arrive before a time up to which everything has been landed.
        self.first = self.first.min(number);
        let place = self.place(number);
        self.slices[place].push(cursor);
    }

    /// Lands synapse by synapse what arrives up to the end of an epoch: offset, source, place.
    pub(super) fn land_singly(
        &mut self,
        projection: &Projection,
        epoch: u64,
        mut landed: impl FnMut(f64, u32, usize),
    ) {
        let before = Time::from_parts(epoch + 1, 0.0).unwrap_or(Time::NEVER);
        let fetch = |cursor: &Cursor| projection.prefetch(cursor.place as usize);
        self.land(before, fetch, |cursor| cursor.land_singly(projection, epoch, &mut landed));
    }

    /// Lets the cursors with arrivals before `before` walk, each some time after memory has been asked for its synapses.
    #[inline]
    fn land(
        &mut self,
        before: Time,
        fetch: impl Fn(&Cursor),
        mut walk: impl FnMut(Cursor) -> Option<Cursor>,
    ) {
        if self.next >= before {
            return;
        }
        // A slice that begins an epoch has nothing before it.
        let (_, offset_ms) = before.parts();
        let end = self.number(before) + u64::from(offset_ms > 0.0);
        let slices = (end - self.first).min(self.slices.len() as u64);
        self.next = Time::NEVER;
        for number in self.first..self.first + slices {
            let place = self.place(number);
            let mut taken = std::mem::replace(&mut self.slices[place], std::mem::take(&mut self.taken));
            taken.iter().take(FETCHED).for_each(&fetch);
            for (index, &cursor) in taken.iter().enumerate() {
                taken.get(index + FETCHED).into_iter().for_each(&fetch);
                let left = match cursor.at < before {
                    true => walk(cursor),
                    false => Some(cursor),
                };
                if let Some(left) = left {
                    self.insert(left);
                }
            }
            taken.clear();
            self.taken = taken;
        }
        self.first = self.number(before);
        self.next = self.find_next();
    }

    /// The next arrival: in the first slice that has one of this round.
    fn find_next(&self) -> Time {
        let mut next = Time::NEVER;
        for number in self.first..self.first.saturating_add(self.slices.len() as u64) {
            let slice = &self.slices[self.place(number)];
            next = slice.iter().map(|cursor| cursor.at).fold(next, Time::min);
            if next < Time::NEVER && self.number(next) <= number {
                break;
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PopulationId;
    use proptest::prelude::*;

    fn ms(ms: f64) -> Time {
        Time::from_ms(ms).unwrap()
    }

    /// Rows with delays in eighths of a millisecond, some of them far beyond the rest.
    fn projection(rows: &[Vec<u32>]) -> Projection {
        let mut offsets = vec![0];
        let mut delays = Vec::new();
        for row in rows {
            let mut row: Vec<f64> = row.iter().map(|&eighths| 0.5 + f64::from(eighths) / 8.0).collect();
            row.sort_by(f64::total_cmp);
            delays.extend(row);
            offsets.push(delays.len() as u64);
        }
        let weights = Values::Same(1.0);
        Projection {
            source: PopulationId(0),
            target: PopulationId(0),
            receptor: 0,
            offsets,
            targets: (0..delays.len() as u32).collect(),
            weights,
            delays: Values::Each(delays),
            declared: None,
            drawn: None,
        }
    }

    proptest! {
        /// A wheel lands what a heap lands, in windows that know nothing of its slices.
        #[test]
        fn wheels_land_what_heaps_land(
            rows in prop::collection::vec(prop::collection::vec(prop_oneof![9 => 0u32..40, 1 => 0u32..200_000], 0..6), 1..5),
            spikes in prop::collection::vec((0usize..5, 0u32..40), 0..30),
            windows in prop::collection::vec(1u32..5, 1..80),
            window_ms in 0.005..3.0f64,
        ) {
            let mut projections = [projection(&rows)];
            let mut heap = Flights::new(&projections);
            let mut wheel = Flights::new(&projections);
            wheel.land_in_steps(0, &projections[0], window_ms);
            let mut now = Time::ZERO;
            let mut spikes = spikes.into_iter();
            for eighths in windows.into_iter().chain([800_000, 800_000]) {
                let to = now.after(f64::from(eighths) / 8.0);
                let mut landed = [Vec::new(), Vec::new()];
                for (flights, landed) in [&mut heap, &mut wheel].into_iter().zip(&mut landed) {
                    flights.land(0, &projections[0], to, landed);
                    landed.sort_unstable_by_key(|l| (l.at, l.source, l.first));
                }
                prop_assert_eq!(format!("{:?}", landed[0]), format!("{:?}", landed[1]));
                // In the last, long windows nothing sets out any more.
                if let Some((source, offset)) = spikes.next().filter(|_| eighths < 10) {
                    let at = now.after(f64::from(offset) / 100.0).min(to);
                    for flights in [&mut heap, &mut wheel] {
                        flights.launch(0, &mut projections[0], at.max(now), (source % rows.len()) as u32);
                    }
                }
                prop_assert_eq!(heap.next(0), wheel.next(0));
                now = to;
            }
            prop_assert_eq!(wheel.next(0), Time::NEVER);
        }
    }

    #[test]
    fn nothing_under_way_is_never() {
        let mut wheel = Flights::new(&[projection(&[vec![1, 2]])]);
        wheel.land_in_steps(0, &projection(&[vec![1, 2]]), 0.1);
        assert_eq!(wheel.next_of_all(), Time::NEVER);
        wheel.launch(0, &mut projection(&[vec![1, 2]]), ms(1e9), 0);
        assert_eq!(wheel.next_of_all(), ms(1e9 + 0.625));
    }
}
