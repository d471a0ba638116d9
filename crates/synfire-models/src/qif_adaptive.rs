//! The quadratic integrate-and-fire neuron with adaptation.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;

use crate::integrated::{Common, Dynamics, Envelope, Integrated, Parabola};

/// One neuron.
pub type QifAdaptive = Integrated<AdaptiveQuadratic, 2>;

/// Equations 8.5 and 8.6 of Izhikevich (2007).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveQuadratic {
    common: Common,
    c_m: f64,
    k: f64,
    v_rest: f64,
    v_crit: f64,
    v_reset: f64,
    a: f64,
    b: f64,
    d: f64,
}

impl Dynamics<2> for AdaptiveQuadratic {
    const SPEC: ModelSpec = ModelSpec {
        name: "qif_adaptive",
        summary: "Quadratic integrate-and-fire neuron with adaptation, of Izhikevich (2007)",
        equations: &["c_m dv/dt = k (v - v_rest) (v - v_crit) - u + I", "du/dt = a (b (v - v_rest) - u)"],
        spike: "v reaches v_peak from below: v = v_reset, u += d",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("c_m", "pF", 100.0, ParamRange::Positive, "membrane capacitance"),
            ParamSpec::new("k", "nS/mV", 0.7, ParamRange::Positive, "steepness of the parabola"),
            ParamSpec::new("v_rest", "mV", -60.0, ParamRange::Finite, "resting potential"),
            ParamSpec::new(
                "v_crit",
                "mV",
                -40.0,
                ParamRange::Finite,
                "critical potential, where the upstroke begins",
            ),
            ParamSpec::new("v_peak", "mV", 35.0, ParamRange::Finite, "potential at which a spike is told"),
            ParamSpec::new("v_reset", "mV", -50.0, ParamRange::Finite, "reset potential, below v_peak"),
            ParamSpec::new("a", "1/ms", 0.03, ParamRange::Finite, "rate of the adaptation"),
            ParamSpec::new("b", "nS", -2.0, ParamRange::Finite, "adaptation by the potential"),
            ParamSpec::new("d", "pA", 100.0, ParamRange::Finite, "adaptation by a spike"),
            ParamSpec::new("i_e", "pA", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "mV", rest: "v_rest" },
            VariableSpec { name: "u", unit: "pA", rest: "b (v - v_rest)" },
        ],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &["E. M. Izhikevich (2007), Dynamical Systems in Neuroscience, MIT Press, chapter 8"],
    };

    const RESETS: bool = true;

    fn prepare(row: ParamRow<'_>) -> Result<AdaptiveQuadratic, ParamError> {
        let (v_peak, v_reset) = (row.get("v_peak"), row.get("v_reset"));
        if v_reset >= v_peak {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_peak ({v_peak})")));
        }
        Ok(AdaptiveQuadratic {
            common: Common { v_th: v_peak, i_e: row.get("i_e"), t_ref: 0.0 },
            c_m: row.get("c_m"),
            k: row.get("k"),
            v_rest: row.get("v_rest"),
            v_crit: row.get("v_crit"),
            v_reset,
            a: row.get("a"),
            b: row.get("b"),
            d: row.get("d"),
        })
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m, u]: &[A::Number; 2], current: A::Number) -> [A::Number; 2] {
        let above_rest = *m + a.constant(self.common.v_th - self.v_rest);
        let above_critical = *m + a.constant(self.common.v_th - self.v_crit);
        let quadratic = a.mul(above_rest, above_critical) * self.k;
        [(quadratic - *u + current) / self.c_m, (above_rest * self.b - *u) * self.a]
    }

    fn scales(&self) -> [f64; 2] {
        let v = self.common.v_th - self.v_rest.min(self.v_reset).min(self.v_crit).min(self.common.v_th - 1.0);
        [v, self.k * v * v / 10.0]
    }

    /// Where v rests, without adaptation, dv/dt falls with v at the inverse of this.
    fn time_scale(&self) -> f64 {
        self.c_m / (self.k * (self.v_crit - self.v_rest).abs().max(0.1 * self.scales()[0]))
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 2] {
        let v = given[0].unwrap_or(self.v_rest);
        [v - self.common.v_th, given[1].unwrap_or(self.b * (v - self.v_rest))]
    }

    fn reset(&self, x: &mut [f64; 2]) {
        *x = [self.v_reset - self.common.v_th, x[1] + self.d];
    }

    fn wait(&self, [m, u]: &[f64; 2], drive: &Envelope<'_>) -> f64 {
        if self.a < 0.0 {
            return 0.0;
        }
        let half = 0.5 * (self.v_crit - self.v_rest);
        let parabola = Parabola {
            c_m: self.c_m,
            k: self.k,
            centre: self.v_rest + half - self.common.v_th,
            floor: -self.k * half * half,
            b: self.b,
            base: self.v_rest - self.common.v_th,
        };
        parabola.wait(*m, *u, self.scales()[0], drive)
    }

    fn slots(&self) -> usize {
        1
    }
}
