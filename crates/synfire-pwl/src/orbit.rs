//! The orbit within one zone, and where a coordinate of it turns.
//!
//! Between two turns a coordinate y is monotone, so it has at most one crossing of a border there: nothing can be missed.
//! Without fading inputs the turns are closed forms (`Turns`). With them Rolle's rule leads there: applying d/dt - k to
//! y' for the rate k of every input (twice for one with a rise) leaves the homogeneous answer of the plane, whose zeros are
//! closed forms; and between two zeros of (d/dt - k) G the function e^(-kt) G is monotone, so they bracket the zeros of G.

use crate::input::{Answer, Fading};
use crate::linear::{Linear, Turns, Vector, dot, plus};
use synfire_numerics::roots::{self, Tolerance};

/// An affine field: x' = A x + b, with fading inputs to the first variable.
#[derive(Clone, Debug)]
pub struct Field {
    /// A.
    pub linear: Linear,
    /// b without the constant current.
    pub force: Vector,
    /// By input of the system.
    pub(crate) answers: Vec<Answer>,
}

impl Field {
    /// The field A x + force, for inputs with these rates (-1/tau, 1/ms).
    pub fn new(linear: Linear, force: Vector, rates: &[f64]) -> Field {
        Field { linear, force, answers: rates.iter().map(|&rate| Answer::new(&linear, rate)).collect() }
    }

    /// x' at `x` under the current `current`, which adds to the first variable.
    #[inline]
    pub fn velocity(&self, x: Vector, current: f64) -> Vector {
        let ax = self.linear.matrix.times(x);
        [ax[0] + (self.force[0] + current), ax[1] + self.force[1]]
    }

    /// Where it rests under a constant current; not finite if A is singular.
    pub fn rest(&self, current: f64) -> Vector {
        self.linear.rest([self.force[0] + current, self.force[1]])
    }
}

/// 1/384, and a little more for rounding.
const HERMITE: f64 = 1.01 / 384.0;

/// The inputs together at some time.
struct Summed {
    /// Their sum, the constant current included.
    sum: f64,
    /// By how much it changes at most from then on, up and down.
    change: f64,
    /// The largest moduli of its first three derivatives from then on.
    derivatives: [f64; 3],
}

/// A piece of an orbit: a start and the field that moves it.
#[derive(Clone, Debug)]
pub(crate) struct Orbit<'a> {
    pub field: &'a Field,
    pub start: Vector,
    pub current: f64,
    /// The inputs at the start.
    pub inputs: &'a [Fading],
    /// A x + b + current at the start, without fading inputs.
    pub pull: Vector,
    /// Take the coordinate that is looked at to turn at the start, whatever rounding says.
    pub flat: bool,
}

