//! The planar piecewise-linear neuron: an N-shaped (or any other continuous) nullcline of v and a straight one of w. Without
//! a reset an oscillator or an excitable neuron, with one an adapting integrate-and-fire neuron.

use crate::linear::{Linear, Matrix};
use crate::membrane::{Membrane, MembraneParts, PiecewiseModel, RECEPTORS, Reset};
use crate::pieces::PiecewiseLinear;
use synfire_core::receptor::ReceptorSet;
use synfire_core::spec::{
    ListShape, ListSpec, ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec,
};

/// The model `pwl_planar`.
#[derive(Clone, Copy, Debug)]
pub struct PwlPlanar;

/// The lists that give f: `points` and `slopes`.
pub(crate) const F_LISTS: &[ListSpec] = &[
    ListSpec { name: "points", shape: ListShape::Points, meaning: "points [v, f] of f, v rising" },
    ListSpec {
        name: "slopes",
        shape: ListShape::Two,
        meaning: "slopes of f left of the first and right of the last point",
    },
];

/// f as the lists give it.
pub(crate) fn f_of(row: &ParamRow<'_>) -> PiecewiseLinear {
    let points = row.list("points").chunks_exact(2).map(|point| [point[0], point[1]]).collect();
    let slopes = row.list("slopes");
    PiecewiseLinear::new(points, [slopes[0], slopes[1]])
}

impl PiecewiseModel for PwlPlanar {
    const SPEC: ModelSpec = ModelSpec {
        name: "pwl_planar",
        summary: "Planar neuron with a piecewise-linear nullcline, normalised, with or without reset, with any number of current and delta receptors",
        equations: &[
            "dv/dt = f(v) - w + I, f linear between points and with slopes outside",
            "dw/dt = epsilon (b v - w + c)",
        ],
        spike: "each upward crossing of v_th; with v_reset: v reaches v_th: v = v_reset, w += d",
        method: "closed forms between the breakpoints of f; every stretch that is searched is monotone",
        parameters: &[
            ParamSpec {
                name: "epsilon",
                unit: "1/ms",
                default: None,
                range: ParamRange::Positive,
                meaning: "how fast w follows v",
            },
            ParamSpec {
                name: "b",
                unit: "",
                default: None,
                range: ParamRange::Finite,
                meaning: "slope of the nullcline of w",
            },
            ParamSpec {
                name: "c",
                unit: "",
                default: Some(0.0),
                range: ParamRange::Finite,
                meaning: "the nullcline of w at v = 0",
            },
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
                default: Some(f64::NAN),
                range: ParamRange::FiniteOrAbsent,
                meaning: "reset of v, below v_th; without it there is no reset",
            },
            ParamSpec {
                name: "d",
                unit: "",
                default: Some(0.0),
                range: ParamRange::Finite,
                meaning: "what a spike adds to w, with a reset only",
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
        variables: &[
            VariableSpec { name: "v", unit: "", rest: "0, with a reset v_reset" },
            VariableSpec { name: "w", unit: "", rest: "0" },
        ],
        receptors: RECEPTORS,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "A. Tonnelier, W. Gerstner (2003), Piecewise linear differential equations and integrate-and-fire neurons, Phys. Rev. E 67:021908",
            "A. Tonnelier (2003), The McKean's caricature of the FitzHugh-Nagumo model I, SIAM J. Appl. Math. 63:459-484",
        ],
    };

    fn membrane(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Membrane, ParamError> {
        let (epsilon, b, c, v_th) = (row.get("epsilon"), row.get("b"), row.get("c"), row.get("v_th"));
        let (v_reset, w_jump) = (row.get("v_reset"), row.get("d"));
        if v_reset >= v_th {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_th ({v_th})")));
        }
        if v_reset.is_nan() && w_jump != 0.0 {
            return Err(ParamError::new("d", w_jump, "0 where there is no v_reset"));
        }
        let f = f_of(&row);
        let field = |slope: f64, offset: f64| {
            (Linear::new(Matrix::new([[slope, -1.0], [epsilon * b, -epsilon]])), [offset, epsilon * c])
        };
        let has_reset = !v_reset.is_nan();
        let parts = MembraneParts {
            borders: f.points().iter().map(|point| (point[0], true)).collect(),
            fields: f.pieces().iter().map(|piece| field(piece.slope, piece.offset)).collect(),
            v_th,
            i_e: row.get("i_e"),
            rest: if has_reset { [v_reset, 0.0] } else { [0.0, 0.0] },
            reset: has_reset.then_some(Reset { v: v_reset, w_jump, t_ref: 0.0 }),
        };
        Ok(Membrane::new(parts, receptors))
    }
}
