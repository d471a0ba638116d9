//! Units that spike at given times.

use synfire_core::spec::ModelSpec;

/// The model's page.
pub static SPEC: ModelSpec = ModelSpec {
    name: "spike_source",
    summary: "Units that spike at given times",
    equations: &[],
    spike: "at each of its `times`, one sorted array a neuron, ms",
    method: "exact: the times are taken as they stand",
    parameters: &[],
    variables: &[],
    receptors: &[],
    is_source: true,
    has_spike_trains: true,
    references: &[],
};
