//! A leaky integrator of fading inputs within one unit of time, in coordinates that rest between events:
//! y(t) = rest + x_0 e^(-r_0 t) + x_1 e^(-r_1 t) + ..., where x_0 belongs to the integrator and x_k to input k.
//!
//! The solution of y' = r_0 (rest - y) + sum of s_k e^(-r_k t) has x_k = s_k/(r_0 - r_k): R. Brette (2007), Exact simulation
//! of integrate-and-fire models with exponential currents, Neural Comput. 19:2604-2609. An input that arrives at t adds
//! multiples of e^(r_k t), and nothing else ever changes; at the end of the unit the coordinates are moved on to the next.
//!
//! At y = 0 the slope is D(t) = r_0 rest + sum of (r_0 - r_k) x_k e^(-r_k t): no x_0 in it. Where D is negative, 0 cannot be
//! reached from below; where D is not, 0 is passed at most once. Each term of D is monotone, so D is bounded on an interval
//! by its terms at the ends; halving the interval decides every case but those that rounding decides.

#![allow(clippy::needless_range_loop)] // formulas with an index that several arrays share

use crate::growth::LANES;
use crate::math;
use crate::vector::vectorised;

/// The constants: K - 1 inputs.
#[derive(Clone, Copy, Debug)]
pub struct Integrator<const K: usize> {
    /// Where y tends to without input.
    pub rest: f64,
    /// 1/tau; first the integrator's.
    rates: [f64; K],
    /// r_0 - r_k.
    gaps: [f64; K],
    /// e^(-r_k).
    after_one: [f64; K],
    /// The time constants.
    taus: [f64; K],
    /// So near to 0, y has no headroom.
    near: f64,
}

/// The first time in a unit at which y is at or above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Passage {
    /// From 0 to below 1.
    pub at: Option<f64>,
    /// Rounding decided.
    pub ambiguous: bool,
    /// False if y is beyond the range of numbers, so that nothing can be said.
    pub is_known: bool,
}

/// y at a time, with what is left of each coordinate there.
#[derive(Clone, Copy)]
struct Point<const K: usize> {
    t: f64,
    fade: [f64; K],
    y: f64,
}

/// Halving stops here: 2^-30 of a unit, in which the peak of y is flat to 1e-18 of its scale.
const DEPTH: u32 = 30;
/// Steps of the refinement: far more than it takes.
const STEPS: u32 = 120;
/// The refinement ends with a step below this: 2^-51.
const LAST_STEP: f64 = 4.440_892_098_500_626e-16;
/// What is smaller has faded to 0: products of numbers so small are slow, and nobody sees them.
const FADED: f64 = 1e-200;
/// Numbers of at least this size do not fade to 0 while they fall by less than e^-[`FALL`].
const SIZEABLE: f64 = 1e-100;
const FALL: f64 = 200.0;
/// What rounding may take from a bound.
const SLACK: f64 = 1.0 - 1e-4;

/// By how much one input lifts y at most before the end of the unit.
#[derive(Clone, Copy, Debug)]
pub struct Lifting {
    tau: f64,
    after_one: f64,
}

impl Lifting {
    /// For each 1 by which it makes D rise when its growth is `growth`: the integral of what is left of it.
    #[inline(always)]
    pub fn of(&self, growth: f64) -> f64 {
        self.tau * (1.0 - self.after_one * growth)
    }
}

impl<const K: usize> Integrator<K> {
    /// For these time constants (in units of time, the integrator's first; all different from it).
    pub fn new(rest: f64, taus: [f64; K], near: f64) -> Integrator<K> {
        let rates = taus.map(|tau| 1.0 / tau);
        let gaps = rates.map(|rate| rates[0] - rate);
        let after_one = rates.map(|rate| math::exp(-rate));
        Integrator { rest, rates, gaps, after_one, taus, near }
    }

    /// What is left of each coordinate after `t`.
    #[inline]
    pub fn fade(&self, t: f64) -> [f64; K] {
        if t == 1.0 {
            return self.after_one;
        }
        let mut fade = [1.0; K];
        for k in 0..K {
            fade[k] = math::exp(-t * self.rates[k]);
        }
        fade
    }

    /// e^(r_k t): what something that happens at `t` counts in coordinate `k`.
    #[inline]
    pub fn growth(&self, k: usize, t: f64) -> f64 {
        math::exp(t * self.rates[k])
    }

