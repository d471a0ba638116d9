//! The best continuous piecewise-linear approximation of a function, in the mean square over an interval.
//!
//! For given breakpoints the best values are a linear least-squares problem in hat functions: a tridiagonal system whose
//! right-hand side are integrals, taken by Gauss-Legendre rules. The breakpoints themselves start where the curvature asks
//! for them (their density goes with |f''|^(2/5), which is best in the limit of many) and are then moved one by one to the
//! least error, until none moves any more.

use crate::pieces::PiecewiseLinear;
use synfire_numerics::quadrature;

/// Rounds in which every breakpoint is moved once, and tries for each.
const MOST_ROUNDS: usize = 60;
const TRIES: usize = 40;

/// A round that lowers the error by less than this part ends the search.
const GAIN: f64 = 1e-9;

/// The golden section.
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// A piecewise-linear approximation and how far it is off.
#[derive(Clone, Debug, PartialEq)]
pub struct Approximation {
    /// The function; beyond the interval it goes on with the slopes of its outer pieces.
    pub function: PiecewiseLinear,
    /// The root of the mean of the squared error over the interval.
    pub mean_error: f64,
    /// The largest error found at a few hundred places of every piece.
    pub largest_error: f64,
}

/// The best approximation of `f` from `low` to `high` by `count` pieces, at least one.
///
/// # Panics
/// If there is no piece or no interval.
pub fn best(f: impl Fn(f64) -> f64, low: f64, high: f64, count: usize) -> Approximation {
    assert!(count > 0 && low < high, "{count} pieces from {low} to {high}");
    let fit = Fit { f: &f };
    let mut breaks = by_curvature(&f, low, high, count);
    let mut error = fit.error(&breaks);
    for _ in 0..MOST_ROUNDS {
        for index in 1..count {
            let found = fit.moved(&breaks, index);
            breaks[index] = found;
        }
        let now = fit.error(&breaks);
        let gains = now < error * (1.0 - GAIN);
        error = now;
        if !gains {
            break;
        }
    }
    let values = fit.values(&breaks);
    let points: Vec<[f64; 2]> = breaks.iter().zip(&values).map(|(&v, &f)| [v, f]).collect();
    let slope = |pair: &[[f64; 2]]| (pair[1][1] - pair[0][1]) / (pair[1][0] - pair[0][0]);
    let slopes = [slope(&points[..2]), slope(&points[count - 1..])];
    let mut largest: f64 = 0.0;
    for (index, pair) in points.windows(2).enumerate() {
        let steps = 200;
        for step in 0..=steps {
            let v = pair[0][0] + (pair[1][0] - pair[0][0]) * f64::from(step) / f64::from(steps);
            let line = pair[0][1] + slope(&points[index..index + 2]) * (v - pair[0][0]);
            largest = largest.max((f(v) - line).abs());
        }
    }
    // The outer points lie on the lines of the outer pieces: they are no corners.
    let corners = if count == 1 { points[..1].to_vec() } else { points[1..count].to_vec() };
    let function = PiecewiseLinear::new(corners, slopes);
    Approximation { function, mean_error: (error / (high - low)).sqrt(), largest_error: largest }
}

/// Breakpoints whose density goes with |f''|^(2/5), found on a fine grid.
fn by_curvature(f: &impl Fn(f64) -> f64, low: f64, high: f64, count: usize) -> Vec<f64> {
    let cells = 64 * count;
    let h = (high - low) / cells as f64;
    let at = |i: usize| low + h * i as f64;
    let density = |i: usize| {
        let middle = at(i) + 0.5 * h;
        let bend = f(middle + 0.5 * h) - 2.0 * f(middle) + f(middle - 0.5 * h);
        // The square root and its root: |x|^(1/2) is near enough to |x|^(2/5) for a start.
        bend.abs().sqrt() + 1e-300
    };
    let mut sums = vec![0.0];
    for i in 0..cells {
        sums.push(sums[i] + density(i));
    }
    let total = sums[cells];
    let mut breaks = vec![low];
    for k in 1..count {
        let wanted = total * k as f64 / count as f64;
        let cell = sums.partition_point(|sum| *sum < wanted).clamp(1, cells);
        let part = (wanted - sums[cell - 1]) / (sums[cell] - sums[cell - 1]);
        let even = low + (high - low) * k as f64 / count as f64;
        let found = at(cell - 1) + h * part;
        // A little of the even spacing keeps pieces from vanishing where f is straight.
        breaks.push(0.9 * found + 0.1 * even);
    }
    breaks.push(high);
    breaks
}

