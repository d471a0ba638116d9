//! Linear flows in the plane: x' = A x + b solved in closed form, whatever the eigenvalues of A: real, complex, equal
//! without a second eigenvector (defective), or zero.
//!
//! With mu = tr A/2, D = mu^2 - det A and N = A - mu I (so that N^2 = D I), e^(At) = e^(mu t) (C I + S N), where C and S are
//! cosh and sinh/sqrt(D) of sqrt(D) t, or cos and sin/omega. The flow is x(t) = x0 + Phi(t) (A x0 + b) with Phi the integral
//! of e^(As) over s from 0 to t: it never goes through the fixed point -A^-1 b, which may be far away or not exist.

use synfire_numerics::math;

/// A point or a direction in the plane.
pub type Vector = [f64; 2];

/// Up to this size of (spectral radius times t) the power series is used: it loses no digits and needs no function.
const SERIES_REACH: f64 = 1.0;

/// Terms of a series that are surely enough: 1/30! is 4e-33.
const MOST_TERMS: u32 = 30;

/// The scalar product.
#[inline]
pub fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// a + factor b.
#[inline]
pub(crate) fn plus(a: Vector, factor: f64, b: Vector) -> Vector {
    [a[0] + factor * b[0], a[1] + factor * b[1]]
}

/// A real matrix of two rows and columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matrix {
    /// The rows.
    pub rows: [Vector; 2],
}

impl Matrix {
    /// The matrix with these rows.
    pub const fn new(rows: [Vector; 2]) -> Matrix {
        Matrix { rows }
    }

    /// 1 on the diagonal.
    pub const IDENTITY: Matrix = Matrix::new([[1.0, 0.0], [0.0, 1.0]]);

    /// The matrix times another.
    pub fn product(&self, other: &Matrix) -> Matrix {
        Matrix::new([other.row_times(self.rows[0]), other.row_times(self.rows[1])])
    }

    /// The matrix times a column.
    #[inline]
    pub fn times(&self, x: Vector) -> Vector {
        [dot(self.rows[0], x), dot(self.rows[1], x)]
    }

    /// A row times the matrix.
    #[inline]
    pub fn row_times(&self, row: Vector) -> Vector {
        let [a, b] = self.rows;
        [row[0] * a[0] + row[1] * b[0], row[0] * a[1] + row[1] * b[1]]
    }

    /// The determinant.
    pub fn determinant(&self) -> f64 {
        let [a, b] = self.rows;
        a[0] * b[1] - a[1] * b[0]
    }

    /// The inverse; infinite or not a number if there is none.
    pub fn inverse(&self) -> Matrix {
        let ([a, b], [c, d]) = (self.rows[0], self.rows[1]);
        let scale = 1.0 / self.determinant();
        Matrix::new([[d * scale, -b * scale], [-c * scale, a * scale]])
    }

    /// The largest sum of moduli in a row.
    pub fn norm(&self) -> f64 {
        let sum = |row: Vector| row[0].abs() + row[1].abs();
        sum(self.rows[0]).max(sum(self.rows[1]))
    }
}

/// What the eigenvalues of a [`Linear`] flow are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spectrum {
    /// Two real eigenvalues, 1/ms, the larger one first; equal ones with or without a second eigenvector.
    Real(f64, f64),
    /// The pair mu ± i omega with omega > 0, 1/ms and radians per ms.
    Complex(f64, f64),
}

/// The matrix of a linear flow with what its closed form needs.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// A, 1/ms.
    pub matrix: Matrix,
    /// A - mu I.
    pub(crate) deviation: Matrix,
    pub(crate) trace: f64,
    pub(crate) determinant: f64,
    /// Half the trace.
    pub(crate) mu: f64,
    /// The square root of |D|.
    pub(crate) root: f64,
    /// The eigenvalues.
    pub spectrum: Spectrum,
    /// No eigenvalue has a larger modulus.
    pub(crate) radius: f64,
    /// The logarithmic norm that belongs to the larger modulus of two: no |x| grows faster than like e^(growth t), 1/ms.
    pub(crate) growth: f64,
}

