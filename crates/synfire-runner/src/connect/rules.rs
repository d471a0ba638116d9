//! The rules: who is connected to whom.

use super::choose::{Chooser, choose_wide};
use super::rows::Rows;
use super::{ConnectError, Listed, ProjectionSetup, Shape};
use crate::scenario::Rule;
use rayon::prelude::*;
use synfire_numerics::math;
use synfire_numerics::random::{Stream, StreamKey};

/// The synapses of a projection in rows by source. `numbered` if they will be asked for their numbers in the order of
/// declaration.
///
/// # Errors
/// A rule that the sizes do not allow, or a pair with a neuron that does not exist.
pub fn rows(setup: &ProjectionSetup<'_>, numbered: bool) -> Result<Rows, ConnectError> {
    let draw = Draw::of(setup)?;
    Ok(match setup.projection.rule {
        Rule::AllToAll => draw.all_to_all(),
        Rule::OneToOne => draw.one_to_one(),
        Rule::Explicit(_) => return explicit(setup, draw.shape, numbered),
        Rule::FixedInDegree(k) => draw.fixed_in_degree(k, numbered),
        Rule::FixedOutDegree(k) => draw.fixed_out_degree(k),
        Rule::FixedTotalNumber(n) => draw.fixed_total_number(n),
        Rule::PairwiseBernoulli(p) => draw.pairwise_bernoulli(p),
    })
}

fn explicit(setup: &ProjectionSetup<'_>, shape: Shape, numbered: bool) -> Result<Rows, ConnectError> {
    let Listed { pairs, .. } = setup.listed.ok_or(ConnectError::NoPairs)?;
    let (blocks, sources, targets) = (shape.blocks, shape.block_sources(), shape.block_targets());
    for index in 0..pairs.len() {
        let pair = pairs.at(index);
        if pair.0 >= sources || pair.1 >= targets {
            return Err(ConnectError::NoSuchNeuron { index, pair, blocks, sources, targets });
        }
    }
    let pair = |number: usize| {
        let (block, index) = ((number / pairs.len()) as u32, number % pairs.len());
        let (source, target) = pairs.at(index);
        (block * sources + source, block * targets + target)
    };
    let synapses = blocks as usize * pairs.len();
    Ok(Rows::by_source(setup.sources, numbered, synapses, |numbers| numbers.map(pair)))
}

/// A rule that draws the synapses of each source by themselves.
#[derive(Clone, Copy, Debug)]
pub enum RowRule {
    AllToAll,
    OneToOne,
    FixedOutDegree(usize),
    PairwiseBernoulli(f64),
}

impl RowRule {
    /// `None` if the synapses of a source follow only from those of all.
    pub fn of(rule: &Rule) -> Option<RowRule> {
        match *rule {
            Rule::AllToAll => Some(RowRule::AllToAll),
            Rule::OneToOne => Some(RowRule::OneToOne),
            Rule::FixedOutDegree(k) => Some(RowRule::FixedOutDegree(k)),
            Rule::PairwiseBernoulli(p) => Some(RowRule::PairwiseBernoulli(p)),
            Rule::Explicit(_) | Rule::FixedInDegree(_) | Rule::FixedTotalNumber(_) => None,
        }
    }
}

/// What all rules but `explicit` need.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    shape: Shape,
    key: StreamKey,
}

impl Draw {
    /// # Errors
    /// A rule that the sizes do not allow, or more synapses than a projection can have.
    pub fn of(setup: &ProjectionSetup<'_>) -> Result<Draw, ConnectError> {
        let shape = setup.shape()?;
        let listed = setup.listed.map(|list| list.pairs.len());
        let synapses = shape.count(&setup.projection.rule, listed)?.synapses;
        if synapses > f64::from(u32::MAX) {
            return Err(ConnectError::TooManySynapses { synapses });
        }
        let key = StreamKey::derive(setup.seed, "connect", setup.index);
        Ok(Draw { shape, key })
    }

    /// Chooses among the targets that a source can have.
    pub fn chooser(&self) -> Chooser {
        Chooser::new(self.shape.targets_of_one())
    }

