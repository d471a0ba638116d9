//! The cycle of repetitive firing, by the return map from spike to spike.
//!
//! Just after a spike v is known (the threshold, or the reset), so the map from one spike to the next is a map of w alone:
//! a composition of closed-form flows from face to face. Its slope is a closed form too: an area between two orbits grows
//! like e^(tr A t) (Liouville), and by v'(after)/v'(before) across a face where the field jumps; so, with v' after the spike
//! and before the next, dw/dw = v'(start)/v'(end) times the product of these factors. Newton's method with this slope finds
//! the fixed point, also of a map that hardly contracts.

use crate::linear::Vector;
use crate::membrane::Membrane;
use crate::system::{Step, Walk};
use synfire_numerics::math;

/// The stay in one zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    /// Where it begins.
    pub start: Vector,
    /// In which zone.
    pub zone: usize,
    /// How long it lasts, ms.
    pub dwell_ms: f64,
}

/// A cycle of repetitive firing.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// From spike to spike, ms; the refractory time included.
    pub period_ms: f64,
    /// The legs from just after a spike to the next.
    pub legs: Vec<Leg>,
    /// The state at the next spike, before any reset.
    pub end: Vector,
    /// The slope of the return map: the cycle attracts if its modulus is below 1.
    pub multiplier: f64,
}

/// The way from one spike to the next.
struct Return {
    legs: Vec<Leg>,
    end: Vector,
    after_ms: f64,
    slope: f64,
}

/// Faces that one interval between spikes may have, and steps to the fixed point.
const MOST_FACES: usize = 10_000;
const MOST_STEPS: usize = 400;

/// Steps of the bare map before Newton's: they choose the cycle.
const BARE_STEPS: usize = 30;

/// A longer interval is no repetitive firing, in units of the fastest time constant.
const LONGEST: f64 = 1e7;

impl Membrane {
    /// The cycle that the membrane comes to from the state `start` under a constant current, if it goes
    /// on firing.
    pub fn cycle(&self, start: Vector, current: f64) -> Option<Cycle> {
        let first = self.next_spike(start, current)?;
        let mut w = self.after_spike(first.end)[1];
        for step in 0..MOST_STEPS {
            let back = self.next_spike([self.start_v(), w], current)?;
            let found = self.after_spike(back.end)[1];
            let change = found - w;
            let scale = w.abs().max(found.abs());
            if !self.is_planar() || change.abs() <= 4.0 * f64::EPSILON * scale || step + 1 == MOST_STEPS {
                let settled = !self.is_planar() || change.abs() <= 1e-12 * scale.max(1e-3);
                return settled.then(|| self.cycle_of(back));
            }
            // Newton's step, once the map has chosen where to go and where it contracts.
            let newton = w + change / (1.0 - back.slope);
            let helps = step >= BARE_STEPS && back.slope.abs() < 1.0 && newton.is_finite();
            w = if helps && self.next_spike([self.start_v(), newton], current).is_some() {
                newton
            } else {
                found
            };
        }
        None
    }

    fn cycle_of(&self, back: Return) -> Cycle {
        let refractory = self.reset().map_or(0.0, |reset| reset.t_ref);
        Cycle {
            period_ms: back.after_ms + refractory,
            legs: back.legs,
            end: back.end,
            multiplier: if self.is_planar() { back.slope } else { 0.0 },
        }
    }

    /// v just after a spike.
    fn start_v(&self) -> f64 {
        self.reset().map_or(self.v_th(), |reset| reset.v)
    }

    /// The state just after a spike at the state `x`.
    pub fn after_spike(&self, x: Vector) -> Vector {
        match self.reset() {
            Some(reset) => [reset.v, x[1] + reset.w_jump],
            None => [self.v_th(), x[1]],
        }
    }

    /// The way to the next spike: with a reset to threshold, without to the next upward crossing.
    fn next_spike(&self, start: Vector, current: f64) -> Option<Return> {
        let system = self.system();
        let mut walk = Walk::new(system, start, current, &[]);
        let limit_ms = LONGEST * self.fastest_ms();
        let (mut legs, mut slope) = (Vec::new(), walk.velocity()[0]);
        for _ in 0..MOST_FACES {
            let (start, zone, since) = (walk.x, walk.zone, walk.elapsed_ms);
            let step = walk.look(limit_ms);
            let dwell_ms = walk.elapsed_ms - since;
            let field = &system.zones()[zone].field;
            slope *= math::exp(field.linear.trace() * dwell_ms);
            legs.push(Leg { start, zone, dwell_ms });
            let Step::Face { face, upward, .. } = step else { return None };
            let before = field.velocity(walk.x, current)[0];
            let spikes = upward && face == self.threshold();
            if spikes {
                return Some(Return { legs, end: walk.x, after_ms: walk.elapsed_ms, slope: slope / before });
            }
            slope *= walk.velocity()[0] / before;
        }
        None
    }
}