/// What of a linear flow over some time does not depend on the state: e^(At) = (1 + grown) I + turned N and
/// Phi = `held[0]` I + `held[1]` N.
#[derive(Clone, Copy, Debug)]
pub struct Propagator {
    grown: f64,
    turned: f64,
    held: [f64; 2],
}

impl Linear {
    /// The flow x' = A x.
    pub fn new(matrix: Matrix) -> Linear {
        let ([a, b], [c, d]) = (matrix.rows[0], matrix.rows[1]);
        let mu = 0.5 * (a + d);
        let half = 0.5 * (a - d);
        let discriminant = half * half + b * c;
        let root = discriminant.abs().sqrt();
        let determinant = matrix.determinant();
        let spectrum = if discriminant < 0.0 {
            Spectrum::Complex(mu, root)
        } else {
            // The eigenvalue of smaller modulus from the product: the difference would lose its digits.
            let far = if mu < 0.0 { mu - root } else { mu + root };
            let near = if far == 0.0 { 0.0 } else { determinant / far };
            Spectrum::Real(far.max(near), far.min(near))
        };
        Linear {
            matrix,
            deviation: Matrix::new([[half, b], [c, -half]]),
            trace: a + d,
            determinant,
            mu,
            root,
            spectrum,
            radius: mu.abs() + root,
            growth: (a + b.abs()).max(d + c.abs()),
        }
    }

    /// The sum of the eigenvalues, 1/ms.
    pub fn trace(&self) -> f64 {
        self.trace
    }

    /// No eigenvalue has a larger modulus, 1/ms.
    pub fn radius(&self) -> f64 {
        self.radius
    }

    /// Whether all that is linear dies away.
    pub fn is_stable(&self) -> bool {
        self.trace < 0.0 && self.determinant > 0.0
    }

    /// The propagator over `t` ms, t >= 0.
    #[inline]
    pub fn over(&self, t: f64) -> Propagator {
        if self.radius * t <= SERIES_REACH { self.by_series(t) } else { self.by_functions(t) }
    }

    /// With f = e^(mu t) S: f'' = tr f' - det f, f(0) = 0, f'(0) = 1; Phi needs the integral of f besides.
    fn by_series(&self, t: f64) -> Propagator {
        let (mut f, mut slope) = (0.0, 1.0);
        let (mut sum, mut slope_lost, mut integral) = (0.0, 0.0, 0.0);
        for k in 1..=MOST_TERMS {
            let step = t / f64::from(k);
            integral += f * step;
            (f, slope) = (slope * step, (self.trace * slope - self.determinant * f) * step);
            let (sum_before, lost_before) = (sum, slope_lost);
            sum += f;
            slope_lost += slope;
            if sum_before == sum && lost_before == slope_lost {
                break;
            }
        }
        Propagator {
            grown: slope_lost - self.mu * sum,
            turned: sum,
            held: [sum - self.mu * integral, integral],
        }
    }

    fn by_functions(&self, t: f64) -> Propagator {
        match self.spectrum {
            Spectrum::Complex(mu, omega) => {
                let size = math::exp(mu * t);
                let (sine, cosine) = math::sin_cos(omega * t);
                self.held_by_determinant(size * cosine - 1.0, size * (sine / omega))
            }
            Spectrum::Real(fast, slow) => {
                let gap = 2.0 * self.root;
                let size = math::exp(fast * t);
                let turned = if gap == 0.0 { size * t } else { size * (-math::exp_m1(-gap * t) / gap) };
                let (lost_fast, lost_slow) = (math::exp_m1(fast * t), math::exp_m1(slow * t));
                let grown = 0.5 * (lost_fast + lost_slow);
                if gap * t < 0.5 {
                    return self.held_by_determinant(grown, turned);
                }
                let integral = |rate: f64, lost: f64| if rate == 0.0 { t } else { lost / rate };
                let (long, short) = (integral(fast, lost_fast), integral(slow, lost_slow));
                Propagator { grown, turned, held: [0.5 * (long + short), (long - short) / gap] }
            }
        }
    }