    /// r_0 - r_k.
    pub fn gap(&self, k: usize) -> f64 {
        self.gaps[k]
    }

    /// e^(-r_k).
    pub fn after_one(&self, k: usize) -> f64 {
        self.after_one[k]
    }

    /// One coordinate in the next unit's terms.
    #[inline(always)]
    pub fn moved_on(&self, k: usize, x: f64) -> f64 {
        let moved = x * self.after_one[k];
        if moved.abs() < FADED { 0.0 } else { moved }
    }

    /// All coordinates in the next unit's terms.
    #[inline]
    pub fn move_on(&self, x: &mut [f64; K]) {
        for (k, x) in x.iter_mut().enumerate() {
            *x = self.moved_on(k, *x);
        }
    }

    /// y, where `fade` is left of the coordinates.
    #[inline]
    pub fn value(&self, x: &[f64; K], fade: &[f64; K]) -> f64 {
        let mut y = self.rest;
        for k in 0..K {
            y += x[k] * fade[k];
        }
        y
    }

    /// x_0 that puts y at `value` where `fade` is left of the coordinates, at `t`.
    pub fn coordinate_for(&self, value: f64, x: &[f64; K], fade: &[f64; K], t: f64) -> f64 {
        let mut rest = value - self.rest;
        for k in 1..K {
            rest -= x[k] * fade[k];
        }
        rest * self.growth(0, t)
    }

    /// Given y and the inputs' parts of D now: by how much D can rise by input, all at once or bit by bit, so that y certainly
    /// does not reach 0 within one unit. Negative if nothing is certain.
    ///
    /// With Q the most that y' can be while y is not below its value now, y stays below y + Q t.
    #[inline(always)]
    pub fn headroom(&self, y: f64, drives: &[f64; K]) -> f64 {
        let room = SLACK * -y - self.steepest(y, drives);
        if y > -self.near { -1.0 } else { room }
    }

    /// The headrooms of many at the beginning of a unit, from their coordinates one by one; infinite where x_0 is minus
    /// infinity.
    #[inline(never)]
    pub fn headrooms(&self, x: [&[f64]; K], rooms: &mut [f64]) {
        vectorised(
            #[inline(always)]
            || {
                // In here, where it can be seen that no place is beyond an end.
                let x = x.map(|all| &all[..rooms.len()]);
                for (place, room) in rooms.iter_mut().enumerate() {
                    let mut y = self.rest;
                    for x in x {
                        y += x[place];
                    }
                    let mut slope = self.rates[0] * (self.rest - y);
                    for k in 1..K {
                        let drive = self.gaps[k] * x[k][place];
                        let later = drive * self.after_one[k];
                        slope += if drive > later { drive } else { later };
                    }
                    let far = SLACK * -y - slope;
                    let found = if y > -self.near { -1.0 } else { far };
                    *room = if y == f64::NEG_INFINITY { f64::INFINITY } else { found };
                }
            },
        );
    }

    /// How far y can be lifted by input within one unit, in no more time than that, without reaching 0: of many at the beginning
    /// of a unit, from their coordinates one by one; infinite where x_0 is minus infinity, negative if nothing is certain. What an
    /// input lifts at most, tells [`Integrator::lifting`].
    ///
    /// Since y was last at its value now, the leak has not been stronger than it is there, and what pushes y can have done so no
    /// more than over the whole unit.
    #[inline(never)]
    pub fn rooms(&self, x: [&[f64]; K], rooms: &mut [f64]) {
        let mut lifts = [0.0; K];
        for k in 1..K {
            lifts[k] = self.lifting(k).of(1.0);
        }
        vectorised(
            #[inline(always)]
            || {
                let x = x.map(|all| &all[..rooms.len()]);
                for (place, room) in rooms.iter_mut().enumerate() {
                    let mut y = self.rest;
                    for x in x {
                        y += x[place];
                    }
                    let mut pushed = 0.0;
                    let mut slope = self.rates[0] * (self.rest - y);
                    for k in 1..K {
                        let drive = self.gaps[k] * x[k][place];
                        // What holds back still does with what is left of it at the end.
                        pushed += if drive > 0.0 { drive * lifts[k] } else { 0.0 };
                        slope += if drive > 0.0 { 0.0 } else { drive * self.after_one[k] };
                    }
                    let lifted = if slope > 0.0 { pushed + slope } else { pushed };
                    let found = if y > -self.near { -1.0 } else { SLACK * -y - lifted };
                    *room = if y == f64::NEG_INFINITY { f64::INFINITY } else { found };
                }
            },
        );
    }

