//! When the membrane reaches threshold.
//!
//! At m = 0 the slope dm/dt is D(t) = m_inf/tau_m + sum of drive terms (a + b t) e^(-t/tau): no membrane in it. Threshold
//! can be reached from below only where D >= 0, and while D >= 0 it cannot be left downwards. So in a stretch with D >= 0
//! that is entered below threshold there is one crossing if m >= 0 at its end, and none otherwise; where D <= 0 there is
//! none. [`drive_sign`] knows where D changes its sign.

use synfire_core::model::{Anchored, Crossing};
use synfire_numerics::drive_sign::{self, Fading, Pattern, pattern, sum_at};
use synfire_numerics::response::Decay;
use synfire_numerics::{math, roots};

use super::flow::relax;
use super::{Effect, Input, Lif, LifState};

/// More steps of Newton's method mean that rounding errors keep it from ending.
const MOST_STEPS: usize = 200;

/// Everything has faded to 0 in double precision after this many of the longest time constant.
const END: f64 = 800.0;

/// A peak this near to threshold, in units of the last place of what made it, is decided by rounding.
const AMBIGUOUS_ULPS: f64 = 4.0;

/// So near to threshold, as a part of the way from reset, bounds are of no use: the crossing is near, or rounding counts.
const NEAR: f64 = 1e-6;

/// A drive is negative beyond the reach of rounding if it is by this part of its terms.
const CLEAR: f64 = 1e-12;

const ONE_OVER_E: f64 = 1.0 / math::E;

/// One search: the state at the anchor, and what is constant in it.
struct Search<'a> {
    lif: &'a Lif,
    inputs: &'a [f64],
    m: f64,
    m_inf: f64,
    /// D without the fading terms.
    constant: f64,
    /// There is nothing to find from here on.
    end: f64,
    ambiguous: bool,
}

/// Bounds of what drives the membrane at threshold from an instant on: D(t) <= drive - held + release t.
struct Ahead {
    /// 1/c_m.
    per_capacitance: f64,
    /// The most that the total rate can be, 1/ms.
    rate: f64,
    /// The most that all that pushes up can make of D together, mV/ms.
    drive: f64,
    /// What holds down, and how fast it fades at first: mV/ms, mV/ms^2.
    held: f64,
    release: f64,
    /// The most that exciting currents can ever add to m, mV.
    lift: f64,
    /// D so far, term by term, and the sum of the terms' sizes.
    sum: f64,
    size: f64,
    /// Every partial sum has been negative.
    stays_negative: bool,
}

/// A time with m and D there.
#[derive(Clone, Copy)]
struct Point {
    t: f64,
    m: f64,
    drive: f64,
}

impl Lif {
    pub(super) fn next_crossing(&self, at: Anchored<'_, LifState>) -> Crossing {
        let m = at.state.m;
        if m >= 0.0 {
            return Crossing::at(0.0);
        }
        let m_inf = self.resting.m_inf(at.stimulus);
        let mut search = Search::new(self, at.inputs, m, m_inf);
        let pattern = pattern(search.constant, search.drives());
        if !pattern.starts_positive && pattern.most_changes == 0 || self.stays_below(m, m_inf, at.inputs) {
            return Crossing::NEVER;
        }
        if search.drives().next().is_none() {
            // Constant current alone: m_inf + (m - m_inf) e^(-t/tau_m) = 0.
            return Crossing::at(self.tau_m * math::ln_1p(-m / m_inf));
        }
        let found = search.run(pattern);
        Crossing { ambiguous: search.ambiguous, ..Crossing::at(found.unwrap_or(f64::INFINITY)) }
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

    /// Where D stays negative there is no crossing. Else, with the total rate at most R and D(t) at most p + q t, m cannot
    /// reach 0 before the h at which ln(1 + |m| R/(p + q h))/R = h, and ln(1 + x) >= 2 x/(2 + x) makes that a quadratic
    /// equation. What pushes up is taken at its peak, what holds down on its tangent, below which it never falls.
    pub(super) fn earliest_crossing(&self, at: Anchored<'_, LifState>, from: f64) -> f64 {
        if at.state.m >= 0.0 {
            return from;
        }
        let m_inf = self.resting.m_inf(at.stimulus);
        if m_inf <= 0.0 && self.inputs.is_empty() {
            return f64::INFINITY;
        }
        let membrane = if from > 0.0 { Decay::after(from * self.leak_rate) } else { Decay::NONE };
        let mut push = 0.0;
        let mut ahead = Ahead::new(self, m_inf);
        for input in &self.inputs {
            let (mut s, mut x) = input.values(at.inputs);
            if s == 0.0 && x == 0.0 {
                continue;
            }
            if from > 0.0 && self.has_conductances {
                (s, x) = input.fading().after((s, x), from);
            } else if from > 0.0 {
                let decay = Decay::after(from * input.rate);
                push += input.push(s, x, from, membrane, decay);
                (s, x) = ((s + x * from) * decay.left, x * decay.left);
            }
            ahead.add(input, s, x);
        }
        if ahead.stays_negative || ahead.drive <= 0.0 {
            return f64::INFINITY;
        }
        let m = match from {
            0.0 => at.state.m,
            _ if self.has_conductances => self.under_conductances(at.state.m, m_inf, at.inputs, 0.0, from),
            _ => relax(at.state.m, m_inf, membrane) + push * self.per_capacitance,
        };
        if m >= 0.0 {
            return from;
        }
        let lift = ahead.lift;
        if !self.has_conductances && m_inf < 0.0 && lift < 0.999 * -m.max(m_inf) {
            return f64::INFINITY;
        }
        if m > NEAR * self.m_reset {
            return from;
        }
        let mut wait = ahead.wait(-m);
        if !self.has_conductances && m_inf > 0.0 && m < -lift {
            // Or: whatever the exciting currents add, they add no more than `lift`, so the membrane without them has to
            // come up to -lift, which takes tau_m ln((m_inf - m)/(m_inf + lift)); ln y >= 2 (y - 1)/(y + 1).
            let rise = (-lift - m) / (2.0 * m_inf + lift - m);
            wait = wait.max(2.0 * rise * self.tau_m);
        }
        let bound = from + 0.999 * wait;
        // What is beyond the range of doubles gives no bound.
        if bound >= from { bound } else { from }
    }
}

impl Ahead {
    fn new(lif: &Lif, m_inf: f64) -> Ahead {
        let drive = m_inf * lif.leak_rate;
        Ahead {
            per_capacitance: lif.per_capacitance,
            rate: lif.leak_rate,
            drive,
            held: 0.0,
            release: 0.0,
            lift: 0.0,
            sum: drive,
            size: drive.abs(),
            stays_negative: drive <= 0.0,
        }
    }

