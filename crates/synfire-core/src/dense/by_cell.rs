//! All neurons together, cell by cell.

use super::shard::{Event, Scratch, Shard};
use super::{DensePopulation, Membrane, One, place_of};
use crate::group::{Cause, DenseInput, Outbox, Volley, What};
use crate::ids::LocalId;
use crate::network::Projection;
use crate::prefetch::prefetch;
use crate::time::Time;
use std::cmp::Reverse;
use std::ops::Range;
use synfire_numerics::cells::{CELL_MS, CELLS_PER_MS, in_units};
use synfire_numerics::vector::vectorised;

/// Targets in a line of the cache.
const IN_A_LINE: usize = 16;

/// So many spikes ahead the place where a row is cut is asked for.
const SPANS_AHEAD: usize = 8;

/// A volley with what its targets share: all have one weight.
#[derive(Clone, Copy)]
struct Pulse {
    at: Time,
    offset: f64,
    growth: f64,
    class: usize,
    projection: u32,
    first: u64,
    end: u64,
}

/// What all shards read.
struct Shared<'a, const W: usize> {
    membrane: &'a Membrane<W>,
    pulses: &'a [Pulse],
    projections: &'a [Projection],
    inputs: &'a [DenseInput],
    /// How many neurons there are in all shards.
    size: usize,
}

/// A part of a cell, or all of it.
#[derive(Clone, Copy)]
struct Segment {
    begin: Time,
    end: Time,
    cell: u64,
    is_whole: bool,
}

impl Segment {
    /// The part of `begin`'s cell that lies before `to`.
    fn new(begin: Time, to: Time) -> Segment {
        let (cell, _) = place_of(begin);
        let (cell_begin, cell_end) = (time_of(cell), time_of(cell + 1));
        let end = cell_end.min(to);
        Segment { begin, end, cell, is_whole: begin == cell_begin && end == cell_end }
    }

    /// The cell within its epoch.
    fn cell_in_epoch(&self) -> usize {
        (self.cell % CELLS_PER_MS) as usize
    }

    fn at(&self, offset: f64) -> Time {
        Time::from_parts(self.cell / CELLS_PER_MS, offset).unwrap_or(Time::NEVER)
    }
}

/// When a cell begins.
fn time_of(cell: u64) -> Time {
    let offset = (cell % CELLS_PER_MS) as f64 * CELL_MS;
    Time::from_parts(cell / CELLS_PER_MS, offset).unwrap_or(Time::NEVER)
}

impl<const W: usize> DensePopulation<W> {
    /// Everything from `from` to before `to`.
    pub(super) fn go_together(
        &mut self,
        (from, to): (Time, Time),
        volleys: &[Volley],
        projections: &[Projection],
        out: &mut Outbox,
    ) {
        let membrane = &self.membrane;
        if !std::mem::replace(&mut self.together, true) {
            self.shards.iter_mut().for_each(|shard| shard.join(membrane, from));
        }
        let pulse = |volley: &Volley| {
            let projection = &projections[volley.projection as usize];
            let (_, offset) = volley.at.parts();
            Pulse {
                at: volley.at,
                offset,
                growth: membrane.growth.at(offset),
                class: membrane.class(projection.weights.at(volley.first as usize)),
                projection: volley.projection,
                first: volley.first,
                end: volley.end,
            }
        };
        let pulses: Vec<Pulse> = volleys.iter().filter(|v| v.first < v.end).map(pulse).collect();
        let shared = Shared { membrane, pulses: &pulses, projections, inputs: &self.inputs, size: self.size };
        for shard in &mut self.shards {
            shard.out.notes = out.is_watched().then(Vec::new);
        }
        match (&mut self.shards[..], &self.helpers) {
            ([mine, others @ ..], Some(helpers)) => helpers.in_place_scope(|scope| {
                let shared = &shared;
                for other in others {
                    scope.spawn(move |_| other.drive(shared, from, to));
                }
                mine.drive(shared, from, to);
            }),
            (all, _) => all.iter_mut().for_each(|shard| shard.drive(&shared, from, to)),
        }
        out.asked.resize(self.inputs.len(), 0);
        for shard in &mut self.shards {
            out.spikes.append(&mut shard.out.spikes);
            out.asked
                .iter_mut()
                .zip(&mut shard.out.asked)
                .for_each(|(all, part)| *all += std::mem::take(part));
            if let (Some(all), Some(part)) = (&mut out.notes, &mut shard.out.notes) {
                all.append(part);
            }
        }
    }

    pub(super) fn split(&mut self, threads: usize) {
        if let [all] = &self.shards[..] {
            self.shards = all.split(threads);
        }
    }
}

