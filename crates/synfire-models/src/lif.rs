//! The leaky integrate-and-fire neuron.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamRange, ParamSpec, VariableSpec};

/// The model's page.
pub static SPEC: ModelSpec = ModelSpec {
    name: "lif",
    summary: "Leaky integrate-and-fire neuron with any number of current, conductance and delta receptors",
    equations: &["dv/dt = -(v - e_l)/tau_m + I/c_m"],
    spike: "v reaches v_th from below: v = v_reset, held there for t_ref",
    method: "currents in closed form; conductances by Gauss-Legendre quadrature of the exact solution; crossings isolated by the sign of the drive at threshold",
    parameters: &[
        ParamSpec { name: "tau_m", unit: "ms", default: Some(10.0), range: ParamRange::Positive, meaning: "membrane time constant" },
        ParamSpec { name: "c_m", unit: "pF", default: Some(250.0), range: ParamRange::Positive, meaning: "membrane capacitance" },
        ParamSpec { name: "e_l", unit: "mV", default: Some(-70.0), range: ParamRange::Finite, meaning: "resting potential" },
        ParamSpec { name: "v_th", unit: "mV", default: Some(-55.0), range: ParamRange::Finite, meaning: "threshold" },
        ParamSpec { name: "v_reset", unit: "mV", default: Some(-70.0), range: ParamRange::Finite, meaning: "reset potential, below v_th" },
        ParamSpec { name: "t_ref", unit: "ms", default: Some(2.0), range: ParamRange::NotNegative, meaning: "refractory time" },
        ParamSpec { name: "i_e", unit: "pA", default: Some(0.0), range: ParamRange::Finite, meaning: "constant current" },
    ],
    variables: &[VariableSpec { name: "v", unit: "mV", rest: "e_l" }],
    receptors: &ReceptorKind::ALL,
    is_source: false,
    has_spike_trains: false,
    references: &[
        "R. Brette (2006), Exact simulation of integrate-and-fire models with synaptic conductances, Neural Comput. 18:2004-2027",
        "R. Brette (2007), Exact simulation of integrate-and-fire models with exponential currents, Neural Comput. 19:2604-2609",
    ],
};
