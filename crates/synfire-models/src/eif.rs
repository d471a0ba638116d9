//! The exponential integrate-and-fire neuron.
//!
//! Where jumps (`delta`) are all that reaches it, and no stimulus, tables of its phase take the place of series: right to the last
//! place of v, and with a spike time in closed form (see [`Dynamics::valley`]).

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;
use synfire_numerics::math;

use crate::integrated::{Common, Dynamics, Envelope, Integrated, Valley, check_upstroke};

/// One neuron.
pub type Eif = Integrated<Exponential, 1>;

/// The equation c_m dv/dt = -g_l (v - e_l) + g_l delta_t e^((v - v_t)/delta_t) + I.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exponential {
    common: Common,
    c_m: f64,
    g_l: f64,
    e_l: f64,
    v_t: f64,
    delta_t: f64,
    v_reset: f64,
}

/// Levels (v - v_t)/delta_t, and a number just above the exponential function there.
const UPSTROKE: [(f64, f64); 3] = [(-1.0, 0.368), (0.0, 1.001), (2.0, 7.39)];

impl Dynamics<1> for Exponential {
    const SPEC: ModelSpec = ModelSpec {
        name: "eif",
        summary: "Exponential integrate-and-fire neuron",
        equations: &["c_m dv/dt = -g_l (v - e_l) + g_l delta_t exp((v - v_t)/delta_t) + I"],
        spike: "v reaches v_peak from below: v = v_reset, held there for t_ref",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial; under delta receptors alone, tables of its phase",
        parameters: &[
            ParamSpec::new("c_m", "pF", 200.0, ParamRange::Positive, "membrane capacitance"),
            ParamSpec::new("g_l", "nS", 10.0, ParamRange::Positive, "leak conductance"),
            ParamSpec::new("e_l", "mV", -65.0, ParamRange::Finite, "leak reversal potential"),
            ParamSpec::new("v_t", "mV", -50.0, ParamRange::Finite, "threshold of the spike's upstroke"),
            ParamSpec::new("delta_t", "mV", 2.0, ParamRange::Positive, "slope factor of the upstroke"),
            ParamSpec::new("v_peak", "mV", 0.0, ParamRange::Finite, "potential at which a spike is told"),
            ParamSpec::new("v_reset", "mV", -65.0, ParamRange::Finite, "reset potential, below v_peak"),
            ParamSpec::new("t_ref", "ms", 2.0, ParamRange::NotNegative, "refractory time"),
            ParamSpec::new("i_e", "pA", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[VariableSpec { name: "v", unit: "mV", rest: "e_l" }],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "N. Fourcaud-Trocmé, D. Hansel, C. van Vreeswijk and N. Brunel (2003), How spike generation mechanisms determine the neuronal response to fluctuating inputs, J. Neurosci. 23:11628-11640",
        ],
    };

    const RESETS: bool = true;

    fn prepare(row: ParamRow<'_>) -> Result<Exponential, ParamError> {
        let (v_peak, v_reset) = (row.get("v_peak"), row.get("v_reset"));
        if v_reset >= v_peak {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_peak ({v_peak})")));
        }
        check_upstroke(v_peak, row.get("v_t"), row.get("delta_t"))?;
        Ok(Exponential {
            common: Common { v_th: v_peak, i_e: row.get("i_e"), t_ref: row.get("t_ref") },
            c_m: row.get("c_m"),
            g_l: row.get("g_l"),
            e_l: row.get("e_l"),
            v_t: row.get("v_t"),
            delta_t: row.get("delta_t"),
            v_reset,
        })
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m]: &[A::Number; 1], current: A::Number) -> [A::Number; 1] {
        let v_peak = self.common.v_th;
        let above_rest = *m + a.constant(v_peak - self.e_l);
        let upstroke = (*m + a.constant(v_peak - self.v_t)) / self.delta_t;
        let exponential = a.exp(upstroke);
        [(exponential * (self.g_l * self.delta_t) - above_rest * self.g_l + current) / self.c_m]
    }

    fn scales(&self) -> [f64; 1] {
        [(self.common.v_th - self.e_l.min(self.v_reset)).abs().max(self.delta_t)]
    }

    fn time_scale(&self) -> f64 {
        self.c_m / self.g_l
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 1] {
        [given[0].unwrap_or(self.e_l) - self.common.v_th]
    }

    fn reset(&self, x: &mut [f64; 1]) {
        x[0] = self.v_reset - self.common.v_th;
    }

    /// Up to a level, the exponential current is at most what it is there, and the leak at most what it is now.
    fn wait(&self, [m]: &[f64; 1], drive: &Envelope<'_>) -> f64 {
        let from_rest = self.common.v_th - self.e_l;
        let mut wait = 0.0f64;
        for (factor, growth) in UPSTROKE {
            let level = (self.v_t + factor * self.delta_t - self.common.v_th).min(0.0);
            let upstroke = self.g_l * self.delta_t * growth;
            if *m >= level {
                continue;
            }
            let at_level = upstroke - self.g_l * (level + from_rest) + drive.most(level);
            let on_the_way = upstroke - self.g_l * (m + from_rest);
            if at_level < -1e-9 * upstroke || on_the_way + drive.most(*m) < -1e-9 * upstroke {
                return f64::INFINITY;
            }
            wait = wait.max(drive.climb(*m, (level - m) * self.c_m, on_the_way, 0.0));
        }
        wait
    }

    /// The exponential current, which grows, is twice what can pull down until the peak.
    fn is_upstroke(&self, [m]: &[f64; 1], drive: &Envelope<'_>) -> bool {
        let v_peak = self.common.v_th;
        let above = (m + (v_peak - self.v_t)) / self.delta_t;
        above > 1.0 && *m < 0.0 && {
            let upstroke = self.g_l * self.delta_t * math::exp(above);
            upstroke > 2.0 * (self.g_l * (v_peak - self.e_l).max(0.0) - drive.least(0.0).min(0.0))
        }
    }

    fn valley(&self) -> Option<Valley> {
        Some(Valley { m: self.v_t - self.common.v_th, width: self.delta_t })
    }

    fn slots(&self) -> usize {
        1
    }
}
