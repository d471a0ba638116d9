//! The lookahead engine: from window to window, each at most as long as the least delay.
//!
//! A spike emitted in [from, to) arrives at or after to, because adding a delay and rounding is monotone in both; so all
//! that arrives in a window is known when it begins, and each neuron goes through it alone. Edges of windows move no
//! state: they lie where it suits (at the next event after idle time, at a probe, at the end of a call) and no bit depends
//! on them.
//!
//! Dense background input, such as a Poisson process of 20 kHz for each neuron, would be most of the spikes under way. Where
//! such a source projects one to one and to one population only, its spikes need not fly at all: when a neuron is driven, its
//! own source is asked for what arrives in the window. That is called *direct* input. It gives the same arrivals.

use super::by_instant::{needs_arrivals, needs_notes};
use super::feeds::Feed;
use super::lanes::{self, Ways};
use super::slices::{self, Slices};
use super::{Engine, Options, RunError, Scratch};
use crate::group::{Arrival, DenseInput, DenseSource, Singles, Stretch, Touch, Until, Volley};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::network::Values;
use crate::observer::{Observer, Origin};
use crate::queue::EventQueue;
use crate::time::Time;
use rayon::ThreadPoolBuilder;
use std::ops::Range;
use std::sync::Arc;
use synfire_numerics::cells::CELLS_PER_MS;

/// Arrivals that are handed to a group at once: enough to amortise the call, few enough to stay in the cache.
const BATCH: usize = 512;

/// The arrivals of a window at one population, sorted by target.
#[derive(Default)]
pub(super) struct Inbox {
    volleys: Vec<Volley>,
    /// What each volley brings to every target; the weight is not a number where each synapse has its own.
    heads: Vec<Arrival>,
    entries: Vec<Entry>,
    runs: Vec<Run>,
    /// For each volley the synapses that have targets in the tile in hand: from a place to before another.
    spans: Vec<(u64, u64)>,
    /// For a counting sort: where the entries of each target go.
    slots: Vec<u32>,
    /// For a sort of few arrivals.
    few: Vec<(u32, Entry)>,
}

/// The arrivals of one target: the entries from `first` to before `end`.
#[derive(Clone, Copy, Debug)]
struct Run {
    target: u32,
    first: u32,
    end: u32,
}

/// One arrival: its volley, and its synapse as a place after the volley's first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    volley: u32,
    place: u32,
}

/// Arrivals of a tile of neurons, about: their entries fit the second-level cache.
const TILE: usize = 131_072;

/// Less than one arrival for this many neurons are few.
const FEW: usize = 8;

/// Sources that make less spikes than this per unit and window are not worth asking each of them in every window.
const DIRECT_SPIKES: f64 = 0.05;

/// An arrival from a source that is asked directly.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirectArrival {
    at: Time,
    source: NeuronId,
    projection: u32,
}