    /// An input, its variables s and x as they are now. Inputs come by falling time constant.
    #[inline]
    fn add(&mut self, input: &Input, s: f64, x: f64) {
        let now = input.drive * s;
        // The rule of signs of [`drive_sign`]: with all partial sums negative D has no zero. Rounding must not decide that.
        self.sum += now;
        self.size += now.abs();
        self.stays_negative &= self.sum <= -CLEAR * self.size && input.drive * x <= 0.0;
        // The peak of s + x t, decaying, is at most s plus this: (t/tau) e^(-t/tau) <= 1/e.
        let rise = if input.is_alpha { x * input.tau * ONE_OVER_E } else { 0.0 };
        self.drive += now.max(0.0) + (input.drive * rise).max(0.0);
        if now < 0.0 {
            self.held -= now;
            self.release -= now * input.rate;
        }
        match input.effect {
            Effect::Conductance { .. } => self.rate += (s.max(0.0) + rise.max(0.0)) * self.per_capacitance,
            Effect::Current { peak, ramp_peak, .. } => {
                self.lift += s.max(0.0) * peak + x.max(0.0) * ramp_peak
            }
        }
    }

    /// m cannot rise by `distance` to threshold before so many ms.
    #[inline]
    fn wait(&self, distance: f64) -> f64 {
        let linear = 2.0 * (self.drive - self.held) + distance * self.rate;
        let root = (linear * linear + 16.0 * self.release * distance).sqrt();
        if linear > 0.0 { 4.0 * distance / (linear + root) } else { (root - linear) / (4.0 * self.release) }
    }
}

impl<'a> Search<'a> {
    fn new(lif: &'a Lif, inputs: &'a [f64], m: f64, m_inf: f64) -> Search<'a> {
        let mut search =
            Search { lif, inputs, m, m_inf, constant: m_inf * lif.leak_rate, end: 0.0, ambiguous: false };
        let slowest = search.drives().next().map_or(0.0, |term| term.tau);
        search.end = END * lif.tau_m.max(slowest);
        search
    }

    /// What drives the membrane at threshold, by falling time constant; inputs at 0 are left out.
    fn drives(&self) -> impl Iterator<Item = Fading> {
        let all = self.lif.inputs.iter().map(|input| input.drive(self.inputs));
        all.filter(|term| (term.a, term.b) != (0.0, 0.0))
    }

    fn run(&mut self, pattern: Pattern) -> Option<f64> {
        let mut left = Point { t: 0.0, m: self.m, drive: sum_at(self.constant, self.drives(), 0.0) };
        if pattern.most_changes < 2 {
            return self.walk(left, self.end, pattern.starts_positive);
        }
        for turn in drive_sign::turning_points(self.constant, self.drives(), self.end) {
            let right = self.at(left, turn);
            let stays_negative = left.drive < 0.0 && right.drive <= 0.0;
            let stays_positive = left.drive >= 0.0 && right.drive >= 0.0;
            let nothing = stays_negative || stays_positive && right.m < 0.0;
            if !nothing && let Some(crossing) = self.walk(left, turn, left.drive >= 0.0) {
                return Some(crossing);
            }
            left = right;
        }
        self.walk(left, self.end, left.drive >= 0.0)
    }

