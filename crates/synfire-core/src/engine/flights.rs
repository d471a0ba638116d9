//! Spikes under way: from the instant at which they are emitted to the last of their arrivals.

use crate::network::{Projection, Values};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The spikes under way over each projection.
pub(super) struct Flights {
    projections: Vec<Flight>,
}

/// One projection's.
enum Flight {
    /// All delays are equal, so what is emitted first arrives first: (arrival, source).
    Constant { delay_ms: f64, queue: VecDeque<(Time, u32)> },
    /// One entry a spike: its next arrival, its source, the time at which it was emitted, and the place of the synapse that
    /// it reaches next. Rows are sorted by delay.
    Varied { cursors: BinaryHeap<Reverse<(Time, u32, Time, u64)>> },
}

/// A spike on its way that arrives now: over all synapses of its row from `first` to before `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landing {
    pub at: Time,
    pub source: u32,
    pub first: u64,
    pub end: u64,
}

impl Flights {
    pub(super) fn new(projections: &[Projection]) -> Flights {
        let flight = |projection: &Projection| match projection.delays {
            Values::Same(delay_ms) => Flight::Constant { delay_ms, queue: VecDeque::new() },
            Values::Each(_) | Values::Single(_) => Flight::Varied { cursors: BinaryHeap::new() },
        };
        Flights { projections: projections.iter().map(flight).collect() }
    }

    /// A spike sets out over a projection. Spikes set out in order of time.
    #[inline]
    pub(super) fn launch(&mut self, index: usize, projection: &Projection, at: Time, source: u32) {
        let row = projection.row(source as usize);
        if row.is_empty() {
            return;
        }
        match &mut self.projections[index] {
            Flight::Constant { delay_ms, queue } => queue.push_back((at.after(*delay_ms), source)),
            Flight::Varied { cursors } => {
                let arrival = at.after(projection.delays.at(row.start));
                cursors.push(Reverse((arrival, source, at, row.start as u64)));
            }
        }
    }

    /// The next arrival over a projection.
    #[inline]
    pub(super) fn next(&self, index: usize) -> Time {
        match &self.projections[index] {
            Flight::Constant { queue, .. } => queue.front().map_or(Time::NEVER, |front| front.0),
            Flight::Varied { cursors } => cursors.peek().map_or(Time::NEVER, |Reverse(first)| first.0),
        }
    }

    /// The next arrival over any projection.
    pub(super) fn next_of_all(&self) -> Time {
        (0..self.projections.len()).map(|index| self.next(index)).min().unwrap_or(Time::NEVER)
    }

    /// Lands everything that arrives over a projection before `before`. Over equal delays the landings come in order of
    /// time and, as far as they were launched so, source; over varied delays each has one instant and the order is open.
    pub(super) fn land(
        &mut self,
        index: usize,
        projection: &Projection,
        before: Time,
        landings: &mut Vec<Landing>,
    ) {
        match &mut self.projections[index] {
            Flight::Constant { queue, .. } => {
                while let Some(&(at, source)) = queue.front() {
                    if at >= before {
                        return;
                    }
                    queue.pop_front();
                    let row = projection.row(source as usize);
                    landings.push(Landing { at, source, first: row.start as u64, end: row.end as u64 });
                }
            }
            Flight::Varied { cursors } => {
                while let Some(mut first) = cursors.peek_mut() {
                    let Reverse((mut at, source, emitted, mut place)) = *first;
                    if at >= before {
                        return;
                    }
                    let row = projection.row(source as usize);
                    while at < before {
                        let start = place;
                        while {
                            place += 1;
                            place < row.end as u64
                                && emitted.after(projection.delays.at(place as usize)) == at
                        } {}
                        landings.push(Landing { at, source, first: start, end: place });
                        at = match place < row.end as u64 {
                            true => emitted.after(projection.delays.at(place as usize)),
                            false => Time::NEVER,
                        };
                    }
                    if at == Time::NEVER {
                        std::collections::binary_heap::PeekMut::pop(first);
                    } else {
                        *first = Reverse((at, source, emitted, place));
                    }
                }
            }
        }
    }
}
