//! Dense sources that are drawn for a population that goes through windows as a whole: cell by cell, all units at once.

use super::slices::Slices;
use crate::group::{DenseSource, Single};
use crate::ids::NeuronId;
use crate::network::Projection;
use crate::time::Time;
use synfire_numerics::cells::CELLS_PER_MS;

/// A source whose units project one to one, each with the same delay, to a population that is fed.
pub(super) struct Feed {
    pub source: DenseSource,
    pub delay_ms: f64,
    pub projection: u32,
    /// The first unit, as a neuron of the network, and how many there are.
    pub first: u32,
    pub units: u32,
    /// The cell that is drawn next.
    pub next_cell: u64,
    /// The spikes of a cell: units, and ms after its beginning.
    pub drawn: Vec<(u32, f64)>,
}

impl Feed {
    /// Lays everything that arrives before `to`, and perhaps some of what arrives later, into the slices.
    pub(super) fn fill(&mut self, to: Time, projection: &Projection, slices: &mut Slices) {
        while DenseSource::begin_of(self.next_cell).after(self.delay_ms) < to {
            self.draw(projection, slices);
        }
    }

    fn draw(&mut self, projection: &Projection, slices: &mut Slices) {
        let Feed { source, delay_ms, first, drawn, .. } = self;
        let begin = DenseSource::begin_of(self.next_cell);
        let is_open = source.start <= begin && DenseSource::begin_of(self.next_cell + 1) <= source.stop;
        drawn.clear();
        source.cells.draw_many(self.units, self.next_cell, |unit, since| drawn.push((unit, since)));
        let single = |unit: u32, offset| Single {
            offset,
            weight: projection.weights.at(unit as usize),
            target: unit,
            source: NeuronId(*first + unit),
            projection: self.projection,
            place: 0,
        };
        if is_open && (*delay_ms * CELLS_PER_MS as f64).fract() == 0.0 {
            // Over a delay of whole cells sums of parts are exact, and stay within a cell: the same arrivals with less work.
            let (epoch, offset) = begin.after(*delay_ms).parts();
            for &(unit, since) in &*drawn {
                slices.push(epoch, single(unit, offset + since));
            }
        } else {
            for &(unit, since) in &*drawn {
                let spike = begin.after(since);
                if is_open || source.start <= spike && spike < source.stop {
                    let (epoch, offset) = spike.after(*delay_ms).parts();
                    slices.push(epoch, single(unit, offset));
                }
            }
        }
        self.next_cell += 1;
    }
}