    /// By how much input k lifts y at most before the end of the unit.
    #[inline(always)]
    pub fn lifting(&self, k: usize) -> Lifting {
        Lifting { tau: self.taus[k], after_one: self.after_one[k] }
    }

    /// Moves coordinate `k` of many on.
    #[inline(never)]
    pub fn move_all_on(&self, k: usize, x: &mut [f64]) {
        let factor = self.after_one[k];
        vectorised(
            #[inline(always)]
            || {
                for x in x {
                    let moved = *x * factor;
                    *x = if moved.abs() < FADED { 0.0 } else { moved };
                }
            },
        );
    }

    /// Moves coordinate `k` of each on by a number of units of its own, as [`Integrator::moved_on`] does unit by unit, to the same bits. There
    /// are as many numbers of units as coordinates.
    #[inline(never)]
    pub fn move_on_by(&self, k: usize, x: &mut [f64], units: &[u64]) {
        let ((lanes, few), (units, few_units)) = (x.as_chunks_mut::<LANES>(), units.as_chunks::<LANES>());
        vectorised(
            #[inline(always)]
            || {
                for (x, units) in lanes.iter_mut().zip(units) {
                    self.move_lanes_on(k, x, units);
                }
            },
        );
        few.iter_mut().zip(few_units).for_each(|(x, &units)| *x = self.moved_on_by(k, *x, units));
    }

    #[inline(always)]
    fn move_lanes_on(&self, k: usize, x: &mut [f64; LANES], units: &[u64; LANES]) {
        let factor = self.after_one[k];
        let (mut longest, mut are_sizeable) = (0, true);
        let mut left = [0.0; LANES];
        for lane in 0..LANES {
            longest = if units[lane] > longest { units[lane] } else { longest };
            left[lane] = units[lane] as f64;
            are_sizeable &= x[lane].abs() >= SIZEABLE || x[lane].to_bits() == 0;
        }
        if are_sizeable && longest as f64 <= FALL * self.taus[k] {
            // Nothing fades to 0 on the way.
            let mut moved = *x;
            for _ in 0..longest {
                for lane in 0..LANES {
                    moved[lane] *= if left[lane] > 0.0 { factor } else { 1.0 };
                    left[lane] -= 1.0;
                }
            }
            *x = moved;
        } else {
            for lane in 0..LANES {
                x[lane] = self.moved_on_by(k, x[lane], units[lane]);
            }
        }
    }

    /// One coordinate so many units later.
    #[inline(never)]
    fn moved_on_by(&self, k: usize, mut x: f64, units: u64) -> f64 {
        for _ in 0..units {
            x = self.moved_on(k, x);
            if x == 0.0 {
                break;
            }
        }
        x
    }

    /// The most that y' can be within one unit as long as y is not below its value now.
    #[inline(always)]
    fn steepest(&self, y: f64, drives: &[f64; K]) -> f64 {
        let mut slope = self.rates[0] * (self.rest - y);
        for k in 1..K {
            // What pushes fades; what holds back still does with what is left of it at the end.
            slope += drives[k].max(drives[k] * self.after_one[k]);
        }
        slope
    }

    /// The inputs' parts of D where `fade` is left; the first is not used.
    #[inline(always)]
    pub fn drives(&self, x: &[f64; K], fade: &[f64; K]) -> [f64; K] {
        let mut drives = [0.0; K];
        for k in 1..K {
            drives[k] = self.gaps[k] * x[k] * fade[k];
        }
        drives
    }

    /// How long, from here, y certainly stays below 0, if that is less than a unit; else any longer time.
    #[inline]
    pub fn wait(&self, y: f64, drives: &[f64; K]) -> f64 {
        if y > -self.near {
            return 0.0;
        }
        let slope = self.steepest(y, drives);
        if slope <= 0.0 { 1.0 } else { SLACK * -y / slope }
    }