impl<const W: usize> Shard<W> {
    fn drive(&mut self, shared: &Shared<'_, W>, from: Time, to: Time) {
        let mut begin = from;
        let mut pulses = shared.pulses;
        while begin < to {
            let segment = Segment::new(begin, to);
            let here;
            (here, pulses) = pulses.split_at(pulses.partition_point(|pulse| pulse.at < segment.end));
            self.go_through(shared, segment, here);
            begin = segment.end;
        }
    }

    /// Everything in a segment.
    fn go_through(&mut self, shared: &Shared<'_, W>, segment: Segment, pulses: &[Pulse]) {
        // A cell ends when the next begins, not before: until then its last instant may be asked for.
        while self.cell < segment.cell {
            self.fold(shared.membrane, self.cell % CELLS_PER_MS == CELLS_PER_MS - 1);
            self.cell += 1;
        }
        self.find_spans(shared, pulses);
        for place in 0..pulses.len() {
            self.receive(shared, pulses, place);
        }
        for (number, input) in shared.inputs.iter().enumerate() {
            self.draw(shared, segment, number, input);
        }
        let start = shared.membrane.growth.start(segment.cell_in_epoch());
        self.flag(shared.membrane, shared.membrane.threshold(start));
        while let Some(&Reverse((end, place))) = self.ends.peek() {
            if end >= segment.end {
                break;
            }
            self.ends.pop();
            self.scratch.flags[place as usize] = 1;
            self.scratch.flagged.push(place);
        }
        if !self.scratch.flagged.is_empty() {
            self.gather(shared, pulses);
            self.replay_all(shared, segment, pulses);
        }
    }

    /// Finds each pulse's targets in this shard.
    fn find_spans(&mut self, shared: &Shared<'_, W>, pulses: &[Pulse]) {
        let (begin, end) = (self.first, self.first + self.size());
        let targets = |pulse: &Pulse| {
            let targets = &shared.projections[pulse.projection as usize].targets;
            &targets[pulse.first as usize..pulse.end as usize]
        };
        self.scratch.spans.clear();
        for (place, pulse) in pulses.iter().enumerate() {
            if let Some(later) = pulses.get(place + SPANS_AHEAD) {
                let targets = targets(later);
                for place in [begin, end].map(|bound| guess(targets, bound, shared.size)) {
                    let lines = [place.saturating_sub(IN_A_LINE), place, place + IN_A_LINE];
                    lines.iter().for_each(|&place| prefetch(targets, place));
                }
            }
            let place = |bound: usize| pulse.first + below(targets(pulse), bound, shared.size) as u64;
            self.scratch.spans.push((place(begin), place(end)));
        }
    }

    /// Adds a pulse up. Meanwhile the next one's targets are on their way.
    #[inline(never)]
    fn receive(&mut self, shared: &Shared<'_, W>, pulses: &[Pulse], place: usize) {
        let spans = &self.scratch.spans[..];
        let targets = |place: usize| -> &[u32] {
            let (Some(pulse), Some(&(first, end))) = (pulses.get(place), spans.get(place)) else {
                return &[];
            };
            &shared.projections[pulse.projection as usize].targets[first as usize..end as usize]
        };
        let (here, next) = (targets(place), targets(place + 1));
        let Pulse { growth, class, .. } = pulses[place];
        let units = in_units(growth);
        let sums = &mut self.sums[class][..];
        for (line, part) in here.chunks(IN_A_LINE).enumerate() {
            prefetch(next, line * IN_A_LINE);
            for &target in part {
                let sum = &mut sums[target as usize - self.first];
                *sum = sum.wrapping_add(units);
            }
        }
    }

    /// Draws what an input brings in the segment.
    fn draw(&mut self, shared: &Shared<'_, W>, segment: Segment, number: usize, input: &DenseInput) {
        self.out.asked.resize(shared.inputs.len(), 0);
        let Some(cell) = segment.cell.checked_sub(input.delay_cells) else { return };
        let growth = &shared.membrane.growth;
        let start = growth.start(segment.cell_in_epoch());
        let class = shared.membrane.class(input.weight);
        let is_all =
            segment.is_whole && input.source.start <= time_of(cell) && time_of(cell + 1) <= input.source.stop;
        let first = self.first as u32;
        let sums = &mut self.sums[class];
        self.out.asked[number] += if is_all {
            input.source.cells.add_growths(first, cell, growth, start, sums, &mut self.scratch.more)
        } else {
            let mut count = 0;
            for (place, sum) in sums.iter_mut().enumerate() {
                each_arrival(input, first + place as u32, segment, |offset| {
                    *sum = sum.wrapping_add(in_units(growth.at(offset)));
                    count += 1;
                });
            }
            count
        };
    }

