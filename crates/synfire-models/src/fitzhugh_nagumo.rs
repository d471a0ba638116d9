//! The neuron of FitzHugh and Nagumo.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;

use crate::integrated::{Common, Dynamics, Envelope, Integrated};

/// One neuron.
pub type FitzhughNagumo = Integrated<Cubic, 2>;

/// Equations 1 and 2 of FitzHugh (1961), with time scaled so that epsilon is the ratio of the rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cubic {
    common: Common,
    a: f64,
    b: f64,
    epsilon: f64,
}

impl Dynamics<2> for Cubic {
    const SPEC: ModelSpec = ModelSpec {
        name: "fitzhugh_nagumo",
        summary: "FitzHugh-Nagumo neuron, normalised",
        equations: &["dv/dt = v - v^3/3 - w + I", "dw/dt = epsilon (v + a - b w)"],
        spike: "each upward crossing of v_th; no reset",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("a", "", 0.7, ParamRange::Finite, "offset of the recovery"),
            ParamSpec::new("b", "", 0.8, ParamRange::Finite, "decay of the recovery"),
            ParamSpec::new("epsilon", "", 0.08, ParamRange::Finite, "ratio of the time scales, per ms"),
            ParamSpec::new("v_th", "", 1.0, ParamRange::Finite, "level whose upward crossings are spikes"),
            ParamSpec::new("i_e", "", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "", rest: "-1.2" },
            VariableSpec { name: "w", unit: "", rest: "-0.625" },
        ],
        receptors: &[ReceptorKind::Delta, ReceptorKind::Exponential, ReceptorKind::Alpha],
        is_source: false,
        has_spike_trains: false,
        references: &[
            "R. FitzHugh (1961), Impulses and physiological states in theoretical models of nerve membrane, Biophys. J. 1:445-466",
            "J. Nagumo, S. Arimoto and S. Yoshizawa (1962), An active pulse transmission line simulating nerve axon, Proc. IRE 50:2061-2070",
        ],
    };

    const RESETS: bool = false;

    fn prepare(row: ParamRow<'_>) -> Result<Cubic, ParamError> {
        let common = Common { v_th: row.get("v_th"), i_e: row.get("i_e"), t_ref: 0.0 };
        Ok(Cubic { common, a: row.get("a"), b: row.get("b"), epsilon: row.get("epsilon") })
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m, w]: &[A::Number; 2], current: A::Number) -> [A::Number; 2] {
        let v = *m + a.constant(self.common.v_th);
        let square = a.mul(v, v);
        let cube = a.mul(square, v);
        let recovery = v + a.constant(self.a) - *w * self.b;
        [v - cube / 3.0 - *w + current, recovery * self.epsilon]
    }

    fn scales(&self) -> [f64; 2] {
        [2.0, 1.0]
    }

    fn time_scale(&self) -> f64 {
        1.0
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 2] {
        [given[0].unwrap_or(-1.2) - self.common.v_th, given[1].unwrap_or(-0.625)]
    }

    /// v cannot fall below -2.5 (or where it is) if the cubic, 2.7 there, outweighs the rest. So w falls at most at a rate
    /// `fall`.
    fn wait(&self, [m, w]: &[f64; 2], drive: &Envelope<'_>) -> f64 {
        let v = m + self.common.v_th;
        let cubic = |v: f64| v - v * v * v / 3.0;
        let mut wait = 0.0f64;
        for climb in [0.1, 0.4, 1.0] {
            let level = (v + climb).min(self.common.v_th);
            let most_w = w.max((level + self.a) / self.b);
            if self.b <= 0.0 || self.epsilon < 0.0 || 2.7 + drive.least(*m) - most_w < 0.0 {
                return 0.0;
            }
            let fall = self.epsilon * (self.b * w - self.a - v.min(-2.5)).max(0.0);
            let top = if v < 1.0 && 1.0 < level { cubic(1.0) } else { cubic(v).max(cubic(level)) };
            wait = wait.max(drive.climb(*m, level - v, top - w, fall));
        }
        wait
    }

    fn slots(&self) -> usize {
        2
    }
}