impl<Q: EventQueue> Engine<Q> {
    /// Prepares for windows of `window_ms` and finds the sources that can be asked directly.
    pub(super) fn look_ahead(&mut self, window_ms: f64, options: &Options) {
        let threads = options.threads.max(1);
        (self.window_ms, self.threads) = (window_ms, threads);
        for population in 0..self.network.groups.len() {
            let id = PopulationId(population as u32);
            let source = &self.network.groups[population];
            let is_redrawn = options.redrawn.contains(&id) && source.dense_source().is_some();
            if !is_redrawn && !options.unwatched.contains(&id) {
                continue;
            }
            let [index] = self.leaving[population][..] else { continue };
            let projection = &self.network.projections[index];
            let size = source.size();
            let one_to_one = projection.drawn.is_none()
                && projection.targets.len() == size
                && self.network.groups[projection.target.index()].size() == size
                && projection.targets.iter().enumerate().all(|(i, &t)| i == t as usize)
                && projection.offsets.iter().enumerate().all(|(i, &offset)| i as u64 == offset)
                && matches!(projection.delays, Values::Same(_));
            if one_to_one && source.source_spikes_per_ms() * window_ms >= DIRECT_SPIKES * size as f64 {
                self.direct[projection.target.index()].push(index);
                self.is_direct[population] = true;
                self.is_redrawn[index] = is_redrawn;
            }
        }
        // One thread less than there are, so that of two shards each always has the same, in whose cache it is. A system that has no
        // more threads to give changes no bit.
        let is_helped = threads > 1 && self.network.groups.iter().any(|group| group.goes_by_cells());
        let pool = || {
            let builder = ThreadPoolBuilder::new().num_threads(threads - 1);
            builder.thread_name(|number| format!("shards {number}")).build().ok().map(Arc::new)
        };
        let helpers = if is_helped { pool() } else { None };
        for population in 0..self.network.groups.len() {
            let group = &self.network.groups[population];
            let takes_feeds = group.singles() != Singles::Ahead;
            self.is_swept[population] =
                group.sweeps() && (self.let_listen(population) || takes_feeds && self.can_feed(population));
            let share = |helpers| self.network.groups[population].share(helpers);
            self.shares[population] = self.is_swept[population] && helpers.as_ref().is_some_and(share);
            self.has_cells |= self.is_swept[population] && self.network.groups[population].goes_by_cells();
        }
        self.slice(window_ms);
    }

    /// Prepares to land what flies over varied delays: in slices for populations that go through windows as a whole, else
    /// window by window.
    fn slice(&mut self, window_ms: f64) {
        let per_ms = slices::slices_per_ms(window_ms);
        for (index, projection) in self.network.projections.iter().enumerate() {
            let target = projection.target.index();
            let is_varied = !matches!(projection.delays, Values::Same(_));
            let lane = &mut self.lanes[target];
            lane.is_ahead = self.is_swept[target] && self.network.groups[target].singles() == Singles::Ahead;
            if lane.is_ahead {
                self.slices_per_ms = Some(per_ms);
            } else if self.is_swept[target] && (is_varied || !lane.feeds.is_empty()) {
                lane.slices.get_or_insert_with(|| Slices::new(per_ms));
                self.slices_per_ms = Some(per_ms);
            }
            let step_ms = if self.is_swept[target] { 1.0 } else { window_ms };
            match lane.is_ahead {
                true => self.flights.land_ahead(index),
                false => self.flights.land_in_steps(index, projection, step_ms),
            }
        }
    }

    /// Lets a population draw all its direct input itself; false if there is some that it cannot draw.
    fn let_listen(&mut self, population: usize) -> bool {
        let input = |&index: &usize| {
            let projection = &self.network.projections[index];
            let source = self.network.groups[projection.source.index()].dense_source()?;
            let cells = projection.delays.at(0) * CELLS_PER_MS as f64;
            let delay_cells = (cells.fract() == 0.0 && cells < 1e15).then_some(cells as u64)?;
            let Values::Same(weight) = projection.weights else { return None };
            Some(DenseInput { source, delay_cells, receptor: projection.receptor, weight })
        };
        let inputs: Option<Vec<DenseInput>> = self.direct[population].iter().map(input).collect();
        let Some(inputs) = inputs else { return false };
        let listens = inputs.is_empty() || self.network.groups[population].listen(inputs.clone());
        self.lanes[population].inputs = if listens { inputs } else { Vec::new() };
        listens
    }

    /// Prepares to draw all direct input of a population for it; false if there is some that cannot be drawn so.
    fn can_feed(&mut self, population: usize) -> bool {
        let feed = |&index: &usize| {
            let projection = &self.network.projections[index];
            let source = &self.network.groups[projection.source.index()];
            Some(Feed {
                source: source.dense_source()?,
                delay_ms: projection.delays.at(0),
                projection: index as u32,
                first: self.first[projection.source.index()],
                units: source.size() as u32,
                next_cell: 0,
                drawn: Vec::new(),
            })
        };
        let feeds: Option<Vec<Feed>> = self.direct[population].iter().map(feed).collect();
        let feeds = feeds.unwrap_or_default();
        let are_all = feeds.len() == self.direct[population].len();
        self.lanes[population].feeds = feeds;
        are_all
    }

