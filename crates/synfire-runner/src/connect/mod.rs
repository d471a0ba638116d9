//! From connection rules to synapses.
//!
//! The rules have the names and the meaning that they have in NEST (NEST documentation, "Connection management"; J. Senk
//! et al. (2022), Connectivity concepts in neuronal network modeling, doi:10.1371/journal.pcbi.1010086):
//!
//! | rule | synapses |
//! |---|---|
//! | `all_to_all` | one from every source to every target |
//! | `one_to_one` | one from source i to target i; the populations are of equal size |
//! | `fixed_in_degree` | every target has `k`: with multapses their sources are drawn independently and uniformly, without they are a uniformly drawn set |
//! | `fixed_out_degree` | every source has `k`, their targets are drawn in the same way |
//! | `fixed_total_number` | `n` in all, their pairs of source and target are drawn in the same way |
//! | `pairwise_bernoulli` | each pair of source and target has one with probability `p`, independently |
//! | `explicit` | the pairs as they stand |
//!
//! Where autapses are not allowed, and source and target are the same population, the pairs of a neuron with itself do
//! not exist for the rule: a neuron has its `k` partners among the others. With `blocks`, both populations are cut into
//! so many equal pieces, and the rule, with its `k`, `n`, `p` or pairs, is applied to each piece of the sources and the
//! same piece of the targets. Listed pairs are those of the first block, with their weights and delays those of all.
//!
//! **Order of declaration.** Listed pairs are declared in the order of the list, block by block. All other rules declare their synapses
//! row by row and, in a row, by rising id of the other end. The rows are those of targets for `fixed_in_degree`, those
//! of sources for all others. Drawn weights and delays belong to the synapse of that number in this order.
//!
//! Each row has a random stream of its own (for `fixed_total_number` each block), so the same synapses come out for any
//! number of threads. Rows of sources can be drawn one at a time: see [`connect_procedural`].

mod choose;
mod procedural;
mod rows;
mod rules;
mod shape;

pub use procedural::connect_procedural;
pub use shape::{Count, Shape};

use crate::draw::{self, DrawError, Owner, Use};
use crate::scenario::{self, Quantity};
use rayon::prelude::*;
use synfire_core::PopulationId;
use synfire_core::network::{Projection, Values};
use synfire_core::spec::ParamRange;
use synfire_numerics::random::StreamKey;

/// All that the synapses of a projection are made from.
#[derive(Clone, Copy, Debug)]
pub struct ProjectionSetup<'a> {
    /// The projection as the scenario has it.
    pub projection: &'a scenario::Projection,
    /// Its place among the projections of the scenario.
    pub index: u32,
    /// How many source neurons.
    pub sources: u32,
    /// How many target neurons.
    pub targets: u32,
    /// What weights may be.
    pub weight_range: ParamRange,
    /// The pairs of an `explicit` rule, wherever they come from.
    pub listed: Option<Listed<'a>>,
    /// The seed of the run.
    pub seed: u64,
}

/// A list of pairs, with the weights and delays that came with it.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Source and target of each synapse.
    pub pairs: PairList<'a>,
    /// Weights in the order of the pairs; if given, they stand for those of the projection.
    pub weights: Option<&'a [f64]>,
    /// Delays in the order of the pairs, ms; if given, they stand for those of the projection.
    pub delays: Option<&'a [f64]>,
}

/// Sources and targets, in pairs or in columns.
#[derive(Clone, Copy, Debug)]
pub enum PairList<'a> {
    /// `[source, target]` each.
    Pairs(&'a [[u32; 2]]),
    /// Sources, and as many targets.
    Columns(&'a [u32], &'a [u32]),
}

impl PairList<'_> {
    /// How many pairs.
    pub fn len(self) -> usize {
        match self {
            PairList::Pairs(pairs) => pairs.len(),
            PairList::Columns(sources, targets) => sources.len().min(targets.len()),
        }
    }

    /// True if there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Source and target of pair `index`.
    #[inline]
    pub fn at(self, index: usize) -> (u32, u32) {
        match self {
            PairList::Pairs(pairs) => (pairs[index][0], pairs[index][1]),
            PairList::Columns(sources, targets) => (sources[index], targets[index]),
        }
    }
}