    /// The crossing in a stretch in which D changes its sign at most once.
    fn walk(&mut self, mut left: Point, end: f64, mut positive: bool) -> Option<f64> {
        let mut step = self.first_step(left);
        while left.t < end {
            let right = self.at(left, end.min(left.t + step));
            if positive && right.drive < 0.0 && right.m < 0.0 {
                return self.around_peak(left, right);
            }
            positive |= right.drive > 0.0;
            if positive && right.m >= 0.0 {
                return Some(self.between(left, right));
            }
            left = right;
            step *= 2.0;
        }
        None
    }

    /// About the time to threshold at the present slope, at most half of the shortest time constant.
    fn first_step(&self, left: Point) -> f64 {
        let shortest = self.drives().last().map_or(self.lif.tau_m, |term| term.tau.min(self.lif.tau_m));
        let straight = if left.drive > 0.0 { -2.0 * left.m / left.drive } else { f64::INFINITY };
        straight.clamp(1e-9 * shortest, 0.5 * shortest)
    }

    /// D falls through 0 between these: m has its peak there. It hardly depends on the last digits of that time.
    fn around_peak(&mut self, left: Point, right: Point) -> Option<f64> {
        let tolerance = roots::Tolerance { noise: 0.0, relative_width: 1e-9 };
        let drive = |t| sum_at(self.constant, self.drives(), t);
        let peak = self.at(left, roots::refine(drive, left.t, right.t, tolerance));
        self.note_peak(peak);
        (peak.m >= 0.0).then(|| self.between(left, peak))
    }

    fn note_peak(&mut self, peak: Point) {
        self.ambiguous |= peak.m.abs() <= AMBIGUOUS_ULPS * f64::EPSILON * self.scale();
    }

    /// The size of what m is made of.
    fn scale(&self) -> f64 {
        let mut scale = self.m.abs().max(self.m_inf.abs());
        for input in &self.lif.inputs {
            let (s, x) = input.values(self.inputs);
            scale += match input.effect {
                Effect::Current { peak, ramp_peak, .. } => s.abs() * peak + x.abs() * ramp_peak,
                Effect::Conductance { reversal } if s != 0.0 || x != 0.0 => reversal.abs(),
                Effect::Conductance { .. } => 0.0,
            };
        }
        scale
    }

    /// The crossing between `left`, below threshold, and `right`, at or above it.
    fn between(&self, left: Point, right: Point) -> f64 {
        if left.m >= 0.0 {
            return left.t;
        }
        if self.lif.has_conductances {
            return self.by_slopes(left, right);
        }
        let tolerance = roots::Tolerance {
            noise: 0.25 * f64::EPSILON * left.m.abs(),
            relative_width: 2.0 * f64::EPSILON,
        };
        let m = |t| match t {
            _ if t == left.t => left.m,
            _ if t == right.t => right.m,
            _ => self.m_at(left, t),
        };
        roots::refine(m, left.t, right.t, tolerance)
    }

    /// The same by Newton's method, kept within the bracket: under conductances m is dear, and its slope comes nearly for nothing.
    fn by_slopes(&self, left: Point, right: Point) -> f64 {
        let noise = 0.25 * f64::EPSILON * left.m.abs();
        let (mut low, mut high) = (left.t, right.t);
        let mut t = low + (high - low) * (left.m / (left.m - right.m));
        let mut last = 0.0;
        for _ in 0..MOST_STEPS {
            let m = self.m_at(left, t);
            if m.abs() <= noise {
                return t;
            }
            if m < 0.0 {
                low = t;
            } else {
                high = t;
            }
            let step = -m / self.lif.slope_under_conductances(m, self.m_inf, self.inputs, t);
            let next = t + step;
            if !(low < next && next < high) {
                t = low + 0.5 * (high - low);
                if t <= low || t >= high {
                    return high;
                }
                last = 0.0;
                continue;
            }
            // Steps fall by squares: the one after this would be so small.
            if next == t || step.abs() * (step / last) * (step / last) <= 0.25 * f64::EPSILON * next {
                return next;
            }
            (t, last) = (next, step);
        }
        high
    }

    fn at(&self, left: Point, t: f64) -> Point {
        Point { t, m: self.m_at(left, t), drive: sum_at(self.constant, self.drives(), t) }
    }

    /// m at `t`. A closed form starts from the anchor, whoever asks; an integral starts from `left`.
    fn m_at(&self, left: Point, t: f64) -> f64 {
        if self.lif.has_conductances {
            self.lif.under_conductances(left.m, self.m_inf, self.inputs, left.t, t)
        } else {
            self.lif.m_under_currents(self.m, self.m_inf, self.inputs, t)
        }
    }
}
