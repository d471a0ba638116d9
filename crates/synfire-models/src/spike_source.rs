//! Units that spike at given times.

use synfire_core::Time;
use synfire_core::group::{PopulationSetup, SetupError};
use synfire_core::source::SourceModel;
use synfire_core::spec::ModelSpec;

/// Spikes at given times.
pub struct SpikeSource;

impl SourceModel for SpikeSource {
    type Train = std::vec::IntoIter<Time>;

    const SPEC: ModelSpec = ModelSpec {
        name: "spike_source",
        summary: "Units that spike at given times",
        equations: &[],
        spike: "at each of its `times` (ms), one sorted array a neuron",
        method: "exact: the times are taken as they stand",
        parameters: &[],
        lists: &[],
        variables: &[],
        receptors: &[],
        is_source: true,
        has_spike_trains: true,
        references: &[],
    };

    fn trains(setup: &PopulationSetup) -> Result<Vec<Self::Train>, SetupError> {
        Ok(setup.spike_trains.iter().map(|train| train.clone().into_iter()).collect())
    }
}
