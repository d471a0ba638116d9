//! Units that spike at random, as Poisson processes.

use synfire_core::Time;
use synfire_core::group::{PopulationSetup, SetupError};
use synfire_core::source::{SourceModel, SpikeTrain};
use synfire_core::spec::{ModelSpec, ParamRange, ParamSpec};
use synfire_numerics::random::Stream;

/// Poisson processes.
pub struct Poisson;

impl SourceModel for Poisson {
    type Train = PoissonTrain;

    const SPEC: ModelSpec = ModelSpec {
        name: "poisson",
        summary: "Poisson processes, one independent stream a neuron",
        equations: &[],
        spike: "intervals are exponential with mean 1000/rate ms, from start to before stop",
        method: "inversion: -ln(u) times the mean interval, u uniform from the neuron's own Philox stream",
        parameters: &[
            ParamSpec {
                name: "rate",
                unit: "Hz",
                default: None,
                range: ParamRange::NotNegative,
                meaning: "mean rate",
            },
            ParamSpec {
                name: "start",
                unit: "ms",
                default: Some(0.0),
                range: ParamRange::NotNegative,
                meaning: "no spike before",
            },
            ParamSpec {
                name: "stop",
                unit: "ms",
                default: Some(f64::INFINITY),
                range: ParamRange::NotNegativeOrInfinite,
                meaning: "no spike at or after",
            },
        ],
        lists: &[],
        variables: &[],
        receptors: &[],
        is_source: true,
        has_spike_trains: false,
        references: &[],
    };

    fn trains(setup: &PopulationSetup) -> Result<Vec<PoissonTrain>, SetupError> {
        let train = |index: usize| {
            let row = setup.parameters.row(index);
            PoissonTrain {
                stream: Stream::new(setup.random, index as u64),
                // The one place where Hz become per ms.
                mean_interval_ms: 1000.0 / row.get("rate"),
                last: Time::from_ms(row.get("start")).unwrap_or(Time::NEVER),
                stop: Time::from_ms(row.get("stop")).unwrap_or(Time::NEVER),
            }
        };
        Ok((0..setup.size).map(train).collect())
    }
}

/// One Poisson process.
#[derive(Clone)]
pub struct PoissonTrain {
    stream: Stream,
    mean_interval_ms: f64,
    last: Time,
    stop: Time,
}

impl SpikeTrain for PoissonTrain {
    fn next_spike(&mut self) -> Time {
        self.last = self.last.after(self.stream.exponential() * self.mean_interval_ms);
        if self.last >= self.stop {
            self.last = Time::NEVER;
        }
        self.last
    }

    fn spikes_per_ms(&self) -> f64 {
        1.0 / self.mean_interval_ms
    }
}
