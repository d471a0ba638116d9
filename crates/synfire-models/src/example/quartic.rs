//! The quartic integrate-and-fire neuron.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;

use crate::integrated::{Common, Dynamics, Integrated};

/// One neuron.
pub type Quartic = Integrated<FourthPower, 2>;

/// The equations dv/dt = v^4 + 2 k v - w + I, dw/dt = a (b v - w), from Touboul (2008).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FourthPower {
    common: Common,
    k: f64,
    a: f64,
    b: f64,
    v_reset: f64,
    d: f64,
}

impl Dynamics<2> for FourthPower {
    const SPEC: ModelSpec = ModelSpec {
        name: "quartic",
        summary: "Quartic integrate-and-fire neuron, normalised",
        equations: &["dv/dt = v^4 + 2 k v - w + I", "dw/dt = a (b v - w)"],
        spike: "v reaches v_peak from below: v = v_reset, w += d",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("k", "", 0.5, ParamRange::Finite, "half the slope at v = 0"),
            ParamSpec::new("a", "1/ms", 0.1, ParamRange::Positive, "rate of the adaptation"),
            ParamSpec::new("b", "", 0.5, ParamRange::Finite, "adaptation that belongs to v = 1"),
            ParamSpec::new("v_peak", "", 10.0, ParamRange::Finite, "where a spike is told"),
            ParamSpec::new("v_reset", "", -1.0, ParamRange::Finite, "reset, below v_peak"),
            ParamSpec::new("d", "", 0.2, ParamRange::Finite, "adaptation by a spike"),
            ParamSpec::new("i_e", "", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "", rest: "v_reset" },
            VariableSpec { name: "w", unit: "", rest: "0" },
        ],
        receptors: &[ReceptorKind::Delta, ReceptorKind::Exponential, ReceptorKind::Alpha],
        is_source: false,
        has_spike_trains: false,
        references: &[
            "J. Touboul (2008), Bifurcation analysis of a general class of nonlinear integrate-and-fire neurons, SIAM J. Appl. Math. 68:1045-1079",
        ],
    };

    const RESETS: bool = true;

    fn prepare(row: ParamRow<'_>) -> Result<FourthPower, ParamError> {
        let (v_peak, v_reset) = (row.get("v_peak"), row.get("v_reset"));
        if v_reset >= v_peak {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_peak ({v_peak})")));
        }
        Ok(FourthPower {
            common: Common { v_th: v_peak, i_e: row.get("i_e"), t_ref: 0.0 },
            k: row.get("k"),
            a: row.get("a"),
            b: row.get("b"),
            v_reset,
            d: row.get("d"),
        })
    }

    fn common(&self) -> Common {
        self.common
    }

    // The state has m = v - v_peak, so that a crossing is a zero.
    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m, w]: &[A::Number; 2], current: A::Number) -> [A::Number; 2] {
        let v = *m + a.constant(self.common.v_th);
        let square = a.mul(v, v);
        let fourth = a.mul(square, square);
        [fourth + v * (2.0 * self.k) - *w + current, (v * self.b - *w) * self.a]
    }

    fn scales(&self) -> [f64; 2] {
        [1.0, 1.0]
    }

    fn time_scale(&self) -> f64 {
        1.0
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 2] {
        [given[0].unwrap_or(self.v_reset) - self.common.v_th, given[1].unwrap_or(0.0)]
    }

    fn reset(&self, x: &mut [f64; 2]) {
        *x = [self.v_reset - self.common.v_th, x[1] + self.d];
    }

    // Two products.
    fn slots(&self) -> usize {
        2
    }
}
