//! A smooth function of one variable from a table: polynomials on pieces of equal length, found by interpolation at
//! Chebyshev's nodes in double-double arithmetic, so that what a value lacks is rounding of its own evaluation.

use crate::dd::DoubleDouble;
use crate::scalar::Scalar;

/// Terms of each polynomial.
pub const TERMS: usize = 14;

/// Of a polynomial's last two Chebyshev coefficients none may be larger than this part of the function's size.
const NEGLIGIBLE: f64 = 0.125 * f64::EPSILON;

/// To 107 bits.
const PI: DoubleDouble = DoubleDouble { hi: std::f64::consts::PI, lo: 1.224_646_799_147_353_2e-16 };

/// The coefficients of a polynomial in (x - centre)/half the length of its piece.
pub type Row<T> = [T; TERMS];

/// A function on [`Table::from`], [`Table::to`], as numbers of the kind `T`.
#[derive(Clone, Debug)]
pub struct Table<T> {
    from: f64,
    length: f64,
    per_length: f64,
    rows: Vec<Row<T>>,
}

/// Pieces of equal length that cover an interval. Their ends are multiples of the length, a power of two: so the distance of
/// a number from the centre of its piece is exact.
#[derive(Clone, Copy, Debug)]
pub struct Pieces {
    from: f64,
    length: f64,
    count: usize,
}

impl Pieces {
    /// Pieces of a length of 2^`exponent` that cover [`from`, `to`]; `None` if they are more than `most`.
    pub fn covering(from: f64, to: f64, exponent: i32, most: usize) -> Option<Pieces> {
        let length = 2f64.powi(exponent);
        let (first, end) = ((from / length).floor(), (to / length).ceil());
        let count = end - first;
        let fits = count >= 1.0 && count <= most as f64 && first.abs().max(end.abs()) < 1e9;
        fits.then_some(Pieces { from: first * length, length, count: count as usize })
    }

    /// Those of them that lie within [`from`, `to`]; `None` if there are none.
    pub fn within(from: f64, to: f64, exponent: i32, most: usize) -> Option<Pieces> {
        let length = 2f64.powi(exponent);
        Pieces::covering((from / length).ceil() * length, (to / length).floor() * length, exponent, most)
    }

    fn centre(&self, piece: usize) -> f64 {
        self.from + (piece as f64 + 0.5) * self.length
    }
}

/// What interpolation needs: Chebyshev's nodes, and the way from values there to coefficients.
#[derive(Clone, Debug)]
pub struct Interpolation {
    /// The nodes in [-1, 1], from right to left.
    nodes: Row<DoubleDouble>,
    /// Row p has the weights of the values in coefficient p.
    weights: Vec<Row<DoubleDouble>>,
}

impl Interpolation {
    /// For [`TERMS`] nodes.
    #[allow(clippy::new_without_default)] // it is work, not a default
    pub fn new() -> Interpolation {
        let count = TERMS as f64;
        let nodes: Row<DoubleDouble> = std::array::from_fn(|k| (PI * (k as f64 + 0.5) / count).sin_cos().1);
        // Chebyshev's polynomials by their coefficients: T_(n + 1) = 2 x T_n - T_(n - 1).
        let mut chebyshev = vec![[0.0; TERMS]; TERMS];
        (chebyshev[0][0], chebyshev[1][1]) = (1.0, 1.0);
        for n in 2..TERMS {
            for p in 0..TERMS {
                let shifted = if p > 0 { 2.0 * chebyshev[n - 1][p - 1] } else { 0.0 };
                chebyshev[n][p] = shifted - chebyshev[n - 2][p];
            }
        }
        let at_nodes: Vec<Row<DoubleDouble>> = chebyshev
            .iter()
            .map(|polynomial| nodes.map(|node| value(&polynomial.map(DoubleDouble::from), node)))
            .collect();
        let weight = |p: usize, k: usize| {
            (0..TERMS).fold(DoubleDouble::ZERO, |sum, n| {
                let twice = if n == 0 { 1.0 } else { 2.0 };
                sum + at_nodes[n][k] * (twice * chebyshev[n][p]) / count
            })
        };
        let weights = (0..TERMS).map(|p| std::array::from_fn(|k| weight(p, k))).collect();
        Interpolation { nodes, weights }
    }

    /// The polynomial with these values at the nodes.
    fn row(&self, values: &Row<DoubleDouble>) -> Row<DoubleDouble> {
        std::array::from_fn(|p| DoubleDouble::dot(&self.weights[p], values))
    }

    /// The integrals of the polynomial with these values at the nodes of a piece, from its right end to each node and to its
    /// left end. `None` if a double of size 1 would tell that values and polynomial are not the same.
    pub fn integrals(
        &self,
        values: &Row<DoubleDouble>,
        pieces: &Pieces,
    ) -> Option<(Row<DoubleDouble>, DoubleDouble)> {
        let half = 0.5 * pieces.length;
        let row = self.row(values);
        if !is_resolved(&row, 1.0 / half) {
            return None;
        }
        let rest: Row<DoubleDouble> = std::array::from_fn(|p| row[p] / (p + 1) as f64 * half);
        let integral = |x: DoubleDouble| x * value(&rest, x);
        let end = integral(DoubleDouble::from(1.0));
        Some((self.nodes.map(|node| integral(node) - end), integral(DoubleDouble::from(-1.0)) - end))
    }
}

