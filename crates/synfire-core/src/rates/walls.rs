//! What happens at thresholds: gains that switch, gains that slide, and how several of them agree.
//!
//! Where a unit's own gain pushes its input back across the threshold on both sides, as self-inhibition does, the gain
//! would switch without end. It takes the value s in [0, 1] instead that keeps the input at the threshold (Filippov's
//! solution, in the form of Utkin's equivalent control): the limit of ever steeper sigmoids. If several units slide, W_SS
//! r_S = threshold - h - W_SN r_N gives their rates, whatever their time constants, as expansions like all others; their
//! gains r + tau dr/dt follow. A unit slides until its gain would leave [0, 1].
//!
//! Who switches and who slides is decided by going from unit to unit, the lowest id first, and mending what does not
//! agree with its neighbours, as Murty's method for complementarity problems does.

use super::Trouble;
use super::expansion::{Expansion, Rank, exact};
use super::heaviside::{Gain, Heaviside};
use crate::time::Time;
use synfire_numerics::linear::Factors;
use synfire_numerics::passage::direction;

/// An equivalent gain this far outside [0, 1] is rounding.
const GAIN_NOISE: f64 = 1e-12;
/// A unit that switches four times within this part of its time constant is on its way into the intersection of
/// several thresholds: what is left of the way is a few times this, in units of its rate.
const FROZEN: f64 = 1e-11;
/// A unit may switch this often within one time constant.
const MOST_SWITCHES: u32 = 1_000_000;
/// How many switches are remembered.
const REMEMBERED: usize = 64;

/// How a unit disagrees with the others.
enum Disagreement {
    /// The equivalent gain is beyond this end of [0, 1].
    Leaves(bool),
    /// The input is pushed across the threshold.
    Turns,
}

impl Heaviside {
    /// Lets units at their thresholds, and those that slide, find gains that agree. `at_wall` are those whose gain has
    /// just been switched.
    pub(super) fn settle(&mut self, mut at_wall: Vec<u32>) -> Result<(), Trouble> {
        if at_wall.is_empty() && self.sliding.is_empty() {
            return Ok(());
        }
        let mut left = 100 + 10 * self.sliding.len();
        loop {
            self.solve_sliding()?;
            let Some((unit, disagreement)) = self.first_disagreement(&at_wall) else { return Ok(()) };
            left -= 1;
            if left == 0 {
                return Err(Trouble { unit, reason: "no gains agree of the units at their thresholds" });
            }
            match disagreement {
                Disagreement::Leaves(on) => {
                    self.set_gain(unit, on);
                    at_wall.push(unit);
                }
                Disagreement::Turns => {
                    let on = self.units[unit as usize].gain == Gain::Off;
                    self.set_gain(unit, on);
                    self.solve_sliding()?;
                    if self.direction(unit) == Some(!on) {
                        self.slide(unit);
                    }
                }
            }
        }
    }

    fn first_disagreement(&mut self, at_wall: &[u32]) -> Option<(u32, Disagreement)> {
        let mut units: Vec<u32> = at_wall.iter().chain(&self.sliding).copied().collect();
        units.sort_unstable();
        units.dedup();
        units.into_iter().find_map(|unit| Some((unit, self.disagreement(unit)?)))
    }

    fn disagreement(&mut self, unit: u32) -> Option<Disagreement> {
        match self.units[unit as usize].gain {
            Gain::Sliding => match self.equivalent_gain(unit as usize) {
                gain if gain < -GAIN_NOISE => Some(Disagreement::Leaves(false)),
                gain if gain > 1.0 + GAIN_NOISE => Some(Disagreement::Leaves(true)),
                _ => None,
            },
            gain => (self.direction(unit) == Some(gain == Gain::Off)).then_some(Disagreement::Turns),
        }
    }

    /// Where the input of a unit at its threshold goes.
    fn direction(&mut self, unit: u32) -> Option<bool> {
        let Heaviside { units, clocks, .. } = self;
        let mut terms = Vec::new();
        units[unit as usize].drive.fading(clocks, &mut terms);
        direction(&terms)
    }

    fn slide(&mut self, unit: u32) {
        self.remember(unit);
        self.units[unit as usize].gain = Gain::Sliding;
        let place = self.sliding.partition_point(|&sliding| sliding < unit);
        self.sliding.insert(place, unit);
        self.factors = None;
        self.is_unsolved = true;
        self.touch(unit);
    }

