//! Dense input that is in no log spike by spike: who reads draws it again.

use super::{Event, EventFilter, EventKind, Happening, Kinds, Place};
use crate::group::{Cause, DenseSource, What};
use crate::ids::{LocalId, NeuronId, PopulationId};
use crate::time::Time;
use synfire_numerics::cells::CELLS_PER_MS;

/// The spike trains of a dense source whose units project one to one to one population, and what arrives of them.
#[derive(Clone, Debug)]
pub struct DenseTrains {
    /// The source.
    pub source: DenseSource,
    /// Its population, and the first unit as a neuron of the network.
    pub population: PopulationId,
    /// See there.
    pub first: NeuronId,
    /// How many units.
    pub units: u32,
    /// The population that they reach, as long as the source.
    pub target: PopulationId,
    /// The projection, in the order of declaration.
    pub projection: u32,
    /// Its delay, ms.
    pub delay_ms: f64,
    /// Its weights, in the receptor's unit: one for all, or one each.
    pub weights: Vec<f64>,
    /// What is to be drawn: spikes, arrivals or both.
    pub kinds: Kinds,
}

impl DenseTrains {
    /// What can be drawn.
    pub const KINDS: Kinds = Kinds::NONE.with(EventKind::Spike).with(EventKind::Arrival);

    /// Calls `spike` with every spike of which the filter may let something through, emitted from `from` to before `to` (in one cell).
    fn spikes(&self, (from, to): (Time, Time), filter: &EventFilter, mut spike: impl FnMut(u32, Time)) {
        if self.may_pass(EventKind::Spike, filter) {
            let cell = DenseSource::cell_at(from);
            let (start, stop) = (from.max(self.source.start), to.min(self.source.stop));
            self.draw(cell, |unit, at| {
                if start <= at && at < stop {
                    spike(unit, at);
                }
            });
        }
    }

    /// The same of spikes that arrive from `from` to before `to`: unit, and time of arrival.
    fn arrivals(&self, (from, to): (Time, Time), filter: &EventFilter, mut arrival: impl FnMut(u32, Time)) {
        if !self.may_pass(EventKind::Arrival, filter) {
            return;
        }
        let DenseSource { start, stop, .. } = self.source;
        let arrives = |cell| DenseSource::begin_of(cell).after(self.delay_ms);
        // Over a delay of whole cells sums are exact; else the last spikes of a cell may be rounded up to where the next one's begin.
        let is_whole = (self.delay_ms * CELLS_PER_MS as f64).fract() == 0.0;
        let is_over = |cell| arrives(cell + 1) < from || is_whole && arrives(cell + 1) == from;
        // What rounding does to `before` stays within a cell.
        let mut cell = DenseSource::cell_at(from.before(self.delay_ms)).saturating_sub(1);
        while arrives(cell) < to {
            if !is_over(cell) {
                self.draw(cell, |unit, emitted| {
                    let at = emitted.after(self.delay_ms);
                    if start <= emitted && emitted < stop && from <= at && at < to {
                        arrival(unit, at);
                    }
                });
            }
            cell += 1;
        }
    }

    fn draw(&self, cell: u64, mut spike: impl FnMut(u32, Time)) {
        let begin = DenseSource::begin_of(cell);
        self.source.cells.draw_many(self.units, cell, |unit, since| spike(unit, begin.after(since)));
    }

    /// Whether events of a kind are wanted and may pass.
    fn may_pass(&self, kind: EventKind, filter: &EventFilter) -> bool {
        self.kinds.and(filter.kinds).has(kind)
    }

    fn weight(&self, unit: u32) -> f64 {
        *self.weights.get(unit as usize).unwrap_or(&self.weights[0])
    }
}

/// Draws dense input again, cell by cell, in the order of the log.
#[derive(Clone, Debug, Default)]
pub struct Redraw {
    /// What is left to be drawn: from one time to before another.
    left: Option<(Time, Time)>,
    /// What has been drawn, the last first.
    drawn: Vec<Event>,
}

impl Redraw {
    /// Whether all has been drawn and taken.
    #[inline]
    pub fn is_over(&self) -> bool {
        self.drawn.is_empty() && self.left.is_none()
    }

    /// Now from `from` to before `to`. All that was drawn before must have been taken.
    pub fn begin(&mut self, from: Time, to: Time) {
        debug_assert!(self.is_over(), "events are left");
        self.left = (from < to).then_some((from, to));
    }

    /// The next event that the filter lets through and that comes before a place in the order of the log; `None` stands for the end.
    pub fn next_before(
        &mut self,
        before: Option<&Place>,
        trains: &[DenseTrains],
        filter: &EventFilter,
    ) -> Option<Event> {
        while self.drawn.is_empty() {
            let (from, to) = self.left?;
            if before.is_some_and(|place| place.at < from) {
                return None;
            }
            let cell_ends = DenseSource::begin_of(DenseSource::cell_at(from) + 1).min(to);
            self.left = (cell_ends < to).then_some((cell_ends, to));
            self.draw((from, cell_ends), trains, filter);
        }
        let is_before = |event: &mut Event| before.is_none_or(|place| event.place() < *place);
        self.drawn.pop_if(is_before)
    }