    /// How long, from here, y certainly stays below 0: infinity if for ever.
    #[inline]
    pub fn long_wait(&self, y: f64, drives: &[f64; K]) -> f64 {
        if y > -self.near {
            return 0.0;
        }
        let mut slope = self.rates[0] * (self.rest - y);
        let mut highest = y.max(self.rest);
        for k in 1..K {
            let push = drives[k].max(0.0);
            slope += push;
            highest += push * self.taus[k];
        }
        if highest < -self.near || slope <= 0.0 { f64::INFINITY } else { (SLACK * -y / slope).max(0.0) }
    }

    /// y never reaches 0 again: the inputs together cannot lift it.
    pub fn stays_below(&self, y: f64, drives: &[f64; K]) -> bool {
        let mut highest = y.max(self.rest);
        for k in 1..K {
            highest += drives[k].max(0.0) * self.taus[k];
        }
        highest < -self.near
    }

    /// The first time from `from` (at least 0, below 1) on, in this unit, at which y is at or above 0. It depends on the
    /// arguments alone.
    pub fn passage(&self, x: &[f64; K], from: f64) -> Passage {
        let (left, right) = (self.point(x, from), self.point(x, 1.0));
        if !(left.y.is_finite() && right.y.is_finite()) {
            return Passage { at: None, ambiguous: false, is_known: false };
        }
        if left.y >= 0.0 {
            return Passage { at: Some(from), ambiguous: false, is_known: true };
        }
        let mut ambiguous = false;
        let at = self.first_in(x, &left, &right, DEPTH, &mut ambiguous);
        Passage { at: at.map(|t| t.min(1.0f64.next_down())), ambiguous, is_known: true }
    }

    fn point(&self, x: &[f64; K], t: f64) -> Point<K> {
        let fade = self.fade(t);
        Point { t, fade, y: self.value(x, &fade) }
    }

    /// The first passage between two points, the left one below 0.
    fn first_in(
        &self,
        x: &[f64; K],
        left: &Point<K>,
        right: &Point<K>,
        depth: u32,
        ambiguous: &mut bool,
    ) -> Option<f64> {
        let mut low = self.rates[0] * self.rest;
        let mut high = low;
        for k in 1..K {
            let (begin, end) = (self.gaps[k] * x[k] * left.fade[k], self.gaps[k] * x[k] * right.fade[k]);
            low += begin.min(end);
            high += begin.max(end);
        }
        let passes = || (right.y >= 0.0).then(|| self.refine(x, left, right));
        if high <= 0.0 {
            return None;
        }
        if low >= 0.0 {
            return passes();
        }
        let steepest = (high - self.rates[0] * left.y).max(0.0);
        if left.y < -self.near && left.y * SLACK + steepest * (right.t - left.t) < 0.0 {
            return None;
        }
        if depth == 0 {
            *ambiguous |= right.y.abs().min(left.y.abs()) <= 4.0 * f64::EPSILON * self.scale(x);
            return passes();
        }
        let middle = self.point(x, 0.5 * (left.t + right.t));
        if let Some(t) = self.first_in(x, left, &middle, depth - 1, ambiguous) {
            return Some(t);
        }
        if middle.y >= 0.0 {
            return Some(self.refine(x, left, &middle));
        }
        self.first_in(x, &middle, right, depth - 1, ambiguous)
    }

    fn scale(&self, x: &[f64; K]) -> f64 {
        x.iter().fold(self.rest.abs(), |sum, x| sum + x.abs())
    }

    /// Newton's steps from the chord, held in the bracket: halved where they do not shrink.
    fn refine(&self, x: &[f64; K], left: &Point<K>, right: &Point<K>) -> f64 {
        let (mut below, mut above) = (left.t, right.t);
        let mut t = below - left.y * ((above - below) / (right.y - left.y));
        let mut last_step = above - below;
        for _ in 0..STEPS {
            if !(t > below && t < above) {
                t = 0.5 * (below + above);
                if t <= below || t >= above {
                    return above;
                }
            }
            let here = self.point(x, t);
            if here.y < 0.0 {
                below = t
            } else {
                above = t
            }
            let mut slope = self.rates[0] * (self.rest - here.y);
            for k in 1..K {
                slope += self.gaps[k] * x[k] * here.fade[k];
            }
            let step = -here.y / slope;
            if step.abs() <= LAST_STEP {
                return (t + step).clamp(left.t, right.t);
            }
            let shrinks = step.abs() <= 0.5 * last_step;
            last_step = step.abs();
            t = if shrinks { t + step } else { 0.5 * (below + above) };
        }
        above
    }
}
