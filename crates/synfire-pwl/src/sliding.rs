//! Sliding: where both fields lead onto a face, orbits stay on it (A. F. Filippov 1988).
//!
//! With the speeds across the face p > 0 below and q < 0 above it, an orbit follows the combination of the two fields that
//! keeps it there, (1 - m) F + m G with m = p/(p - q). Where the two fields differ by a constant along the face, as they do
//! when a step function is all that is discontinuous, this is affine: y' = a + b y along the face, in closed form. It ends
//! where p or q has come to 0. Other faces do not slide here.

use crate::linear::{Vector, dot, plus};
use crate::orbit::Field;
use synfire_numerics::math;

/// Differences this small, in units of the last place, are rounding.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// A stay on a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slide {
    start: Vector,
    along: Vector,
    /// y' = speed + rate y.
    speed: f64,
    rate: f64,
    /// How long it lasts, ms, and whether it ends upwards.
    pub leaves_ms: f64,
    pub upward: bool,
}

impl Slide {
    /// The stay that begins at `start` on a face with this normal; none if the combination is not affine.
    pub fn new(normal: Vector, below: &Field, above: &Field, start: Vector, current: f64) -> Option<Slide> {
        let along = [-normal[1], normal[0]];
        let square = dot(along, along);
        // Speeds and their changes along the face: across it (p, q) and along it.
        let across = [below, above].map(|field| dot(normal, field.velocity(start, current)));
        let across_change = [below, above].map(|field| dot(normal, field.linear.matrix.times(along)));
        let ahead = [below, above].map(|field| dot(along, field.velocity(start, current)) / square);
        let ahead_change = [below, above].map(|field| dot(along, field.linear.matrix.times(along)) / square);
        let is_same = |[a, b]: [f64; 2]| (a - b).abs() <= ROUNDING * (a.abs() + b.abs());
        if !is_same(across_change) || !is_same(ahead_change) {
            return None;
        }
        let (gap, turn) = (across[0] - across[1], ahead[1] - ahead[0]);
        let mut slide = Slide {
            start,
            along,
            speed: ahead[0] + across[0] / gap * turn,
            rate: ahead_change[0] + across_change[0] / gap * turn,
            leaves_ms: f64::INFINITY,
            upward: true,
        };
        for (upward, speed) in [(false, across[0]), (true, across[1])] {
            let after_ms = slide.reaches(-speed / across_change[0]);
            if after_ms < slide.leaves_ms {
                (slide.leaves_ms, slide.upward) = (after_ms, upward);
            }
        }
        Some(slide)
    }

    /// When y comes to this value; infinite if never.
    fn reaches(&self, y: f64) -> f64 {
        if !y.is_finite() || y * self.speed <= 0.0 {
            return f64::INFINITY;
        }
        let ratio = self.rate * y / self.speed;
        match ratio {
            _ if ratio <= -1.0 => f64::INFINITY,
            0.0 => y / self.speed,
            _ => y / self.speed * (math::ln_1p(ratio) / ratio),
        }
    }

    /// Where it is after `t` ms.
    pub fn at(&self, t: f64) -> Vector {
        let grown = if self.rate == 0.0 { t } else { math::exp_m1(self.rate * t) / self.rate };
        plus(self.start, self.speed * grown, self.along)
    }
}
