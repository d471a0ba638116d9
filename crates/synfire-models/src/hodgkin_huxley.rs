//! The Hodgkin-Huxley neuron of Traub and Miles, as benchmark 3 of Brette et al. (2007) has it.

use synfire_core::receptor::ReceptorKind;
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::jet::{Arithmetic, Jets, Slot};

use crate::integrated::{Common, Dynamics, Envelope, Integrated};

/// One neuron.
pub type HodgkinHuxley = Integrated<SodiumPotassium, 4>;

/// Sodium and potassium channels with three gates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SodiumPotassium {
    common: Common,
    c_m: f64,
    g_l: f64,
    e_l: f64,
    g_na: f64,
    e_na: f64,
    g_k: f64,
    e_k: f64,
    v_t: f64,
    /// Levels of v on the way from rest to threshold, with the gate m at rest there.
    levels: [(f64, f64); 4],
}

/// Opening and closing rates of the gates m, h and n, per ms.
struct GateRates<N> {
    opening: [N; 3],
    closing: [N; 3],
}

impl SodiumPotassium {
    /// The rates of Brette et al. (2007), appendix B, with y = v - v_t. Quotients x/(e^x - 1) are 1 at x = 0.
    #[inline(always)]
    fn gate_rates<A: Arithmetic>(&self, a: &mut A, y: A::Number) -> GateRates<A::Number> {
        let (from_13, from_15) = (a.constant(13.0) - y, a.constant(15.0) - y);
        let (from_10, from_17) = (a.constant(10.0) - y, a.constant(17.0) - y);
        let beyond_40 = (y - a.constant(40.0)) / 5.0;
        GateRates {
            opening: [
                a.over_exp_m1(from_13 / 4.0) * (0.32 * 4.0),
                a.exp(from_17 / 18.0) * 0.128,
                a.over_exp_m1(from_15 / 5.0) * (0.032 * 5.0),
            ],
            closing: [
                a.over_exp_m1(beyond_40) * (0.28 * 5.0),
                a.logistic(beyond_40) * 4.0,
                a.exp(from_10 / 40.0) * 0.5,
            ],
        }
    }

    /// Where the gates rest at the potential v.
    fn steady_gates(&self, v: f64) -> [f64; 3] {
        let mut slots = vec![Slot::EMPTY; MOST_SLOTS];
        let rates = self.gate_rates(&mut Jets::new(&mut slots), v - self.v_t);
        std::array::from_fn(|gate| rates.opening[gate] / (rates.opening[gate] + rates.closing[gate]))
    }
}

/// Three quotients near 0, two exponentials, a logistic function and 13 products.
const MOST_SLOTS: usize = 3 * 10 + 2 + 2 + 13;

