//! Rows that are not kept but drawn again: they exist while spikes are under way over them.

use super::Values;
use std::ops::Range;

/// Draws the rows of a projection that does not keep them.
pub trait RowSource: std::fmt::Debug + Send + Sync {
    /// Puts the synapses of source `source` into `row`, which comes empty: every time the same, sorted like the rows of a
    /// [`super::Projection`].
    fn draw(&mut self, source: usize, row: &mut Row);
}

/// The synapses of one source.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Target neurons.
    pub targets: Vec<u32>,
    /// Their weights; empty where all synapses of the projection have the same.
    pub weights: Vec<f64>,
    /// Their delays, ms; empty where all synapses of the projection have the same.
    pub delays: Vec<f64>,
    /// Their ranks, where the projection has such (see [`super::Projection::declared`]); else empty.
    pub ranks: Vec<u32>,
}

impl Row {
    fn clear(&mut self) {
        self.targets.clear();
        self.weights.clear();
        self.delays.clear();
        self.ranks.clear();
    }
}

/// What all rows of a projection have in common, known before any is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowSummary {
    /// How many synapses all rows have.
    pub synapses: u64,
    /// How many the longest row has.
    pub longest_row: usize,
    /// The smallest delay, ms; infinite without synapses.
    pub least_delay_ms: f64,
    /// The largest delay, ms; 0 without synapses.
    pub longest_delay_ms: f64,
}

/// The rows of a projection that draws them. Those in hand lie in the projection's arrays, each in a slot as long as the longest
/// row.
#[derive(Debug)]
pub struct DrawnRows {
    pub(super) summary: RowSummary,
    source: Box<dyn RowSource>,
    /// By source.
    held: Vec<Held>,
    /// How many synapses there are in each slot.
    lengths: Vec<u32>,
    /// Slots without a row.
    free: Vec<u32>,
    /// The row that has been drawn last.
    pub(super) row: Row,
}

/// Spikes of one source under way, and the slot of their row while there are any.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    spikes: u32,
    slot: u32,
}

impl DrawnRows {
    /// Rows of `sources` neurons.
    pub fn new(source: Box<dyn RowSource>, sources: usize, summary: RowSummary) -> DrawnRows {
        DrawnRows {
            summary,
            source,
            held: vec![Held::default(); sources],
            lengths: Vec::new(),
            free: Vec::new(),
            row: Row::default(),
        }
    }

    /// Where the row of a source lies; empty while it is not in hand.
    #[inline]
    pub(super) fn places(&self, source: usize) -> Range<usize> {
        let Held { spikes, slot } = self.held[source];
        if spikes == 0 {
            return 0..0;
        }
        let first = slot as usize * self.summary.longest_row;
        first..first + self.lengths[slot as usize] as usize
    }

    /// Counts one more spike under way. If the row was not in hand, draws it and gives the places that it has to fill.
    pub(super) fn hold(&mut self, source: usize) -> Option<Range<usize>> {
        if self.held[source].spikes > 0 {
            self.held[source].spikes += 1;
            return None;
        }
        self.row.clear();
        self.source.draw(source, &mut self.row);
        if self.row.targets.is_empty() {
            return None;
        }
        let slot = self.free.pop().unwrap_or(self.lengths.len() as u32);
        self.lengths.resize(self.lengths.len().max(slot as usize + 1), 0);
        self.lengths[slot as usize] = self.row.targets.len() as u32;
        self.held[source] = Held { spikes: 1, slot };
        Some(self.places(source))
    }

    /// Counts one spike less.
    pub(super) fn release(&mut self, source: usize) {
        let held = &mut self.held[source];
        held.spikes -= 1;
        if held.spikes == 0 {
            self.free.push(held.slot);
        }
    }

    /// How many places all slots have.
    pub(super) fn room(&self) -> usize {
        self.lengths.len() * self.summary.longest_row
    }
}

impl Values {
    /// Puts values that differ into their places.
    pub(super) fn fill(&mut self, room: usize, places: Range<usize>, from: &[f64]) {
        match self {
            Values::Same(_) => {}
            Values::Each(values) => {
                values.resize(room, 0.0);
                values[places].copy_from_slice(from);
            }
            Values::Single(values) => {
                values.resize(room, 0.0);
                values[places].iter_mut().zip(from).for_each(|(to, &from)| *to = from as f32);
            }
        }
    }
}
