//! The piecewise-linear integrate-and-fire neuron: dv/dt = f(v) + I with any continuous piecewise-linear f. With one piece
//! the leaky or non-leaky neuron, with f = |v| a caricature of the quadratic one, with many an approximation of any other.

use crate::linear::{Linear, Matrix};
use crate::membrane::{Membrane, MembraneParts, PiecewiseModel, RECEPTORS, Reset};
use crate::planar::{F_LISTS, f_of};
use synfire_core::receptor::ReceptorSet;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};

/// The model `pwl_integrate_and_fire`.
#[derive(Clone, Copy, Debug)]
pub struct PwlIntegrateAndFire;

impl PiecewiseModel for PwlIntegrateAndFire {
    const SPEC: ModelSpec = ModelSpec {
        name: "pwl_integrate_and_fire",
        summary: "Integrate-and-fire neuron with a piecewise-linear f(v), normalised, with any number of current and delta receptors",
        equations: &["dv/dt = f(v) + I, f linear between points and with slopes outside"],
        spike: "v reaches v_th: v = v_reset, held there for t_ref",
        method: "closed forms between the breakpoints of f; every stretch that is searched is monotone",
        parameters: &[
            ParamSpec {
                name: "v_th",
                unit: "",
                default: None,
                range: ParamRange::Finite,
                meaning: "threshold",
            },
            ParamSpec {
                name: "v_reset",
                unit: "",
                default: None,
                range: ParamRange::Finite,
                meaning: "reset of v, below v_th",
            },
            ParamSpec {
                name: "t_ref",
                unit: "ms",
                default: Some(0.0),
                range: ParamRange::NotNegative,
                meaning: "refractory time",
            },
            ParamSpec {
                name: "i_e",
                unit: "",
                default: Some(0.0),
                range: ParamRange::Finite,
                meaning: "constant current",
            },
        ],
        lists: F_LISTS,
        variables: &[VariableSpec { name: "v", unit: "", rest: "v_reset" }],
        receptors: RECEPTORS,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "A. Tonnelier, W. Gerstner (2003), Piecewise linear differential equations and integrate-and-fire neurons, Phys. Rev. E 67:021908",
        ],
    };

    fn membrane(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Membrane, ParamError> {
        let (v_th, v_reset) = (row.get("v_th"), row.get("v_reset"));
        if v_reset >= v_th {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_th ({v_th})")));
        }
        let f = f_of(&row);
        // A second variable that nothing moves, with the same rate: then the flow is that of v alone.
        let field =
            |slope: f64, offset: f64| (Linear::new(Matrix::new([[slope, 0.0], [0.0, slope]])), [offset, 0.0]);
        let parts = MembraneParts {
            borders: f.points().iter().map(|point| (point[0], true)).collect(),
            fields: f.pieces().iter().map(|piece| field(piece.slope, piece.offset)).collect(),
            v_th,
            i_e: row.get("i_e"),
            rest: [v_reset, 0.0],
            reset: Some(Reset { v: v_reset, w_jump: 0.0, t_ref: row.get("t_ref") }),
        };
        Ok(Membrane::new(parts, receptors))
    }
}
