//! Who reaches whom: projections in compressed rows, immutable while running.

use crate::ids::PopulationId;

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
}

/// So many targets a line of the cache has.
const LINE: usize = 16;

/// The synapses from one population to one receptor of another. Row s, from `offsets[s]` to `offsets[s + 1]`, has the
/// targets of source s, sorted by (delay, target, place of declaration).
#[derive(Clone, Debug)]
pub struct Projection {
    /// Whose spikes.
    pub source: PopulationId,
    /// Who is reached.
    pub target: PopulationId,
    /// At which of the target's receptors, as declared.
    pub receptor: u32,
    /// Where the rows begin; one more than there are sources.
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
}

impl Projection {
    /// How many synapses.
    pub fn synapses(&self) -> usize {
        self.targets.len()
    }

    /// The places of the synapses of source `source`.
    #[inline]
    pub fn row(&self, source: usize) -> std::ops::Range<usize> {
        self.offsets[source] as usize..self.offsets[source + 1] as usize
    }

    /// Fetches the synapses at a place and some that follow from memory, without waiting for them: what is fetched together is
    /// waited for together. The number means nothing.
    #[inline]
    pub(crate) fn fetch(&self, place: usize) -> f64 {
        let last = self.targets.len() - 1;
        let here =
            |place: usize| f64::from(self.targets[place]) + self.weights.at(place) + self.delays.at(place);
        here(place.min(last)) + here((place + LINE).min(last))
    }

    /// Fetches what has to be known of a row when a spike sets out over it.
    #[inline]
    pub(crate) fn fetch_row(&self, source: usize) -> f64 {
        let first = self.offsets[source] as usize;
        if first < self.targets.len() { self.delays.at(first) } else { 0.0 }
    }

    /// A number that rises in the order of declaration among the synapses of one source and one target; `place` is one of
    /// those in `row`.
    #[inline]
    pub fn rank(&self, row: &std::ops::Range<usize>, place: usize) -> u32 {
        match &self.declared {
            Some(ranks) => ranks.at(place),
            None => (place - row.start) as u32,
        }
    }

    /// The place in row `row` of the synapse to `target` with this rank: what [`Projection::rank`] makes of a place, undone.
    pub fn place_of(&self, row: &std::ops::Range<usize>, target: u32, rank: u32) -> usize {
        let is_it = |place: &usize| self.targets[*place] == target && self.rank(row, *place) == rank;
        match self.declared {
            Some(_) => row.clone().find(is_it).unwrap_or(row.start),
            None => row.start + rank as usize,
        }
    }

    /// The smallest delay, ms; infinite without synapses.
    pub fn least_delay(&self) -> f64 {
        if self.targets.is_empty() { f64::INFINITY } else { self.delays.least() }
    }

    /// The largest delay, ms; 0 without synapses.
    pub fn longest_delay(&self) -> f64 {
        if self.targets.is_empty() { 0.0 } else { self.delays.greatest() }
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