    /// Gives the sliding units the rates that keep their inputs at their thresholds.
    fn solve_sliding(&mut self) -> Result<(), Trouble> {
        if self.sliding.is_empty() || !self.is_unsolved {
            return Ok(());
        }
        let sliding = self.sliding.clone();
        let factors = match self.factors.take() {
            Some(factors) => factors,
            None => self.factors_of(&sliding).ok_or(Trouble {
                unit: sliding[0],
                reason: "the gains of the units that slide along their thresholds are not determined",
            })?,
        };
        // The second pass mends the rounding of the first.
        for _ in 0..2 {
            self.cancel_drives(&sliding, &factors);
        }
        for &unit in &sliding {
            self.units[unit as usize].drive.clear();
        }
        self.factors = Some(factors);
        self.is_unsolved = false;
        Ok(())
    }

    fn factors_of(&self, sliding: &[u32]) -> Option<Factors> {
        let row =
            |target: &u32| sliding.iter().map(|source| self.weights.between(*source, *target)).collect();
        let rows: Vec<Vec<f64>> = sliding.iter().map(row).collect();
        Factors::of(rows.concat(), sliding.len())
    }

    /// Changes the rates of the sliding units such that their drives become 0, term by term.
    fn cancel_drives(&mut self, sliding: &[u32], factors: &Factors) {
        let mut ranks: Vec<Rank> =
            sliding.iter().flat_map(|&unit| self.units[unit as usize].drive.ranks()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let solved = |of: &dyn Fn(&Expansion) -> f64| {
            let drives = sliding.iter().map(|&unit| -of(&self.units[unit as usize].drive));
            let mut changes: Vec<f64> = drives.collect();
            factors.solve(&mut changes);
            changes
        };
        let constants = solved(&|drive| drive.constant.round());
        let mut changes: Vec<Expansion> =
            constants.into_iter().map(|constant| Expansion::constant(exact(constant))).collect();
        for rank in ranks {
            let coefficients = solved(&|drive| drive.coefficient(rank).round());
            for (change, coefficient) in changes.iter_mut().zip(coefficients) {
                change.add_to(rank, exact(coefficient));
            }
        }
        for (&unit, change) in sliding.iter().zip(&changes) {
            self.change_rate(unit, change);
        }
    }

    /// Guards against gains that switch ever faster, on a spiral into the intersection of several thresholds.
    ///
    /// A spiral that shrinks by a factor a turn gets there after infinitely many switches in finite time. When what is left
    /// of it is rounding, its units slide along the intersection. One that shrinks as 1, 1/2, 1/3, ... never gets there
    /// and switches ever faster, e^(t/tau) times in all; beyond what can be counted that is an error.
    pub(super) fn guard(&mut self, unit: u32, now: Time) -> Result<(), Trouble> {
        let tau = self.clocks.tau(self.units[unit as usize].rank);
        let (since, count) = &mut self.pace[unit as usize];
        if now.since(*since) > tau {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        if *count > MOST_SWITCHES {
            let reason = "the gain switches ever faster: more than a million times within one time constant";
            return Err(Trouble { unit, reason });
        }
        if self.history.len() == REMEMBERED {
            self.history.pop_front();
        }
        self.history.push_back((now, unit));
        let recent: Vec<u32> = (self.history.iter().rev())
            .take_while(|switch| now.since(switch.0) <= FROZEN * tau)
            .map(|switch| switch.1)
            .collect();
        if recent.iter().filter(|&&switched| switched == unit).count() >= 4 {
            self.freeze(recent);
        }
        Ok(())
    }

    /// Lets all units that have switched twice or more of late slide together, if they can.
    fn freeze(&mut self, mut recent: Vec<u32>) {
        recent.sort_unstable();
        let often = recent.chunk_by(|a, b| a == b).filter(|same| same.len() >= 2).map(|same| same[0]);
        let spiral: Vec<u32> =
            often.filter(|&unit| self.units[unit as usize].gain != Gain::Sliding).collect();
        let before: Vec<(u32, Gain, Expansion)> = (spiral.iter().chain(&self.sliding))
            .map(|&unit| (unit, self.units[unit as usize].gain, self.units[unit as usize].rate.clone()))
            .collect();
        spiral.iter().for_each(|&unit| self.slide(unit));
        let solved = self.solve_sliding().is_ok();
        let is_inside = |&unit: &u32| (0.0..=1.0).contains(&self.equivalent_gain(unit as usize));
        if solved && self.sliding.iter().all(is_inside) {
            self.ambiguous += 1;
            self.history.clear();
            return;
        }
        for (unit, gain, rate) in before {
            let change = rate.minus(&self.units[unit as usize].rate);
            self.change_rate(unit, &change);
            self.units[unit as usize].gain = gain;
        }
        self.sliding.retain(|unit| !spiral.contains(unit));
        self.factors = None;
        self.is_unsolved = false;
    }
}
