//! When the membrane reaches threshold.
//!
//! At m = 0 the slope dm/dt is D(t) = m_inf/tau_m + sum of drive terms (a + b t) e^(-t/tau): no membrane in it. Threshold
//! can be reached from below only where D >= 0, and while D >= 0 it cannot be left downwards. So on an interval with
//! D >= 0 that starts below threshold there is one crossing if m >= 0 at its end, and none otherwise; where D <= 0 there
//! is none. The search walks intervals on which an enclosure proves the sign of D, or that D is monotone.

use synfire_core::model::{Anchored, Crossing};
use synfire_numerics::drive_sign::{Fading, Sign, bound_from, sign_on, sum_at};
use synfire_numerics::{math, roots};

use super::{Effect, Lif, LifState};

/// The part of the shortest time constant with which the walk begins.
const FIRST_STEP: f64 = 0.5;

/// Intervals on which the sign of D is still unknown at this part of the time passed are not divided further: D is so
/// near to 0 on them that m does not change.
const SHORTEST_STEP: f64 = 1e-9;

/// A peak this near to threshold, in units of the last place of what made it, is decided by rounding.
const AMBIGUOUS_ULPS: f64 = 4.0;

/// One search: the state at the anchor, and what is constant in it.
struct Search<'a> {
    lif: &'a Lif,
    inputs: &'a [f64],
    m: f64,
    m_inf: f64,
}

/// A time with the value of m there.
#[derive(Clone, Copy)]
struct Point {
    t: f64,
    m: f64,
}

impl Lif {
    pub(super) fn next_crossing(&self, at: Anchored<'_, LifState>) -> Crossing {
        let m = at.state.m;
        let m_inf = self.resting.m_inf(at.stimulus);
        if m >= 0.0 {
            return Crossing::at(0.0);
        }
        if self.inputs.iter().all(|input| input.values(at.inputs) == (0.0, 0.0)) {
            return self.crossing_at_rest(m, m_inf);
        }
        if self.stays_below(m, m_inf, at.inputs) {
            return Crossing::NEVER;
        }
        Search { lif: self, inputs: at.inputs, m, m_inf }.first()
    }

    /// Constant current alone: m_inf + (m - m_inf) e^(-t/tau_m) = 0.
    fn crossing_at_rest(&self, m: f64, m_inf: f64) -> Crossing {
        if m_inf > 0.0 { Crossing::at(self.tau_m * math::ln_1p(-m / m_inf)) } else { Crossing::NEVER }
    }

    /// Without conductances: even if all exciting currents peaked together, they would not lift m to threshold. The
    /// membrane without them stays below the higher of `m` and `m_inf`.
    fn stays_below(&self, m: f64, m_inf: f64, inputs: &[f64]) -> bool {
        if m_inf >= 0.0 || self.has_conductances {
            return false;
        }
        let mut lift = 0.0;
        for input in &self.inputs {
            let Effect::Current { peak, ramp_peak, .. } = input.effect else { return false };
            let (s, x) = input.values(inputs);
            lift += s.max(0.0) * peak + x.max(0.0) * ramp_peak;
        }
        lift < 0.999 * -m.max(m_inf)
    }

    /// With D at most D+ and the total rate at most R, m cannot reach 0 before ln(1 + |m| R/D+)/R, and
    /// ln(1 + x) >= 2 x/(2 + x).
    pub(super) fn earliest_crossing(&self, at: Anchored<'_, LifState>, from: f64) -> f64 {
        if at.state.m >= 0.0 {
            return from;
        }
        let m_inf = self.resting.m_inf(at.stimulus);
        let mut drive = m_inf * self.leak_rate;
        let mut rate = self.leak_rate;
        let mut lift = 0.0;
        for input in &self.inputs {
            let (mut s, mut x) = input.values(at.inputs);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            if from > 0.0 {
                let left = math::exp(-from * input.rate);
                (s, x) = ((s + x * from) * left, x * left);
            }
            // The peak of s + x t, decaying, is at most this: (t/tau) e^(-t/tau) <= 1/e.
            let rise = x * input.tau / math::E;
            drive += (input.drive * s).max(0.0) + (input.drive * rise).max(0.0);
            match input.effect {
                Effect::Conductance { .. } => rate += (s.max(0.0) + rise.max(0.0)) * self.per_capacitance,
                Effect::Current { peak, ramp_peak, .. } => lift += s.max(0.0) * peak + x.max(0.0) * ramp_peak,
            }
        }
        if drive <= 0.0 {
            return f64::INFINITY;
        }
        let m = Search { lif: self, inputs: at.inputs, m: at.state.m, m_inf }.m_from_anchor(from);
        if m_inf < 0.0 && !self.has_conductances && lift < 0.999 * -m.max(m_inf) {
            return f64::INFINITY;
        }
        if m > 1e-6 * self.m_reset {
            return from;
        }
        from + 0.999 * (-2.0 * m / (2.0 * drive - m * rate))
    }
}

