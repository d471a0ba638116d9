//! The adaptive exponential integrate-and-fire neuron.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;
use synfire_numerics::math;

use crate::integrated::{Common, Dynamics, Envelope, Integrated, check_upstroke};

/// One neuron.
pub type Adex = Integrated<AdaptiveExponential, 2>;

/// Equations 1 to 3 of Brette and Gerstner (2005).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaptiveExponential {
    common: Common,
    c_m: f64,
    g_l: f64,
    e_l: f64,
    v_t: f64,
    delta_t: f64,
    v_reset: f64,
    a: f64,
    b: f64,
    tau_w: f64,
}

/// Levels (v - v_t)/delta_t, and a number just above the exponential function there.
const UPSTROKE: [(f64, f64); 3] = [(-1.0, 0.368), (0.0, 1.001), (2.0, 7.39)];

impl AdaptiveExponential {
    /// No less than this is w as long as m, now below `level`, stays there: w follows a (v - e_l), and v cannot fall below
    /// where the leak balances the least current and the largest w.
    fn least_w(&self, m: f64, w: f64, level: f64, drive: &Envelope<'_>) -> f64 {
        let from_rest = self.common.v_th - self.e_l;
        let at_level = self.a * (level + from_rest);
        if self.a < 0.0 {
            return w.min(at_level);
        }
        let balance = (drive.least(m) - w.max(at_level)) / self.g_l;
        w.min(self.a * (m + from_rest).min(balance))
    }
}

impl Dynamics<2> for AdaptiveExponential {
    const SPEC: ModelSpec = ModelSpec {
        name: "adex",
        summary: "Adaptive exponential integrate-and-fire neuron",
        equations: &[
            "c_m dv/dt = -g_l (v - e_l) + g_l delta_t exp((v - v_t)/delta_t) - w + I",
            "tau_w dw/dt = a (v - e_l) - w",
        ],
        spike: "v reaches v_peak from below: v = v_reset, held there for t_ref; w += b, and w goes on meanwhile",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("c_m", "pF", 281.0, ParamRange::Positive, "membrane capacitance"),
            ParamSpec::new("g_l", "nS", 30.0, ParamRange::Positive, "leak conductance"),
            ParamSpec::new("e_l", "mV", -70.6, ParamRange::Finite, "leak reversal potential"),
            ParamSpec::new("v_t", "mV", -50.4, ParamRange::Finite, "threshold of the spike's upstroke"),
            ParamSpec::new("delta_t", "mV", 2.0, ParamRange::Positive, "slope factor of the upstroke"),
            ParamSpec::new("v_peak", "mV", 20.0, ParamRange::Finite, "potential at which a spike is told"),
            ParamSpec::new("v_reset", "mV", -70.6, ParamRange::Finite, "reset potential, below v_peak"),
            ParamSpec::new("t_ref", "ms", 0.0, ParamRange::NotNegative, "refractory time"),
            ParamSpec::new("a", "nS", 4.0, ParamRange::Finite, "adaptation by the potential"),
            ParamSpec::new("b", "pA", 80.5, ParamRange::Finite, "adaptation by a spike"),
            ParamSpec::new("tau_w", "ms", 144.0, ParamRange::Positive, "time constant of the adaptation"),
            ParamSpec::new("i_e", "pA", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "mV", rest: "e_l" },
            VariableSpec { name: "w", unit: "pA", rest: "0" },
        ],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "R. Brette and W. Gerstner (2005), Adaptive exponential integrate-and-fire model as an effective description of neuronal activity, J. Neurophysiol. 94:3637-3642",
        ],
    };

    const RESETS: bool = true;

    fn prepare(row: ParamRow<'_>) -> Result<AdaptiveExponential, ParamError> {
        let (v_peak, v_reset) = (row.get("v_peak"), row.get("v_reset"));
        if v_reset >= v_peak {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_peak ({v_peak})")));
        }
        check_upstroke(v_peak, row.get("v_t"), row.get("delta_t"))?;
        Ok(AdaptiveExponential {
            common: Common { v_th: v_peak, i_e: row.get("i_e"), t_ref: row.get("t_ref") },
            c_m: row.get("c_m"),
            g_l: row.get("g_l"),
            e_l: row.get("e_l"),
            v_t: row.get("v_t"),
            delta_t: row.get("delta_t"),
            v_reset,
            a: row.get("a"),
            b: row.get("b"),
            tau_w: row.get("tau_w"),
        })
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m, w]: &[A::Number; 2], current: A::Number) -> [A::Number; 2] {
        let v_peak = self.common.v_th;
        let above_rest = *m + a.constant(v_peak - self.e_l);
        let upstroke = (*m + a.constant(v_peak - self.v_t)) / self.delta_t;
        let exponential = a.exp(upstroke) * (self.g_l * self.delta_t);
        [
            (exponential - above_rest * self.g_l - *w + current) / self.c_m,
            (above_rest * self.a - *w) / self.tau_w,
        ]
    }

    fn scales(&self) -> [f64; 2] {
        let v = (self.common.v_th - self.e_l.min(self.v_reset)).abs().max(self.delta_t);
        [v, self.g_l * v]
    }

    fn time_scale(&self) -> f64 {
        self.c_m / self.g_l
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 2] {
        [given[0].unwrap_or(self.e_l) - self.common.v_th, given[1].unwrap_or(0.0)]
    }

    fn reset(&self, x: &mut [f64; 2]) {
        *x = [self.v_reset - self.common.v_th, x[1] + self.b];
    }

    /// w tends to a (v_reset - e_l).
    fn flow_clamped(&self, x: &mut [f64; 2], dt_ms: f64) {
        let target = self.a * (self.v_reset - self.e_l);
        x[1] += (x[1] - target) * math::exp_m1(-dt_ms / self.tau_w);
    }

    /// Up to a level, the exponential current is at most what it is there, the leak at most what it is now, and w at least
    /// `Self::least_w`.
    fn wait(&self, [m, w]: &[f64; 2], drive: &Envelope<'_>) -> f64 {
        let from_rest = self.common.v_th - self.e_l;
        let mut wait = 0.0f64;
        for (factor, growth) in UPSTROKE {
            let level = (self.v_t + factor * self.delta_t - self.common.v_th).min(0.0);
            let upstroke = self.g_l * self.delta_t * growth;
            if *m >= level {
                continue;
            }
            let pull = upstroke - self.least_w(*m, *w, level, drive);
            let at_level = pull - self.g_l * (level + from_rest) + drive.most(level);
            let on_the_way = pull - self.g_l * (m + from_rest);
            if at_level < -1e-9 * upstroke || on_the_way + drive.most(*m) < -1e-9 * upstroke {
                return f64::INFINITY;
            }
            wait = wait.max(drive.climb(*m, (level - m) * self.c_m, on_the_way, 0.0));
        }
        wait
    }

    /// The exponential current, which grows, is twice what can pull down until the peak.
    fn is_upstroke(&self, [m, w]: &[f64; 2], drive: &Envelope<'_>) -> bool {
        let v_peak = self.common.v_th;
        let above = (m + (v_peak - self.v_t)) / self.delta_t;
        above > 1.0 && *m < 0.0 && {
            let at_peak = v_peak - self.e_l;
            // w follows a (v - e_l), and v lies between here and the peak.
            let most_w = w.max(self.a * at_peak).max(self.a * (m + at_peak));
            let down = self.g_l * at_peak.max(0.0) + most_w.max(0.0) - drive.least(0.0).min(0.0);
            self.g_l * self.delta_t * math::exp(above) > 2.0 * down
        }
    }

    fn slots(&self) -> usize {
        1
    }
}
