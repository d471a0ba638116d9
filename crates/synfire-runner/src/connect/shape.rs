//! Between how many neurons a rule connects, and how many synapses it makes.

use super::{ConnectError, ProjectionSetup};
use crate::scenario::{self, Rule};

/// Between whom a rule connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many source neurons.
    pub sources: u32,
    /// How many target neurons.
    pub targets: u32,
    /// How many equal blocks; synapses stay within a block.
    pub blocks: u32,
    /// Whether the rule leaves out the pairs of a neuron with itself.
    pub without_selves: bool,
    /// Whether a pair may have more than one synapse, where the rule can make them.
    pub multapses: bool,
}

/// How many synapses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Count {
    /// Their number, or its expectation.
    pub synapses: f64,
    /// Whether it is certain.
    pub exact: bool,
}

impl Shape {
    /// The shape of a projection between populations of these sizes.
    ///
    /// # Errors
    /// Blocks that do not divide the populations.
    pub fn of(projection: &scenario::Projection, sources: u32, targets: u32) -> Result<Shape, ConnectError> {
        let blocks = projection.blocks;
        for size in [sources, targets] {
            if blocks == 0 || !(size as usize).is_multiple_of(blocks) {
                return Err(ConnectError::Blocks { blocks, size });
            }
        }
        Ok(Shape {
            sources,
            targets,
            // A population without neurons has any number of empty blocks.
            blocks: u32::try_from(blocks).unwrap_or(1),
            without_selves: projection.source == projection.target && !projection.autapses,
            multapses: projection.multapses,
        })
    }

    /// Sources of one block.
    pub fn block_sources(&self) -> u32 {
        self.sources / self.blocks
    }

    /// Targets of one block.
    pub fn block_targets(&self) -> u32 {
        self.targets / self.blocks
    }

    /// How many sources a target can have.
    pub fn sources_of_one(&self) -> u32 {
        self.block_sources().saturating_sub(u32::from(self.without_selves))
    }

    /// How many targets a source can have.
    pub fn targets_of_one(&self) -> u32 {
        self.block_targets().saturating_sub(u32::from(self.without_selves))
    }

    /// How many pairs one block has.
    pub fn block_pairs(&self) -> u64 {
        u64::from(self.block_sources()) * u64::from(self.targets_of_one())
    }

    /// How many synapses `rule` makes; `listed` is the number of pairs of an `explicit` rule.
    ///
    /// # Errors
    /// What makes the rule impossible.
    pub fn count(&self, rule: &Rule, listed: Option<usize>) -> Result<Count, ConnectError> {
        let blocks = f64::from(self.blocks);
        let synapses = match *rule {
            Rule::AllToAll => blocks * self.block_pairs() as f64,
            Rule::OneToOne if self.sources != self.targets => {
                return Err(ConnectError::UnequalSizes { sources: self.sources, targets: self.targets });
            }
            Rule::OneToOne if self.without_selves => 0.0,
            Rule::OneToOne => f64::from(self.sources),
            Rule::Explicit(_) => blocks * listed.ok_or(ConnectError::NoPairs)? as f64,
            Rule::FixedInDegree(k) => {
                self.check(rule, k, "sources of a target", self.sources_of_one().into(), self.targets > 0)?;
                f64::from(self.targets) * k as f64
            }
            Rule::FixedOutDegree(k) => {
                self.check(rule, k, "targets of a source", self.targets_of_one().into(), self.sources > 0)?;
                f64::from(self.sources) * k as f64
            }
            Rule::FixedTotalNumber(n) => {
                self.check(rule, n, "pairs of source and target", self.block_pairs(), true)?;
                blocks * n as f64
            }
            Rule::PairwiseBernoulli(p) if !(0.0..=1.0).contains(&p) => {
                return Err(ConnectError::Probability(p));
            }
            Rule::PairwiseBernoulli(p) => blocks * self.block_pairs() as f64 * p,
        };
        let exact = !matches!(rule, Rule::PairwiseBernoulli(p) if *p > 0.0 && *p < 1.0);
        Ok(Count { synapses, exact })
    }

    /// That so many partners or pairs can be had, if anybody asks for them.
    fn check(
        &self,
        rule: &Rule,
        asked: usize,
        what: &'static str,
        available: u64,
        asks: bool,
    ) -> Result<(), ConnectError> {
        let enough = if self.multapses { available > 0 || asked == 0 } else { asked as u64 <= available };
        if enough || !asks {
            return Ok(());
        }
        Err(ConnectError::TooMany { rule: rule.name(), asked, what, available })
    }
}

impl ProjectionSetup<'_> {
    /// Between whom the rule connects.
    ///
    /// # Errors
    /// Blocks that do not divide the populations.
    pub fn shape(&self) -> Result<Shape, ConnectError> {
        Shape::of(self.projection, self.sources, self.targets)
    }
}