impl Search<'_> {
    fn first(&self) -> Crossing {
        let constant = self.m_inf * self.lif.leak_rate;
        let shortest = self.drives().map(|term| term.tau).fold(f64::INFINITY, f64::min);
        let mut left = Point { t: 0.0, m: self.m };
        let mut step = FIRST_STEP * shortest;
        let mut ambiguous = false;
        let mut may_have_ended = true;
        loop {
            if may_have_ended && bound_from(constant, self.drives(), left.t) <= 0.0 {
                return Crossing { ambiguous, ..Crossing::NEVER };
            }
            let right = left.t + step;
            let sign = sign_on(constant, self.drives(), left.t, right);
            if sign == Sign::Unknown && step > SHORTEST_STEP * (left.t + shortest) {
                step *= 0.5;
                continue;
            }
            may_have_ended = matches!(sign, Sign::NotPositive | Sign::Falling);
            let peak = match sign {
                Sign::NotPositive => None,
                Sign::Falling => Some(self.drive_zero(constant, left.t, right)),
                Sign::NotNegative | Sign::Rising | Sign::Unknown => Some(right),
            };
            if let Some(peak) = peak {
                let m = self.m_at(left, peak);
                ambiguous |= sign == Sign::Falling && self.is_ambiguous(m);
                if m >= 0.0 {
                    return Crossing { after_ms: self.refine(left, peak), ambiguous };
                }
            }
            left = Point { t: right, m: self.m_at(left, right) };
            step *= 2.0;
        }
    }

    /// What drives the membrane at threshold, input by input; those at 0 are left out.
    fn drives(&self) -> impl Iterator<Item = Fading> {
        self.lif
            .inputs
            .iter()
            .map(|input| input.drive(self.inputs))
            .filter(|term| (term.a, term.b) != (0.0, 0.0))
    }

    /// Where D falls through 0: the peak of m, which hardly depends on the last digits of this.
    fn drive_zero(&self, constant: f64, left: f64, right: f64) -> f64 {
        let tolerance = roots::Tolerance { noise: 0.0, relative_width: 1e-9 };
        roots::refine(|t| sum_at(constant, self.drives(), t), left, right, tolerance)
    }

    fn is_ambiguous(&self, m: f64) -> bool {
        let scale = self.m.abs().max(self.m_inf.abs()).max(self.lif.m_reset.abs());
        m.abs() <= AMBIGUOUS_ULPS * f64::EPSILON * scale
    }

    /// The crossing between `left`, where m < 0, and `right`, where m >= 0.
    fn refine(&self, left: Point, right: f64) -> f64 {
        if left.m >= 0.0 {
            return left.t;
        }
        let tolerance = roots::Tolerance {
            noise: 0.25 * f64::EPSILON * left.m.abs(),
            relative_width: 2.0 * f64::EPSILON,
        };
        roots::refine(|t| self.m_at(left, t), left.t, right, tolerance)
    }

    /// m at `t`. A closed form starts from the anchor, whoever asks; an integral starts from `left`.
    fn m_at(&self, left: Point, t: f64) -> f64 {
        if self.lif.has_conductances {
            self.lif.under_conductances(left.m, self.m_inf, self.inputs, left.t, t)
        } else {
            self.lif.m_under_currents(self.m, self.m_inf, self.inputs, t)
        }
    }

    fn m_from_anchor(&self, t: f64) -> f64 {
        if t == 0.0 { self.m } else { self.m_at(Point { t: 0.0, m: self.m }, t) }
    }
}