    /// Flags the neurons that excitation alone could bring to threshold.
    #[inline(never)]
    fn flag(&mut self, membrane: &Membrane<W>, threshold: f64) {
        let Scratch { flags, flagged, .. } = &mut self.scratch;
        let size = self.bases.len();
        let (bases, sums) = (&self.bases, &self.sums);
        vectorised(
            #[inline(always)]
            || {
                // In here, where it can be seen that no place is beyond an end.
                let (bases, flags) = (&bases[..size], &mut flags[..size]);
                let sums: [&[u64]; W] = std::array::from_fn(|class| &sums[class][..size]);
                for place in 0..size {
                    let mut here = [0; W];
                    for class in 0..W {
                        here[class] = sums[class][place];
                    }
                    flags[place] = u8::from(membrane.highest(bases[place], here) >= threshold);
                }
            },
        );
        flagged.clear();
        for (group, flags) in flags.chunks(8).enumerate() {
            if flags.iter().any(|flag| *flag != 0) {
                let places = flags.iter().enumerate().filter(|(_, flag)| **flag != 0);
                flagged.extend(places.map(|(place, _)| (8 * group + place) as u32));
            }
        }
    }

    /// Finds which pulses reached each of the flagged neurons.
    #[inline(never)]
    fn gather(&mut self, shared: &Shared<'_, W>, pulses: &[Pulse]) {
        let size = self.size();
        let mut hits = std::mem::take(&mut self.scratch.hits);
        hits.clear();
        for (place, &neuron) in self.scratch.flagged.iter().enumerate() {
            self.scratch.places[neuron as usize] = place as u32;
        }
        let flags = &self.scratch.flags[..size];
        let mut found = 0;
        for (number, (pulse, &(first, end))) in pulses.iter().zip(&self.scratch.spans).enumerate() {
            let targets =
                &shared.projections[pulse.projection as usize].targets[first as usize..end as usize];
            hits.resize(hits.len().max(found + targets.len()), (0, 0));
            // Nobody can foresee which of them are flagged: each is written, and what is not overwritten counts.
            let room = &mut hits[found..];
            let mut here = 0;
            for &target in targets {
                let neuron = target as usize - self.first;
                room[here] = (neuron as u32, number as u32);
                here += usize::from(flags[neuron]);
            }
            found += here;
        }
        hits.truncate(found);
        hits.iter_mut().for_each(|hit| hit.0 = self.scratch.places[hit.0 as usize]);
        let Scratch { flagged, pulses, begins, .. } = &mut self.scratch;
        begins.clear();
        begins.resize(flagged.len() + 2, 0);
        hits.iter().for_each(|&(place, _)| begins[place as usize + 2] += 1);
        (1..begins.len()).for_each(|place| begins[place] += begins[place - 1]);
        pulses.clear();
        pulses.resize(hits.len(), 0);
        for &(place, number) in &hits {
            let slot = &mut begins[place as usize + 1];
            pulses[*slot as usize] = number;
            *slot += 1;
        }
        self.scratch.hits = hits;
    }

    fn replay_all(&mut self, shared: &Shared<'_, W>, segment: Segment, pulses: &[Pulse]) {
        for place in 0..self.scratch.flagged.len() {
            let neuron = self.scratch.flagged[place] as usize;
            let begin = self.scratch.begins[place] as usize;
            let mine = begin..self.scratch.begins[place + 1] as usize;
            self.collect_events(shared, segment, pulses, neuron, mine);
            self.replay(shared.membrane, segment, neuron);
            self.scratch.flags[neuron] = 0;
        }
    }

    /// All that reached a neuron in the segment, in order of time.
    fn collect_events(
        &mut self,
        shared: &Shared<'_, W>,
        segment: Segment,
        pulses: &[Pulse],
        neuron: usize,
        mine: Range<usize>,
    ) {
        let membrane = shared.membrane;
        let Scratch { events, pulses: numbers, .. } = &mut self.scratch;
        events.clear();
        if segment.begin == Time::ZERO {
            events.push(Event { offset: 0.0, growth: 1.0, class: usize::MAX });
        }
        events.extend(numbers[mine].iter().map(|&number| {
            let Pulse { offset, growth, class, .. } = pulses[number as usize];
            Event { offset, growth, class }
        }));
        let mut is_sorted = true;
        for input in shared.inputs {
            let class = membrane.class(input.weight);
            each_arrival(input, (self.first + neuron) as u32, segment, |offset| {
                is_sorted = false;
                events.push(Event { offset, growth: membrane.growth.at(offset), class });
            });
        }
        if !is_sorted {
            events.sort_unstable_by(|a, b| a.offset.total_cmp(&b.offset));
        }
    }