    pub(super) fn run_by_window(
        &mut self,
        until: Time,
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        self.start(observer);
        loop {
            // Direct input comes at any time, so do the spikes of groups that are swept, and what lies in slices is no longer
            // under way: there is no idle time to jump over.
            let is_busy = self.is_direct.contains(&true)
                || self.is_swept.contains(&true)
                || self.slices_per_ms.is_some();
            let next = match is_busy {
                true => self.now,
                false => self.queue.next().min(self.flights.next_of_all()),
            };
            self.take_samples(next.min(until), observer);
            if next >= until {
                self.now = self.now.max(until);
                return Ok(());
            }
            let mut to = self.good_end(next, next.after(self.window_ms)).min(until);
            if self.probes.next() < to {
                to = self.probes.next().next_up();
            }
            self.window(to, observer)?;
            if needs_notes(observer) {
                observer.window(next, to);
            }
            self.now = to;
        }
    }

    /// Where cells are gone through as a whole, windows had better end with one; where arrivals lie in slices, with a slice,
    /// and they must end with an epoch.
    fn good_end(&self, from: Time, to: Time) -> Time {
        let mut to = to;
        if self.slices_per_ms.is_some() {
            to = to.min(Time::from_parts(from.parts().0 + 1, 0.0).unwrap_or(Time::NEVER));
        }
        let per_ms = match self.slices_per_ms {
            _ if self.has_cells => CELLS_PER_MS as f64,
            Some(per_ms) => per_ms as f64,
            None => return to,
        };
        let (epoch, offset) = to.parts();
        let end = Time::from_parts(epoch, (offset * per_ms).floor() / per_ms).filter(|end| *end > from);
        end.unwrap_or(to)
    }

    /// Everything before `to`.
    fn window(&mut self, to: Time, observer: &mut impl Observer) -> Result<(), RunError> {
        self.collect_due(to);
        self.scratch.spikes.clear();
        let ways = Ways { is_swept: &self.is_swept, shares: &self.shares, threads: self.threads };
        let Engine { now, first, network, flights, lanes, helpers, .. } = self;
        lanes::go_through((*now, to), first, &ways, network, flights, lanes, helpers);
        let mut inbox = std::mem::take(&mut self.inbox);
        for population in 0..self.network.groups.len() {
            std::mem::swap(&mut inbox.volleys, &mut self.lanes[population].volleys);
            if needs_arrivals(observer) {
                self.tell_window(population, to, &inbox.volleys, observer);
            }
            let direct = !self.direct[population].is_empty();
            if self.is_swept[population] {
                self.harvest(population, &inbox.volleys, observer)?;
            } else if direct || !inbox.volleys.is_empty() || !self.scratch.due[population].is_empty() {
                self.drive_in_tiles(population, to, &mut inbox, observer)?;
            }
            if self.has_drawn_rows {
                self.release_all(population, to, &inbox.volleys);
            }
        }
        self.inbox = inbox;

        // Each neuron's spikes are in order of time; now all are.
        self.scratch.spikes.sort_unstable();
        for &(_, population, neuron) in &self.scratch.spikes {
            for &index in &self.leaving[population.index()] {
                self.flights.prefetch(index, &self.network.projections[index], neuron.0);
            }
        }
        for &(at, population, neuron) in &self.scratch.spikes {
            observer.spike(at, population, neuron);
            for &index in &self.leaving[population.index()] {
                self.flights.launch(index, &mut self.network.projections[index], at, neuron.0);
            }
        }
        Ok(())
    }

