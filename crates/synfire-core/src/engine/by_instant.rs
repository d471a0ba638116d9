//! The queue engine: from instant to instant, generation by generation.

use super::flights::Landing;
use super::{Engine, RunError};
use crate::group::{Arrival, Touch, Until};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::observer::{Observer, Origin};
use crate::queue::EventQueue;
use crate::time::Time;

/// Generations of one instant beyond which a loop is assumed (contract, rule 3).
const MOST_GENERATIONS: u32 = 1_000_000;
/// How many generations before the end their spikes are kept, to name the loop.
const LOOP_TAIL: u32 = 8;

/// An arrival with all that decides its place in the canonical order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub target: u32,
    pub source: NeuronId,
    pub projection: u32,
    pub rank: u32,
    pub arrival: Arrival,
}

impl<Q: EventQueue> Engine<Q> {
    pub(super) fn run_by_instant(
        &mut self,
        until: Time,
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        self.start(observer);
        loop {
            let next = self.queue.next().min(self.flights.next_of_all());
            self.take_samples(next.min(until), observer);
            if next >= until {
                self.now = self.now.max(until);
                return Ok(());
            }
            self.now = next;
            self.instant(observer)?;
        }
    }

    /// Everything that happens at `self.now`.
    fn instant(&mut self, observer: &mut impl Observer) -> Result<(), RunError> {
        let now = self.now;
        let just_after = now.next_up();
        let mut records: Vec<Vec<Record>> = std::mem::take(&mut self.records);
        let mut tail: Vec<(PopulationId, LocalId)> = Vec::new();
        let mut generation = 0;
        while self.queue.next() <= now || self.flights.next_of_all() <= now {
            self.collect_due(just_after);
            self.collect_arrivals(just_after, &mut records);
            for (population, records) in records.iter_mut().enumerate() {
                if records.is_empty() && self.scratch.due[population].is_empty() {
                    continue;
                }
                records.sort_unstable_by_key(|r| (r.target, r.source, r.projection, r.rank));
                self.counts.arrivals += records.len() as u64;
                let id = PopulationId(population as u32);
                if needs_arrivals(observer) {
                    self.tell_arrivals(id, generation, records, observer);
                }
                self.drive_instant(population, records)?;
                records.clear();
                self.tell_notes(id, Some(generation), observer);
                self.send_out_instant(id, observer);
                if generation + LOOP_TAIL > MOST_GENERATIONS {
                    tail.extend(self.scratch.out.spikes.iter().map(|&(_, neuron)| (id, neuron)));
                }
            }
            generation += 1;
            if generation > MOST_GENERATIONS {
                tail.sort_unstable();
                tail.dedup();
                tail.truncate(20);
                return Err(RunError::EndlessInstant { at: now, neurons: tail });
            }
        }
        self.records = records;
        if needs_notes(observer) {
            observer.window(now, just_after);
        }
        Ok(())
    }

    /// Tells the observer of one generation's arrivals at a population.
    fn tell_arrivals(
        &self,
        population: PopulationId,
        generation: u32,
        records: &[Record],
        observer: &mut impl Observer,
    ) {
        for r in records {
            let projection = &self.network.projections[r.projection as usize];
            let row = projection.row((r.source.0 - self.first[projection.source.index()]) as usize);
            let delay_ms = projection.delays.at(projection.place_of(&row, r.target, r.rank));
            let origin = Origin { source: r.source, projection: r.projection, delay_ms, generation };
            observer.arrival(&origin, population, LocalId(r.target), &r.arrival);
        }
    }

    /// Lands every spike that arrives before `before` and files its arrivals by population.
    fn collect_arrivals(&mut self, before: Time, records: &mut [Vec<Record>]) {
        let mut landings: Vec<Landing> = std::mem::take(&mut self.landings);
        for (index, projection) in self.network.projections.iter().enumerate() {
            if self.flights.next(index) >= before {
                continue;
            }
            landings.clear();
            self.flights.land(index, projection, before, &mut landings);
            let first_source = self.first[projection.source.index()];
            let records = &mut records[projection.target.index()];
            for landing in &landings {
                let row = projection.row(landing.source as usize);
                let source = NeuronId(first_source + landing.source);
                let (first, end) = (landing.first as usize, landing.end as usize);
                records.extend(projection.targets[first..end].iter().zip(first..).map(|(&target, place)| {
                    let weight = projection.weights.at(place);
                    let arrival = Arrival { at: landing.at, receptor: projection.receptor, weight };
                    let rank = projection.rank(&row, place);
                    Record { target, source, projection: index as u32, rank, arrival }
                }));
            }
        }
        self.landings = landings;
    }

    /// Drives one population through one generation of this instant: its due neurons and the targets of `records`, both
    /// sorted.
    fn drive_instant(&mut self, population: usize, records: &[Record]) -> Result<(), RunError> {
        let scratch = &mut self.scratch;
        scratch.touched.clear();
        scratch.arrivals.clear();
        scratch.out.clear();
        let mut due = scratch.due[population].iter().copied().peekable();
        let mut place = 0;
        while place < records.len() {
            let target = LocalId(records[place].target);
            while let Some(neuron) = due.next_if(|&neuron| neuron < target) {
                scratch.touched.push(Touch { neuron, first: place as u32, count: 0 });
            }
            due.next_if_eq(&target);
            let first = place;
            while place < records.len() && records[place].target == target.0 {
                scratch.arrivals.push(records[place].arrival);
                place += 1;
            }
            scratch.touched.push(Touch {
                neuron: target,
                first: first as u32,
                count: (place - first) as u32,
            });
        }
        scratch.touched.extend(due.map(|neuron| Touch { neuron, first: place as u32, count: 0 }));
        scratch.due[population].clear();

        self.network.groups[population]
            .drive(Until::Instant(self.now), &scratch.touched, &scratch.arrivals, &mut scratch.out)
            .map_err(|error| RunError::Group { population: PopulationId(population as u32), error })?;
        self.take_wakes(population);
        Ok(())
    }

    /// Reports the spikes in the outbox and sends them over the projections that leave the population.
    fn send_out_instant(&mut self, population: PopulationId, observer: &mut impl Observer) {
        for &(at, neuron) in &self.scratch.out.spikes {
            observer.spike(at, population, neuron);
            for &index in &self.leaving[population.index()] {
                self.flights.launch(index, &self.network.projections[index], at, neuron.0);
            }
        }
        self.counts.spikes[population.index()] += self.scratch.out.spikes.len() as u64;
        self.counts.ambiguous += std::mem::take(&mut self.scratch.out.ambiguous);
    }
}

/// The compile-time answer of the observer's type.
#[inline]
pub(super) fn needs_arrivals<O: Observer>(_: &O) -> bool {
    O::ARRIVALS
}

/// The compile-time answer of the observer's type.
#[inline]
pub(super) fn needs_notes<O: Observer>(_: &O) -> bool {
    O::NOTES
}
