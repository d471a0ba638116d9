//! Who reaches whom among rate units, and how strongly.

use super::RateError;
use crate::network::Projection;

/// W by columns: for each source its targets, rising, and the sums of the weights of all synapses between the two.
#[derive(Clone, Debug, Default)]
pub(super) struct Weights {
    offsets: Vec<usize>,
    synapses: Vec<(u32, f64)>,
}

impl Weights {
    /// The weights of `units` units; `first` is the first unit of each population in this system.
    ///
    /// # Errors
    /// A projection between populations that are not both in it.
    pub fn new(
        units: usize,
        projections: &[&Projection],
        first: impl Fn(crate::PopulationId) -> Option<u32>,
    ) -> Result<Weights, RateError> {
        let mut rows: Vec<Vec<(u32, f64)>> = vec![Vec::new(); units];
        for projection in projections {
            let (source, target) = (projection.source, projection.target);
            let (Some(from), Some(to)) = (first(source), first(target)) else {
                return Err(RateError::MixedGains { source_population: source, target_population: target });
            };
            for (unit, ends) in projection.offsets.windows(2).enumerate() {
                let places = ends[0] as usize..ends[1] as usize;
                let row = &mut rows[from as usize + unit];
                row.extend(places.map(|at| (to + projection.targets[at], projection.weights.at(at))));
            }
        }
        let mut weights = Weights { offsets: vec![0], synapses: Vec::new() };
        for mut row in rows {
            // Stable: synapses between the same two units are added up as declared.
            row.sort_by_key(|synapse| synapse.0);
            row.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 += next.1;
                }
                is_same
            });
            weights.synapses.extend(row.into_iter().filter(|synapse| synapse.1 != 0.0));
            weights.offsets.push(weights.synapses.len());
        }
        Ok(weights)
    }

    /// Where the targets of `source` lie.
    pub fn row(&self, source: usize) -> std::ops::Range<usize> {
        self.offsets[source]..self.offsets[source + 1]
    }

    /// The target and weight at a place.
    #[inline]
    pub fn at(&self, place: usize) -> (u32, f64) {
        self.synapses[place]
    }

    /// The weight from one unit to another; 0 if there is none.
    pub fn between(&self, source: u32, target: u32) -> f64 {
        let row = &self.synapses[self.row(source as usize)];
        row.binary_search_by_key(&target, |synapse| synapse.0).map_or(0.0, |place| row[place].1)
    }
}
