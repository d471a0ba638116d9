//! The quadratic integrate-and-fire neuron in physical units; the mathematics is in `quadratic`.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamRange, ParamRow, ParamSpec, VariableSpec};

use crate::quadratic::{Page, Quadratic, Shape};

/// The quadratic integrate-and-fire neuron.
pub type Qif = Quadratic<QifPage>;

/// The page of [`Qif`].
#[derive(Clone, Copy, Debug)]
pub struct QifPage;

impl Page for QifPage {
    const SPEC: ModelSpec = ModelSpec {
        name: "qif",
        summary: "Quadratic integrate-and-fire neuron with any number of current, conductance and delta receptors",
        equations: &["c_m dv/dt = k (v - v_rest)(v - v_crit) + I"],
        spike: "v reaches v_peak from below: v = v_reset, held there for t_ref; v_peak may be \"inf\" and v_reset \"-inf\", where delta inputs are lost",
        method: "constant current in closed form; else power series of the linear pair v = v_m - y'/(a y); crossings isolated by the sign of the drive at v_peak and the spacing of zeros of the pair",
        parameters: &[
            ParamSpec {
                name: "c_m",
                unit: "pF",
                default: Some(100.0),
                range: ParamRange::Positive,
                meaning: "membrane capacitance",
            },
            ParamSpec {
                name: "k",
                unit: "pA/mV^2",
                default: Some(0.7),
                range: ParamRange::Positive,
                meaning: "curvature of the current",
            },
            ParamSpec {
                name: "v_rest",
                unit: "mV",
                default: Some(-60.0),
                range: ParamRange::Finite,
                meaning: "resting potential without current",
            },
            ParamSpec {
                name: "v_crit",
                unit: "mV",
                default: Some(-40.0),
                range: ParamRange::Finite,
                meaning: "potential beyond which it spikes without current",
            },
            ParamSpec {
                name: "v_peak",
                unit: "mV",
                default: Some(35.0),
                range: ParamRange::FiniteOrInfinite,
                meaning: "peak of the spike",
            },
            ParamSpec {
                name: "v_reset",
                unit: "mV",
                default: Some(-50.0),
                range: ParamRange::FiniteOrMinusInfinite,
                meaning: "reset potential, below v_peak",
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
                unit: "pA",
                default: Some(0.0),
                range: ParamRange::Finite,
                meaning: "constant current",
            },
        ],
        variables: &[VariableSpec { name: "v", unit: "mV", rest: "v_rest" }],
        receptors: &ReceptorKind::ALL,
        lists: &[],
        is_source: false,
        has_spike_trains: false,
        references: &[
            "G. B. Ermentrout, N. Kopell (1986), Parabolic bursting in an excitable system coupled with a slow oscillation, SIAM J. Appl. Math. 46:233-253",
            "E. M. Izhikevich (2007), Dynamical Systems in Neuroscience, MIT Press, chapter 8",
        ],
    };

    fn shape(row: ParamRow<'_>) -> Shape {
        let v_rest = row.get("v_rest");
        Shape {
            capacitance: row.get("c_m"),
            k: row.get("k"),
            v_rest,
            v_crit: row.get("v_crit"),
            v_peak: row.get("v_peak"),
            v_reset: row.get("v_reset"),
            t_ref: row.get("t_ref"),
            i_e: row.get("i_e"),
            v_start: v_rest,
        }
    }
}
