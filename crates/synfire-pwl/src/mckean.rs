//! McKean's neuron: an excitable or bistable neuron whose nullcline jumps at v = a (H. P. McKean 1970).

use crate::linear::{Linear, Matrix};
use crate::membrane::{Membrane, MembraneParts, PiecewiseModel, RECEPTORS};
use synfire_core::receptor::ReceptorSet;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};

/// The model `mckean`.
#[derive(Clone, Copy, Debug)]
pub struct McKean;

impl PiecewiseModel for McKean {
    const SPEC: ModelSpec = ModelSpec {
        name: "mckean",
        summary: "McKean's piecewise-linear excitable neuron, normalised, with any number of current and delta receptors",
        equations: &["dv/dt = -v + H(v - a) - w + I, H(0) = 1", "dw/dt = epsilon (v - gamma w)"],
        spike: "each upward crossing of v_th; no reset",
        method: "closed forms between the crossings of v = a; every stretch that is searched is monotone",
        parameters: &[
            ParamSpec {
                name: "a",
                unit: "",
                default: None,
                range: ParamRange::Finite,
                meaning: "where the nullcline jumps",
            },
            ParamSpec {
                name: "epsilon",
                unit: "1/ms",
                default: None,
                range: ParamRange::Positive,
                meaning: "how fast w follows v",
            },
            ParamSpec {
                name: "gamma",
                unit: "",
                default: None,
                range: ParamRange::Finite,
                meaning: "1/gamma is the slope of the nullcline of w",
            },
            ParamSpec {
                name: "v_th",
                unit: "",
                default: None,
                range: ParamRange::Finite,
                meaning: "threshold",
            },
            ParamSpec {
                name: "i_e",
                unit: "",
                default: Some(0.0),
                range: ParamRange::Finite,
                meaning: "constant current",
            },
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "", rest: "0" },
            VariableSpec { name: "w", unit: "", rest: "0" },
        ],
        receptors: RECEPTORS,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "H. P. McKean (1970), Nagumo's equation, Adv. Math. 4:209-223",
            "A. Tonnelier (2003), The McKean's caricature of the FitzHugh-Nagumo model I, SIAM J. Appl. Math. 63:459-484",
        ],
    };

    fn membrane(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Membrane, ParamError> {
        let (epsilon, gamma) = (row.get("epsilon"), row.get("gamma"));
        let linear = Linear::new(Matrix::new([[-1.0, -1.0], [epsilon, -epsilon * gamma]]));
        let parts = MembraneParts {
            borders: vec![(row.get("a"), false)],
            fields: vec![(linear, [0.0, 0.0]), (linear, [1.0, 0.0])],
            v_th: row.get("v_th"),
            i_e: row.get("i_e"),
            rest: [0.0, 0.0],
            reset: None,
        };
        Ok(Membrane::new(parts, receptors))
    }
}
