//! The Riccati equation x' = a x^2 - G(t) x + Q(t), a > 0: its flow, and when x first comes up to a given height, which may
//! be infinite. x itself may be infinite too: it leaves -infinity at once and reaches +infinity in finite time.
//!
//! This file has the equation with constant Q and without G, in closed form; [`Forced`] has G and Q that consist of
//! constants and fading terms. (Formulas: the solution of x' = a x^2 + q is a Moebius map of the starting value.)

mod crossing;
mod forced;

pub use crossing::Outcome;
pub use forced::{Forced, Term};

use crate::math;
use crate::response::Decay;

/// A bound is taken back by this much, which is far more than its own rounding.
const CAUTION: f64 = 0.999;

/// x' = a x^2 + q.
#[derive(Clone, Copy, Debug)]
pub struct Autonomous {
    a: f64,
    q: f64,
    /// The square root of |a q|, 1/ms.
    rate: f64,
    /// The square root of |q/a|: without drive, -scale attracts and +scale repels.
    scale: f64,
}

/// What a flow needs to know of its duration. For q < 0: what is left and what is lost of 1 at twice the rate; else the
/// cosine and the sine, this one divided by the rate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Passage {
    first: f64,
    second: f64,
}

impl Autonomous {
    /// For a > 0 and any q.
    pub fn new(a: f64, q: f64) -> Autonomous {
        Autonomous { a, q, rate: (a * q.abs()).sqrt(), scale: (q.abs() / a).sqrt() }
    }

    /// The factor of x^2.
    pub fn a(&self) -> f64 {
        self.a
    }

    /// The constant term.
    pub fn q(&self) -> f64 {
        self.q
    }

    /// The height from which x runs away upwards by itself; NaN if it does from everywhere.
    pub fn separatrix(&self) -> f64 {
        if self.q <= 0.0 { self.scale } else { f64::NAN }
    }

    /// The part of a flow over `t` that depends on `t` alone.
    #[inline]
    pub fn passage(&self, t: f64) -> Passage {
        if self.q < 0.0 {
            let decay = Decay::after(2.0 * self.rate * t);
            return Passage { first: decay.left, second: decay.lost };
        }
        let angle = self.rate * t;
        if angle == 0.0 {
            return Passage { first: 1.0, second: t };
        }
        let (sine, cosine) = math::sin_cos(angle);
        Passage { first: cosine, second: sine / self.rate }
    }

    /// x after a time in which it does not pass infinity; rounding may make it arrive there.
    #[inline]
    pub fn flow(&self, x: f64, passage: Passage) -> f64 {
        if passage.second == 0.0 {
            return x;
        }
        if self.q < 0.0 { self.flow_with_rest(x, passage) } else { self.flow_without_rest(x, passage) }
    }

    /// With L = e^(-2 rate t): x + scale is multiplied by 2 rate L/(2 rate L - a (x - scale) (1 - L)).
    #[inline]
    fn flow_with_rest(&self, x: f64, passage: Passage) -> f64 {
        let Passage { first: left, second: lost } = passage;
        if x == f64::NEG_INFINITY {
            return -self.scale - 2.0 * self.scale * left / lost;
        }
        let push = self.a * (x - self.scale);
        let held = 2.0 * self.rate * left;
        let rest = held - push * lost;
        if rest <= 0.0 {
            return if push > 0.0 { f64::INFINITY } else { x };
        }
        let stretch = held / rest;
        // The change, where it is small, or else the distance from where x comes to rest: each keeps its digits.
        if stretch > 0.5 {
            x + push * (x + self.scale) * lost / rest
        } else {
            -self.scale + (x + self.scale) * stretch
        }
    }

    /// (x C + q S)/(C - a x S) with C = cos(rate t) and S = sin(rate t)/rate.
    #[inline]
    fn flow_without_rest(&self, x: f64, passage: Passage) -> f64 {
        let Passage { first: c, second: s } = passage;
        if x == f64::NEG_INFINITY {
            return -c / (self.a * s);
        }
        let rest = c - self.a * x * s;
        if rest <= 0.0 {
            return f64::INFINITY;
        }
        let change = (self.q + self.a * x * x) * s / rest;
        if change < 0.5 * x.abs() { x + change } else { (x * c + self.q * s) / rest }
    }

    /// How long x, below `height`, takes to come up to it; infinite if it never does.
    pub fn time_to(&self, x: f64, height: f64) -> f64 {
        if self.q > 0.0 {
            let (y, z) = self.direction(x, height);
            return math::atan2(y, z) / self.rate;
        }
        if !self.comes_up(x, height) {
            return f64::INFINITY;
        }
        if self.q == 0.0 {
            return self.time_without_drive(x, height);
        }
        // e^(2 rate t) = (height - scale)(x + scale)/((height + scale)(x - scale)).
        let ratio = if height == f64::INFINITY {
            2.0 * self.scale / (x - self.scale)
        } else if x == f64::NEG_INFINITY {
            -2.0 * self.scale / (height + self.scale)
        } else {
            2.0 * self.scale / (x - self.scale) * ((height - x) / (height + self.scale))
        };
        math::ln_1p(ratio) / (2.0 * self.rate)
    }

    /// For q <= 0: whether x ever comes up to `height`.
    fn comes_up(&self, x: f64, height: f64) -> bool {
        if height > self.scale { x > self.scale } else { height < -self.scale }
    }

    /// 1/(a x) - 1/(a height).
    fn time_without_drive(&self, x: f64, height: f64) -> f64 {
        if height == f64::INFINITY {
            1.0 / (self.a * x)
        } else if x == f64::NEG_INFINITY {
            -1.0 / (self.a * height)
        } else {
            (height - x) / height / (self.a * x)
        }
    }

    /// For q > 0: the sine and cosine, but for a common factor, of rate times the time from x to `height`.
    fn direction(&self, x: f64, height: f64) -> (f64, f64) {
        match (x == f64::NEG_INFINITY, height == f64::INFINITY) {
            (true, true) => (0.0, -1.0),
            (true, false) => (self.rate, -self.a * height),
            (false, true) => (self.rate, self.a * x),
            (false, false) => (self.rate * (height - x), self.q + self.a * x * height),
        }
    }

    /// A time that [`Autonomous::time_to`] is not below, without elementary functions.
    #[inline]
    pub fn least_time_to(&self, x: f64, height: f64) -> f64 {
        if self.q > 0.0 {
            // The arctangent of r > 0 is at least r/(1 + 2 r/pi), which is right for r -> 0 and for r -> infinity.
            let arc = |r: f64| r / (1.0 + std::f64::consts::FRAC_2_PI * r);
            let (y, z) = self.direction(x, height);
            let angle = if z > 0.0 {
                arc(y / z)
            } else if y == 0.0 {
                std::f64::consts::PI
            } else {
                std::f64::consts::FRAC_PI_2 + arc(-z / y)
            };
            return CAUTION * angle / self.rate;
        }
        if !self.comes_up(x, height) {
            return f64::INFINITY;
        }
        // Without the brake of a negative q it would be sooner.
        CAUTION * self.time_without_drive(x, height)
    }

    /// Whether rounding decides on which side of the separatrix x is.
    pub fn is_ambiguous(&self, x: f64) -> bool {
        self.q <= 0.0 && (x - self.scale).abs() <= 4.0 * f64::EPSILON * self.scale
    }
}
