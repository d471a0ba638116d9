//! How long a membrane certainly stays off threshold: cheap bounds, so that most searches for crossings are never made.

use super::{FEW, Membrane, NO_INPUT, PiecewiseState};
use crate::system::Walk;
use synfire_core::model::Anchored;
use synfire_numerics::math;

/// A bound looks so far ahead, in the same units.
const LOOK: f64 = 10.0;

/// A later bound is tried for so long, in units of the fastest time constant.
const LATER: [f64; 3] = [6.0, 3.0, 1.5];

impl Membrane {
    /// As long as v stays between two heights and w has not moved by much, the speed of v lies between bounds, zone by
    /// zone; so coming to threshold takes time, be it from below or, after a spike without a reset, down from above.
    pub(super) fn bound(&self, at: Anchored<'_, PiecewiseState>) -> f64 {
        let PiecewiseState { v, w, armed } = *at.state;
        let room = (self.v_th - v).abs();
        if armed != (v < self.v_th) || !room.is_finite() || !w.is_finite() {
            return 0.0;
        }
        let current = self.i_e + at.stimulus;
        let (pulled, pushed) = self.input_range(at.inputs);
        let speeds = Speeds { membrane: self, w, up: current + pushed, down: current + pulled };
        let bound = if !self.is_planar() {
            speeds.passage(v, self.v_th, 0.0)
        } else {
            let rise =
                self.system.zones()[self.system.zone_above_offsets(v)].field.velocity([v, w], speeds.up)[0];
            let beyond = room + 2.0 * self.fastest_ms() * rise.max(0.0);
            let (low, high) = if armed { (v - room, self.v_th) } else { (self.v_th, v + beyond) };
            let (longest, lift, drop) = self.drift(w, low, high);
            speeds.passage(v, high, lift).min(speeds.passage(v, low, drop)).min(longest)
        };
        let bound = (0.999 * bound).min(self.horizon_ms);
        if bound > 0.0 { bound } else { 0.0 }
    }

    /// The same for a time that begins `from_ms` after the anchor: as long as the orbit from there on certainly stays in its
    /// zone it does not come to threshold.
    pub(super) fn later_bound(&self, at: Anchored<'_, PiecewiseState>, from_ms: f64) -> f64 {
        let (x, current) = ([at.state.v, at.state.w], self.i_e + at.stimulus);
        self.with_fading(at.inputs, |fading| {
            let straight = self.system.straight(x, current, fading, from_ms);
            let x = straight.unwrap_or_else(|| Walk::new(&self.system, x, current, fading).run(from_ms));
            let mut later = [NO_INPUT; FEW];
            if fading.len() > FEW || !(x[0].is_finite() && x[1].is_finite()) {
                return from_ms;
            }
            later.iter_mut().zip(fading).for_each(|(later, now)| *later = now.after(from_ms));
            let stays = |ms: &f64| self.system.straight(x, current, &later[..fading.len()], *ms).is_some();
            let tried = LATER.map(|length| length * self.fastest_ms());
            tried.into_iter().find(stays).map_or(from_ms, |ms| (from_ms + 0.999 * ms).min(self.horizon_ms))
        })
    }

    /// The least and the largest value that the sum of the receptors' currents can have from now on.
    fn input_range(&self, inputs: &[f64]) -> (f64, f64) {
        let (mut least, mut largest) = (0.0, 0.0);
        for input in &self.inputs {
            let s = inputs[input.place];
            let x = if input.is_alpha { inputs[input.place + 1] } else { 0.0 };
            // t e^(-t/tau) is at most tau/e.
            let rise = -x / (input.rate * math::E);
            least += s.min(0.0) + rise.min(0.0);
            largest += s.max(0.0) + rise.max(0.0);
        }
        (least, largest)
    }

    /// How fast the pull of w on v can grow upwards and downwards while v is between two heights, and for how long that
    /// holds, ms.
    fn drift(&self, w: f64, low: f64, high: f64) -> (f64, f64, f64) {
        let field = &self.system.zones()[0].field;
        let [[_, pull], [c, d]] = field.linear.matrix.rows;
        // |w'| at most doubles while the relaxation of w has made less than half of its way.
        let longest = (0.5 / d.abs()).min(LOOK * self.fastest_ms());
        let rates = [low, high].map(|v| pull * (c * v + d * w + field.force[1]));
        let fastest = 2.0 * (c.abs() * low.abs().max(high.abs()) + (d * w).abs() + field.force[1].abs());
        let change = (pull * d).abs() * fastest * longest;
        let lift = rates[0].max(rates[1]) + change;
        let drop = change - rates[0].min(rates[1]);
        (longest, lift.max(0.0), drop.max(0.0))
    }
}

/// The speeds of v at one w, under the strongest inputs.
struct Speeds<'a> {
    membrane: &'a Membrane,
    w: f64,
    /// The largest current, and the least.
    up: f64,
    down: f64,
}

impl Speeds<'_> {
    /// How long v takes at least from one height to another, if the speed in this direction grows by at most `drift` a ms.
    fn passage(&self, from: f64, to: f64, drift: f64) -> f64 {
        let system = self.membrane.system();
        let (sign, current) = if to > from { (1.0, self.up) } else { (-1.0, self.down) };
        let first = system.zone_above_offsets(from.min(to));
        let last = system.zone_above_offsets(from.max(to));
        let mut after_ms = 0.0;
        for step in 0..=last - first {
            let zone = if sign > 0.0 { first + step } else { last - step };
            let [lower, upper] = system.interval(zone);
            let ends = [lower.max(from.min(to)), upper.min(from.max(to))];
            let [one, other] =
                ends.map(|v| sign * system.zones()[zone].field.velocity([v, self.w], current)[0]);
            let mut speed = one.max(other) + drift * after_ms;
            if speed < 0.0 {
                // Not before the drift has turned it round.
                after_ms -= speed / drift;
                speed = 0.0;
            }
            if after_ms == f64::INFINITY {
                break;
            }
            let way = ends[1] - ends[0];
            if way > 0.0 {
                after_ms += 2.0 * way / (speed + (speed * speed + 2.0 * drift * way).sqrt());
            }
        }
        after_ms
    }
}
