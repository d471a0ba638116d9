//! Neurons of one variable that nothing but jumps reaches: between these the flow is that of one autonomous equation, which
//! tables straighten (see [`synfire_numerics::straight`]). A flow is then two values of tables, and a spike time a logarithm.
//!
//! dm/dt is convex in m. If its least value, in the *valley*, is negative, there are two fixed points: below the valley the
//! coordinate is that around the stable one, above it that around the unstable one, the *separatrix*, from which spiking and
//! resting part. Else every neuron spikes, and the two stretches have coordinates without a fixed point. What the tables do
//! not cover (far below rest, from one stretch to the other, the last part of an upstroke) is left to series.

use std::cell::RefCell;

use synfire_core::model::Crossing;
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::jet::{Arithmetic, Jets, Slot};
use synfire_numerics::math;
use synfire_numerics::scalar::Scalar;
use synfire_numerics::straight::Straight;

use super::{Dynamics, Integrated};

/// Where dm/dt, a convex function of m, is least.
#[derive(Clone, Copy, Debug)]
pub struct Valley {
    /// m there.
    pub m: f64,
    /// About the distance over which the slope changes there. Positive.
    pub width: f64,
}

/// So near to the separatrix, in units of the last place of the scale of v, rounding decides.
const AMBIGUOUS_ULPS: f64 = 4.0;

/// The tables reach at least so many widths below rest and reset.
const REACH: f64 = 10.0;

/// Flows go by tables up to so many widths above the separatrix, or above the valley: where v runs away, a table of it as a
/// function of the coordinate would be long.
const BEYOND: f64 = 0.5;

/// An upstroke begins within so many widths above the valley, or there is none.
const HIGHEST: u32 = 100;

/// Fixed points are looked for up to 2^60 widths away.
const FARTHEST: i32 = 60;

/// Newton's method doubles its digits with each step, or comes a width nearer.
const MOST_STEPS: usize = 300;

/// Fixed points are found to this part of themselves.
const PRECISION: f64 = 1e-29;

/// Points of a rough quadrature.
const POINTS: u32 = 256;

/// The tables of one set of parameters.
#[derive(Debug)]
pub(super) struct Phase {
    /// The lower stretch goes from `low` to `valley`, the upper one on to `high`.
    low: f64,
    valley: f64,
    high: f64,
    lower: Straight,
    upper: Straight,
    /// None if the drive is beyond threshold.
    separatrix: Option<DoubleDouble>,
    /// How near to the separatrix rounding decides.
    near: f64,
    /// Where the lower stretch ends, in its coordinate, and the time from there to threshold, ms; and the same of the upper.
    lower_end: End,
    upper_end: End,
}

#[derive(Clone, Copy, Debug)]
struct End {
    y: f64,
    to_threshold_ms: f64,
}

/// A duration, and what is left of the lower coordinate after it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lapse {
    pub(super) dt_ms: f64,
    left: f64,
}

impl Lapse {
    #[inline(always)]
    pub(super) fn new(dt_ms: f64, phase: Option<&Phase>) -> Lapse {
        Lapse { dt_ms, left: phase.map_or(0.0, |phase| math::exp(phase.lower.rate() * dt_ms)) }
    }
}

impl Phase {
    /// m after a lapse; `None` where the tables do not tell.
    #[inline]
    pub(super) fn flow(&self, m: f64, lapse: &Lapse) -> Option<f64> {
        if self.low <= m && m < self.valley {
            return self.lower.place(self.lower.coordinate(m) * lapse.left);
        }
        if self.valley <= m && m <= self.high {
            let grown = math::exp(self.upper.rate() * lapse.dt_ms);
            return self.upper.place(self.upper.coordinate(m) * grown);
        }
        None
    }

    /// Whether m certainly never comes to threshold.
    #[inline]
    pub(super) fn rests(&self, m: f64) -> bool {
        self.separatrix.is_some_and(|separatrix| m < separatrix.hi - self.near)
    }

    /// The crossing; `None` where the tables do not tell.
    pub(super) fn crossing(&self, m: f64) -> Option<Crossing> {
        let mut ambiguous = false;
        if let Some(separatrix) = self.separatrix {
            let above = (DoubleDouble::from(m) - separatrix).round();
            ambiguous = above.abs() <= self.near;
            if above <= 0.0 {
                return Some(Crossing { ambiguous, ..Crossing::NEVER });
            }
        }
        let (stretch, end) = if self.valley <= m && m <= self.high {
            (&self.upper, self.upper_end)
        } else if self.low <= m && m < self.valley {
            (&self.lower, self.lower_end)
        } else {
            return None;
        };
        let after_ms = end.to_threshold_ms + end.time_from(stretch, m);
        Some(Crossing { ambiguous, ..Crossing::at(after_ms) })
    }
}

impl End {
    /// The time from m to this end of its stretch, ms.
    fn time_from(self, stretch: &Straight, m: f64) -> f64 {
        math::ln(self.y / stretch.coordinate(m)) / stretch.rate()
    }
}

/// dm/dt in twice the digits.
struct Field<'a, M, const D: usize> {
    model: &'a M,
    i_e: f64,
    slots: RefCell<Vec<Slot<DoubleDouble>>>,
}

