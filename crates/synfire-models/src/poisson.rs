//! Units that spike at random, as Poisson processes.

use synfire_core::spec::{ModelSpec, ParamRange, ParamSpec};

/// The model's page.
pub static SPEC: ModelSpec = ModelSpec {
    name: "poisson",
    summary: "Poisson processes, one independent stream a neuron",
    equations: &[],
    spike: "intervals are exponential with mean 1000/rate ms, from start to stop",
    method: "inversion: -ln(u) times the mean interval, u from the neuron's own random stream",
    parameters: &[
        ParamSpec { name: "rate", unit: "Hz", default: None, range: ParamRange::NotNegative, meaning: "mean rate" },
        ParamSpec { name: "start", unit: "ms", default: Some(0.0), range: ParamRange::NotNegative, meaning: "no spike before" },
        ParamSpec { name: "stop", unit: "ms", default: Some(f64::INFINITY), range: ParamRange::NotNegativeOrInfinite, meaning: "no spike at or after" },
    ],
    variables: &[],
    receptors: &[],
    is_source: true,
    has_spike_trains: false,
    references: &[],
};