    /// From A Phi = e^(At) - I: good wherever neither eigenvalue is small against 1/t.
    fn held_by_determinant(&self, grown: f64, turned: f64) -> Propagator {
        let second = (self.mu * turned - grown) / self.determinant;
        Propagator { grown, turned, held: [turned - self.mu * second, second] }
    }

    /// e^(At) x - x.
    #[inline]
    pub(crate) fn grown(&self, over: &Propagator, x: Vector) -> Vector {
        self.combined(over.grown, over.turned, x)
    }

    /// Phi(t) x.
    #[inline]
    pub(crate) fn held(&self, over: &Propagator, x: Vector) -> Vector {
        self.combined(over.held[0], over.held[1], x)
    }

    #[inline]
    fn combined(&self, same: f64, deviating: f64, x: Vector) -> Vector {
        let n = self.deviation.times(x);
        [same * x[0] + deviating * n[0], same * x[1] + deviating * n[1]]
    }

    /// The state `over` some time after `x` under the constant force `b`.
    pub fn flow(&self, x: Vector, force: Vector, over: &Propagator) -> Vector {
        let velocity = plus(self.matrix.times(x), 1.0, force);
        plus(x, 1.0, self.held(over, velocity))
    }

    /// e^(At) itself.
    pub fn exponential(&self, over: &Propagator) -> Matrix {
        let [a, b] = self.deviation.rows;
        let same = 1.0 + over.grown;
        let t = over.turned;
        Matrix::new([[same + t * a[0], t * a[1]], [t * b[0], same + t * b[1]]])
    }

    /// Where the flow under the constant force `b` rests: -A^-1 b. Not finite if A is singular.
    pub fn rest(&self, force: Vector) -> Vector {
        let x = self.matrix.inverse().times(force);
        [-x[0], -x[1]]
    }
}

/// The times t > 0 at which y' = 0 if y' = e^(mu t) (C y'(0) + S (y''(0) - mu y'(0))): closed forms, in rising order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turns {
    first: f64,
    period: f64,
}

impl Turns {
    /// From y'(0) and y''(0).
    pub fn new(linear: &Linear, slope: f64, bend: f64) -> Turns {
        let rest = bend - linear.mu * slope;
        let never = Turns { first: f64::INFINITY, period: f64::INFINITY };
        if slope == 0.0 && rest == 0.0 {
            return never;
        }
        match linear.spectrum {
            Spectrum::Complex(_, omega) => {
                let period = std::f64::consts::PI / omega;
                let angle = math::atan2(-slope * omega, rest) / omega;
                let first = if angle <= 0.0 { angle + period } else { angle };
                Turns { first: if first > 0.0 { first } else { period }, period }
            }
            Spectrum::Real(..) if linear.root == 0.0 => {
                let t = -slope / rest;
                Turns { first: if t > 0.0 { t } else { f64::INFINITY }, ..never }
            }
            Spectrum::Real(..) => {
                let ratio = -slope * linear.root / rest;
                let first =
                    if ratio > 0.0 && ratio < 1.0 { math::atanh(ratio) / linear.root } else { f64::INFINITY };
                Turns { first, ..never }
            }
        }
    }

    /// Those in (from, to), appended to `list`.
    pub fn within(&self, from: f64, to: f64, list: &mut Vec<f64>) {
        let mut k =
            if self.period.is_finite() { ((from - self.first) / self.period).floor().max(0.0) } else { 0.0 };
        loop {
            let t = if k == 0.0 { self.first } else { self.first + k * self.period };
            if t >= to {
                return;
            }
            if t > from {
                list.push(t);
            }
            k += 1.0;
        }
    }

