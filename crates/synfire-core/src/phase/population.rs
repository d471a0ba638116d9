//! Many such neurons, the next of which are found by a [`Frontier`].

use super::frontier::Frontier;
use super::growth::power_of_two;
use super::{Instant, Law, PhaseLaw, UNIT_STEP};
use crate::group::{
    Arrival, Cause, Group, GroupError, Outbox, PopulationSetup, RowGroup, Touch, Until, What, drive_by_rows,
};
use crate::ids::LocalId;
use crate::time::Time;
use std::collections::VecDeque;

/// Neurons by phase. It keeps its own wake times and takes whole rows of targets: see [`RowGroup`].
pub struct PhasePopulation {
    law: Law,
    /// In units of 2^`unit`; infinite while refractory.
    phases: Vec<f64>,
    unit: i64,
    /// The ends of refractory times, in order.
    refractory: VecDeque<(Time, u32)>,
    frontier: Frontier,
    instant: Instant,
    /// Neurons of this generation that may be at threshold.
    touched: Vec<u32>,
    /// Those of them that cross by themselves, for notes.
    crossing: Vec<u32>,
    /// Neurons that were likely to spike next when the engine asked last.
    likely: [Option<u32>; 3],
    /// The wake time, if it is known.
    wake: Option<Time>,
    /// The last crossing that was computed, and from which phase.
    crossing_of: (f64, Time),
}

impl PhasePopulation {
    /// The population at t = 0.
    pub fn new(law: PhaseLaw, setup: &PopulationSetup) -> PhasePopulation {
        let law = Law::new(law);
        PhasePopulation {
            law,
            phases: law.initial(setup),
            unit: 0,
            refractory: VecDeque::new(),
            frontier: Frontier::new(),
            instant: law.instant(Time::ZERO, 1.0),
            touched: Vec::new(),
            crossing: Vec::new(),
            likely: [None; 3],
            wake: None,
            crossing_of: (f64::NAN, Time::NEVER),
        }
    }

    /// The next crossing of all, and whose it is.
    #[inline]
    fn next_crossing(&mut self) -> Option<(Time, u32)> {
        let (phase, neuron) = self.frontier.first(&self.phases, self.instant.threshold)?;
        if phase != self.crossing_of.0 {
            let now = self.instant.now;
            self.crossing_of = (phase, self.law.crossing(phase, self.unit, now));
        }
        Some((self.crossing_of.1.max(self.instant.now), neuron))
    }

    /// Moves to an instant.
    fn move_to(&mut self, now: Time) {
        let grown = self.law.growth.at(now);
        let unit = Law::unit(grown);
        if unit != self.unit {
            self.change_unit(unit);
        }
        self.instant = self.law.instant(now, grown.in_units_of(unit));
    }

    fn change_unit(&mut self, unit: i64) {
        let factor = power_of_two(self.unit - unit);
        if unit - self.unit <= 8 * UNIT_STEP {
            self.phases.iter_mut().for_each(|phase| *phase *= factor);
            self.frontier.rescale(factor);
        } else {
            // After so long every neuron that was not refractory has crossed: all phases are infinite.
            self.frontier = Frontier::new();
        }
        self.crossing_of.0 = f64::NAN;
        self.unit = unit;
    }

    /// The spike of a neuron at the present instant.
    fn fire(&mut self, neuron: u32, out: &mut Outbox) {
        let now = self.instant.now;
        out.spikes.push((now, LocalId(neuron)));
        let phase = &mut self.phases[neuron as usize];
        match self.law.refractory_end(now) {
            Some(end) => {
                *phase = f64::INFINITY;
                self.refractory.push_back((end, neuron));
            }
            None => {
                *phase = self.instant.reset;
                self.frontier.lowered(neuron, *phase);
            }
        }
    }

    /// Notes what came of the present generation.
    #[cold]
    fn note(&self, neuron: u32, fires: bool, out: &mut Outbox) {
        let (now, id) = (self.instant.now, LocalId(neuron));
        let crosses = self.crossing.contains(&neuron);
        if crosses {
            out.note(now, 0, id, What::Confirmed);
        }
        if fires {
            let cause = if crosses { Cause::Crossing } else { Cause::Arrival };
            out.note(now, 0, id, What::Spike { cause });
        }
    }
}

impl RowGroup for PhasePopulation {
    #[inline]
    fn next_wake(&mut self) -> Time {
        if let Some(wake) = self.wake {
            return wake;
        }
        let crossing = self.next_crossing().map_or(Time::NEVER, |next| next.0);
        let refractory_end = self.refractory.front().map_or(Time::NEVER, |front| front.0);
        let wake = crossing.min(refractory_end);
        self.wake = Some(wake);
        wake
    }

    fn likely_next(&mut self) -> [Option<u32>; 3] {
        let likely = self.frontier.lowest_entries();
        let known = std::mem::replace(&mut self.likely, likely);
        likely.map(|neuron| neuron.filter(|_| !known.contains(&neuron)))
    }

    fn begin(&mut self, now: Time, out: &mut Outbox) {
        self.touched.clear();
        self.crossing.clear();
        let is_due = self.next_wake() <= now;
        self.wake = None;
        if now != self.instant.now {
            self.move_to(now);
        }
        if !is_due {
            return;
        }
        while let Some((at, neuron)) = self.next_crossing()
            && at <= now
        {
            // Until all are found it must not be found again.
            self.frontier.take_first();
            self.phases[neuron as usize] = f64::INFINITY;
            self.crossing.push(neuron);
        }
        // The crossing is at this instant by definition, whatever rounding says of the phase.
        self.crossing.iter().for_each(|&neuron| self.phases[neuron as usize] = self.instant.threshold);
        self.touched.extend(&self.crossing);
        while let Some(&(end, neuron)) = self.refractory.front()
            && end <= now
        {
            self.refractory.pop_front();
            self.phases[neuron as usize] = self.instant.reset;
            self.touched.push(neuron);
            if out.is_watched() {
                out.note(now, 0, LocalId(neuron), What::RefractoryEnd);
            }
        }
    }

    #[inline]
    fn receive(&mut self, _: u32, weight: f64, targets: &[u32]) {
        let jump = self.instant.jump(weight);
        let bound = self.frontier.bound();
        for &target in targets {
            let phase = &mut self.phases[target as usize];
            *phase -= jump;
            if *phase <= bound {
                self.touched.push(target);
            }
        }
    }

    fn finish(&mut self, out: &mut Outbox) -> Result<(), GroupError> {
        self.touched.sort_unstable();
        self.touched.dedup();
        let touched = std::mem::take(&mut self.touched);
        for &neuron in &touched {
            let phase = self.phases[neuron as usize];
            let fires = self.instant.reaches_threshold(phase);
            if fires {
                self.fire(neuron, out);
            } else {
                self.frontier.lowered(neuron, phase);
            }
            if out.is_watched() {
                self.note(neuron, fires, out);
            }
        }
        self.touched = touched;
        Ok(())
    }
}

impl Group for PhasePopulation {
    fn size(&self) -> usize {
        self.phases.len()
    }

    /// It wakes by itself.
    fn start(&mut self, _: &mut Outbox) {}

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        drive_by_rows(self, until, touched, arrivals, out)
    }

    fn sample(&self, at: Time, neuron: LocalId, _variable: usize) -> f64 {
        self.law.potential(self.phases[neuron.index()], self.unit, at)
    }

    fn rows(&mut self) -> Option<&mut dyn RowGroup> {
        Some(self)
    }
}