    /// What has been counted of arrivals at a population, and of spikes of its dense inputs, that has yet to arrive.
    pub(super) fn ahead(&self, population: usize) -> (u64, Vec<u64>) {
        let lane = &self.lanes[population];
        let (epoch, offset) = self.now.parts();
        if !lane.is_ahead || lane.epoch != epoch {
            return (0, vec![0; lane.inputs.len()]);
        }
        let drawn = |input: &DenseInput| {
            let mut count = 0;
            for cell in DenseSource::cell_at(self.now)..(epoch + 1) * CELLS_PER_MS {
                input.draw(self.network.groups[population].size() as u32, cell, |_, at| {
                    count += u64::from(at >= offset);
                });
            }
            count
        };
        let drawn: Vec<u64> = lane.inputs.iter().map(drawn).collect();
        let to_come = |stretch: &Stretch| {
            stretch.volleys(&self.network.projections).filter(|volley| volley.at >= self.now).count() as u64
        };
        let known: u64 = lane.stretches.iter().map(to_come).sum();
        (known + drawn.iter().sum::<u64>(), drawn)
    }

    /// The place of a neuron in the source population of a projection.
    pub(super) fn source_of(&self, projection: u32, neuron: NeuronId) -> usize {
        (neuron.0 - self.first[self.network.projections[projection as usize].source.index()]) as usize
    }

    /// Lets go of the drawn rows whose last synapses a population has received in the window.
    fn release_all(&mut self, population: usize, to: Time, volleys: &[Volley]) {
        let lane = &mut self.lanes[population];
        let singles = std::mem::take(&mut lane.singles);
        // What a population knows ahead of time may be asked for again until its epoch ends.
        let is_over = to.parts().1 == 0.0;
        let stretches = if is_over { std::mem::take(&mut lane.stretches) } else { Vec::new() };
        for single in &singles {
            let volley = single.volley(self.now, &self.first, &self.network.projections);
            self.release(volley.projection, volley.source, volley.end);
        }
        stretches.iter().for_each(|stretch| self.release(stretch.projection, stretch.source, stretch.end));
        self.lanes[population].singles = singles;
        volleys.iter().for_each(|volley| self.release(volley.projection, volley.source, volley.end));
    }

    /// What a population that went through the window as a whole received and did.
    fn harvest(
        &mut self,
        population: usize,
        volleys: &[Volley],
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        let id = PopulationId(population as u32);
        for volley in volleys {
            self.counts.arrivals += volley.end - volley.first;
        }
        let lane = &mut self.lanes[population];
        self.counts.arrivals += lane.one_by_one();
        std::mem::replace(&mut lane.done, Ok(()))
            .map_err(|error| RunError::Group { population: id, error })?;
        for (feed, fed) in lane.feeds.iter().zip(&lane.fed) {
            self.counts.spikes[self.network.projections[feed.projection as usize].source.index()] += fed;
        }
        std::mem::swap(&mut lane.out, &mut self.scratch.out);
        self.take_spikes(id);
        let asked = self.scratch.out.asked.drain(..);
        for (&index, asked) in self.direct[population].iter().zip(asked) {
            self.counts.spikes[self.network.projections[index].source.index()] += asked;
            self.counts.arrivals += asked;
        }
        self.tell_notes(id, None, observer);
        std::mem::swap(&mut self.lanes[population].out, &mut self.scratch.out);
        Ok(())
    }

    /// Keeps the spikes in the outbox for the end of the window.
    fn take_spikes(&mut self, population: PopulationId) {
        let Scratch { spikes, out, .. } = &mut self.scratch;
        spikes.extend(out.spikes.iter().map(|&(at, neuron)| (at, population, neuron)));
        self.counts.spikes[population.index()] += out.spikes.len() as u64;
        self.counts.ambiguous += std::mem::take(&mut out.ambiguous);
    }