    /// Takes a neuron back to the beginning of the segment and lets the events in hand happen one by one.
    fn replay(&mut self, membrane: &Membrane<W>, segment: Segment, neuron: usize) {
        let id = LocalId((self.first + neuron) as u32);
        let mut one = One {
            cell: segment.cell,
            base: self.bases[neuron],
            sums: std::array::from_fn(|class| self.sums[class][neuron]),
            refractory_until: self.refractory_until[neuron],
        };
        let events = &self.scratch.events[..];
        for event in events.iter().filter(|event| event.class < W) {
            let sum = &mut one.sums[event.class];
            *sum = sum.wrapping_sub(in_units(event.growth));
        }
        let pending = one.refractory_until;
        for here in events.chunk_by(|a, b| a.offset == b.offset) {
            let now = segment.at(here[0].offset);
            if let Some(end) = one.move_to(membrane, now) {
                self.out.note(end, 0, id, What::RefractoryEnd);
            }
            if one.refractory_until != Time::NEVER {
                continue;
            }
            for event in here.iter().filter(|event| event.class < W) {
                let sum = &mut one.sums[event.class];
                *sum = sum.wrapping_add(in_units(event.growth));
            }
            if one.test(membrane, now, here[0].growth) {
                self.out.note(now, 0, id, What::Spike { cause: Cause::Arrival });
                self.out.spikes.push((now, id));
            }
        }
        let until = one.refractory_until;
        if until < segment.end {
            one.move_to(membrane, until);
            self.out.note(until, 0, id, What::RefractoryEnd);
        } else if until != Time::NEVER && until != pending {
            self.ends.push(Reverse((until, neuron as u32)));
        }
        self.bases[neuron] = one.base;
        (0..W).for_each(|class| self.sums[class][neuron] = one.sums[class]);
        self.refractory_until[neuron] = one.refractory_until;
    }

    /// The cell ends: levels become coordinates.
    #[inline(never)]
    fn fold(&mut self, membrane: &Membrane<W>, epoch_ends: bool) {
        let size = self.bases.len();
        let (bases, sums) = (&mut self.bases, &mut self.sums);
        vectorised(
            #[inline(always)]
            || {
                let bases = &mut bases[..size];
                let sums = sums.each_mut().map(|sums| &mut sums[..size]);
                for place in 0..size {
                    let mut here = [0; W];
                    for class in 0..W {
                        here[class] = sums[class][place];
                        sums[class][place] = 0;
                    }
                    bases[place] = membrane.level(bases[place], here);
                }
                if epoch_ends {
                    bases.iter_mut().for_each(|base| *base = membrane.growth.moved_on(*base));
                }
            },
        );
    }
}

/// About where in a row the targets come to a bound: they rise, and lie about evenly over all `size` neurons.
fn guess(targets: &[u32], bound: usize, size: usize) -> usize {
    targets.len() * bound / size
}

/// How many of a row's targets are below a bound. Looking where the bound should be first spares memory that nobody else needs.
fn below(targets: &[u32], bound: usize, size: usize) -> usize {
    if bound == 0 {
        return 0;
    }
    if bound >= size {
        return targets.len();
    }
    let is_below = |place: usize| (targets[place] as usize) < bound;
    let guess = guess(targets, bound, size);
    let (mut low, mut high) = (guess, guess);
    let mut step = 8;
    if guess < targets.len() && is_below(guess) {
        while high < targets.len() && is_below(high) {
            low = high + 1;
            high = targets.len().min(high + step);
            step *= 2;
        }
    } else {
        while low > 0 && !is_below(low - 1) {
            high = low - 1;
            low = low.saturating_sub(step);
            step *= 2;
        }
    }
    low + targets[low..high].partition_point(|&target| (target as usize) < bound)
}

/// The arrivals of one unit's input in a segment, in no order: their offsets in the epoch.
fn each_arrival(input: &DenseInput, unit: u32, segment: Segment, mut arrival: impl FnMut(f64)) {
    input.draw_for(unit, segment.cell, |offset| {
        let at = segment.at(offset);
        if segment.begin <= at && at < segment.end {
            arrival(offset);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn targets_below_a_bound_are_counted(mut targets in prop::collection::vec(0u32..200, 0..90), bound in 0usize..=200, crowded: bool) {
            if crowded {
                targets.iter_mut().for_each(|target| *target = 150 + *target % 7);
            }
            targets.sort_unstable();
            let expected = targets.iter().filter(|target| (**target as usize) < bound).count();
            prop_assert_eq!(below(&targets, bound, 200), expected);
        }
    }
}
