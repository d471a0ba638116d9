//! The canonical order of the volleys of a window.

use crate::group::Volley;
use crate::network::Projection;
use crate::time::Time;
use std::cmp::Ordering;

/// Fewer than this are sorted by comparing alone.
const FEW: usize = 64;
/// Volleys that share a bucket and are more than this are sorted by comparing.
const CROWD: usize = 16;

/// Lists that are filled again and again.
#[derive(Default)]
pub(super) struct Sorter {
    slots: Vec<u32>,
    buckets: Vec<u32>,
    sorted: Vec<Volley>,
}

/// Time, source, projection, place.
#[inline]
fn canonical(a: &Volley, b: &Volley) -> Ordering {
    a.at.cmp(&b.at).then_with(|| (a.source, a.projection, a.first).cmp(&(b.source, b.projection, b.first)))
}

impl Sorter {
    /// Sorts the volleys of a window. Most networks have many, spread over the window: they go into as many short buckets of
    /// time, in which little is left to do.
    pub(super) fn sort(&mut self, volleys: &mut Vec<Volley>, (from, to): (Time, Time)) {
        if volleys.len() < FEW {
            volleys.sort_unstable_by(canonical);
            return;
        }
        let count = volleys.len().next_power_of_two();
        let per_ms = count as f64 / to.since(from);
        let last = count - 1;
        self.slots.clear();
        self.slots.resize(count + 1, 0);
        self.buckets.clear();
        // A later time has no earlier bucket: differences and products are monotone under rounding.
        self.buckets.extend(volleys.iter().map(|v| ((v.at.since(from) * per_ms) as usize).min(last) as u32));
        self.buckets.iter().for_each(|&bucket| self.slots[bucket as usize + 1] += 1);
        (1..=count).for_each(|bucket| self.slots[bucket] += self.slots[bucket - 1]);
        self.sorted.clear();
        self.sorted.extend_from_slice(volleys);
        for (volley, &bucket) in volleys.iter().zip(&self.buckets) {
            let slot = &mut self.slots[bucket as usize];
            self.sorted[*slot as usize] = *volley;
            *slot += 1;
        }
        std::mem::swap(volleys, &mut self.sorted);
        // Each slot is now where the next bucket begins.
        let mut first = 0;
        for &end in &self.slots[..count] {
            let bucket = &mut volleys[first as usize..end as usize];
            first = end;
            match bucket.len() {
                0 | 1 => {}
                size if size > CROWD => bucket.sort_unstable_by(canonical),
                _ => insert_all(bucket),
            }
        }
    }
}

/// Sorts a few.
#[inline]
fn insert_all(volleys: &mut [Volley]) {
    for place in 1..volleys.len() {
        let volley = volleys[place];
        let mut free = place;
        while free > 0 && canonical(&volley, &volleys[free - 1]) == Ordering::Less {
            volleys[free] = volleys[free - 1];
            free -= 1;
        }
        volleys[free] = volley;
    }
}

/// Where spikes of one source meet over different delays of one projection, the order of declaration decides, synapse by
/// synapse: their volleys are split into single synapses. That takes two synapses between the same two neurons with different
/// delays; only then a projection has ranks.
/// `source_of` tells a volley's source within its population.
pub(super) fn settle_ranks(
    volleys: &mut Vec<Volley>,
    projections: &[Projection],
    source_of: impl Fn(&Volley) -> usize,
) {
    let meet = |a: &Volley, b: &Volley| (a.at, a.source, a.projection) == (b.at, b.source, b.projection);
    let is_ranked = |v: &Volley| projections[v.projection as usize].declared.is_some();
    if !volleys.windows(2).any(|pair| meet(&pair[0], &pair[1]) && is_ranked(&pair[0])) {
        return;
    }
    let mut settled = Vec::with_capacity(volleys.len());
    for here in volleys.chunk_by(meet) {
        if here.len() == 1 || !is_ranked(&here[0]) {
            settled.extend_from_slice(here);
            continue;
        }
        let first = settled.len();
        let singles = |v: &Volley| {
            let v = *v;
            (v.first..v.end).map(move |place| Volley { first: place, end: place + 1, ..v })
        };
        settled.extend(here.iter().flat_map(singles));
        let projection = &projections[here[0].projection as usize];
        let row = projection.row(source_of(&here[0]));
        settled[first..].sort_by_key(|v| projection.rank(&row, v.first as usize));
    }
    *volleys = settled;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::NeuronId;
    use proptest::prelude::*;

    proptest! {
        /// Buckets of time or not: the order is the canonical one.
        #[test]
        fn volleys_come_in_canonical_order(
            seeds in prop::collection::vec((0u32..60, 0.0..1.0f64, 0u32..3, 0u32..2), 0..400),
            grid: bool,
            epoch in 0u64..3,
        ) {
            let (from, length) = (Time::from_parts(epoch, 0.75).unwrap(), 1.5);
            let volley = |&(at, fine, source, projection): &(u32, f64, u32, u32)| {
                let step = (f64::from(at) + if grid { 0.0 } else { fine }) / 60.0;
                let first = (fine * 100.0) as u64;
                Volley { at: from.after(length * step), source: NeuronId(source), projection, first, end: first + 1 }
            };
            let mut volleys: Vec<Volley> = seeds.iter().map(volley).collect();
            let mut expected = volleys.clone();
            expected.sort_by(canonical);
            Sorter::default().sort(&mut volleys, (from, from.after(length)));
            let keys = |all: &[Volley]| -> Vec<_> { all.iter().map(|v| (v.at, v.source, v.projection, v.first)).collect() };
            prop_assert_eq!(keys(&volleys), keys(&expected));
        }
    }
}
