//! When an orbit leaves a strip lower <= y < upper, where y is a coordinate: found, or proved never to happen.

use crate::input::Fading;
use crate::linear::{Spectrum, Vector, dot, plus};
use crate::orbit::{Chain, Field, Orbit};
use synfire_numerics::math;
use synfire_numerics::roots::{self, Tolerance};

/// A turn this near to a border, in units of the last place of what it is made of, is decided by rounding.
const AMBIGUOUS_ULPS: f64 = 4.0;

/// What is this part of itself away from a border is beyond rounding.
const FAR: f64 = 1e-12;

/// A strip of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strip {
    /// y = row x.
    pub row: Vector,
    /// Its lower border, which belongs to it; or -infinity.
    pub lower: f64,
    /// Its upper border, which does not; or infinity.
    pub upper: f64,
}

/// Where an orbit leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Exit {
    /// Through a border, so many ms after the start.
    At {
        /// ms.
        after_ms: f64,
        /// Through the upper border.
        upward: bool,
        /// Rounding decided it.
        ambiguous: bool,
    },
    /// It stays for ever.
    Never {
        /// Rounding decided it.
        ambiguous: bool,
    },
    /// It stays at least so long, ms.
    NotBefore(f64),
}

/// One search.
struct Search<'a> {
    orbit: &'a Orbit<'a>,
    row: Vector,
    /// The ways to the borders, from the start.
    down: f64,
    up: f64,
    ambiguous: bool,
}

/// The first exit of `orbit` from `strip`, in which it starts (or on whose border, about to enter); looked for at least up
/// to `until_ms`. What is found does not depend on `until_ms`.
pub(crate) fn first_exit(orbit: &Orbit<'_>, strip: &Strip, until_ms: f64) -> Exit {
    let y = dot(strip.row, orbit.start);
    let mut search =
        Search { orbit, row: strip.row, down: strip.lower - y, up: strip.upper - y, ambiguous: false };
    if search.is_scalar() {
        return search.scalar();
    }
    search.run(until_ms)
}

/// Whether a cheap bound tells that `orbit`, which has made `way` after `dt_ms`, has not left `strip` until then.
pub(crate) fn surely_stays(orbit: &Orbit<'_>, strip: &Strip, dt_ms: f64, way: Vector) -> bool {
    let y = dot(strip.row, orbit.start);
    let search =
        Search { orbit, row: strip.row, down: strip.lower - y, up: strip.upper - y, ambiguous: false };
    search.holds(orbit.bounds(strip.row, 0.0, dt_ms, [[0.0; 2], way]))
}