    /// Finds what each volley brings to all of its targets.
    fn head_volleys(&self, inbox: &mut Inbox) {
        inbox.heads.clear();
        inbox.heads.extend(inbox.volleys.iter().map(|volley| {
            let projection = &self.network.projections[volley.projection as usize];
            let weight = match projection.weights {
                Values::Same(weight) => weight,
                Values::Each(_) | Values::Single(_) => f64::NAN,
            };
            Arrival { at: volley.at, receptor: projection.receptor, weight }
        }));
        inbox.spans.clear();
        inbox.spans.extend(inbox.volleys.iter().map(|volley| (volley.first, volley.first)));
    }

    /// Drives a population through the window, tile by tile of its neurons: as many as have arrivals that fit the cache.
    /// Where delays vary, volleys are short and not sorted by target: there the population is one tile.
    fn drive_in_tiles(
        &mut self,
        population: usize,
        to: Time,
        inbox: &mut Inbox,
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        self.head_volleys(inbox);
        let due = std::mem::take(&mut self.scratch.due[population]);
        let size = self.network.groups[population].size();
        let arrivals: usize = inbox.volleys.iter().map(|v| (v.end - v.first) as usize).sum();
        let sorted = |&index: &usize| matches!(self.network.projections[index].delays, Values::Same(_));
        let tile = match self.reaching[population].iter().all(sorted) {
            true => (size / (arrivals / TILE + 1)).max(1),
            false => size.max(1),
        };
        let mut due_left = &due[..];
        for first in (0..size).step_by(tile) {
            let neurons = first..size.min(first + tile);
            self.sort_by_target(&neurons, size, inbox);
            self.settle_ranks(inbox);
            let due_here = due_left.partition_point(|neuron| neuron.index() < neurons.end);
            self.drive_tile(population, neurons, to, &due_left[..due_here], inbox, observer)?;
            due_left = &due_left[due_here..];
        }
        self.scratch.due[population] = due;
        self.scratch.due[population].clear();
        Ok(())
    }

    /// Sorts the arrivals of a tile by target: by counting, or if they are few next to the neurons, by comparing.
    fn sort_by_target(&self, neurons: &Range<usize>, size: usize, inbox: &mut Inbox) {
        let projections = &self.network.projections;
        let Inbox { volleys, entries, runs, spans, slots, few, .. } = inbox;
        entries.clear();
        runs.clear();
        let (mut total, is_all) = (0, neurons.end == size);
        // Of few arrivals nothing may cost what neurons cost that have none.
        let left: usize = volleys.iter().zip(spans.iter()).map(|(v, span)| (v.end - span.1) as usize).sum();
        let are_few = is_all && left < neurons.len() / FEW;
        slots.clear();
        if !are_few {
            slots.resize(neurons.len(), 0);
        }
        for (volley, span) in volleys.iter().zip(spans.iter_mut()) {
            *span = (span.1, volley.end);
            if !is_all {
                // Where the tile ends in the row is found on the way of counting: memory likes to be read once and in order.
                let left =
                    &projections[volley.projection as usize].targets[span.0 as usize..volley.end as usize];
                let in_tile = left.iter().take_while(|&&target| (target as usize) < neurons.end);
                let count = in_tile.map(|&target| slots[target as usize - neurons.start] += 1).count();
                span.1 = span.0 + count as u64;
            }
            total += (span.1 - span.0) as usize;
        }
        let synapses = || {
            volleys.iter().zip(spans.iter()).enumerate().map(|(number, (volley, &(first, end)))| {
                let targets = &projections[volley.projection as usize].targets[first as usize..end as usize];
                let entry = Entry { volley: number as u32, place: (first - volley.first) as u32 };
                (entry, targets)
            })
        };
        if are_few {
            few.clear();
            for (entry, targets) in synapses() {
                let places = entry.place..;
                few.extend(
                    targets.iter().zip(places).map(|(&target, place)| (target, Entry { place, ..entry })),
                );
            }
            few.sort_unstable();
            for &(target, entry) in few.iter() {
                let end = entries.len() as u32;
                match runs.last_mut() {
                    Some(run) if run.target == target => run.end = end + 1,
                    _ => runs.push(Run { target, first: end, end: end + 1 }),
                }
                entries.push(entry);
            }
            return;
        }
        if is_all {
            for (_, targets) in synapses() {
                targets.iter().for_each(|&target| slots[target as usize - neurons.start] += 1);
            }
        }
        let mut first = 0;
        for (target, slot) in slots.iter_mut().enumerate() {
            let end = first + *slot;
            if end > first {
                runs.push(Run { target: (neurons.start + target) as u32, first, end });
            }
            *slot = first;
            first = end;
        }
        entries.resize(total, Entry::default());
        for (mut entry, targets) in synapses() {
            for &target in targets {
                let slot = &mut slots[target as usize - neurons.start];
                entries[*slot as usize] = entry;
                *slot += 1;
                entry.place += 1;
            }
        }
    }

