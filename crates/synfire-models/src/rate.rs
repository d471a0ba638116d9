//! Population rates.

use synfire_core::rates::{RateModel, RateUnit};
use synfire_core::spec::{ModelSpec, ParamRange, ParamRow, ParamSpec, VariableSpec};

/// The rate of a population of neurons: tau dr/dt = -r + F(x), x = W r + h.
pub struct Rate;

const fn parameter(
    name: &'static str,
    unit: &'static str,
    default: Option<f64>,
    range: ParamRange,
    meaning: &'static str,
) -> ParamSpec {
    ParamSpec { name, unit, default, range, meaning }
}

impl RateModel for Rate {
    const SPEC: ModelSpec = ModelSpec {
        name: "rate",
        summary: "Population rates with Heaviside or sigmoid gain",
        equations: &[
            "tau dr/dt = -r + F(x), x = W r + input",
            "heaviside: F(x) = 1 for x >= threshold, else 0",
            "sigmoid: F(x) = 1/(1 + exp(-slope (x - threshold)))",
        ],
        spike: "none; a Heaviside gain switches where x passes the threshold, and slides along it with a value \
                between 0 and 1 where both sides push x back",
        method: "heaviside: exact switches, in closed form for one time constant, by sign rules and a monotone \
                 bracket for several; sigmoid: Taylor steps of order 20 for all units at once",
        parameters: &[
            parameter("tau", "ms", None, ParamRange::Positive, "time constant"),
            parameter("threshold", "", None, ParamRange::Finite, "in `gain`: where the gain is 1 or 1/2"),
            parameter(
                "slope",
                "",
                Some(f64::INFINITY),
                ParamRange::NotNegativeOrInfinite,
                "in `gain`, for sigmoid only, finite: how steep it is",
            ),
            parameter("input", "", None, ParamRange::Finite, "beside `neuron`: the constant part of x"),
        ],
        lists: &[],
        variables: &[VariableSpec { name: "r", unit: "", rest: "0" }],
        receptors: &[],
        is_source: false,
        has_spike_trains: false,
        references: &[
            "H. R. Wilson, J. D. Cowan, Excitatory and inhibitory interactions in localized populations of model \
             neurons, Biophys. J. 12 (1972) 1-24, doi:10.1016/S0006-3495(72)86068-5",
            "L. Glass, J. S. Pasternack (1978), on networks with Heaviside gain",
        ],
    };

    fn unit(parameters: ParamRow<'_>, initial: Option<f64>) -> RateUnit {
        RateUnit {
            tau_ms: parameters.get("tau"),
            threshold: parameters.get("threshold"),
            slope: parameters.get("slope"),
            input: parameters.get("input"),
            initial: initial.unwrap_or(0.0),
        }
    }
}