impl<'a> Orbit<'a> {
    pub fn new(field: &'a Field, start: Vector, current: f64, inputs: &'a [Fading]) -> Orbit<'a> {
        let pull = field.velocity(start, current);
        Orbit { field, start, current, inputs, pull, flat: false }
    }

    /// The way made after `t` ms.
    #[inline]
    pub fn way(&self, t: f64) -> Vector {
        let linear = &self.field.linear;
        let over = linear.over(t);
        let mut way = linear.held(&over, self.pull);
        for input in self.inputs {
            let (k, rise) = self.field.answers[input.index].after(linear, &over, t, input.x != 0.0);
            way = plus(plus(way, input.s, k), input.x, rise);
        }
        way
    }

    /// The state after `t` ms.
    #[inline]
    pub fn at(&self, t: f64) -> Vector {
        plus(self.start, 1.0, self.way(t))
    }

    /// x' at the start.
    pub fn velocity(&self) -> Vector {
        let input: f64 = self.inputs.iter().map(|input| input.s).sum();
        [self.pull[0] + input, self.pull[1]]
    }

    /// Bounds of the way that the coordinate row x has made, over the times from `from` to `from + length`; cheap, and
    /// infinite where they would not be. `ends` are the ways at both.
    ///
    /// It is at most length^4/384 times its largest fourth derivative away from the cubic with its values and slopes at both
    /// ends, which lies between its Bernstein coefficients.
    pub fn bounds(&self, row: Vector, from: f64, length: f64, ends: [Vector; 2]) -> (f64, f64) {
        let growth = self.field.linear.growth.max(0.0) * length;
        if growth > 1.0 {
            return (f64::NEG_INFINITY, f64::INFINITY);
        }
        let third = length / 3.0;
        let inputs = [from, from + length].map(|t| self.summed(t));
        let [start, end] = [0, 1].map(|i| {
            let velocity = self.field.velocity(plus(self.start, 1.0, ends[i]), inputs[i].sum);
            (dot(row, ends[i]), third * dot(row, velocity), velocity)
        });
        // The modulus of x' (the larger of its two) grows at most like e^(m t), where m is the logarithmic norm of A
        // (G. Dahlquist 1958), from what it is at the start and what the inputs change by; e^z is at most 1 + 1.72 z to z = 1.
        let [v, w] = start.2;
        let speed = (1.0 + 1.72 * growth) * (v.abs().max(w.abs()) + inputs[0].change);
        let matrix = &self.field.linear.matrix;
        let once = matrix.row_times(row);
        let twice = matrix.row_times(once);
        let thrice = matrix.row_times(twice);
        let [first, second, third] = inputs[0].derivatives;
        let fourth = (thrice[0].abs() + thrice[1].abs()) * speed
            + twice[0].abs() * first
            + once[0].abs() * second
            + row[0].abs() * third;
        let square = length * length;
        let off = HERMITE * square * square * fourth;
        let corners = [start.0, start.0 + start.1, end.0 - end.1, end.0];
        let low = corners.into_iter().fold(f64::INFINITY, f64::min);
        let high = corners.into_iter().fold(f64::NEG_INFINITY, f64::max);
        (low - off, high + off)
    }

    /// The sum of the inputs after `t` ms, and how it can go on from there.
    fn summed(&self, t: f64) -> Summed {
        let mut all = Summed { sum: self.current, change: 0.0, derivatives: [0.0; 3] };
        for input in self.inputs {
            let Fading { s, x, rate, .. } = if t == 0.0 { *input } else { input.after(t) };
            // Heights of s + x t and of x, fading: the derivatives of (s + x t) e^(k t) are combinations of them.
            let height = Fading { s, x, ..*input }.bound();
            all.sum += s;
            // One that only fades changes by what it is, one that rises first by at most twice its height.
            all.change += if x == 0.0 { height } else { 2.0 * height };
            let (k, x) = (rate.abs(), x.abs());
            all.derivatives[0] += x + k * height;
            all.derivatives[1] += k * (2.0 * x + k * height);
            all.derivatives[2] += k * k * (3.0 * x + k * height);
        }
        all
    }

    /// x' after `t` ms at the state `x`, and the inputs there.
    fn velocity_at(&self, t: f64, inputs: &mut Vec<Fading>) -> Vector {
        inputs.clear();
        inputs.extend(self.inputs.iter().map(|input| input.after(t)));
        let current = inputs.iter().fold(self.current, |sum, input| sum + input.s);
        self.field.velocity(self.at(t), current)
    }
}

/// One function of the chain: row x' + sum of (a s + b x) over the inputs.
struct Link {
    row: Vector,
    a: Vec<f64>,
    b: Vec<f64>,
    /// The rate that the next link is without.
    rate: f64,
}

impl Link {
    fn value(&self, velocity: Vector, inputs: &[Fading]) -> f64 {
        let terms = inputs.iter().zip(self.a.iter().zip(&self.b));
        terms.fold(dot(self.row, velocity), |sum, (input, (a, b))| sum + a * input.s + b * input.x)
    }

    /// d/dt - rate of it.
    fn next(&self, linear: &Linear, inputs: &[Fading], rate: f64) -> Link {
        let mut next = Link {
            row: plus(linear.matrix.row_times(self.row), -rate, self.row),
            a: Vec::with_capacity(self.a.len()),
            b: Vec::with_capacity(self.b.len()),
            rate: 0.0,
        };
        for (input, (a, b)) in inputs.iter().zip(self.a.iter().zip(&self.b)) {
            let beyond = input.rate - rate;
            next.a.push(self.row[0] * input.rate + a * beyond);
            next.b.push(self.row[0] + a + b * beyond);
        }
        next
    }
}

/// Where the coordinate row x of an orbit turns.
pub(crate) struct Chain<'a> {
    orbit: &'a Orbit<'a>,
    links: Vec<Link>,
    turns: Turns,
}