    /// The targets of one source, in rising order. `targets` comes empty.
    pub fn row(&self, rule: RowRule, source: u32, chooser: &mut Chooser, targets: &mut Vec<u32>) {
        let shape = self.shape;
        match rule {
            RowRule::AllToAll => {
                targets.resize(shape.targets_of_one() as usize, 0);
                self.all_to_all_row(source, targets);
            }
            RowRule::OneToOne => targets.extend((!shape.without_selves).then_some(source)),
            RowRule::FixedOutDegree(k) => {
                targets.resize(k, 0);
                self.choose_row(source, shape.block_sources(), shape.block_targets(), chooser, targets);
            }
            RowRule::PairwiseBernoulli(p) => self.bernoulli_row(source, p, targets),
        }
    }

    /// Where the rows of all sources begin, and where the last one ends.
    pub fn first_of_rows(&self, rule: RowRule) -> Vec<u64> {
        let sources = self.shape.sources;
        let of_equal_length = |length: u64| (0..=u64::from(sources)).map(|row| row * length).collect();
        match rule {
            RowRule::AllToAll => of_equal_length(self.shape.targets_of_one().into()),
            RowRule::OneToOne => of_equal_length(u64::from(!self.shape.without_selves)),
            RowRule::FixedOutDegree(k) => of_equal_length(k as u64),
            RowRule::PairwiseBernoulli(p) => {
                let length = |targets: &mut Vec<u32>, source| {
                    targets.clear();
                    self.bernoulli_row(source, p, targets);
                    targets.len() as u64
                };
                let mut first = vec![0];
                first.par_extend((0..sources).into_par_iter().map_init(Vec::new, length));
                (0..sources as usize).for_each(|row| first[row + 1] += first[row]);
                first
            }
        }
    }

    fn all_to_all(&self) -> Rows {
        let length = self.shape.targets_of_one() as usize;
        let mut targets = vec![0; self.shape.sources as usize * length];
        if length > 0 {
            targets
                .par_chunks_mut(length)
                .enumerate()
                .for_each(|(source, row)| self.all_to_all_row(source as u32, row));
        }
        Rows::of_equal_length(self.shape.sources, length, targets)
    }

    fn all_to_all_row(&self, source: u32, row: &mut [u32]) {
        row.iter_mut().zip(0..).for_each(|(place, choice)| *place = choice);
        self.partners(source, self.shape.block_sources(), self.shape.block_targets()).place(row);
    }

    fn one_to_one(&self) -> Rows {
        if self.shape.without_selves {
            return Rows::of_equal_length(self.shape.sources, 0, Vec::new());
        }
        Rows::of_equal_length(self.shape.sources, 1, (0..self.shape.sources).collect())
    }

    fn fixed_in_degree(&self, k: usize, numbered: bool) -> Rows {
        let shape = self.shape;
        let sources = self.choose_rows(shape.targets, k, shape.block_targets(), shape.block_sources());
        // Target by target: in the rows of the sources, targets will rise.
        let pair = |number: usize| (sources[number], (number / k) as u32);
        Rows::by_source(shape.sources, numbered, sources.len(), |numbers| numbers.map(pair))
    }

    fn fixed_out_degree(&self, k: usize) -> Rows {
        let shape = self.shape;
        let targets = self.choose_rows(shape.sources, k, shape.block_sources(), shape.block_targets());
        Rows::of_equal_length(shape.sources, k, targets)
    }

    /// `k` partners for each of `rows` neurons, which come in blocks of `block_rows`, among the neurons of the same block
    /// of the other population, of which a block has `block_partners`.
    fn choose_rows(&self, rows: u32, k: usize, block_rows: u32, block_partners: u32) -> Vec<u32> {
        let mut chosen = vec![0; rows as usize * k];
        if k == 0 {
            return chosen;
        }
        let bound = block_partners.saturating_sub(u32::from(self.shape.without_selves));
        chosen.par_chunks_mut(k).enumerate().for_each_init(
            || Chooser::new(bound),
            |chooser, (row, places)| self.choose_row(row as u32, block_rows, block_partners, chooser, places),
        );
        chosen
    }

