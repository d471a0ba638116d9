//! When x first comes up to a height, found or excluded.
//!
//! At the height itself the slope is D(t) = a height^2 - G(t) height + Q(t), in which there is no x. So x can come up to it
//! only where D >= 0, and where D >= 0 it cannot go down through it. [`drive_sign`] knows where D changes its sign. Within
//! one step of the series and one stretch with D >= 0 the gap y (height - x) has at most one zero: between two of them x
//! would have to run through infinity and come back, which takes longer than a step. So the sign of the gap at the end of
//! such a stretch tells whether x has been at the height in it.

use super::forced::{Forced, Series, Term};
use crate::drive_sign::{self, Fading, pattern};
use crate::roots;

/// After so many steps without a decision the search pauses.
const MOST_STEPS: usize = 100;

/// So many steps that come no further than this, ms, have to do with terms beyond all measure.
const LEAST_PROGRESS: f64 = 1e-6;

/// So near to the height, as a part of the time from the start, bounds are of no use: rounding counts.
const NEAR: f64 = 1e-6;

/// Everything has faded to 0 in double precision after this many of the longest time constant.
const END: f64 = 800.0;

/// A barrier is lowered by this part, which is far more than its rounding.
const BARRIER_CAUTION: f64 = 1e-12;

/// What a search came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    /// x is never at the height.
    Never,
    /// It is for the first time after so long.
    At(f64),
    /// It is not before this time; what comes then has to be asked from there.
    NotBefore(f64),
    /// What there is to search is beyond the range of numbers, at this time.
    Failed(f64),
}

/// Where in time x can come up to the height.
struct Stretches {
    /// When D changes its sign.
    changes: Vec<f64>,
    starts_positive: bool,
}

impl Stretches {
    /// The parts of [from, to] in which D is not negative.
    fn positive(&self, from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
        let bounds = |i: usize| {
            let start = if i == 0 { 0.0 } else { self.changes[i - 1] };
            (start, self.changes.get(i).copied().unwrap_or(f64::INFINITY))
        };
        let first = usize::from(!self.starts_positive);
        let stretches = (first..=self.changes.len()).step_by(2).map(bounds);
        stretches.map(move |(start, end)| (start.max(from), end.min(to))).filter(|(start, end)| start < end)
    }

    /// Whether D stays negative from `t` on.
    fn are_over(&self, t: f64) -> bool {
        let ends_positive = self.starts_positive == self.changes.len().is_multiple_of(2);
        !ends_positive && self.changes.last().is_none_or(|last| t >= *last)
    }
}

impl<I: Iterator<Item = Term> + Clone> Forced<I> {
    /// When x, now below `height`, first comes up to it; and whether rounding alone decided something on the way. The terms
    /// come by falling tau.
    pub fn first_time_at(&self, x: f64, height: f64) -> (Outcome, bool) {
        let Some(stretches) = self.stretches(height) else { return (Outcome::Never, false) };
        let (mut x, mut t) = (x, 0.0);
        let mut ambiguous = false;
        // Each step adds a last place of the sizes at play to the error of x, and makes that of the steps before grow (or fade).
        let scale = height.abs() + self.natural_scale() + if x.is_finite() { x.abs() } else { 0.0 };
        let mut error = scale;
        if self.is_held_below(x, t, height) {
            return (Outcome::Never, ambiguous);
        }
        for _ in 0..MOST_STEPS {
            let Some(series) = self.series(x, t, f64::INFINITY) else {
                ambiguous |= self.constant.is_ambiguous(x);
                let time = self.constant.time_to(x, height);
                return (if time.is_finite() { Outcome::At(t + time) } else { Outcome::Never }, ambiguous);
            };
            for (from, to) in stretches.positive(t, t + series.h) {
                let part = |time: f64| ((time - t) / series.h).min(1.0);
                let gap = series.gap(height, part(to));
                let is_peak = to < t + series.h;
                let noise = scale + error * series.growth(part(to));
                ambiguous |= is_peak && gap.abs() <= f64::EPSILON * noise * series.y(part(to)).abs();
                if gap <= 0.0 {
                    return (
                        Outcome::At(t + series.h * zero(&series, height, part(from), part(to))),
                        ambiguous,
                    );
                }
            }
            x = series.end();
            error = scale + error * series.growth(1.0);
            if !x.is_finite() {
                return (Outcome::Failed(t), ambiguous);
            }
            t += series.h;
            if stretches.are_over(t) || self.is_held_below(x, t, height) {
                return (Outcome::Never, ambiguous);
            }
        }
        (if t < LEAST_PROGRESS { Outcome::Failed(t) } else { Outcome::NotBefore(t) }, ambiguous)
    }