    /// Draws what lies in a cell.
    fn draw(&mut self, (from, to): (Time, Time), trains: &[DenseTrains], filter: &EventFilter) {
        if to <= filter.from || filter.until <= from {
            return;
        }
        let drawn = &mut self.drawn;
        let mut push = |event: Event| {
            if filter.passes(event.kind(), event.at, event.population, event.neuron, event.source()) {
                drawn.push(event);
            }
        };
        for trains in trains {
            let DenseTrains { population, first, target, projection, delay_ms, .. } = *trains;
            trains.spikes((from, to), filter, |unit, at| {
                let happens = Happening::Own(What::Spike { cause: Cause::Schedule });
                push(Event { at, generation: 0, population, neuron: LocalId(unit), happens });
            });
            trains.arrivals((from, to), filter, |unit, at| {
                let (source, weight) = (NeuronId(first.0 + unit), trains.weight(unit));
                let happens = Happening::Arrival { source, projection, weight, delay_ms };
                push(Event { at, generation: 0, population: target, neuron: LocalId(unit), happens });
            });
        }
        let last_first = |a: &Event, b: &Event| b.at.cmp(&a.at).then_with(|| b.place().cmp(&a.place()));
        self.drawn.sort_unstable_by(last_first);
        if self.count_generations() {
            self.drawn.sort_unstable_by(last_first);
        }
    }

    /// A unit that spikes twice at one instant does so in different generations; whether there is one.
    fn count_generations(&mut self) -> bool {
        let mut has_some = false;
        for later in (1..self.drawn.len()).rev() {
            let (first, second) = (self.drawn[later], &mut self.drawn[later - 1]);
            if first.source().is_none() && (first.at, first.neuron) == (second.at, second.neuron) {
                let is_same = (first.population, first.happens) == (second.population, second.happens);
                second.generation = if is_same { first.generation + 1 } else { 0 };
                has_some |= is_same;
            }
        }
        has_some
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;
    use synfire_numerics::cells::CELL_MS;
    use synfire_numerics::poisson::PoissonCells;
    use synfire_numerics::random::StreamKey;

    proptest! {
        /// Whatever the delay and wherever windows end: each spike and each arrival once, in order.
        #[test]
        fn windows_have_all_that_there_is(
            mean in 0.3..5.0f64,
            units in 1u32..20,
            delay in prop_oneof![0.01..3.0f64, (1u32..24).prop_map(|cells| f64::from(cells) * CELL_MS)],
            ulps in 0u64..3,
            start in 0.0..1.0f64,
            cuts in prop::collection::vec(0.0..4.0f64, 0..12),
            on_cells: bool,
        ) {
            let time = |ms: f64| Time::from_ms(ms).unwrap();
            let cells = Arc::new(PoissonCells::new(StreamKey::derive(3, "redraw", 0), mean));
            let trains = DenseTrains {
                source: DenseSource { cells, start: time(start), stop: time(3.3) },
                population: PopulationId(1),
                first: NeuronId(50),
                units,
                target: PopulationId(0),
                projection: 2,
                delay_ms: f64::from_bits(delay.to_bits() + ulps),
                weights: vec![1.5],
                kinds: DenseTrains::KINDS,
            };
            let mut expected = Vec::new();
            for cell in 0..32 {
                let begin = DenseSource::begin_of(cell);
                trains.source.cells.draw_many(units, cell, |unit, since| {
                    let at = begin.after(since);
                    if trains.source.start <= at && at < trains.source.stop {
                        let (neuron, source) = (LocalId(unit), NeuronId(50 + unit));
                        let spike = Happening::Own(What::Spike { cause: Cause::Schedule });
                        let delay_ms = trains.delay_ms;
                        let arrival = Happening::Arrival { source, projection: 2, weight: 1.5, delay_ms };
                        let (own, there) = (trains.population, trains.target);
                        expected.push(Event { at, generation: 0, population: own, neuron, happens: spike });
                        let at = at.after(delay_ms);
                        expected.push(Event { at, generation: 0, population: there, neuron, happens: arrival });
                    }
                });
            }
            expected.retain(|event| event.at < time(4.0));
            expected.sort_by_key(Event::place);
            let on_cell = |ms: f64| if on_cells { (ms / CELL_MS).floor() * CELL_MS } else { ms };
            let mut cuts: Vec<f64> = cuts.into_iter().map(on_cell).chain([0.0, 4.0]).collect();
            cuts.sort_by(f64::total_cmp);
            let (mut redraw, mut drawn) = (Redraw::default(), Vec::new());
            for pair in cuts.windows(2) {
                redraw.begin(time(pair[0]), time(pair[1]));
                let mut next = || redraw.next_before(None, std::slice::from_ref(&trains), &EventFilter::ALL);
                drawn.extend(std::iter::from_fn(&mut next));
            }
            prop_assert_eq!(drawn, expected);
        }
    }

    #[test]
    fn a_unit_that_spikes_twice_at_an_instant_does_so_in_two_generations() {
        let spike = |offset: f64, neuron: u32, generation: u32| Event {
            at: Time::from_parts(7, offset).unwrap(),
            generation,
            population: PopulationId(1),
            neuron: LocalId(neuron),
            happens: Happening::Own(What::Spike { cause: Cause::Schedule }),
        };
        let drawn = vec![
            spike(0.5, 3, 0),
            spike(0.25, 4, 0),
            spike(0.25, 3, 0),
            spike(0.25, 3, 0),
            spike(0.25, 3, 0),
        ];
        let mut redraw = Redraw { left: None, drawn };
        assert!(redraw.count_generations());
        let expected =
            [spike(0.5, 3, 0), spike(0.25, 4, 0), spike(0.25, 3, 2), spike(0.25, 3, 1), spike(0.25, 3, 0)];
        assert_eq!(redraw.drawn, expected);
        assert!(!Redraw { left: None, drawn: expected[..3].to_vec() }.count_generations());
    }
}