    fn choose_row(
        &self,
        row: u32,
        block_rows: u32,
        block_partners: u32,
        chooser: &mut Chooser,
        places: &mut [u32],
    ) {
        let mut stream = Stream::new(self.key, row.into());
        chooser.choose(&mut stream, self.shape.multapses, places);
        self.partners(row, block_rows, block_partners).place(places);
    }

    fn fixed_total_number(&self, n: usize) -> Rows {
        let shape = self.shape;
        let row_length = u64::from(shape.targets_of_one());
        let mut chosen = Vec::new();
        for block in 0..shape.blocks {
            let stream = Stream::new(self.key, block.into());
            let more = choose_wide(stream, shape.block_pairs(), n, shape.multapses);
            if chosen.is_empty() { chosen = more } else { chosen.extend(more) }
        }
        let pair = |number: usize| {
            let row = (number / n) as u32 * shape.block_sources() + (chosen[number] / row_length) as u32;
            let partners = self.partners(row, shape.block_sources(), shape.block_targets());
            (row, partners.at((chosen[number] % row_length) as u32))
        };
        // Which of two equal pairs was chosen first does not matter: they are declared by rising target.
        let mut rows = Rows::by_source(shape.sources, false, chosen.len(), |numbers| numbers.map(pair));
        rows.sort_by_target();
        rows
    }

    /// The gaps between the synapses of a row are drawn, not the synapses one by one.
    fn pairwise_bernoulli(&self, p: f64) -> Rows {
        /// How many rows make a piece of work.
        const ROWS: u32 = 64;
        let shape = self.shape;
        let expected = p * f64::from(shape.targets_of_one()) * f64::from(ROWS);
        let pieces: Vec<(Vec<u64>, Vec<u32>)> = (0..shape.sources.div_ceil(ROWS))
            .into_par_iter()
            .map(|piece| {
                let mut targets = Vec::with_capacity((expected + 4.0 * expected.sqrt()) as usize);
                let sources = piece * ROWS..shape.sources.min((piece + 1) * ROWS);
                let ends = sources.map(|source| {
                    self.bernoulli_row(source, p, &mut targets);
                    targets.len() as u64
                });
                (ends.collect(), targets)
            })
            .collect();
        let (mut offsets, mut targets) = (vec![0], Vec::new());
        targets.reserve_exact(pieces.iter().map(|(_, targets)| targets.len()).sum());
        for (ends, piece) in pieces {
            let first = targets.len() as u64;
            offsets.extend(ends.into_iter().map(|end| first + end));
            targets.extend(piece);
        }
        Rows::in_order(offsets, targets)
    }

    fn bernoulli_row(&self, source: u32, p: f64, targets: &mut Vec<u32>) {
        if p == 0.0 {
            return;
        }
        let partners = self.partners(source, self.shape.block_sources(), self.shape.block_targets());
        let bound = u64::from(self.shape.targets_of_one());
        let ln_failure = math::ln_1p(-p);
        let mut stream = Stream::new(self.key, source.into());
        let mut choice = stream.failures(ln_failure);
        while choice < bound {
            targets.push(partners.at(choice as u32));
            choice = choice.saturating_add(1).saturating_add(stream.failures(ln_failure));
        }
    }

    /// Whom neuron `own`, of a population with blocks of `own_block`, can be connected to, in a population with blocks of
    /// `other_block`.
    fn partners(&self, own: u32, own_block: u32, other_block: u32) -> Partners {
        Partners {
            first: own / own_block * other_block,
            left_out: if self.shape.without_selves { own % own_block } else { u32::MAX },
        }
    }
}

/// The neurons of a block, but for one.
struct Partners {
    first: u32,
    /// Counted within the block.
    left_out: u32,
}

impl Partners {
    /// The partner of this number.
    fn at(&self, choice: u32) -> u32 {
        self.first + choice + u32::from(choice >= self.left_out)
    }

    /// Numbers become partners.
    fn place(&self, choices: &mut [u32]) {
        choices.iter_mut().for_each(|choice| *choice = self.at(*choice));
    }
}
