//! The first zero of a polynomial on [0, 1] that starts positive: found, or proved absent.
//!
//! In this order: exclude by the sum of the coefficients' sizes; exclude by the sum of the negative ones; go to the
//! Bernstein form, whose coefficients enclose the values, count its changes of sign, and halve the interval until each part
//! has no zero, exactly one (G. Farin, Curves and Surfaces for CAGD, section 6: variation diminishing), or is convex: then
//! its minimum decides. A minimum at 0 within the noise is a result, not a failure: its computed sign decides, and it is told.

use crate::jet::ORDER;
use crate::roots::{self, Tolerance};
use crate::taylor::evaluate;

/// Bernstein coefficients, or others.
type Row = [f64; ORDER + 1];

/// Parts shorter than 2^-50 are not divided further.
const DEEPEST: u32 = 50;

/// What there is to know about the first zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstZero {
    /// Where; `None` if there is none in [0, 1].
    pub at: Option<f64>,
    /// Some minimum before it, or at it, is nearer to 0 than the noise: rounding decided.
    pub ambiguous: bool,
}

/// A cheap proof that the polynomial stays above `noise` on [0, 1]; false is only a maybe, and so is what is not a number.
#[inline]
pub fn is_excluded(coefficients: &[f64], noise: f64) -> bool {
    let size: f64 = coefficients[1..].iter().map(|c| c.abs()).sum();
    coefficients[0] - size > noise || {
        let falls: f64 = coefficients[1..].iter().map(|c| c.min(0.0)).sum();
        coefficients[0] + falls > noise && size < f64::INFINITY
    }
}

/// The first zero in [0, 1] of the polynomial with these coefficients, at most [`ORDER`] + 1, the first of them positive.
/// Values below `noise` are rounding errors. `None` if a coefficient is not finite.
pub fn first_zero(coefficients: &[f64], noise: f64) -> Option<FirstZero> {
    if is_excluded(coefficients, noise) {
        return Some(FirstZero { at: None, ambiguous: false });
    }
    if !coefficients.iter().all(|c| c.is_finite()) {
        return None;
    }
    let mut search = Search { coefficients, noise, ambiguous: false };
    let whole = Part { row: bernstein(coefficients), left: 0.0, right: 1.0, depth: 0 };
    let at = search.descend(&whole);
    Some(FirstZero { at, ambiguous: search.ambiguous })
}

/// The coefficients of p(from + (1 - from) s) as a polynomial in s.
pub fn from_there_on(coefficients: &[f64], from: f64) -> Row {
    let mut row = [0.0; ORDER + 1];
    row[..coefficients.len()].copy_from_slice(coefficients);
    let last = coefficients.len() - 1;
    for first in 0..last {
        for k in (first..last).rev() {
            row[k] += from * row[k + 1];
        }
    }
    let mut power = 1.0;
    for coefficient in &mut row[1..=last] {
        power *= 1.0 - from;
        *coefficient *= power;
    }
    row
}

/// The Bernstein form on [0, 1]: the sum over k of C(i, k)/C(n, k) c_k for each i, by repeated sums.
fn bernstein(coefficients: &[f64]) -> Row {
    let degree = coefficients.len() - 1;
    let mut row = [0.0; ORDER + 1];
    let mut choices = 1.0;
    for (k, coefficient) in coefficients.iter().enumerate() {
        row[k] = coefficient / choices;
        choices *= (degree - k) as f64 / (k + 1) as f64;
    }
    for first in 1..=degree {
        for i in (first..=degree).rev() {
            row[i] += row[i - 1];
        }
    }
    row
}

struct Search<'a> {
    coefficients: &'a [f64],
    noise: f64,
    ambiguous: bool,
}

/// The polynomial on a part of [0, 1].
struct Part {
    row: Row,
    left: f64,
    right: f64,
    depth: u32,
}

impl Search<'_> {
    /// The first zero in a part that starts positive.
    fn descend(&mut self, part: &Part) -> Option<f64> {
        let row = &part.row[..self.coefficients.len()];
        let last = row[row.len() - 1];
        if row.iter().all(|&b| b > self.noise) {
            return None;
        }
        if last <= 0.0 && changes_of_sign(row) == 1 {
            return Some(self.between(part.left, part.right));
        }
        if bends(row, |bend| bend <= 0.0) {
            // Concave: the least value is at an end, and the left one is positive.
            return (last <= 0.0).then(|| self.between(part.left, part.right));
        }
        if bends(row, |bend| bend >= 0.0) {
            return self.at_minimum(part);
        }
        if part.depth == DEEPEST {
            self.ambiguous = true;
            return (last <= 0.0).then_some(part.right);
        }
        let (left, right) = part.halves(self.coefficients.len());
        let ends_positive = left.row[self.coefficients.len() - 1] > 0.0;
        self.descend(&left).or_else(|| if ends_positive { self.descend(&right) } else { Some(left.right) })
    }

    /// A convex part: its minimum decides.
    fn at_minimum(&mut self, part: &Part) -> Option<f64> {
        let row = &part.row[..self.coefficients.len()];
        let last = row.len() - 1;
        if row[1] >= row[0] || row[last] <= row[last - 1] {
            // It rises, or falls, all the way.
            return (row[last] <= 0.0).then(|| self.between(part.left, part.right));
        }
        let exact = Tolerance { noise: 0.0, relative_width: 1e-10 };
        let minimum = roots::refine(|x| slope(self.coefficients, x), part.left, part.right, exact);
        let least = evaluate(self.coefficients, minimum);
        self.ambiguous |= least.abs() <= self.noise;
        (least <= 0.0).then(|| self.between(part.left, minimum))
    }

    /// The zero between `left`, where the polynomial is positive, and `right`, where it is not.
    fn between(&self, left: f64, right: f64) -> f64 {
        let noise = 0.25 * f64::EPSILON * self.coefficients[0].abs();
        let tolerance = Tolerance { noise, relative_width: 2.0 * f64::EPSILON };
        roots::refine(|x| evaluate(self.coefficients, x), left, right, tolerance)
    }
}

impl Part {
    /// De Casteljau's construction at the middle.
    fn halves(&self, count: usize) -> (Part, Part) {
        let middle = 0.5 * (self.left + self.right);
        let depth = self.depth + 1;
        let mut left = Part { row: self.row, left: self.left, right: middle, depth };
        let mut right = Part { row: self.row, left: middle, right: self.right, depth };
        for level in 1..count {
            for i in 0..count - level {
                right.row[i] = 0.5 * (right.row[i] + right.row[i + 1]);
            }
            left.row[level] = right.row[0];
        }
        (left, right)
    }
}

fn changes_of_sign(row: &[f64]) -> usize {
    row.windows(2).filter(|pair| (pair[0] > 0.0) != (pair[1] > 0.0)).count()
}

/// Whether all second differences pass.
fn bends(row: &[f64], passes: impl Fn(f64) -> bool) -> bool {
    row.windows(3).all(|three| passes((three[0] - three[1]) - (three[1] - three[2])))
}

/// The derivative of a polynomial at x.
fn slope(coefficients: &[f64], x: f64) -> f64 {
    let terms = coefficients.iter().enumerate().skip(1).rev();
    terms.fold(0.0, |sum, (k, coefficient)| sum * x + coefficient * k as f64)
}