/// Whether the terms that a polynomial on [-1, 1] ends with are negligible for a function of this size.
fn is_resolved(row: &Row<DoubleDouble>, size: f64) -> bool {
    // Chebyshev's polynomial of degree n begins with 2^(n - 1) x^n.
    let [.., second, last] = row.map(DoubleDouble::magnitude);
    let tail = (0.5 * last).max(second) * 0.5f64.powi(TERMS as i32 - 3);
    tail <= NEGLIGIBLE * size && last < f64::INFINITY
}

impl Table<DoubleDouble> {
    /// The function whose values at the nodes of each piece `values` tells, from right to left. `None` if it does not, or if
    /// the function is not that smooth somewhere.
    pub fn new(
        pieces: Pieces,
        interpolation: &Interpolation,
        mut values: impl FnMut(&Row<DoubleDouble>) -> Option<Row<DoubleDouble>>,
    ) -> Option<Table<DoubleDouble>> {
        let Pieces { from, length, count } = pieces;
        let mut rows = Vec::with_capacity(count);
        for piece in (0..count).rev() {
            let centre = DoubleDouble::from(pieces.centre(piece));
            let values = values(&interpolation.nodes.map(|node| centre + node * (0.5 * length)))?;
            let row = interpolation.row(&values);
            let size = values.iter().fold(0.0, |most: f64, value| most.max(value.magnitude()));
            if !is_resolved(&row, size) {
                return None;
            }
            rows.push(row);
        }
        rows.reverse();
        Some(Table { from, length, per_length: 1.0 / length, rows })
    }

    /// The same with coefficients rounded to doubles.
    pub fn rounded(&self) -> Table<f64> {
        let rows = self.rows.iter().map(|row| row.map(DoubleDouble::round)).collect();
        Table { from: self.from, length: self.length, per_length: self.per_length, rows }
    }
}

impl<T: Scalar> Table<T> {
    /// Where it begins.
    pub fn from(&self) -> f64 {
        self.from
    }

    /// Where it ends.
    pub fn to(&self) -> f64 {
        self.from + self.length * self.rows.len() as f64
    }

    /// The function at `x`; outside, the polynomial of the first or last piece.
    #[inline(always)]
    pub fn at(&self, x: T) -> T {
        let (row, x) = self.piece(x);
        value(row, x)
    }

    /// Its derivative at `x`.
    pub fn slope(&self, x: T) -> T {
        let (row, x) = self.piece(x);
        let sum = (1..TERMS).rev().fold(T::ZERO, |sum, p| sum * x + row[p] * p as f64);
        sum * (2.0 * self.per_length)
    }

    /// The row of the piece in which `x` lies, and where in [-1, 1] it lies there.
    #[inline(always)]
    fn piece(&self, x: T) -> (&Row<T>, T) {
        let piece = (((x.nearest() - self.from) * self.per_length) as usize).min(self.rows.len() - 1);
        let centre = self.from + (piece as f64 + 0.5) * self.length;
        (&self.rows[piece], (x - T::from(centre)) * (2.0 * self.per_length))
    }
}

/// A row at x by Estrin's scheme: an arrival waits for the one before it, so the chain of operations has to be short.
#[inline(always)]
fn value<T: Scalar>(row: &Row<T>, x: T) -> T {
    let square = x * x;
    let fourth = square * square;
    let pair = |p: usize| row[p] + row[p + 1] * x;
    let four = |p: usize| pair(p) + pair(p + 2) * square;
    (four(0) + four(4) * fourth) + (four(8) + pair(12) * fourth) * (fourth * fourth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;
    use proptest::prelude::*;

    fn table(exponent: i32, f: impl Fn(DoubleDouble) -> DoubleDouble) -> Option<Table<f64>> {
        let pieces = Pieces::covering(-3.0, 5.0, exponent, 100)?;
        Some(Table::new(pieces, &Interpolation::new(), |x| Some(x.map(&f)))?.rounded())
    }

    proptest! {
        #[test]
        fn values_are_right_to_two_last_places(x in -3.0..5.0f64) {
            let (exponential, exact) = (table(-1, DoubleDouble::exp).unwrap(), math::exp(x));
            prop_assert!((exponential.at(x) / exact - 1.0).abs() <= 2.0 * f64::EPSILON);
            prop_assert!((exponential.slope(x) / exact - 1.0).abs() <= 1e-13);
        }
    }

    #[test]
    fn pieces_that_are_too_long_are_refused() {
        assert!(table(2, DoubleDouble::exp).is_none());
        // A pole at 0.3, and what is not a number.
        assert!(table(-3, |x| DoubleDouble::from(1.0) / (x - DoubleDouble::from(0.3))).is_none());
        assert!(table(-3, |_| DoubleDouble::from(f64::NAN)).is_none());
        assert!(table(-6, DoubleDouble::exp).is_none(), "more than a hundred pieces");
    }

    #[test]
    fn integrals_are_those_of_the_polynomial() {
        let pieces = Pieces::covering(0.0, 1.0, 0, 1).unwrap();
        let interpolation = Interpolation::new();
        let mut all = DoubleDouble::ZERO;
        Table::new(pieces, &interpolation, |x| {
            let (until, whole) = interpolation.integrals(&x.map(|x| x * x * 3.0), &pieces)?;
            for (integral, &x) in until.iter().zip(x) {
                assert!((*integral + DoubleDouble::from(1.0) - x * x * x).magnitude() < 1e-28);
            }
            all = -whole;
            Some(until)
        });
        assert!((all - DoubleDouble::from(1.0)).magnitude() < 1e-28);
    }
}
