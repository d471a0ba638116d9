//! Units with a Heaviside gain: exact, from event to event.
//!
//! Between events every gain stands still, a rate relaxes exponentially, and the distance of a unit's input from its
//! threshold is a constant plus exponentials ([`super::expansion`]). Where that leaves its side of 0 the gain switches:
//! with one time constant at tau ln(1 - y/X), y the distance and X the one it tends to; with several by the rules of
//! [`synfire_numerics::passage`]. After a switch only the targets of the unit are asked again: for all others nothing has
//! changed.

use super::expansion::{Clocks, Expansion, Rank, exact};
use super::weights::Weights;
use super::{InputChange, RateUnit, Trouble, next_change};
use crate::ids::NeuronId;
use crate::queue::{EventQueue, IndexedHeap};
use crate::time::Time;
use std::collections::VecDeque;
use synfire_numerics::drive_sign::Fading;
use synfire_numerics::linear::Factors;
use synfire_numerics::passage::{Passage, first_passage};

/// The state of a gain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gain {
    Off,
    On,
    /// The input stays at the threshold; the gain has the value that keeps it there.
    Sliding,
}

impl Gain {
    pub fn fixed(on: bool) -> Gain {
        if on { Gain::On } else { Gain::Off }
    }
}

#[derive(Debug)]
pub(super) struct Unit {
    pub rank: Rank,
    pub gain: Gain,
    /// What the gain was before the event that has changed it.
    before: Option<Gain>,
    pub rate: Expansion,
    /// x - threshold.
    pub drive: Expansion,
    /// For a sliding unit: the side to which it leaves at its next event.
    pub leaves_to: bool,
}

#[derive(Debug)]
pub(super) struct Heaviside {
    pub(super) units: Vec<Unit>,
    pub(super) weights: Weights,
    pub(super) clocks: Clocks,
    /// By rank, the units whose rate or drive has a term of it: anchors move with their coefficients.
    rate_holders: Vec<Vec<u32>>,
    drive_holders: Vec<Vec<u32>>,
    queue: IndexedHeap,
    changes: VecDeque<InputChange>,
    /// Sliding units, by rising id.
    pub(super) sliding: Vec<u32>,
    /// Weights between the sliding units, taken apart; `None` if they have changed.
    pub(super) factors: Option<Factors>,
    /// Whether the inputs of sliding units have been moved off their thresholds.
    pub(super) is_unsolved: bool,
    /// Units whose drive has changed since the last prediction.
    touched: Vec<u32>,
    is_touched: Vec<bool>,
    /// Units whose gain has been changed at this event.
    changed: Vec<u32>,
    /// The last switches, the latest at the back.
    pub(super) history: VecDeque<(Time, u32)>,
    /// For each unit, how often it has switched since when.
    pub(super) pace: Vec<(Time, u32)>,
    pub(super) ambiguous: u64,
    /// The unit that has reached its threshold at this event and was turned back there.
    turned_back: Option<u32>,
    terms: Vec<Fading>,
}

impl Heaviside {
    pub fn new(units: &[RateUnit], weights: Weights, changes: Vec<InputChange>) -> Heaviside {
        let clocks = Clocks::new(units.iter().map(|unit| unit.tau_ms));
        let mut system = Heaviside {
            rate_holders: vec![Vec::new(); clocks.len()],
            drive_holders: vec![Vec::new(); clocks.len()],
            queue: IndexedHeap::with_neurons(units.len()),
            changes: changes.into(),
            sliding: Vec::new(),
            factors: None,
            is_unsolved: false,
            touched: Vec::new(),
            is_touched: vec![false; units.len()],
            changed: Vec::new(),
            history: VecDeque::new(),
            pace: vec![(Time::ZERO, 0); units.len()],
            ambiguous: 0,
            turned_back: None,
            terms: Vec::new(),
            units: Vec::with_capacity(units.len()),
            weights,
            clocks,
        };
        system.place_units(units);
        (0..units.len() as u32).for_each(|unit| system.predict(unit));
        system
    }

    /// Rates and gains at t = 0: gains are those of the inputs that the initial rates make.
    fn place_units(&mut self, units: &[RateUnit]) {
        for unit in units {
            let rank = self.clocks.rank(unit.tau_ms);
            let drive = Expansion::constant(exact(unit.input) + exact(-unit.threshold));
            let rate = Expansion::constant(exact(0.0));
            self.units.push(Unit { rank, gain: Gain::Off, before: None, rate, drive, leaves_to: false });
        }
        // All gains off: each rate fades from its initial value.
        for (unit, initial) in units.iter().enumerate() {
            let fading = Expansion::relaxing(exact(0.0), self.units[unit].rank, exact(initial.initial));
            self.change_rate(unit as u32, &fading);
        }
        let is_on = |unit: &Unit| unit.drive.value(|_| 1.0).round() >= 0.0;
        let gains: Vec<bool> = self.units.iter().map(is_on).collect();
        for (unit, on) in gains.into_iter().enumerate() {
            self.set_gain(unit as u32, on);
        }
        self.take_switched();
        self.touched.clear();
        self.is_touched.fill(false);
    }

