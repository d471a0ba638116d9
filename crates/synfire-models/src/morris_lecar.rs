//! The neuron of Morris and Lecar.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::Arithmetic;
use synfire_numerics::scalar::Scalar;

use crate::integrated::{Common, Dynamics, Envelope, Integrated};

/// One neuron.
pub type MorrisLecar = Integrated<CalciumPotassium, 2>;

/// The second-order system of Morris and Lecar (1981), with calcium at its steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CalciumPotassium {
    common: Common,
    c_m: f64,
    g_l: f64,
    e_l: f64,
    g_ca: f64,
    e_ca: f64,
    g_k: f64,
    e_k: f64,
    phi: f64,
    v1: f64,
    v2: f64,
    v3: f64,
    v4: f64,
    /// Levels of v on the way from rest to threshold, with the part of open calcium channels there.
    levels: [(f64, f64); 3],
}

impl Dynamics<2> for CalciumPotassium {
    const SPEC: ModelSpec = ModelSpec {
        name: "morris_lecar",
        summary: "Morris-Lecar neuron",
        equations: &[
            "c_m dv/dt = -g_l (v - e_l) - g_ca m (v - e_ca) - g_k w (v - e_k) + I",
            "dw/dt = phi (n - w) cosh((v - v3)/(2 v4))",
            "m = (1 + tanh((v - v1)/v2))/2, n = (1 + tanh((v - v3)/v4))/2",
        ],
        spike: "each upward crossing of v_th; no reset",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("c_m", "pF", 20.0, ParamRange::Positive, "membrane capacitance"),
            ParamSpec::new("g_l", "nS", 2.0, ParamRange::NotNegative, "leak conductance"),
            ParamSpec::new("e_l", "mV", -60.0, ParamRange::Finite, "leak reversal potential"),
            ParamSpec::new("g_ca", "nS", 4.4, ParamRange::NotNegative, "calcium conductance"),
            ParamSpec::new("e_ca", "mV", 120.0, ParamRange::Finite, "calcium reversal potential"),
            ParamSpec::new("g_k", "nS", 8.0, ParamRange::NotNegative, "potassium conductance"),
            ParamSpec::new("e_k", "mV", -84.0, ParamRange::Finite, "potassium reversal potential"),
            ParamSpec::new("phi", "1/ms", 0.04, ParamRange::Finite, "rate of the potassium gate"),
            ParamSpec::new("v1", "mV", -1.2, ParamRange::Finite, "half activation of calcium"),
            ParamSpec::new("v2", "mV", 18.0, ParamRange::Positive, "width of the activation of calcium"),
            ParamSpec::new("v3", "mV", 2.0, ParamRange::Finite, "half activation of potassium"),
            ParamSpec::new("v4", "mV", 30.0, ParamRange::Positive, "width of the activation of potassium"),
            ParamSpec::new("v_th", "mV", 0.0, ParamRange::Finite, "level whose upward crossings are spikes"),
            ParamSpec::new("i_e", "pA", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "mV", rest: "e_l" },
            VariableSpec { name: "w", unit: "", rest: "n at v" },
        ],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "C. Morris and H. Lecar (1981), Voltage oscillations in the barnacle giant muscle fiber, Biophys. J. 35:193-213",
            "J. Rinzel and B. Ermentrout (1998), Analysis of neural excitability and oscillations, in Methods in Neuronal Modeling, MIT Press",
        ],
    };

    const RESETS: bool = false;

    fn prepare(row: ParamRow<'_>) -> Result<CalciumPotassium, ParamError> {
        let (e_l, v_th) = (row.get("e_l"), row.get("v_th"));
        let levels = [1.0 / 3.0, 2.0 / 3.0, 1.0].map(|part| {
            let level = (e_l + part * (v_th - e_l)).min(v_th);
            (level, (2.0 * (level - row.get("v1")) / row.get("v2")).logistic())
        });
        Ok(CalciumPotassium {
            levels,
            common: Common { v_th: row.get("v_th"), i_e: row.get("i_e"), t_ref: 0.0 },
            c_m: row.get("c_m"),
            g_l: row.get("g_l"),
            e_l: row.get("e_l"),
            g_ca: row.get("g_ca"),
            e_ca: row.get("e_ca"),
            g_k: row.get("g_k"),
            e_k: row.get("e_k"),
            phi: row.get("phi"),
            v1: row.get("v1"),
            v2: row.get("v2"),
            v3: row.get("v3"),
            v4: row.get("v4"),
        })
    }

    fn common(&self) -> Common {
        self.common
    }

    /// (1 + tanh x)/2 is the logistic function of 2 x.
    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, [m, w]: &[A::Number; 2], current: A::Number) -> [A::Number; 2] {
        let mut above = |level: f64| *m + a.constant(self.common.v_th - level);
        let (leak, calcium, potassium) = (above(self.e_l), above(self.e_ca), above(self.e_k));
        let (from_v1, from_v3) = (above(self.v1), above(self.v3));
        let calcium_open = a.logistic(from_v1 * 2.0 / self.v2);
        let potassium_target = a.logistic(from_v3 * 2.0 / self.v4);
        let growth = a.exp(from_v3 / (2.0 * self.v4));
        let one = a.constant(1.0);
        let twice_cosh = growth + a.div(one, growth);
        let calcium_current = a.mul(calcium_open, calcium) * self.g_ca;
        let potassium_current = a.mul(*w, potassium) * self.g_k;
        let approach = a.mul(potassium_target - *w, twice_cosh);
        [
            (current - leak * self.g_l - calcium_current - potassium_current) / self.c_m,
            approach * (0.5 * self.phi),
        ]
    }

    fn scales(&self) -> [f64; 2] {
        [(0.25 * (self.e_ca - self.e_k)).abs().max((self.common.v_th - self.e_l).abs()).max(1.0), 1.0]
    }

    fn time_scale(&self) -> f64 {
        self.c_m / (self.g_l + self.g_ca + self.g_k).max(f64::MIN_POSITIVE)
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 2] {
        let v = given[0].unwrap_or(self.e_l);
        let steady = (2.0 * (v - self.v3) / self.v4).logistic();
        [v - self.common.v_th, given[1].unwrap_or(steady)]
    }

    /// Up to a level, calcium channels are open at most as there, potassium currents pull down, the leak at least as now.
    fn wait(&self, [m, w]: &[f64; 2], drive: &Envelope<'_>) -> f64 {
        let v = m + self.common.v_th;
        if v < self.e_k || *w < 0.0 || self.phi < 0.0 {
            return 0.0;
        }
        let mut wait = 0.0f64;
        for (level, open) in self.levels {
            if v >= level {
                continue;
            }
            let upward = |v: f64| self.g_ca * open * (self.e_ca - v).max(0.0) - self.g_l * (v - self.e_l);
            let most = |v: f64| upward(v) + drive.most(v - self.common.v_th);
            let margin = 1e-9 * self.g_l * (level - v);
            if most(level) < -margin || most(v) < -margin {
                return f64::INFINITY;
            }
            wait = wait.max(drive.climb(*m, (level - v) * self.c_m, upward(v), 0.0));
        }
        wait
    }

    fn slots(&self) -> usize {
        9
    }
}