/// Why a projection cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Blocks of unequal size.
    #[error("a population of {size} neurons cannot be cut into {blocks} equal blocks")]
    Blocks {
        /// How many blocks.
        blocks: usize,
        /// The size of the population.
        size: u32,
    },
    /// `one_to_one` between populations of different size.
    #[error(
        "one_to_one connects populations of equal size, but there are {sources} sources and {targets} targets"
    )]
    UnequalSizes {
        /// How many sources.
        sources: u32,
        /// How many targets.
        targets: u32,
    },
    /// More partners or pairs are asked for than there are.
    #[error(
        "{rule} asks for {asked} {what}, but only {available} {}{}",
        if *.available == 1 { "exists" } else { "exist" },
        if *.available > 0 { "; with \"multapses\": true they may repeat" } else { "" }
    )]
    TooMany {
        /// The rule.
        rule: &'static str,
        /// How many are asked for.
        asked: usize,
        /// Of what.
        what: &'static str,
        /// How many there are.
        available: u64,
    },
    /// A pair with a neuron that does not exist.
    #[error(
        "pair {index} is [{}, {}], but {} only {sources} sources and {targets} targets",
        .pair.0,
        .pair.1,
        if *.blocks > 1 { "a block has" } else { "there are" }
    )]
    NoSuchNeuron {
        /// Which pair, from 0.
        index: usize,
        /// Its source and its target.
        pair: (u32, u32),
        /// How many blocks.
        blocks: u32,
        /// How many sources there are in a block.
        sources: u32,
        /// How many targets there are in a block.
        targets: u32,
    },
    /// An `explicit` rule whose pairs have not been read.
    #[error("the pairs of an explicit rule are missing")]
    NoPairs,
    /// A probability that is none.
    #[error("p is {0}, expected a probability between 0 and 1")]
    Probability(f64),
    /// More synapses than a projection can hold.
    #[error("a projection holds at most {most} synapses, but this one would have {synapses}", most = u32::MAX)]
    TooManySynapses {
        /// How many.
        synapses: f64,
    },
    /// What cannot be drawn again source by source: a rule, or listed weights or delays.
    #[error(
        "{0} does not follow from the source and the seed alone; \"storage\": \"stored\" keeps the synapses"
    )]
    Procedural(&'static str),
    /// Weights or delays.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

/// Draws and sorts the synapses of a projection.
///
/// # Errors
/// A rule that the sizes do not allow, a pair with a neuron that does not exist, a weight or delay out of range.
pub fn connect(setup: &ProjectionSetup<'_>) -> Result<Projection, ConnectError> {
    let projection = setup.projection;
    let (weights, delays) = (Numbers::weights(setup), Numbers::delays(setup));
    let mut rows = rules::rows(setup, weights.vary() || delays.vary())?;

    rows.sort_by_target();

    let synapses = rows.targets.len();
    // What is listed repeats in every block.
    let listed = setup.listed.map_or(synapses, |list| list.pairs.len());
    let mut delays = with_one_zero(delays.by_place(synapses, listed, |place| rows.number(place))?);
    let mut weights = weights.by_place(synapses, listed, |place| rows.number(place))?;
    rows.forget_numbers();
    let declared = rows.sort_by_delay(&mut weights, &mut delays);
    Ok(Projection {
        source: PopulationId(projection.source as u32),
        target: PopulationId(projection.target as u32),
        receptor: projection.receptor as u32,
        offsets: rows.offsets,
        targets: rows.targets,
        weights,
        delays,
        declared,
        drawn: None,
    })
}

/// 0 + -0 is 0: there is one zero only.
fn with_one_zero(delays: Values) -> Values {
    match delays {
        Values::Same(delay) => Values::Same(0.0 + delay),
        Values::Each(mut delays) => {
            delays.par_iter_mut().for_each(|delay| *delay += 0.0);
            Values::Each(delays)
        }
        Values::Single(mut delays) => {
            delays.par_iter_mut().for_each(|delay| *delay += 0.0);
            Values::Single(delays)
        }
    }
}

fn use_of_weights(setup: &ProjectionSetup<'_>) -> Use<'static> {
    use_of(setup, "weight", setup.weight_range)
}

fn use_of_delays(setup: &ProjectionSetup<'_>) -> Use<'static> {
    use_of(setup, "delay", ParamRange::NotNegative)
}

fn use_of(setup: &ProjectionSetup<'_>, name: &'static str, range: ParamRange) -> Use<'static> {
    let key = StreamKey::derive(setup.seed, name, setup.index);
    Use { name, of: Owner::Synapse, range, key, precision: setup.projection.precision }
}

/// Weights or delays before they have found their places.
struct Numbers<'a> {
    what: Use<'a>,
    from: NumbersFrom<'a>,
}

enum NumbersFrom<'a> {
    Quantity(&'a Quantity),
    List(&'a [f64]),
}

impl<'a> Numbers<'a> {
    fn weights(setup: &ProjectionSetup<'a>) -> Numbers<'a> {
        let listed = setup.listed.and_then(|list| list.weights);
        Numbers::new(use_of_weights(setup), &setup.projection.weight, listed)
    }

    fn delays(setup: &ProjectionSetup<'a>) -> Numbers<'a> {
        let listed = setup.listed.and_then(|list| list.delays);
        Numbers::new(use_of_delays(setup), &setup.projection.delay, listed)
    }

    fn new(what: Use<'a>, quantity: &'a Quantity, listed: Option<&'a [f64]>) -> Numbers<'a> {
        let from = match (listed, quantity) {
            (Some(values), _) => NumbersFrom::List(values),
            (None, Quantity::Array(values)) => NumbersFrom::List(values),
            (None, quantity) => NumbersFrom::Quantity(quantity),
        };
        Numbers { what, from }
    }

    /// Whether synapses have numbers of their own.
    fn vary(&self) -> bool {
        !matches!(self.from, NumbersFrom::Quantity(Quantity::Number(_)))
    }

    fn by_place(
        &self,
        synapses: usize,
        listed: usize,
        number: impl Fn(usize) -> usize + Sync,
    ) -> Result<Values, DrawError> {
        match self.from {
            NumbersFrom::List(values) => draw::listed(values, &self.what, listed, synapses, number),
            NumbersFrom::Quantity(quantity) => draw::numbers(quantity, &self.what, synapses, number),
        }
    }
}

#[cfg(test)]
mod tests;