    /// Where D >= 0; `None` if nowhere.
    fn stretches(&self, height: f64) -> Option<Stretches> {
        if height == f64::INFINITY {
            return Some(Stretches { changes: Vec::new(), starts_positive: true });
        }
        let constant = self.constant.a() * height * height + self.constant.q();
        let drive = self.terms.clone().map(|term| Fading {
            a: term.q - height * term.g,
            b: term.q_rise - height * term.g_rise,
            tau: term.tau,
        });
        let drive = drive.filter(|term| (term.a, term.b) != (0.0, 0.0));
        let pattern = pattern(constant, drive.clone());
        if !pattern.starts_positive && pattern.most_changes == 0 {
            return None;
        }
        let slowest = drive.clone().fold(0.0, |slowest: f64, term| slowest.max(term.tau));
        let changes = match pattern.most_changes {
            0 => Vec::new(),
            _ => drive_sign::sign_changes(constant, drive, END * slowest),
        };
        Some(Stretches { changes, starts_positive: pattern.starts_positive })
    }

    /// Whether Q stays so negative from `t` on that x cannot come up to `height` (>= 0): where x > 0, G only pulls it down.
    fn is_held_below(&self, x: f64, t: f64, height: f64) -> bool {
        let most = self.most_q(t);
        height >= 0.0 && most < 0.0 && x < (-most / self.constant.a()).sqrt() * (1.0 - BARRIER_CAUTION)
    }

    /// Where x^2 and Q weigh the same, at most.
    fn natural_scale(&self) -> f64 {
        let q = self.terms.clone().fold(self.constant.q().abs(), |sum, term| sum + term.q_size());
        (q / self.constant.a()).sqrt()
    }

    /// Q is at most this from `t` on.
    fn most_q(&self, t: f64) -> f64 {
        self.terms.clone().fold(self.constant.q(), |sum, term| sum + term.after(t).most_q())
    }

    /// A time at which x, below `height` at `from`, is not yet there, found without a search, and no later than a pause of
    /// the search: with Q at most q and, as long as x is above where it started, -G x at most G |x|, x is below the solution
    /// for constant q.
    pub fn least_time_to(&self, x: f64, height: f64, from: f64) -> f64 {
        if x >= height || x.is_nan() {
            return from;
        }
        if self.is_held_below(x, from, height) {
            return f64::INFINITY;
        }
        let most_g = self.terms.clone().fold(0.0, |sum, term| sum + term.after(from).most_g());
        let pull = if x < 0.0 && most_g > 0.0 { most_g * -x } else { 0.0 };
        let most = super::Autonomous::new(self.constant.a(), (self.most_q(from) + pull).max(0.0));
        // Steps grow as terms fade, so that a pause comes after that many of the first at the earliest.
        let pause = self.longest_step(0.0).map_or(f64::INFINITY, |step| 0.99 * MOST_STEPS as f64 * step);
        let wait = most.least_time_to(x, height);
        if wait < NEAR * from {
            return from;
        }
        let bound = (from + wait).min(pause);
        // What is beyond the range of doubles gives no bound.
        if bound >= from { bound } else { from }
    }
}

/// The part of the step at which the gap is 0 for the first time, between `from` and `to`.
fn zero(series: &Series, height: f64, from: f64, to: f64) -> f64 {
    let gap = |s: f64| series.gap(height, s);
    let first = gap(from);
    if first <= 0.0 {
        return from;
    }
    let tolerance =
        roots::Tolerance { noise: 0.25 * f64::EPSILON * first, relative_width: 2.0 * f64::EPSILON };
    roots::refine(gap, from, to, tolerance)
}