    /// Puts arrivals of one source's spikes over one projection that meet at one instant into the order of declaration.
    /// That takes two synapses between the same two neurons with different delays: only then a projection has ranks.
    fn settle_ranks(&self, inbox: &mut Inbox) {
        let projections = &self.network.projections;
        let volleys = &inbox.volleys;
        let meet = |a: &Volley, b: &Volley| (a.at, a.source, a.projection) == (b.at, b.source, b.projection);
        let ranked = |v: &Volley| projections[v.projection as usize].declared.is_some();
        if !volleys.windows(2).any(|pair| ranked(&pair[0]) && meet(&pair[0], &pair[1])) {
            return;
        }
        for run in &inbox.runs {
            let entries = &mut inbox.entries[run.first as usize..run.end as usize];
            entries.sort_by_key(|entry| {
                let volley = &volleys[entry.volley as usize];
                let projection = &projections[volley.projection as usize];
                let row = projection.row((volley.source.0 - self.first[projection.source.index()]) as usize);
                let rank = projection.rank(&row, volley.first as usize + entry.place as usize);
                (volley.at, volley.source, volley.projection, rank)
            });
        }
    }

    /// Drives the due neurons of a tile and those with arrivals through the window.
    fn drive_tile(
        &mut self,
        population: usize,
        neurons: Range<usize>,
        to: Time,
        due: &[LocalId],
        inbox: &Inbox,
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        let mut due_left = due.iter().map(|n| n.0).peekable();
        let mut runs = inbox.runs.iter().peekable();
        let mut all =
            (!self.direct[population].is_empty()).then_some(neurons.start as u32..neurons.end as u32);
        self.scratch.touched.clear();
        self.scratch.arrivals.clear();
        loop {
            let next = match &mut all {
                Some(all) => all.next(),
                None => match (due_left.peek(), runs.peek()) {
                    (Some(&due), Some(run)) => Some(due.min(run.target)),
                    (Some(&due), None) => Some(due),
                    (None, Some(run)) => Some(run.target),
                    (None, None) => None,
                },
            };
            let Some(target) = next else { break };
            let is_due = due_left.next_if_eq(&target).is_some();
            let entries = match runs.next_if(|run| run.target == target) {
                Some(run) => &inbox.entries[run.first as usize..run.end as usize],
                None => &[],
            };
            self.ask_sources(population, LocalId(target), to);
            if is_due || !entries.is_empty() || !self.direct_arrivals.is_empty() {
                self.touch(population, LocalId(target), inbox, entries, observer);
            }
            if self.scratch.arrivals.len() >= BATCH {
                self.drive_batch(population, to, observer)?;
            }
        }
        self.drive_batch(population, to, observer)
    }