impl<M: Dynamics<D>, const D: usize> Integrated<M, D> {
    /// The tables, if they can be had.
    pub(super) fn make_phase(&self) -> Option<Phase> {
        let Valley { m: valley, width } = self.model.valley()?;
        if D != 1 || valley >= 0.0 {
            return None;
        }
        let slots = RefCell::new(vec![Slot::EMPTY; self.model.slots()]);
        let field = Field::<M, D> { model: &self.model, i_e: self.common.i_e, slots };
        let (high, high_to_threshold_ms) = self.end_of_tables(valley, width)?;
        let reset = self.reset_point().min(valley);
        let at_valley = field.at(DoubleDouble::from(valley));
        let has_fixed_points = at_valley.hi <= 0.0;
        let (rest, separatrix) = if has_fixed_points {
            let rest = field.fixed_point(valley, -width)?;
            let separatrix = field.fixed_point(valley, width)?;
            (Some(rest), Some(separatrix))
        } else {
            (None, None)
        };
        if separatrix.is_some_and(|separatrix| separatrix.hi >= high) {
            return None;
        }
        let bottom = rest.map_or(reset, |rest| rest.hi.min(reset));
        let low = bottom - (valley - bottom).max(REACH * width);
        let stretch = |fixed_point: Option<DoubleDouble>, [from, to, back_to]: [f64; 3], outside: f64| {
            let (rate, centre) = match fixed_point {
                Some(centre) => (field.slope(centre), centre),
                None => (field.mean_rate(from, to), DoubleDouble::from(outside)),
            };
            Straight::new(|m| field.at(m), rate, centre, [from, to, back_to], width)
        };
        let lower = stretch(rest, [low, valley, valley], valley + REACH * width)?;
        let back_to = high.min(separatrix.map_or(valley, |separatrix| separatrix.hi) + BEYOND * width);
        let upper = stretch(separatrix, [valley, high, back_to], valley - REACH * width)?;
        let upper_end = End { y: upper.coordinate(high), to_threshold_ms: high_to_threshold_ms };
        let to_threshold_ms = upper_end.to_threshold_ms + upper_end.time_from(&upper, valley);
        let lower_end = End { y: lower.coordinate(valley), to_threshold_ms };
        let near = AMBIGUOUS_ULPS * f64::EPSILON * self.model.scales()[0];
        Some(Phase { low, valley, high, lower, upper, separatrix, near, lower_end, upper_end })
    }

    /// Up to where tables reach: the beginning of the upstroke that is followed as a function of m, or the threshold. With the
    /// time from there to threshold, ms.
    fn end_of_tables(&self, valley: f64, width: f64) -> Option<(f64, f64)> {
        let past = self.past(&[], 0.0);
        let heights = (1..HIGHEST).map(|halves| valley + 0.5 * f64::from(halves) * width);
        let begins = |&m: &f64| m >= 0.0 || self.model.is_upstroke(&[m; D], &past.envelope());
        let high = heights.into_iter().find(begins)?.min(0.0);
        let risen = self.rise([high; D], &past, f64::INFINITY)?;
        (high > valley).then_some((high, risen.after_ms))
    }

    fn reset_point(&self) -> f64 {
        let mut x = [0.0; D];
        self.model.reset(&mut x);
        x[0]
    }
}

impl<M: Dynamics<D>, const D: usize> Field<'_, M, D> {
    fn at(&self, m: DoubleDouble) -> DoubleDouble {
        let mut slots = self.slots.borrow_mut();
        let mut jets = Jets::new(&mut slots);
        self.rate_of(&mut jets, m)
    }

    /// The derivative by m.
    fn slope(&self, m: DoubleDouble) -> DoubleDouble {
        let mut slots = self.slots.borrow_mut();
        let mut jets = Jets::new(&mut slots);
        self.rate_of(&mut jets, m);
        jets.begin(1);
        self.rate_of(&mut jets, DoubleDouble::from(1.0))
    }

    fn rate_of(&self, jets: &mut Jets<'_, DoubleDouble>, m: DoubleDouble) -> DoubleDouble {
        let current = jets.constant(self.i_e);
        self.model.rates(jets, &[m; D], current)[0]
    }

    /// The zero of dm/dt beyond the valley on the side of `step`: Newton's method from where dm/dt is positive, whence it
    /// converges from one side, since dm/dt is convex.
    fn fixed_point(&self, valley: f64, step: f64) -> Option<DoubleDouble> {
        let ahead = (0..FARTHEST).map(|doublings| valley + step * 2f64.powi(doublings));
        let mut m = DoubleDouble::from(ahead.into_iter().find(|&m| self.at(DoubleDouble::from(m)).hi > 0.0)?);
        for _ in 0..MOST_STEPS {
            let step = self.at(m) / self.slope(m);
            m = m - step;
            if step.magnitude() <= PRECISION * m.magnitude() {
                return Some(m);
            }
        }
        None
    }

    /// A rate for a stretch without fixed point: with it the coordinate grows about as much as dm/dt does from end to end, so
    /// that neither it as a function of m nor m as a function of it is steep anywhere; but no less than by a factor of e, since
    /// it tells times to rounding/rate.
    fn mean_rate(&self, from: f64, to: f64) -> DoubleDouble {
        let at = |m: f64| self.at(DoubleDouble::from(m)).round();
        let length = (to - from) / f64::from(POINTS);
        let time: f64 = (0..POINTS).map(|i| length / at(from + (f64::from(i) + 0.5) * length)).sum();
        let growth = math::ln(at(to) / at(from));
        DoubleDouble::from(if growth < 0.0 { growth.min(-1.0) } else { growth.max(1.0) } / time)
    }
}
