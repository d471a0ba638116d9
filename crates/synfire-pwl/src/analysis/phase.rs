//! How a small input shifts the phase of a cycle.
//!
//! The response Z, in ms of advance per unit of input to v and to w, is the gradient of the time to come: it is constant along
//! an orbit in the sense that Z X is, with X the linearised flow. So Z at time t is Z at the end of the cycle times
//! X(end, t), a product of matrix exponentials and of the jumps at faces and at the reset; over a whole cycle it returns to
//! itself, which makes it the left eigenvector of X(end, 0) to the eigenvalue 1. Its scale is Z x' = 1.

use super::Cycle;
use crate::linear::{Matrix, Vector, dot};
use crate::membrane::Membrane;

/// The response at some phases.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseResponse {
    /// ms after a spike.
    pub at_ms: Vec<f64>,
    /// By how much an input that adds 1 to v would bring the next spikes forward, ms per unit of v, for small inputs.
    pub advance_ms: Vec<f64>,
}

impl Membrane {
    /// The phase response of a cycle under a constant current at `count` equal steps of phase.
    pub fn phase_response(&self, cycle: &Cycle, current: f64, count: usize) -> PhaseResponse {
        let refractory = self.reset().map_or(0.0, |reset| reset.t_ref);
        let at_ms: Vec<f64> = (0..count).map(|i| cycle.period_ms * (i as f64 + 0.5) / count as f64).collect();
        let tails = self.tails(cycle, current);
        let last = self.at_end(cycle, current, tails[0]);
        let advance = |&t: &f64| {
            if t < refractory {
                return 0.0; // v is held
            }
            let (mut leg, mut since) = (0, t - refractory);
            while leg + 1 < cycle.legs.len() && since >= cycle.legs[leg].dwell_ms {
                since -= cycle.legs[leg].dwell_ms;
                leg += 1;
            }
            let linear = &self.system().zones()[cycle.legs[leg].zone].field.linear;
            let left = (cycle.legs[leg].dwell_ms - since).max(0.0);
            linear.exponential(&linear.over(left)).row_times(tails[leg + 1].row_times(last))[0]
        };
        PhaseResponse { advance_ms: at_ms.iter().map(advance).collect(), at_ms }
    }

    /// For each leg the linearised flow from its start to the end of the cycle, reset included; and from the end of the
    /// last leg.
    fn tails(&self, cycle: &Cycle, current: f64) -> Vec<Matrix> {
        let legs = &cycle.legs;
        let mut tails = vec![self.spike_jump(cycle, current)];
        for (index, leg) in legs.iter().enumerate().rev() {
            let linear = &self.system().zones()[leg.zone].field.linear;
            let later = tails[tails.len() - 1];
            let along = later.product(&linear.exponential(&linear.over(leg.dwell_ms)));
            // The tail of the leg before ends with the jump at the face between.
            let jump = match index.checked_sub(1) {
                None => Matrix::IDENTITY,
                Some(before) => {
                    let field = &self.system().zones()[legs[before].zone].field;
                    let (slow, fast) = (
                        field.velocity(leg.start, current),
                        self.system().zones()[leg.zone].field.velocity(leg.start, current),
                    );
                    jump(slow, fast, Matrix::IDENTITY)
                }
            };
            tails.push(along.product(&jump));
        }
        tails.reverse();
        tails
    }

    /// What a spike does to a small difference.
    fn spike_jump(&self, cycle: &Cycle, current: f64) -> Matrix {
        let last = cycle.legs[cycle.legs.len() - 1].zone;
        let before = self.system().zones()[last].field.velocity(cycle.end, current);
        let first = cycle.legs[0];
        let after = self.system().zones()[first.zone].field.velocity(first.start, current);
        let map = match self.reset() {
            Some(_) => Matrix::new([[0.0, 0.0], [0.0, 1.0]]),
            None => Matrix::IDENTITY,
        };
        jump(before, after, map)
    }

    /// The response at the end of the cycle, just after the spike.
    fn at_end(&self, cycle: &Cycle, current: f64, around: Matrix) -> Vector {
        let first = cycle.legs[0];
        let velocity = self.system().zones()[first.zone].field.velocity(first.start, current);
        if !self.is_planar() {
            return [1.0 / velocity[0], 0.0];
        }
        // z (X - 1) = 0: z is orthogonal to the columns of X - 1; the longer one tells it best.
        let [a, b] = around.rows;
        let columns = [[a[0] - 1.0, b[0]], [a[1], b[1] - 1.0]];
        let longer =
            if dot(columns[0], columns[0]) > dot(columns[1], columns[1]) { columns[0] } else { columns[1] };
        let z = [longer[1], -longer[0]];
        let scale = 1.0 / dot(z, velocity);
        [z[0] * scale, z[1] * scale]
    }
}

/// How a small difference passes a face v = const at which the velocity changes from `before` to `after` and the state is
/// mapped linearly: the saltation matrix M + (after - M before) e1/before_v.
fn jump(before: Vector, after: Vector, map: Matrix) -> Matrix {
    let mapped = map.times(before);
    let factor = 1.0 / before[0];
    let [a, b] = map.rows;
    Matrix::new([
        [a[0] + (after[0] - mapped[0]) * factor, a[1]],
        [b[0] + (after[1] - mapped[1]) * factor, b[1]],
    ])
}
