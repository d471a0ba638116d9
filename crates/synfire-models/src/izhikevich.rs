//! The neuron of Izhikevich (2003).

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;

use crate::integrated::{Common, Dynamics, Envelope, Integrated, Parabola};

/// One neuron.
pub type Izhikevich = Integrated<SimpleModel, 2>;

/// Equations 1 to 3 of Izhikevich (2003); 0.04 is taken as 1/25.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimpleModel {
    common: Common,
    a: f64,
    b: f64,
    c: f64,
    d: f64,
}

/// Where 0.04 v^2 + 5 v + 140 is least, mV, and its least value, mV/ms: it is 0.04 (v - VERTEX)^2 + FLOOR. Near rest its
/// three terms, of 150 and more, would cancel to a tenth of that.
const VERTEX: f64 = -62.5;
const FLOOR: f64 = -16.25;

impl Dynamics<2> for SimpleModel {
    const SPEC: ModelSpec = ModelSpec {
        name: "izhikevich",
        summary: "Quadratic integrate-and-fire neuron with recovery, of Izhikevich (2003); I in mV/ms",
        equations: &["dv/dt = 0.04 v^2 + 5 v + 140 - u + I", "du/dt = a (b v - u)"],
        spike: "v reaches v_peak from below: v = c, u += d",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("a", "1/ms", 0.02, ParamRange::Finite, "rate of the recovery"),
            ParamSpec::new("b", "1/ms", 0.2, ParamRange::Finite, "recovery by the potential"),
            ParamSpec::new("c", "mV", -65.0, ParamRange::Finite, "reset potential, below v_peak"),
            ParamSpec::new("d", "mV/ms", 8.0, ParamRange::Finite, "recovery by a spike"),
            ParamSpec::new("v_peak", "mV", 30.0, ParamRange::Finite, "potential at which a spike is told"),
            ParamSpec::new("i_e", "mV/ms", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "mV", rest: "c" },
            VariableSpec { name: "u", unit: "mV/ms", rest: "b v" },
        ],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "E. M. Izhikevich (2003), Simple model of spiking neurons, IEEE Trans. Neural Netw. 14:1569-1572",
        ],
    };

    const RESETS: bool = true;

    fn prepare(row: ParamRow<'_>) -> Result<SimpleModel, ParamError> {
        let (v_peak, c) = (row.get("v_peak"), row.get("c"));
        if c >= v_peak {
            return Err(ParamError::new("c", c, format!("a number below v_peak ({v_peak})")));
        }
        let common = Common { v_th: v_peak, i_e: row.get("i_e"), t_ref: 0.0 };
        Ok(SimpleModel { common, a: row.get("a"), b: row.get("b"), c, d: row.get("d") })
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m, u]: &[A::Number; 2], current: A::Number) -> [A::Number; 2] {
        let v = *m + a.constant(self.common.v_th);
        let from_vertex = *m + a.constant(self.common.v_th - VERTEX);
        let quadratic = a.mul(from_vertex, from_vertex) / 25.0 + a.constant(FLOOR);
        [quadratic - *u + current, (v * self.b - *u) * self.a]
    }

    fn scales(&self) -> [f64; 2] {
        let v = self.common.v_th - self.c;
        [v, (0.1 * v).max(self.b.abs() * v).max(self.d.abs())]
    }

    /// Where v is near -65 mV, dv/dt falls with v by 0.2 per ms.
    fn time_scale(&self) -> f64 {
        5.0
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 2] {
        let v = given[0].unwrap_or(self.c);
        [v - self.common.v_th, given[1].unwrap_or(self.b * v)]
    }

    fn reset(&self, x: &mut [f64; 2]) {
        *x = [self.c - self.common.v_th, x[1] + self.d];
    }

    fn wait(&self, [m, u]: &[f64; 2], drive: &Envelope<'_>) -> f64 {
        if self.a < 0.0 {
            return 0.0;
        }
        let v_peak = self.common.v_th;
        let parabola =
            Parabola { c_m: 1.0, k: 0.04, centre: VERTEX - v_peak, floor: FLOOR, b: self.b, base: -v_peak };
        parabola.wait(*m, *u, self.scales()[0], drive)
    }

    fn slots(&self) -> usize {
        1
    }
}