impl Search<'_> {
    /// One variable without fading inputs: the exit in closed form.
    fn is_scalar(&self) -> bool {
        let linear = &self.orbit.field.linear;
        self.orbit.inputs.is_empty() && linear.deviation.rows == [[0.0; 2]; 2]
    }

    /// y' = v0 e^(a t): the way d is made after ln(1 + a d/v0)/a.
    fn scalar(&self) -> Exit {
        let speed = if self.orbit.flat { 0.0 } else { dot(self.row, self.orbit.velocity()) };
        let upward = speed > 0.0;
        let way = if upward { self.up } else { self.down };
        if speed == 0.0 || way.is_infinite() {
            return Exit::Never { ambiguous: false };
        }
        let ratio = self.orbit.field.linear.mu * way / speed;
        if ratio <= -1.0 {
            return Exit::Never { ambiguous: false };
        }
        let stretched = if ratio == 0.0 { 1.0 } else { math::ln_1p(ratio) / ratio };
        Exit::At { after_ms: way / speed * stretched, upward, ambiguous: false }
    }

    fn run(&mut self, until_ms: f64) -> Exit {
        let velocity = self.orbit.velocity();
        if velocity == [0.0; 2] && self.orbit.inputs.is_empty() || until_ms > 0.0 && self.stays_from(0.0) {
            return Exit::Never { ambiguous: false };
        }
        let chain = Chain::new(self.orbit, self.row);
        let linear = &self.orbit.field.linear;
        let fastest = self.orbit.inputs.iter().fold(linear.radius, |rate, input| rate.max(-input.rate));
        let mut length = if fastest > 0.0 { 1.0 / fastest } else { 1.0 };
        let longest = match linear.spectrum {
            Spectrum::Complex(_, omega) => 4.0 * std::f64::consts::PI / omega,
            Spectrum::Real(..) => f64::INFINITY,
        };
        let (mut from, mut way) = (0.0, 0.0);
        // Stretches double in length; those of spirals are at most four half turns.
        while from < until_ms {
            if from > 0.0 && self.stays_from(from)
                || chain.is_over(from) && linear.is_stable() && self.tends_inside()
            {
                return Exit::Never { ambiguous: self.ambiguous };
            }
            let (to, before) = (from + length, way);
            if let Some(exit) = self.within(&chain, from, &mut way, to) {
                return exit;
            }
            if chain.is_over(from) && self.runs_away(way - before) {
                return Exit::Never { ambiguous: self.ambiguous };
            }
            if !way.is_finite() {
                break;
            }
            from = to;
            length = (2.0 * length).min(longest);
        }
        Exit::NotBefore(from)
    }

    /// Where it goes on in this direction for ever, there is no border.
    fn runs_away(&self, change: f64) -> bool {
        change > 0.0 && self.up == f64::INFINITY || change < 0.0 && self.down == f64::NEG_INFINITY
    }

    /// The first exit in (from, to], where y is monotone between the turns. `way` is what has been made at `from`, then
    /// at `to`.
    fn within(&mut self, chain: &Chain<'_>, from: f64, way: &mut f64, to: f64) -> Option<Exit> {
        // Mostly it stays far from the borders, and its turns need not be known.
        let ends = [self.orbit.way(from), self.orbit.way(to)];
        let end = dot(self.row, ends[1]);
        if self.holds(self.orbit.bounds(self.row, from, to - from, ends)) {
            *way = end;
            return None;
        }
        let turns = chain.turns(from, to);
        let mut left = from;
        for (index, right) in turns.iter().copied().chain([to]).enumerate() {
            let at_right = if index < turns.len() { dot(self.row, self.orbit.way(right)) } else { end };
            if index < turns.len() {
                self.note(right, at_right);
            }
            // Touching the upper border leaves, touching the lower one does not. What starts on the upper border and is
            // about to enter has not left while it has not moved.
            let upward = at_right >= self.up && (at_right > self.up || self.up > 0.0);
            if upward || at_right < self.down {
                let border = if upward { self.up } else { self.down };
                return Some(self.between(left, *way, right, at_right, border, upward));
            }
            (left, *way) = (right, at_right);
        }
        None
    }

    /// Whether a way between these two stays within the borders, by more than rounding.
    fn holds(&self, (low, high): (f64, f64)) -> bool {
        let rounding = FAR * (dot(self.row, self.orbit.start).abs() + low.abs() + high.abs());
        high + rounding < self.up && low - rounding > self.down
    }

    /// The crossing of `border` in a stretch in which y is monotone.
    fn between(&self, left: f64, at_left: f64, right: f64, at_right: f64, border: f64, upward: bool) -> Exit {
        let tolerance = Tolerance {
            noise: 0.25 * f64::EPSILON * (border - at_left).abs(),
            relative_width: 2.0 * f64::EPSILON,
        };
        let beyond = |t: f64| match t {
            _ if t == left => at_left - border,
            _ if t == right => at_right - border,
            _ => dot(self.row, self.orbit.way(t)) - border,
        };
        let after_ms = if at_left == border { left } else { roots::refine(beyond, left, right, tolerance) };
        Exit::At { after_ms, upward, ambiguous: self.ambiguous }
    }

    /// Notes a turn that comes to a border within rounding.
    fn note(&mut self, t: f64, way: f64) {
        let nearest = (way - self.up).abs().min((way - self.down).abs());
        let scale = way.abs().max(dot(self.row, self.orbit.start).abs());
        self.ambiguous |= t > 0.0 && nearest <= AMBIGUOUS_ULPS * f64::EPSILON * scale;
    }

    /// The rest position, as a way from the start.
    fn way_to_rest(&self) -> f64 {
        let rest = self.orbit.field.rest(self.orbit.current);
        dot(self.row, plus(rest, -1.0, self.orbit.start))
    }

    /// What it tends to lies in the strip; tending to a border never reaches it.
    fn tends_inside(&self) -> bool {
        let rest = self.way_to_rest();
        self.down <= rest && rest <= self.up
    }

    /// After `from` ms the orbit never again comes as far from rest as a border is.
    fn stays_from(&self, from: f64) -> bool {
        let field = self.orbit.field;
        if !field.linear.is_stable() {
            return false;
        }
        let rest = self.way_to_rest();
        let room = (self.up - rest).min(rest - self.down);
        if room <= 0.0 {
            return false;
        }
        let x = if from == 0.0 { self.orbit.start } else { self.orbit.at(from) };
        let inputs: f64 = self.orbit.inputs.iter().map(|input: &Fading| input.after(from).bound()).sum();
        let deviation = plus(x, -1.0, field.rest(self.orbit.current));
        0.999 * room > free_bound(field, self.row, deviation) + inputs * input_bound(field, self.row)
    }
}

/// A bound of |row e^(At) d| over t >= 0 for a stable flow.
fn free_bound(field: &Field, row: Vector, d: Vector) -> f64 {
    let linear = &field.linear;
    let (direct, turned) = (dot(row, d), dot(row, linear.deviation.times(d)));
    match linear.spectrum {
        Spectrum::Complex(_, omega) => {
            let turned = turned / omega;
            (direct * direct + turned * turned).sqrt()
        }
        // S e^(mu t) is at most t e^(fast t), and at most 1/(2 root).
        Spectrum::Real(fast, _) => {
            direct.abs() + turned.abs() * (1.0 / (-fast * math::E)).min(1.0 / (2.0 * linear.root))
        }
    }
}

/// A bound of the integral of |row e^(At) e1| over t >= 0 for a stable flow.
fn input_bound(field: &Field, row: Vector) -> f64 {
    let linear = &field.linear;
    let turned = dot(row, linear.deviation.times([1.0, 0.0])).abs();
    match linear.spectrum {
        Spectrum::Complex(mu, omega) => (row[0].abs() + turned / omega) / -mu,
        Spectrum::Real(fast, _) => row[0].abs() / -fast + turned / linear.determinant,
    }
}
