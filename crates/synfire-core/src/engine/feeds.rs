//! Dense sources that are drawn for a population that goes through windows as a whole: cell by cell, all units at once.

use crate::group::{DenseSource, Volley};
use crate::ids::NeuronId;
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
    /// What has been drawn and has not arrived: arrivals and units, in no order.
    pub ahead: Vec<(Time, u32)>,
}

impl Feed {
    /// Adds what arrives before `to` to the volleys, in no order; tells how many spikes that are.
    pub(super) fn take(&mut self, to: Time, volleys: &mut Vec<Volley>) -> u64 {
        while DenseSource::begin_of(self.next_cell).after(self.delay_ms) < to {
            self.draw();
        }
        let before = volleys.len();
        let (first, projection) = (self.first, self.projection);
        self.ahead.retain(|&(at, unit)| {
            if at < to {
                let place = u64::from(unit);
                let source = NeuronId(first + unit);
                volleys.push(Volley { at, source, projection, first: place, end: place + 1 });
            }
            at >= to
        });
        (volleys.len() - before) as u64
    }

    fn draw(&mut self) {
        let (source, delay_ms, ahead) = (&self.source, self.delay_ms, &mut self.ahead);
        let begin = DenseSource::begin_of(self.next_cell);
        let is_open = source.start <= begin && DenseSource::begin_of(self.next_cell + 1) <= source.stop;
        // Over a delay of whole cells sums of parts are exact, and stay within a cell: the same arrivals with less work.
        let (epoch, offset) = begin.after(delay_ms).parts();
        let is_whole = is_open && (delay_ms * CELLS_PER_MS as f64).fract() == 0.0;
        source.cells.draw_many(self.units, self.next_cell, |unit, since| {
            if is_whole {
                ahead.push((Time::from_parts(epoch, offset + since).unwrap_or(Time::NEVER), unit));
                return;
            }
            let spike = begin.after(since);
            if is_open || source.start <= spike && spike < source.stop {
                ahead.push((spike.after(delay_ms), unit));
            }
        });
        self.next_cell += 1;
    }
}
