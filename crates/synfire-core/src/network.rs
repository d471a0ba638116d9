//! Who reaches whom: projections in compressed rows. They are stored and immutable while running, or drawn again for each spike.

mod drawn;

pub use drawn::{DrawnRows, Row, RowSource, RowSummary};

use crate::ids::PopulationId;
use crate::prefetch::prefetch;
use std::ops::Range;

/// One value for every synapse of a projection, or one each.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// The same for all.
    Same(f64),
    /// By place in the rows.
    Each(Vec<f64>),
    /// The same in single precision: half the memory, for values that are single precision numbers.
    Single(Vec<f32>),
}

impl Values {
    /// The value of the synapse at `place`.
    #[inline]
    pub fn at(&self, place: usize) -> f64 {
        match self {
            Values::Same(value) => *value,
            Values::Each(values) => values[place],
            Values::Single(values) => f64::from(values[place]),
        }
    }

    /// Asks memory for the value of the synapse at `place`.
    #[inline]
    fn prefetch(&self, place: usize) {
        match self {
            Values::Same(_) => {}
            Values::Each(values) => prefetch(values, place),
            Values::Single(values) => prefetch(values, place),
        }
    }

    /// The largest value; minus infinity if there is none.
    pub fn greatest(&self) -> f64 {
        match self {
            Values::Same(value) => *value,
            Values::Each(values) => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Values::Single(values) => f64::from(values.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
        }
    }

    /// The smallest value; infinite if there is none.
    pub fn least(&self) -> f64 {
        match self {
            Values::Same(value) => *value,
            Values::Each(values) => values.iter().copied().fold(f64::INFINITY, f64::min),
            Values::Single(values) => f64::from(values.iter().copied().fold(f32::INFINITY, f32::min)),
        }
    }
}

/// Ranks in the order of declaration, by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ranks {
    /// Where no two neurons have more than 256 synapses.
    Bytes(Vec<u8>),
    /// Where they have.
    Words(Vec<u32>),
}

impl Ranks {
    /// The rank of the synapse at `place`.
    #[inline]
    pub fn at(&self, place: usize) -> u32 {
        match self {
            Ranks::Bytes(ranks) => ranks[place].into(),
            Ranks::Words(ranks) => ranks[place],
        }
    }

    /// Puts ranks into their places.
    fn fill(&mut self, room: usize, places: Range<usize>, from: &[u32]) {
        match self {
            Ranks::Bytes(ranks) => {
                ranks.resize(room, 0);
                ranks[places].iter_mut().zip(from).for_each(|(to, &from)| *to = from as u8);
            }
            Ranks::Words(ranks) => {
                ranks.resize(room, 0);
                ranks[places].copy_from_slice(from);
            }
        }
    }
}

/// So many targets a line of the cache has.
const LINE: usize = 16;

/// Of a long stretch of a row so many lines are asked for; the machine sees the others coming.
const LINES: usize = 8;

/// The synapses from one population to one receptor of another. The row of source s has its targets, sorted by (delay,
/// target, place of declaration).
///
/// Stored rows follow one another: that of s goes from `offsets[s]` to `offsets[s + 1]`. Of drawn rows only those are there
/// over which a spike is under way (see [`Projection::hold`]).
#[derive(Debug)]
pub struct Projection {
    /// Whose spikes.
    pub source: PopulationId,
    /// Who is reached.
    pub target: PopulationId,
    /// At which of the target's receptors, as declared.
    pub receptor: u32,
    /// Where stored rows begin; one more than there are sources. Empty if rows are drawn.
    pub offsets: Vec<u64>,
    /// Target neurons.
    pub targets: Vec<u32>,
    /// Weights, in the receptor's unit.
    pub weights: Values,
    /// Delays, ms, at least 0.
    pub delays: Values,
    /// The rank of each synapse among those of the same two neurons, in the order of declaration, where that cannot be
    /// told from the place in the row: `None` unless some row has the same target twice with different delays.
    pub declared: Option<Ranks>,
    /// What draws the rows; `None` if they are stored.
    pub drawn: Option<DrawnRows>,
}

impl Projection {
    /// How many synapses.
    pub fn synapses(&self) -> usize {
        self.drawn.as_ref().map_or(self.targets.len(), |drawn| drawn.summary.synapses as usize)
    }

    /// The places of the synapses of source `source`. A row that is drawn has none unless it is held.
    #[inline]
    pub fn row(&self, source: usize) -> Range<usize> {
        match &self.drawn {
            None => self.offsets[source] as usize..self.offsets[source + 1] as usize,
            Some(drawn) => drawn.places(source),
        }
    }

