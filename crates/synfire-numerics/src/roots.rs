//! Refining a bracketed zero: the algorithm is that of the `roots` crate, when to stop is ours.

use roots::{Convergency, find_root_regula_falsi};

/// When a zero is good enough.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Values of the function this small are rounding errors.
    pub noise: f64,
    /// The bracket may be this wide, relative to its upper end.
    pub relative_width: f64,
}

/// More than a hundred steps mean that rounding errors keep the bracket from shrinking.
const MOST_STEPS: usize = 100;

impl Convergency<f64> for Tolerance {
    fn is_root_found(&mut self, y: f64) -> bool {
        y.abs() <= self.noise
    }

    fn is_converged(&mut self, x1: f64, x2: f64) -> bool {
        (x1 - x2).abs() <= self.relative_width * x1.abs().max(x2.abs())
    }

    fn is_iteration_limit_reached(&mut self, steps: usize) -> bool {
        steps >= MOST_STEPS
    }
}

/// The zero of `f` in [left, right], 0 <= left < right, where `f` changes its sign once. A bracket without a change of
/// sign gives the end at which `f` is nearest to 0. The answer depends on `f`, the bracket and the tolerance alone.
pub fn refine(mut f: impl FnMut(f64) -> f64, left: f64, right: f64, tolerance: Tolerance) -> f64 {
    match find_root_regula_falsi(left, right, &mut f, &mut tolerance.clone()) {
        Ok(zero) if (left..=right).contains(&zero) => zero,
        _ => bisect(f, left, right),
    }
}

/// The slow way that always ends: halves the bracket until no double lies between its ends.
fn bisect(mut f: impl FnMut(f64) -> f64, mut left: f64, mut right: f64) -> f64 {
    let (at_left, at_right) = (f(left), f(right));
    if at_left * at_right > 0.0 {
        return if at_left.abs() < at_right.abs() { left } else { right };
    }
    let rising = at_right > at_left;
    loop {
        let middle = left + 0.5 * (right - left);
        if middle <= left || middle >= right {
            return right;
        }
        if (f(middle) >= 0.0) == rising {
            right = middle;
        } else {
            left = middle;
        }
    }
}