    /// Asks the neuron's direct sources for what arrives before `to`.
    #[inline]
    fn ask_sources(&mut self, population: usize, neuron: LocalId, to: Time) {
        self.direct_arrivals.clear();
        for &index in &self.direct[population] {
            let projection = &self.network.projections[index];
            let source = projection.source.index();
            self.direct_times.clear();
            let delay_ms = projection.delays.at(0);
            self.network.groups[source].take_arrivals(neuron, delay_ms, to, &mut self.direct_times);
            self.counts.spikes[source] += self.direct_times.len() as u64;
            let source = NeuronId(self.first[source] + neuron.0);
            let arrival = |&at| DirectArrival { at, source, projection: index as u32 };
            self.direct_arrivals.extend(self.direct_times.iter().map(arrival));
        }
        if self.direct[population].len() > 1 {
            self.direct_arrivals.sort_by_key(|a| (a.at, a.source, a.projection));
        }
    }

    /// Adds a neuron and its arrivals to the batch: those of the inbox and the direct ones, merged in canonical order.
    #[inline]
    fn touch(
        &mut self,
        population: usize,
        neuron: LocalId,
        inbox: &Inbox,
        entries: &[Entry],
        observer: &mut impl Observer,
    ) {
        let projections = &self.network.projections;
        let arrivals = &mut self.scratch.arrivals;
        let first = arrivals.len();
        let mut add = |source: NeuronId, projection: u32, place: usize, arrival: Arrival, is_told: bool| {
            if needs_arrivals(observer) && !is_told {
                let delay_ms = projections[projection as usize].delays.at(place);
                let origin = Origin { source, projection, delay_ms, generation: 0 };
                observer.arrival(&origin, PopulationId(population as u32), neuron, &arrival);
            }
            arrivals.push(arrival);
        };
        let arrive = |a: &DirectArrival| {
            let projection = &projections[a.projection as usize];
            Arrival { at: a.at, receptor: projection.receptor, weight: projection.weights.at(neuron.index()) }
        };
        let is_redrawn = |a: &DirectArrival| self.is_redrawn[a.projection as usize];
        let mut direct = self.direct_arrivals.iter().peekable();
        for entry in entries {
            let volley = &inbox.volleys[entry.volley as usize];
            let mut arrival = inbox.heads[entry.volley as usize];
            if arrival.weight.is_nan() {
                let weights = &projections[volley.projection as usize].weights;
                arrival.weight = weights.at(volley.first as usize + entry.place as usize);
            }
            let is_before = |a: &&DirectArrival| {
                a.at < arrival.at
                    || a.at == arrival.at && (a.source, a.projection) < (volley.source, volley.projection)
            };
            while let Some(a) = direct.next_if(is_before) {
                add(a.source, a.projection, neuron.index(), arrive(a), is_redrawn(a));
            }
            let is_told = projections[volley.projection as usize].declared.is_none();
            let place = volley.first as usize + entry.place as usize;
            add(volley.source, volley.projection, place, arrival, is_told);
        }
        for a in direct {
            add(a.source, a.projection, neuron.index(), arrive(a), is_redrawn(a));
        }
        let count = self.scratch.arrivals.len() - first;
        self.counts.arrivals += count as u64;
        self.scratch.touched.push(Touch { neuron, first: first as u32, count: count as u32 });
    }

    fn drive_batch(
        &mut self,
        population: usize,
        to: Time,
        observer: &mut impl Observer,
    ) -> Result<(), RunError> {
        let id = PopulationId(population as u32);
        let scratch = &mut self.scratch;
        scratch.out.clear();
        self.network.groups[population]
            .drive(Until::Before(to), &scratch.touched, &scratch.arrivals, &mut scratch.out)
            .map_err(|error| RunError::Group { population: id, error })?;
        scratch.touched.clear();
        scratch.arrivals.clear();
        self.take_spikes(id);
        self.take_wakes(population);
        self.tell_notes(id, None, observer);
        Ok(())
    }
}