struct Fit<'a, F: Fn(f64) -> f64> {
    f: &'a F,
}

impl<F: Fn(f64) -> f64> Fit<'_, F> {
    /// The best values at the breakpoints: M c = r with M_ij the integral of hat_i hat_j and r_i that of f hat_i.
    fn values(&self, breaks: &[f64]) -> Vec<f64> {
        let n = breaks.len();
        let (mut diagonal, mut beside, mut right) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for (i, pair) in breaks.windows(2).enumerate() {
            let h = pair[1] - pair[0];
            diagonal[i] += h / 3.0;
            diagonal[i + 1] += h / 3.0;
            beside[i] = h / 6.0;
            for &(node, weight) in quadrature::EIGHT {
                let f = (self.f)(pair[0] + h * node) * weight * h;
                right[i] += f * (1.0 - node);
                right[i + 1] += f * node;
            }
        }
        for i in 1..n {
            let factor = beside[i - 1] / diagonal[i - 1];
            diagonal[i] -= factor * beside[i - 1];
            right[i] -= factor * right[i - 1];
        }
        right[n - 1] /= diagonal[n - 1];
        for i in (0..n - 1).rev() {
            right[i] = (right[i] - beside[i] * right[i + 1]) / diagonal[i];
        }
        right
    }

    /// The integral of the squared error of the best values.
    fn error(&self, breaks: &[f64]) -> f64 {
        let values = self.values(breaks);
        let mut error = 0.0;
        for (pair, value) in breaks.windows(2).zip(values.windows(2)) {
            let h = pair[1] - pair[0];
            for &(node, weight) in quadrature::EIGHT {
                let off = (self.f)(pair[0] + h * node) - (value[0] + (value[1] - value[0]) * node);
                error += off * off * weight * h;
            }
        }
        error
    }

    /// The best place of breakpoint `index` between its neighbours, by golden sections.
    fn moved(&self, breaks: &[f64], index: usize) -> f64 {
        let mut tried = breaks.to_vec();
        let mut error_at = |v: f64| {
            tried[index] = v;
            self.error(&tried)
        };
        let (left, right) = (breaks[index - 1], breaks[index + 1]);
        let margin = 1e-3 * (right - left);
        let (mut low, mut high) = (left + margin, right - margin);
        let (mut one, mut two) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
        let (mut at_one, mut at_two) = (error_at(one), error_at(two));
        for _ in 0..TRIES {
            if at_one < at_two {
                (high, two, at_two) = (two, one, at_one);
                one = high - GOLDEN * (high - low);
                at_one = error_at(one);
            } else {
                (low, one, at_one) = (one, two, at_two);
                two = low + GOLDEN * (high - low);
                at_two = error_at(two);
            }
        }
        let found = 0.5 * (low + high);
        if error_at(found) < error_at(breaks[index]) { found } else { breaks[index] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A parabola has the same curvature everywhere: pieces of equal length are best. For pieces of length h of f = v^2 the
    /// best continuous function lies h^2/12 below the chords up to ends, and its mean square error is about h^4/180.
    #[test]
    fn a_parabola_is_divided_evenly() {
        let found = best(|v| v * v, -1.0, 1.0, 8);
        let points = found.function.points();
        assert_eq!(points.len(), 7);
        for (k, point) in points.iter().enumerate() {
            let even = -0.75 + 0.25 * k as f64;
            assert!((point[0] - even).abs() < 0.02, "{points:?}");
        }
        let h: f64 = 0.25;
        assert!((found.mean_error / (h * h / 180.0_f64.sqrt()) - 1.0).abs() < 0.1, "{}", found.mean_error);
    }

    #[test]
    fn what_is_piecewise_linear_is_found_again() {
        let corner = PiecewiseLinear::new(vec![[-0.5, 0.0], [0.5, -0.5]], [-1.0, 3.0]);
        let found = best(|v| corner.at(v), -2.0, 2.0, 3);
        assert!(found.mean_error < 1e-3, "{found:?}");
        let off = found.function.points().iter().zip(corner.points()).map(|(a, b)| (a[0] - b[0]).abs());
        assert!(off.fold(0.0, f64::max) < 0.02, "{found:?}");
    }

    #[test]
    fn more_pieces_are_better_by_the_square() {
        let cubic = |v: f64| v - v * v * v / 3.0;
        let errors: Vec<f64> = [4, 8, 16, 32].map(|n| best(cubic, -2.2, 2.2, n).mean_error).to_vec();
        for pair in errors.windows(2) {
            assert!((3.0..6.0).contains(&(pair[0] / pair[1])), "{errors:?}");
        }
    }
}