    /// Whether there is none after `t`.
    pub fn is_over(&self, t: f64) -> bool {
        self.first == f64::INFINITY || self.period == f64::INFINITY && self.first <= t
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// e^(At) by its series over short steps, and Phi by adding up.
    fn brute(matrix: Matrix, t: f64, x: Vector, force: Vector) -> Vector {
        let steps = (matrix.norm() * t * 16.0).ceil().max(1.0);
        let h = t / steps;
        let mut x = x;
        for _ in 0..steps as usize {
            let mut term = plus(matrix.times(x), 1.0, force);
            let mut k = 1.0;
            let mut sum = x;
            while k < 30.0 {
                term = [term[0] * h / k, term[1] * h / k];
                sum = plus(sum, 1.0, term);
                term = matrix.times(term);
                k += 1.0;
            }
            x = sum;
        }
        x
    }

    fn matrices() -> Vec<Matrix> {
        let mut all = vec![
            [[1.0, -1.0], [0.15, -0.1]],
            [[-1.0, -1.0], [0.15, -0.1]],
            [[0.5, -1.0], [0.140625, -0.25]],
            [[-1.0, -1.0], [0.02, -0.01]],
            [[0.0, 1.0], [0.0, 0.0]],
            [[0.0, 0.0], [0.0, 0.0]],
            [[-1.0, 1.0], [1.0, -1.0]],
            [[-3.0, 0.0], [0.0, -3.0]],
            [[-0.1, -1.0], [0.04, -0.02]],
            [[0.0, -2.0], [2.0, 0.0]],
        ];
        for k in 1..14 {
            let close = (0..k).fold(1.0, |x, _| x * 0.1);
            all.push([[-0.5 + close, 1.0], [0.0, -0.5]]);
            all.push([[-0.5, 1.0], [-close, -0.5]]);
        }
        all.into_iter().map(Matrix::new).collect()
    }

    #[test]
    fn the_flow_is_right_for_every_kind_of_spectrum_and_near_their_borders() {
        for matrix in matrices() {
            let linear = Linear::new(matrix);
            for t in [1e-9, 0.01, 0.3, 0.9, 1.1, 2.5, 7.0, 20.0] {
                let (x, force) = ([0.7, -0.4], [0.3, 0.2]);
                let (found, right) = (linear.flow(x, force, &linear.over(t)), brute(matrix, t, x, force));
                for i in 0..2 {
                    let scale = right[0].abs().max(right[1].abs()).max(1.0);
                    assert!(
                        (found[i] - right[i]).abs() < 4e-14 * scale,
                        "{matrix:?} {t}: {found:?} {right:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn turns_are_where_the_slope_vanishes() {
        for matrix in matrices() {
            let linear = Linear::new(matrix);
            for (slope, bend) in [(1.0, -2.0), (-0.2, 0.1), (0.5, 3.0), (0.0, 1.0), (0.0, -1.0)] {
                let mut list = Vec::new();
                Turns::new(&linear, slope, bend).within(0.0, 30.0, &mut list);
                let at = |t: f64| {
                    let over = linear.over(t);
                    (1.0 + over.grown) * slope + over.turned * (bend - linear.mu * slope)
                };
                for &t in &list {
                    let (before, after) = (at(t * (1.0 - 1e-6)), at(t * (1.0 + 1e-6)));
                    assert!(before * after <= 0.0, "{matrix:?} {slope} {bend} {t}: {before} {after}");
                }
                // Between them the sign is the same.
                let mut last = at(1e-7);
                let mut passed = 0;
                for i in 1..3000 {
                    let t = 0.01 * f64::from(i);
                    let now = at(t);
                    let turns = list.iter().filter(|turn| **turn < t).count();
                    if turns == passed && now.abs() > 1e-12 && last.abs() > 1e-12 {
                        assert!(now * last > 0.0, "{matrix:?} {slope} {bend} at {t}");
                    }
                    (last, passed) = (now, turns);
                }
            }
        }
    }
}