    pub fn size(&self) -> usize {
        self.units.len()
    }

    /// When something happens next.
    pub fn next(&self) -> Time {
        let own = self.queue.next();
        self.changes.front().map_or(own, |change| change.at.min(own))
    }

    /// Lets the next event happen: all changes of inputs at its instant, or else one unit that reaches its threshold, the
    /// first by id. `report` is told which gains have switched.
    pub fn step(&mut self, report: &mut dyn FnMut(u32, f64)) -> Result<(), Trouble> {
        let now = self.next();
        self.move_to(now);
        let (mut at_wall, mut reached) = (Vec::new(), None);
        if self.changes.front().is_some_and(|change| change.at == now) {
            self.change_inputs(now);
        } else if let Some((_, NeuronId(unit))) = self.queue.pop_before(now.next_up()) {
            let on = match self.units[unit as usize].gain {
                Gain::Off => true,
                Gain::On => false,
                Gain::Sliding => self.units[unit as usize].leaves_to,
            };
            self.set_gain(unit, on);
            self.touch(unit);
            at_wall.push(unit);
            reached = Some(unit);
        }
        self.settle(at_wall)?;
        let switched = self.take_switched();
        self.turned_back = reached.filter(|unit| !switched.contains(unit));
        switched.iter().for_each(|&unit| report(unit, self.gain(unit as usize)));
        for unit in switched {
            self.guard(unit, now)?;
        }
        // The guard may have let some of them slide.
        self.take_switched().into_iter().for_each(|unit| report(unit, self.gain(unit as usize)));
        self.predict_touched();
        Ok(())
    }

    /// Moves the present, and with it the anchors that lie too far back.
    fn move_to(&mut self, now: Time) {
        self.clocks.set_now(now);
        let lagging: Vec<Rank> = self.clocks.lagging().collect();
        for rank in lagging {
            let factor = self.clocks.move_anchor(rank);
            for &unit in &self.rate_holders[rank as usize] {
                self.units[unit as usize].rate.scale(rank, factor);
            }
            for &unit in &self.drive_holders[rank as usize] {
                self.units[unit as usize].drive.scale(rank, factor);
            }
        }
    }

    /// Inputs jump, and gains with them: a unit that slid has left its threshold.
    fn change_inputs(&mut self, now: Time) {
        while let Some(change) = next_change(&mut self.changes, now) {
            let drive = &mut self.units[change.unit as usize].drive;
            drive.constant = drive.constant + exact(change.to) + exact(-change.from);
            self.touch(change.unit);
            if change.to != change.from {
                let on = self.distance(change.unit) >= 0.0;
                self.set_gain(change.unit, on);
            }
        }
    }

    /// x - threshold, now.
    fn distance(&mut self, unit: u32) -> f64 {
        let Heaviside { units, clocks, .. } = self;
        units[unit as usize].drive.value(|rank| clocks.decay(rank)).round()
    }

    pub(super) fn touch(&mut self, unit: u32) {
        if !std::mem::replace(&mut self.is_touched[unit as usize], true) {
            self.touched.push(unit);
        }
    }

    /// Remembers what a gain was before this event.
    pub(super) fn remember(&mut self, unit: u32) {
        let changing = &mut self.units[unit as usize];
        if changing.before.is_none() {
            changing.before = Some(changing.gain);
            self.changed.push(unit);
        }
    }

    /// Switches a gain on or off. The rate goes on from where it is.
    pub(super) fn set_gain(&mut self, unit: u32, on: bool) {
        let Unit { gain, rank, .. } = self.units[unit as usize];
        let new = Gain::fixed(on);
        if gain == new {
            return;
        }
        self.remember(unit);
        let level = f64::from(u8::from(on));
        let growth = self.clocks.growth(rank);
        let change = if gain == Gain::Sliding {
            self.sliding.retain(|&sliding| sliding != unit);
            self.factors = None;
            let Heaviside { units, clocks, .. } = self;
            let rate = &units[unit as usize].rate;
            let above = rate.value(|rank| clocks.decay(rank)) + exact(-level);
            Expansion::relaxing(exact(level), rank, above * growth).minus(rate)
        } else {
            let jump = level * 2.0 - 1.0;
            Expansion::relaxing(exact(jump), rank, exact(-jump * growth))
        };
        self.units[unit as usize].gain = new;
        self.change_rate(unit, &change);
    }

