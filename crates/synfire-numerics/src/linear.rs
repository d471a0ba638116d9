//! Systems of linear equations of a size known at run time.

/// A square matrix taken apart: P A = L U, with the largest pivot of each column.
#[derive(Clone, Debug, Default)]
pub struct Factors {
    size: usize,
    /// L below the diagonal, U on and above it, row by row.
    entries: Vec<f64>,
    /// Which row each step took.
    pivots: Vec<usize>,
}

impl Factors {
    /// The factors of the matrix with these entries, row by row; `None` if it is singular as far as rounding can tell.
    ///
    /// # Panics
    /// In debug builds, if there are not `size` squared entries.
    pub fn of(mut entries: Vec<f64>, size: usize) -> Option<Factors> {
        debug_assert_eq!(entries.len(), size * size);
        let scale = entries.iter().fold(0.0f64, |most, entry| most.max(entry.abs()));
        let mut pivots = Vec::with_capacity(size);
        for column in 0..size {
            let magnitude = |row: &usize| entries[row * size + column].abs();
            let pivot = (column..size).max_by(|a, b| magnitude(a).total_cmp(&magnitude(b)).then(b.cmp(a)))?;
            // The comparison is false for NaN, too.
            let is_regular = entries[pivot * size + column].abs() > f64::EPSILON * scale;
            if !is_regular {
                return None;
            }
            pivots.push(pivot);
            for entry in 0..size {
                entries.swap(column * size + entry, pivot * size + entry);
            }
            for row in column + 1..size {
                let factor = entries[row * size + column] / entries[column * size + column];
                entries[row * size + column] = factor;
                for entry in column + 1..size {
                    entries[row * size + entry] -= factor * entries[column * size + entry];
                }
            }
        }
        Some(Factors { size, entries, pivots })
    }

    /// Solves A x = b; `b` becomes x.
    pub fn solve(&self, b: &mut [f64]) {
        let (size, entries) = (self.size, &self.entries);
        for (row, &pivot) in self.pivots.iter().enumerate() {
            b.swap(row, pivot);
            for below in row + 1..size {
                b[below] -= entries[below * size + row] * b[row];
            }
        }
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size).map(|column| entries[row * size + column] * b[column]).sum();
            b[row] = (b[row] - known) / entries[row * size + row];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_zero_pivot_is_swapped_away_and_a_singular_matrix_is_told() {
        let factors = Factors::of(vec![0.0, 2.0, 4.0, 1.0], 2).unwrap();
        let mut x = [6.0, 11.0];
        factors.solve(&mut x);
        assert_eq!(x, [2.0, 3.0]);
        assert!(Factors::of(vec![1.0, 2.0, 2.0, 4.0], 2).is_none());
        assert!(Factors::of(vec![f64::NAN], 1).is_none());
        assert!(Factors::of(vec![], 0).is_some());
    }

    proptest! {
        #[test]
        fn the_solution_solves(size in 1usize..7, entries in proptest::collection::vec(-1.0..1.0f64, 49)) {
            let mut matrix = entries[..size * size].to_vec();
            (0..size).for_each(|i| matrix[i * size + i] += 7.0);
            let b = &entries[42..42 + size];
            let mut x = b.to_vec();
            Factors::of(matrix.clone(), size).unwrap().solve(&mut x);
            for row in 0..size {
                let found: f64 = (0..size).map(|column| matrix[row * size + column] * x[column]).sum();
                prop_assert!((found - b[row]).abs() < 1e-14);
            }
        }
    }
}