impl Dynamics<4> for SodiumPotassium {
    const SPEC: ModelSpec = ModelSpec {
        name: "hodgkin_huxley",
        summary: "Hodgkin-Huxley neuron with the channels of Traub and Miles, as in benchmark 3 of Brette et al. (2007)",
        equations: &[
            "c_m dv/dt = -g_l (v - e_l) - g_na m^3 h (v - e_na) - g_k n^4 (v - e_k) + I",
            "dm/dt = alpha_m (1 - m) - beta_m m, and so for h and n; with y = v - v_t:",
            "alpha_m = 0.32 (13 - y)/(exp((13 - y)/4) - 1), beta_m = 0.28 (y - 40)/(exp((y - 40)/5) - 1)",
            "alpha_h = 0.128 exp((17 - y)/18), beta_h = 4/(1 + exp((40 - y)/5))",
            "alpha_n = 0.032 (15 - y)/(exp((15 - y)/5) - 1), beta_n = 0.5 exp((10 - y)/40)",
        ],
        spike: "each upward crossing of v_th; no reset",
        method: "Taylor series of order 20; crossings found or excluded on each series' polynomial",
        parameters: &[
            ParamSpec::new("c_m", "pF", 200.0, ParamRange::Positive, "membrane capacitance"),
            ParamSpec::new("g_l", "nS", 10.0, ParamRange::NotNegative, "leak conductance"),
            ParamSpec::new("e_l", "mV", -60.0, ParamRange::Finite, "leak reversal potential"),
            ParamSpec::new("g_na", "nS", 20000.0, ParamRange::NotNegative, "sodium conductance"),
            ParamSpec::new("e_na", "mV", 50.0, ParamRange::Finite, "sodium reversal potential"),
            ParamSpec::new("g_k", "nS", 6000.0, ParamRange::NotNegative, "potassium conductance"),
            ParamSpec::new("e_k", "mV", -90.0, ParamRange::Finite, "potassium reversal potential"),
            ParamSpec::new("v_t", "mV", -63.0, ParamRange::Finite, "shift of the rates"),
            ParamSpec::new(
                "v_th",
                "mV",
                -20.0,
                ParamRange::Finite,
                "level whose upward crossings are spikes",
            ),
            ParamSpec::new("i_e", "pA", 0.0, ParamRange::Finite, "constant current"),
        ],
        lists: &[],
        variables: &[
            VariableSpec { name: "v", unit: "mV", rest: "e_l" },
            VariableSpec { name: "m", unit: "", rest: "steady at v" },
            VariableSpec { name: "h", unit: "", rest: "steady at v" },
            VariableSpec { name: "n", unit: "", rest: "steady at v" },
        ],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "R. D. Traub and R. Miles (1991), Neuronal Networks of the Hippocampus, Cambridge University Press",
            "R. Brette et al. (2007), Simulation of networks of spiking neurons: a review of tools and strategies, J. Comput. Neurosci. 23:349-398, benchmark 3",
        ],
    };

    const RESETS: bool = false;

    fn prepare(row: ParamRow<'_>) -> Result<SodiumPotassium, ParamError> {
        let mut neuron = SodiumPotassium {
            levels: [(0.0, 0.0); 4],
            common: Common { v_th: row.get("v_th"), i_e: row.get("i_e"), t_ref: 0.0 },
            c_m: row.get("c_m"),
            g_l: row.get("g_l"),
            e_l: row.get("e_l"),
            g_na: row.get("g_na"),
            e_na: row.get("e_na"),
            g_k: row.get("g_k"),
            e_k: row.get("e_k"),
            v_t: row.get("v_t"),
        };
        neuron.levels = [0.04, 0.12, 0.3, 0.6].map(|part| {
            let level = (neuron.e_l + part * (neuron.common.v_th - neuron.e_l)).min(neuron.common.v_th);
            (level, neuron.steady_gates(level)[0])
        });
        Ok(neuron)
    }

    fn common(&self) -> Common {
        self.common
    }

    #[inline(always)]
    fn rates<A: Arithmetic>(&self, a: &mut A, x: &[A::Number; 4], current: A::Number) -> [A::Number; 4] {
        let [v, m, h, n] = *x;
        let mut above = |level: f64| v + a.constant(self.common.v_th - level);
        let (leak, sodium, potassium, y) =
            (above(self.e_l), above(self.e_na), above(self.e_k), above(self.v_t));
        let rates = self.gate_rates(a, y);
        let m_square = a.mul(m, m);
        let m_cube = a.mul(m_square, m);
        let sodium_open = a.mul(m_cube, h);
        let n_square = a.mul(n, n);
        let potassium_open = a.mul(n_square, n_square);
        let sodium_current = a.mul(sodium_open, sodium) * self.g_na;
        let potassium_current = a.mul(potassium_open, potassium) * self.g_k;
        let one = a.constant(1.0);
        let mut gate = |i: usize, open: A::Number| {
            let opening = a.mul(rates.opening[i], one - open);
            opening - a.mul(rates.closing[i], open)
        };
        let (dm, dh, dn) = (gate(0, m), gate(1, h), gate(2, n));
        let dv = (current - leak * self.g_l - sodium_current - potassium_current) / self.c_m;
        [dv, dm, dh, dn]
    }

    fn scales(&self) -> [f64; 4] {
        let v = (0.25 * (self.e_na - self.e_k)).abs().max((self.common.v_th - self.e_l).abs()).max(1.0);
        [v, 1.0, 1.0, 1.0]
    }

    /// The sodium gate opens and closes within about this time.
    fn time_scale(&self) -> f64 {
        0.2
    }

    fn initial(&self, given: &[Option<f64>]) -> [f64; 4] {
        let v = given[0].unwrap_or(self.e_l);
        let [m, h, n] = self.steady_gates(v);
        [v - self.common.v_th, given[1].unwrap_or(m), given[2].unwrap_or(h), given[3].unwrap_or(n)]
    }

    /// Up to a level, the gate m is at most what it is now or tends to there, h is at most 1, potassium currents pull down.
    fn wait(&self, x: &[f64; 4], drive: &Envelope<'_>) -> f64 {
        let [from_threshold, m, h, n] = *x;
        let v = from_threshold + self.common.v_th;
        let is_in_range = [m, h, n].iter().all(|gate| (0.0..=1.0).contains(gate));
        if v < self.e_k || !is_in_range {
            return 0.0;
        }
        let most = drive.most(from_threshold);
        let mut wait = 0.0f64;
        for (level, steady) in self.levels {
            let open = m.max(1.001 * steady);
            let sodium = self.g_na * open * open * open * (self.e_na - v).max(0.0);
            let upward = sodium - self.g_l * (v - self.e_l);
            if v >= level {
                continue;
            }
            if upward + most < -1e-9 * self.g_l {
                return f64::INFINITY;
            }
            wait = wait.max(drive.climb(from_threshold, (level - v) * self.c_m, upward, 0.0));
        }
        wait
    }

    fn slots(&self) -> usize {
        MOST_SLOTS
    }
}