    /// Adds to a rate, and to the drives of all that it reaches.
    pub(super) fn change_rate(&mut self, unit: u32, change: &Expansion) {
        add(&mut self.units[unit as usize].rate, change, 1.0, unit, &mut self.rate_holders);
        for place in self.weights.row(unit as usize) {
            let (target, weight) = self.weights.at(place);
            let reached = &mut self.units[target as usize];
            add(&mut reached.drive, change, weight, target, &mut self.drive_holders);
            self.is_unsolved |= reached.gain == Gain::Sliding;
            self.touch(target);
        }
    }

    /// The units whose gain has switched since this was asked last, by rising id.
    fn take_switched(&mut self) -> Vec<u32> {
        let mut switched = std::mem::take(&mut self.changed);
        switched.retain(|&unit| {
            let Unit { gain, before, .. } = &mut self.units[unit as usize];
            before.take().is_some_and(|before| before != *gain)
        });
        switched.sort_unstable();
        switched
    }

    fn predict_touched(&mut self) {
        let mut touched = std::mem::take(&mut self.touched);
        for unit in touched.drain(..) {
            self.is_touched[unit as usize] = false;
            self.predict(unit);
        }
        self.touched = touched;
    }

    /// Asks when a unit has its next event.
    fn predict(&mut self, unit: u32) {
        let passage = match self.units[unit as usize].gain {
            Gain::Sliding => self.end_of_sliding(unit),
            gain => {
                let distance = self.distance(unit);
                let Heaviside { units, clocks, terms, .. } = self;
                let drive = &units[unit as usize].drive;
                drive.fading(clocks, terms);
                first_passage(drive.constant.round(), terms, distance, gain == Gain::On)
            }
        };
        self.ambiguous += u64::from(passage.ambiguous);
        let mut at = self.clocks.now().after(passage.after);
        if self.turned_back == Some(unit) {
            // It touched its threshold by rounding alone, which may still say so: not twice at one instant.
            self.ambiguous += 1;
            at = at.max(self.clocks.now().next_up());
        }
        self.queue.set(NeuronId(unit), at);
    }

    /// When the equivalent gain leaves [0, 1], and where.
    fn end_of_sliding(&mut self, unit: u32) -> Passage {
        let Heaviside { units, clocks, terms, .. } = self;
        let sliding = &mut units[unit as usize];
        let tau = clocks.tau(sliding.rank);
        sliding.rate.fading(clocks, terms);
        terms.retain(|term| term.tau != tau);
        terms.iter_mut().for_each(|term| term.a *= 1.0 - tau / term.tau);
        let constant = sliding.rate.constant.round();
        let now = terms.iter().fold(constant, |sum, term| sum + term.a);
        let down = first_passage(constant, terms, now, true);
        let up = first_passage(constant - 1.0, terms, now - 1.0, false);
        sliding.leaves_to = up.after < down.after;
        if sliding.leaves_to { up } else { down }
    }

    /// The gain now: 0, 1 or the equivalent value.
    pub fn gain(&self, unit: usize) -> f64 {
        match self.units[unit].gain {
            Gain::Off => 0.0,
            Gain::On => 1.0,
            Gain::Sliding => self.equivalent_gain(unit),
        }
    }

    /// r + tau dr/dt, now.
    pub(super) fn equivalent_gain(&self, unit: usize) -> f64 {
        let Unit { rank: own, rate, .. } = &self.units[unit];
        let tau = self.clocks.tau(*own);
        let weighed = |rank: Rank| {
            let rest = if rank == *own { 0.0 } else { 1.0 - tau / self.clocks.tau(rank) };
            rest * self.clocks.decay_at(rank, self.clocks.now())
        };
        rate.value(weighed).round()
    }

    /// r at `at`, if nothing happens between now and then.
    pub fn rate(&self, unit: usize, at: Time) -> f64 {
        self.units[unit].rate.value(|rank| self.clocks.decay_at(rank, at)).round()
    }

    pub fn ambiguous(&self) -> u64 {
        self.ambiguous
    }
}

/// Adds `weight` times `change` to an expansion of `unit`.
fn add(sum: &mut Expansion, change: &Expansion, weight: f64, unit: u32, holders: &mut [Vec<u32>]) {
    sum.constant = sum.constant + change.constant * weight;
    for rank in change.ranks() {
        if sum.add_to(rank, change.coefficient(rank) * weight) {
            holders[rank as usize].push(unit);
        }
    }
}
