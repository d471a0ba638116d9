//! Spikes under way to populations that know ahead of time what arrives: each row is cut into the stretches that are reached in
//! one epoch.

use crate::group::Stretch;
use crate::ids::NeuronId;
use crate::network::{Projection, Values};
use crate::time::Time;
use std::collections::BTreeMap;
use std::ops::Range;

/// The spikes under way over one projection with delays that vary.
#[derive(Default)]
pub(super) struct Stretches {
    /// Those that have just set out: when, and the source.
    fresh: Vec<(Time, u32)>,
    /// What they reach, by epoch.
    known: BTreeMap<u64, Vec<Stretch>>,
}

/// Delays that are looked at together.
const AT_ONCE: usize = 16;

impl Stretches {
    /// A spike sets out.
    pub(super) fn launch(&mut self, at: Time, source: u32) {
        self.fresh.push((at, source));
    }

    /// Nothing arrives before.
    pub(super) fn next(&self) -> Time {
        let fresh = self.fresh.first().map_or(Time::NEVER, |first| first.0);
        let known = self.known.first_key_value().and_then(|(&epoch, _)| Time::from_parts(epoch, 0.0));
        fresh.min(known.unwrap_or(Time::NEVER))
    }

    /// Asks memory for the delays of the rows that have to be cut.
    pub(super) fn prefetch(&self, projection: &Projection) {
        self.fresh.iter().for_each(|&(_, source)| projection.prefetch_delays(source as usize));
    }

    /// Takes what is reached in an epoch, as far as it is known and has not been taken. The projection is number `index`, its first
    /// source neuron `first_source` of the network.
    pub(super) fn take(
        &mut self,
        (index, projection, first_source): (u32, &Projection, u32),
        epoch: u64,
        taken: &mut Vec<Stretch>,
    ) {
        let Stretches { fresh, known } = self;
        for &(emitted, source) in &*fresh {
            let row = projection.row(source as usize);
            let source = NeuronId(first_source + source);
            let mut first = row.start;
            while first < row.end {
                let (arrives_in, _) = emitted.after(projection.delays.at(first)).parts();
                let end = first + reached(projection, emitted, first..row.end, arrives_in).max(1);
                let stretch =
                    Stretch { emitted, source, projection: index, first: first as u64, end: end as u64 };
                match arrives_in == epoch {
                    true => taken.push(stretch),
                    false => known.entry(arrives_in).or_default().push(stretch),
                }
                first = end;
            }
        }
        fresh.clear();
        taken.append(&mut known.remove(&epoch).unwrap_or_default());
    }
}

/// How many of these synapses, sorted by delay, a spike reaches up to the end of an epoch.
fn reached(projection: &Projection, emitted: Time, places: Range<usize>, epoch: u64) -> usize {
    match &projection.delays {
        Values::Single(delays) => reached_after(&delays[places], emitted, epoch),
        Values::Each(delays) => reached_after(&delays[places], emitted, epoch),
        Values::Same(delay_ms) if emitted.after(*delay_ms).parts().0 <= epoch => places.len(),
        Values::Same(_) => 0,
    }
}

#[inline(always)]
fn reached_after<T: Copy + Into<f64>>(delays: &[T], emitted: Time, epoch: u64) -> usize {
    let (begun, offset) = emitted.parts();
    // Delays below this lead no further, whatever is rounded.
    let surely = ((epoch + 1 - begun) as f64 - offset) * (1.0 - 1e-12) - 1e-12;
    let mut count = 0;
    while let Some(delays) = delays.get(count..count + AT_ONCE) {
        let reached = delays.iter().filter(|delay| (**delay).into() < surely).count();
        count += reached;
        if reached < AT_ONCE {
            break;
        }
    }
    count
        + delays[count..]
            .iter()
            .take_while(|delay| emitted.after((**delay).into()).parts().0 <= epoch)
            .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::PopulationId;
    use proptest::prelude::*;

    proptest! {
        /// Each synapse is taken once, in the epoch in which its arrival lies.
        #[test]
        fn synapses_are_taken_in_their_epochs(
            spikes in prop::collection::vec((0u64..3, 0.0..1.0f64), 0..4),
            mut delays in prop::collection::vec(prop_oneof![9 => 0.1..6.0f64, 1 => (1u32..8).prop_map(f64::from), 1 => 0.1..300.0f64], 0..60),
            single: bool,
        ) {
            delays.sort_by(f64::total_cmp);
            let singles: Vec<f32> = delays.iter().map(|&delay| delay as f32).collect();
            let projection = Projection {
                source: PopulationId(0),
                target: PopulationId(0),
                receptor: 0,
                offsets: vec![0, delays.len() as u64],
                targets: vec![0; delays.len()],
                weights: Values::Same(1.0),
                delays: if single { Values::Single(singles) } else { Values::Each(delays) },
                declared: None,
                drawn: None,
            };
            let (mut stretches, mut expected, mut found) = (Stretches::default(), Vec::new(), Vec::new());
            for epoch in 0..400 {
                for &(begin, offset) in spikes.iter().filter(|spike| spike.0 == epoch) {
                    let emitted = Time::from_parts(begin, offset).unwrap();
                    stretches.launch(emitted, 0);
                    expected.extend((0..projection.synapses()).map(|place| (emitted, place)));
                }
                let mut taken = Vec::new();
                stretches.take((0, &projection, 0), epoch, &mut taken);
                for stretch in taken {
                    for (volley, place) in stretch.volleys(std::slice::from_ref(&projection)).zip(stretch.first as usize..) {
                        prop_assert_eq!(volley.at.parts().0, epoch);
                        found.push((stretch.emitted, place));
                    }
                }
            }
            expected.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(expected, found);
        }
    }
}