    /// A spike of source `source` sets out: draws its row, unless the row is stored or another spike is under way over it.
    /// Gives the places of its synapses, which stay until as many spikes have been released. A row without synapses is not
    /// held.
    #[inline]
    pub fn hold(&mut self, source: usize) -> Range<usize> {
        if self.drawn.is_some() {
            self.draw(source);
        }
        self.row(source)
    }

    fn draw(&mut self, source: usize) {
        let Some(drawn) = &mut self.drawn else { return };
        let Some(places) = drawn.hold(source) else { return };
        let room = drawn.room();
        let Row { targets, weights, delays, ranks } = &drawn.row;
        self.targets.resize(room, 0);
        self.targets[places.clone()].copy_from_slice(targets);
        self.weights.fill(room, places.clone(), weights);
        self.delays.fill(room, places.clone(), delays);
        if let Some(declared) = &mut self.declared {
            declared.fill(room, places, ranks);
        }
    }

    /// A spike of source `source` has reached its synapses up to before the place `end`: if these were the last, its row is
    /// let go.
    #[inline]
    pub fn release(&mut self, source: usize, end: usize) {
        if let Some(drawn) = &mut self.drawn
            && drawn.places(source).end == end
        {
            drawn.release(source);
        }
    }

    /// Asks memory for the synapses at a place and some that follow.
    #[inline]
    pub(crate) fn prefetch(&self, place: usize) {
        for place in [place, place + LINE] {
            prefetch(&self.targets, place);
            self.weights.prefetch(place);
            self.delays.prefetch(place);
        }
    }

    /// Asks for these synapses, or the first of them.
    #[inline]
    pub(crate) fn prefetch_synapses(&self, first: u64, end: u64) {
        for place in (first as usize..end as usize).step_by(LINE).take(LINES) {
            prefetch(&self.targets, place);
            self.weights.prefetch(place);
            self.delays.prefetch(place);
        }
    }

    /// Asks for the delays of a row, as far as it is not very long.
    #[inline]
    pub(crate) fn prefetch_delays(&self, source: usize) {
        self.row(source).step_by(LINE).take(LINE).for_each(|place| self.delays.prefetch(place));
    }

    /// Asks for the targets of a row, as far as it is not very long.
    #[inline]
    pub(crate) fn prefetch_targets(&self, source: usize) {
        let row = self.row(source);
        for place in row.step_by(LINE).take(LINE) {
            prefetch(&self.targets, place);
        }
    }

    /// Asks for what has to be known of a row when a spike sets out over it.
    #[inline]
    pub(crate) fn prefetch_row(&self, source: usize) {
        self.delays.prefetch(self.row(source).start);
    }

    /// A number that rises in the order of declaration among the synapses of one source and one target; `place` is one of
    /// those in `row`.
    #[inline]
    pub fn rank(&self, row: &Range<usize>, place: usize) -> u32 {
        match &self.declared {
            Some(ranks) => ranks.at(place),
            None => (place - row.start) as u32,
        }
    }

    /// The place in row `row` of the synapse to `target` with this rank: what [`Projection::rank`] makes of a place, undone.
    pub fn place_of(&self, row: &Range<usize>, target: u32, rank: u32) -> usize {
        let is_it = |place: &usize| self.targets[*place] == target && self.rank(row, *place) == rank;
        match self.declared {
            Some(_) => row.clone().find(is_it).unwrap_or(row.start),
            None => row.start + rank as usize,
        }
    }

    /// The smallest delay, ms; infinite without synapses.
    pub fn least_delay(&self) -> f64 {
        match &self.drawn {
            Some(drawn) => drawn.summary.least_delay_ms,
            None if self.targets.is_empty() => f64::INFINITY,
            None => self.delays.least(),
        }
    }

    /// The largest delay, ms; 0 without synapses.
    pub fn longest_delay(&self) -> f64 {
        match &self.drawn {
            Some(drawn) => drawn.summary.longest_delay_ms,
            None if self.targets.is_empty() => 0.0,
            None => self.delays.greatest(),
        }
    }
}

/// Populations and the projections between them, ready to run.
pub struct Network {
    /// The populations, in the order of declaration.
    pub groups: Vec<Box<dyn crate::group::Group>>,
    /// The projections between neurons, in the order of declaration.
    pub projections: Vec<Projection>,
    /// The rate populations; each of them also has a place among the groups, a [`crate::rates::RatePlaceholder`].
    pub rates: Option<crate::rates::Rates>,
}
