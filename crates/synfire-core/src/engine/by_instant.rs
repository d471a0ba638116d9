//! The queue engine: from instant to instant, generation by generation.

use super::flights::Landing;
use super::{Engine, RunError};
use crate::group::{Arrival, Touch, Until};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::network::{Network, Values};
use crate::observer::{Fan, Observer, Origin};
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

/// All synapses that one spike reaches in this generation over one projection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Volley {
    source: NeuronId,
    projection: u32,
    first: u64,
    end: u64,
}

impl<Q: EventQueue> Engine<Q> {
    pub(super) fn run_by_instant(
        &mut self,
        until: Time,
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        self.start(observer);
        loop {
            let next = self.next_event();
            self.take_samples(next.min(until), observer);
            if next >= until {
                self.now = self.now.max(until);
                return Ok(());
            }
            self.now = next;
            self.instant(observer)?;
        }
    }

    /// When something happens next.
    #[inline]
    fn next_event(&mut self) -> Time {
        let mut next = self.queue.next().min(self.flights.next_of_all());
        for &population in &self.row_groups {
            if let Some(group) = self.network.groups[population].rows() {
                next = next.min(group.next_wake());
            }
        }
        next
    }

    /// Everything that happens at `self.now`.
    fn instant(&mut self, observer: &mut impl Observer) -> Result<(), RunError> {
        let now = self.now;
        let just_after = now.next_up();
        let mut tail: Vec<(PopulationId, LocalId)> = Vec::new();
        let mut generation = 0;
        while !self.fresh.is_empty() || self.next_event() <= now {
            if self.queue.next() <= now {
                self.collect_due(just_after);
            }
            self.collect_generation(just_after);
            for population in 0..self.network.groups.len() {
                if !self.drive_population(population, generation, observer)? {
                    continue;
                }
                let id = PopulationId(population as u32);
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
        if needs_notes(observer) {
            observer.window(now, just_after);
        }
        Ok(())
    }

    /// Drives one population through one generation of this instant; tells whether there was anything to do.
    fn drive_population(
        &mut self,
        population: usize,
        generation: u32,
        observer: &mut impl Observer,
    ) -> Result<bool, RunError> {
        let is_row_group = self.row_groups.contains(&population);
        let mut records = std::mem::take(&mut self.records);
        let reaches =
            |v: &&Volley| self.network.projections[v.projection as usize].target.index() == population;
        let in_records =
            |v: &Volley| !is_row_group || self.network.projections[v.projection as usize].declared.is_some();
        if self.volleys.iter().filter(reaches).any(in_records) {
            self.file_records(population, &mut records);
        }
        if needs_arrivals(observer) {
            let id = PopulationId(population as u32);
            self.tell_fans(id, generation, observer);
            self.tell_arrivals(id, generation, &records, observer);
        }
        let is_driven = if is_row_group {
            self.drive_rows(population, &records)?
        } else if records.is_empty() && self.scratch.due[population].is_empty() {
            false
        } else {
            self.counts.arrivals += records.len() as u64;
            self.drive_touched(population, &records)?;
            true
        };
        records.clear();
        self.records = records;
        Ok(is_driven)
    }

    /// Tells the observer of those of one generation's arrivals at a population whose order the declared ranks decide.
    fn tell_arrivals(
        &self,
        population: PopulationId,
        generation: u32,
        records: &[Record],
        observer: &mut impl Observer,
    ) {
        for r in records {
            let projection = &self.network.projections[r.projection as usize];
            if projection.declared.is_none() {
                continue;
            }
            let row = projection.row((r.source.0 - self.first[projection.source.index()]) as usize);
            let delay_ms = projection.delays.at(projection.place_of(&row, r.target, r.rank));
            let origin = Origin { source: r.source, projection: r.projection, delay_ms, generation };
            observer.arrival(&origin, population, LocalId(r.target), &r.arrival);
        }
    }

    /// Tells the observer of all others, spike by spike.
    fn tell_fans(&self, population: PopulationId, generation: u32, observer: &mut impl Observer) {
        for volley in &self.volleys {
            let projection = &self.network.projections[volley.projection as usize];
            if projection.target == population && projection.declared.is_none() {
                let places = volley.first as usize..volley.end as usize;
                let (at, source, number) = (self.now, volley.source, volley.projection);
                observer.fan(population, &Fan { at, generation, source, number, projection, places });
            }
        }
    }

    /// Collects the spikes that arrive in this generation, in canonical order: those that the generation before has sent over
    /// zero delays, and all others that arrive before `before`.
    fn collect_generation(&mut self, before: Time) {
        self.release_volleys();
        std::mem::swap(&mut self.volleys, &mut self.fresh);
        if self.flights.next_of_all() >= before {
            return; // spikes set out in canonical order
        }
        let mut landings: Vec<Landing> = std::mem::take(&mut self.landings);
        for (index, projection) in self.network.projections.iter().enumerate() {
            if self.flights.next(index) >= before {
                continue;
            }
            landings.clear();
            self.flights.land(index, projection, before, &mut landings);
            let first_source = self.first[projection.source.index()];
            self.volleys.extend(landings.iter().map(|landing| Volley {
                source: NeuronId(first_source + landing.source),
                projection: index as u32,
                first: landing.first,
                end: landing.end,
            }));
        }
        self.landings = landings;
        self.volleys.sort_unstable_by_key(|v| (v.source, v.projection, v.first));
    }

    /// Clears the volleys: what they brought has been received, so drawn rows that have arrived can go.
    fn release_volleys(&mut self) {
        if self.has_drawn_rows {
            for place in 0..self.volleys.len() {
                let Volley { source, projection, end, .. } = self.volleys[place];
                self.release(projection, source, end);
            }
        }
        self.volleys.clear();
    }

    /// The arrivals of this generation at a population, by target, each target's in canonical order.
    fn file_records(&self, population: usize, records: &mut Vec<Record>) {
        let mut is_ranked = false;
        for volley in &self.volleys {
            let projection = &self.network.projections[volley.projection as usize];
            if projection.target.index() != population {
                continue;
            }
            is_ranked |= projection.declared.is_some();
            let row = projection.row((volley.source.0 - self.first[projection.source.index()]) as usize);
            let (first, end) = (volley.first as usize, volley.end as usize);
            records.extend(projection.targets[first..end].iter().zip(first..).map(|(&target, place)| {
                let weight = projection.weights.at(place);
                let arrival = Arrival { at: self.now, receptor: projection.receptor, weight };
                let rank = projection.rank(&row, place);
                Record { target, source: volley.source, projection: volley.projection, rank, arrival }
            }));
        }
        if is_ranked {
            records.sort_unstable_by_key(|r| (r.target, r.source, r.projection, r.rank));
        } else {
            // Each row is in order, so are the rows among each other: a stable sort by target has nearly nothing to do.
            records.sort_by_key(|r| r.target);
        }
    }

    /// Drives a group that takes whole rows through one generation of this instant; tells whether there was anything to do.
    /// Where arrivals have been filed they are taken one by one instead.
    fn drive_rows(&mut self, population: usize, records: &[Record]) -> Result<bool, RunError> {
        let Network { groups, projections, .. } = &mut self.network;
        let Some(group) = groups[population].rows() else { return Ok(false) };
        let reaches = |v: &&Volley| projections[v.projection as usize].target.index() == population;
        let mut volleys = self.volleys.iter().filter(reaches).peekable();
        if volleys.peek().is_none() && group.next_wake() > self.now {
            return Ok(false);
        }
        self.scratch.out.clear();
        group.begin(self.now, &mut self.scratch.out);
        // Most of the time that a row takes is spent waiting for its targets, if nobody has asked for them before.
        for neuron in group.likely_next().into_iter().flatten() {
            for &index in &self.leaving[population] {
                projections[index].prefetch_targets(neuron as usize);
            }
        }
        for record in records {
            group.receive(record.arrival.receptor, record.arrival.weight, &[record.target]);
        }
        for volley in volleys {
            let synapses = volley.first as usize..volley.end as usize;
            self.counts.arrivals += synapses.len() as u64;
            if !records.is_empty() {
                continue;
            }
            let projection = &projections[volley.projection as usize];
            let receptor = projection.receptor;
            match &projection.weights {
                Values::Same(weight) => group.receive(receptor, *weight, &projection.targets[synapses]),
                weights => synapses
                    .for_each(|s| group.receive(receptor, weights.at(s), &projection.targets[s..s + 1])),
            }
        }
        group
            .finish(&mut self.scratch.out)
            .map_err(|error| RunError::Group { population: PopulationId(population as u32), error })?;
        Ok(true)
    }

    /// Drives one population through one generation of this instant: its due neurons and the targets of `records`, both
    /// sorted.
    fn drive_touched(&mut self, population: usize, records: &[Record]) -> Result<(), RunError> {
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
                let projection = &mut self.network.projections[index];
                if !self.at_once[index] {
                    self.flights.launch(index, projection, at, neuron.0);
                    continue;
                }
                let row = projection.hold(neuron.index());
                if !row.is_empty() {
                    self.fresh.push(Volley {
                        source: NeuronId(self.first[population.index()] + neuron.0),
                        projection: index as u32,
                        first: row.start as u64,
                        end: row.end as u64,
                    });
                }
            }
        }
        self.counts.spikes[population.index()] += self.scratch.out.spikes.len() as u64;
        self.counts.ambiguous += std::mem::take(&mut self.scratch.out.ambiguous);
    }
}

/// The answer of the observer; where its type says no, that is known when this is compiled.
#[inline]
pub(super) fn needs_arrivals<O: Observer>(observer: &O) -> bool {
    O::ARRIVALS && observer.wants_arrivals()
}

/// The compile-time answer of the observer's type.
#[inline]
pub(super) fn needs_notes<O: Observer>(_: &O) -> bool {
    O::NOTES
}
