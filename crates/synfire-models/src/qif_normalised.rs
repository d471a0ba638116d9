//! The quadratic integrate-and-fire neuron in its normal form; the mathematics is in `quadratic`.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamRange, ParamRow, ParamSpec, VariableSpec};

use crate::quadratic::{Page, Quadratic, Shape};

/// The quadratic integrate-and-fire neuron in its normal form.
pub type QifNormalised = Quadratic<QifNormalisedPage>;

/// The page of [`QifNormalised`].
#[derive(Clone, Copy, Debug)]
pub struct QifNormalisedPage;

impl Page for QifNormalisedPage {
    const SPEC: ModelSpec = ModelSpec {
        name: "qif_normalised",
        summary: "Quadratic integrate-and-fire neuron without physical units, but for time in ms",
        equations: &["dv/dt = v^2 + I"],
        spike: "v reaches v_peak from below: v = v_reset, held there for t_ref; v_peak may be \"inf\" and v_reset \"-inf\", where delta inputs are lost",
        method: "constant current in closed form; else power series of the linear pair v = -y'/y; crossings isolated by the sign of the drive at v_peak and the spacing of zeros of the pair",
        parameters: &[
            ParamSpec {
                name: "v_peak",
                unit: "",
                default: Some(f64::INFINITY),
                range: ParamRange::FiniteOrInfinite,
                meaning: "peak of the spike",
            },
            ParamSpec {
                name: "v_reset",
                unit: "",
                default: Some(f64::NEG_INFINITY),
                range: ParamRange::FiniteOrMinusInfinite,
                meaning: "reset, below v_peak",
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
        variables: &[VariableSpec { name: "v", unit: "", rest: "-sqrt(-i_e), or 0 for i_e > 0" }],
        receptors: &[ReceptorKind::Delta, ReceptorKind::Exponential, ReceptorKind::Alpha],
        lists: &[],
        is_source: false,
        has_spike_trains: false,
        references: &[
            "G. B. Ermentrout, N. Kopell (1986), Parabolic bursting in an excitable system coupled with a slow oscillation, SIAM J. Appl. Math. 46:233-253",
            "A. Tonnelier, H. Belmabrouk, D. Martinez (2007), Event-driven simulations of nonlinear integrate-and-fire neurons, Neural Comput. 19:3226-3238",
        ],
    };

    fn shape(row: ParamRow<'_>) -> Shape {
        let i_e = row.get("i_e");
        Shape {
            capacitance: 1.0,
            k: 1.0,
            v_rest: 0.0,
            v_crit: 0.0,
            v_peak: row.get("v_peak"),
            v_reset: row.get("v_reset"),
            t_ref: row.get("t_ref"),
            i_e,
            v_start: -(-i_e).max(0.0).sqrt(),
        }
    }
}