impl<'a> Chain<'a> {
    pub fn new(orbit: &'a Orbit<'a>, row: Vector) -> Chain<'a> {
        let linear = &orbit.field.linear;
        let velocity = orbit.velocity();
        if orbit.inputs.is_empty() {
            let slope = if orbit.flat { 0.0 } else { dot(row, velocity) };
            let bend = dot(row, linear.matrix.times(velocity));
            return Chain { orbit, links: Vec::new(), turns: Turns::new(linear, slope, bend) };
        }
        let inputs = orbit.inputs;
        let zeros = vec![0.0; inputs.len()];
        let mut link = Link { row, a: zeros.clone(), b: zeros, rate: 0.0 };
        let mut links = Vec::new();
        for input in inputs {
            for _ in 0..if input.x == 0.0 { 1 } else { 2 } {
                link.rate = input.rate;
                let next = link.next(linear, inputs, input.rate);
                links.push(link);
                link = next;
            }
        }
        let slope = link.value(velocity, inputs);
        let bend = link.next(linear, inputs, 0.0).value(velocity, inputs);
        Chain { orbit, links, turns: Turns::new(linear, slope, bend) }
    }

    /// Whether the coordinate is monotone from `t` on; an answer "no" may be wrong.
    pub fn is_over(&self, t: f64) -> bool {
        self.links.is_empty() && self.turns.is_over(t)
    }

    /// The turns in (from, to), in rising order. They are good to about 1e-9 relative: at a turn the coordinate hardly
    /// depends on time.
    pub fn turns(&self, from: f64, to: f64) -> Vec<f64> {
        let mut times = Vec::new();
        self.turns.within(from, to, &mut times);
        for (index, link) in self.links.iter().enumerate().rev() {
            times = self.zeros(index == 0, link, &times, from, to);
        }
        times
    }

    /// The zeros of a link in (from, to): e^(-kt) times it is monotone between `times`.
    fn zeros(&self, is_slope: bool, link: &Link, times: &[f64], from: f64, to: f64) -> Vec<f64> {
        let mut inputs = Vec::with_capacity(self.orbit.inputs.len());
        let mut value = |t: f64| match t {
            0.0 if is_slope && self.orbit.flat => 0.0,
            _ => {
                let velocity = self.orbit.velocity_at(t, &mut inputs);
                link.value(velocity, &inputs)
            }
        };
        let mut zeros = Vec::new();
        let (mut left, mut at_left) = (from, value(from));
        for right in times.iter().copied().chain([to]) {
            let at_right = value(right);
            if at_left * at_right < 0.0 {
                let tolerance = Tolerance { noise: 0.0, relative_width: 1e-9 };
                zeros.push(roots::refine(&mut value, left, right, tolerance));
            } else if at_right == 0.0 && right < to {
                zeros.push(right);
            }
            (left, at_left) = (right, at_right);
        }
        zeros
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Matrix;
    use proptest::prelude::*;

    proptest! {
        /// No way on a fine grid lies outside the bounds, and over a short time they are tight.
        #[test]
        fn ways_lie_within_their_bounds(
            rows in prop::array::uniform2(prop::array::uniform2(-2.0..2.0f64)),
            force in prop::array::uniform2(-1.0..1.0f64),
            start in prop::array::uniform2(-1.0..1.0f64),
            strengths in prop::array::uniform3(-1.0..1.0f64),
            rates in prop::array::uniform2(-3.0..-0.1f64),
            row in prop::array::uniform2(-1.0..1.0f64),
            (from, length) in (0.0..2.0f64, 0.01..4.0f64),
        ) {
            let field = Field::new(Linear::new(Matrix::new(rows)), force, &rates);
            let inputs = [
                Fading { index: 0, s: strengths[0], x: 0.0, rate: rates[0] },
                Fading { index: 1, s: strengths[1], x: strengths[2], rate: rates[1] },
            ];
            let orbit = Orbit::new(&field, start, 0.1, &inputs);
            let bounds = |length: f64| {
                orbit.bounds(row, from, length, [orbit.way(from), orbit.way(from + length)])
            };
            let (low, high) = bounds(length);
            for i in 0..=200 {
                let y = dot(row, orbit.way(from + length * f64::from(i) / 200.0));
                prop_assert!(low - 1e-13 <= y && y <= high + 1e-13, "{low} {y} {high}");
            }
            let (low, high) = bounds(1e-3);
            let [v, w] = orbit.velocity_at(from, &mut Vec::new());
            prop_assert!(high - low < 2e-3 * (v.abs() + w.abs()) + 1e-6, "{low} {high}");
        }
    }
}
