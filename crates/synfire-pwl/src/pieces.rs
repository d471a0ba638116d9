//! Continuous piecewise-linear functions of v.

/// The function through points (v, f), v rising, with a slope to the left of the first and one to the right of the last.
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseLinear {
    points: Vec<[f64; 2]>,
    slopes: [f64; 2],
}

/// A piece: f(v) = slope v + offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// df/dv.
    pub slope: f64,
    /// The value that the piece would have at v = 0.
    pub offset: f64,
}

impl Piece {
    fn through(point: [f64; 2], slope: f64) -> Piece {
        Piece { slope, offset: point[1] - slope * point[0] }
    }
}

impl PiecewiseLinear {
    /// Through these points.
    ///
    /// # Panics
    /// If there is no point.
    pub fn new(points: Vec<[f64; 2]>, slopes: [f64; 2]) -> PiecewiseLinear {
        assert!(!points.is_empty(), "no point");
        PiecewiseLinear { points, slopes }
    }

    /// The points.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// The slopes left of the first point and right of the last.
    pub fn slopes(&self) -> [f64; 2] {
        self.slopes
    }

    /// The pieces from left to right, one more than there are points.
    pub fn pieces(&self) -> Vec<Piece> {
        let [first, .., last] = [self.points[0], self.points[self.points.len() - 1]];
        let between = |pair: &[[f64; 2]]| {
            Piece::through(pair[0], (pair[1][1] - pair[0][1]) / (pair[1][0] - pair[0][0]))
        };
        let mut pieces = vec![Piece::through(first, self.slopes[0])];
        pieces.extend(self.points.windows(2).map(between));
        pieces.push(Piece::through(last, self.slopes[1]));
        pieces
    }

    /// f(v).
    pub fn at(&self, v: f64) -> f64 {
        let index = self.points.partition_point(|point| point[0] <= v);
        let pieces = self.pieces();
        pieces[index].slope * v + pieces[index].offset
    }
}
