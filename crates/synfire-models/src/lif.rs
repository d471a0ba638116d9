//! The leaky integrate-and-fire neuron.
//!
//! The state is m = v - v_th: threshold is m >= 0, and near threshold, where a last place decides, m has the most digits.
//! `flow` moves it under currents, `conductance` under conductances, `crossing` finds or excludes the next spike.

mod conductance;
mod crossing;
mod dense;
mod flow;
mod linear;

use synfire_core::model::{Anchored, Company, Crossing, NeuronModel, Unresolved};
use synfire_core::phase::PhaseLaw;
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{ModelSpec, ParamError, ParamRange, ParamRow, ParamSpec, VariableSpec};
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::drive_sign::Fading;
use synfire_numerics::relaxation::{FadingInput, Relaxation};
use synfire_numerics::response::{Decay, Response};

/// The constants of one neuron. All potentials are relative to v_th.
#[derive(Clone, Debug)]
pub struct Lif {
    v_th: f64,
    m_reset: f64,
    t_ref: f64,
    tau_m: f64,
    /// 1/tau_m.
    leak_rate: f64,
    /// 1/c_m.
    per_capacitance: f64,
    resting: Resting,
    /// All receptors but `delta`, by falling time constant.
    inputs: Vec<Input>,
    has_conductances: bool,
    /// The same for [`conductance`], in the same order.
    relaxation: Relaxation,
}

/// The state of one neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LifState {
    /// v - v_th, mV.
    m: f64,
}

/// A duration, and what is left of the membrane's past after it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LifLapse {
    dt_ms: f64,
    membrane: Decay,
}

/// Where m tends to under constant current alone.
#[derive(Clone, Copy, Debug)]
struct Resting {
    e_l: f64,
    v_th: f64,
    tau_m: f64,
    c_m: f64,
    i_e: f64,
    without_stimulus: f64,
}

/// A receptor with variables.
#[derive(Clone, Copy, Debug)]
struct Input {
    /// Where its variables begin.
    place: usize,
    is_alpha: bool,
    tau: f64,
    /// 1/tau.
    rate: f64,
    /// What one unit of the variable adds to dm/dt at threshold, mV/ms.
    drive: f64,
    effect: Effect,
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Current {
        response: Response,
        /// The most that a variable of 1 can ever add to m: mV, and for the rise x, mV ms.
        peak: f64,
        ramp_peak: f64,
    },
    Conductance {
        /// e_rev - v_th, mV.
        reversal: f64,
    },
}

impl Resting {
    /// m_inf = e_l + (i_e + stimulus) tau_m / c_m - v_th. Rounded once: just above threshold, where the next spike is
    /// far away, its time depends on the last place of this difference.
    fn m_inf(&self, stimulus: f64) -> f64 {
        if stimulus == 0.0 { self.without_stimulus } else { self.rounded_once(stimulus) }
    }

    fn rounded_once(&self, stimulus: f64) -> f64 {
        let shift = DoubleDouble::sum(self.i_e, stimulus) * self.tau_m / self.c_m;
        (DoubleDouble::sum(self.e_l, -self.v_th) + shift).round()
    }
}

impl Input {
    fn new(receptor: &Receptor, place: usize, lif: &Lif) -> Input {
        let (drive, effect) = if receptor.kind.is_conductance() {
            let reversal = receptor.e_rev - lif.v_th;
            (reversal * lif.per_capacitance, Effect::Conductance { reversal })
        } else {
            let response = Response::new(lif.tau_m, receptor.tau);
            let peak = response.peak() * lif.per_capacitance;
            (lif.per_capacitance, Effect::Current { response, peak, ramp_peak: peak * receptor.tau })
        };
        let is_alpha = receptor.kind.is_alpha();
        Input { place, is_alpha, tau: receptor.tau, rate: 1.0 / receptor.tau, drive, effect }
    }

    /// The variables s (or g) and x at the anchor.
    #[inline]
    fn values(&self, inputs: &[f64]) -> (f64, f64) {
        (inputs[self.place], if self.is_alpha { inputs[self.place + 1] } else { 0.0 })
    }

    #[inline]
    fn set(&self, inputs: &mut [f64], (s, x): (f64, f64)) {
        inputs[self.place] = s;
        if self.is_alpha {
            inputs[self.place + 1] = x;
        }
    }

    /// What it is to [`synfire_numerics::relaxation`].
    fn fading(&self) -> FadingInput {
        let reversal = match self.effect {
            Effect::Current { .. } => None,
            Effect::Conductance { reversal } => Some(reversal),
        };
        FadingInput { tau: self.tau, rate: self.rate, is_alpha: self.is_alpha, reversal }
    }

    /// What it adds to dm/dt at threshold.
    fn drive(&self, inputs: &[f64]) -> Fading {
        let (s, x) = self.values(inputs);
        Fading { a: self.drive * s, b: self.drive * x, tau: self.tau }
    }
}

impl Lif {
    fn flow_with_inputs(&self, state: &mut LifState, inputs: &mut [f64], m_inf: f64, lapse: &LifLapse) {
        if lapse.dt_ms == 0.0 {
            return;
        }
        if self.has_conductances {
            state.m = self.under_conductances(state.m, m_inf, inputs, 0.0, lapse.dt_ms);
            self.decay_inputs(inputs, lapse.dt_ms);
        } else {
            state.m = self.flow_under_currents(state.m, m_inf, inputs, lapse);
        }
    }
}

impl NeuronModel for Lif {
    type State = LifState;
    type Lapse = LifLapse;

    const SPEC: ModelSpec = ModelSpec {
        name: "lif",
        summary: "Leaky integrate-and-fire neuron with any number of current, conductance and delta receptors",
        equations: &["dv/dt = -(v - e_l)/tau_m + I/c_m"],
        spike: "v reaches v_th from below: v = v_reset, held there for t_ref",
        method: "currents in closed form; conductances by Gauss-Legendre quadrature of the exact solution; crossings isolated by the sign of the drive at threshold",
        parameters: &[
            ParamSpec {
                name: "tau_m",
                unit: "ms",
                default: Some(10.0),
                range: ParamRange::Positive,
                meaning: "membrane time constant",
            },
            ParamSpec {
                name: "c_m",
                unit: "pF",
                default: Some(250.0),
                range: ParamRange::Positive,
                meaning: "membrane capacitance",
            },
            ParamSpec {
                name: "e_l",
                unit: "mV",
                default: Some(-70.0),
                range: ParamRange::Finite,
                meaning: "resting potential",
            },
            ParamSpec {
                name: "v_th",
                unit: "mV",
                default: Some(-55.0),
                range: ParamRange::Finite,
                meaning: "threshold",
            },
            ParamSpec {
                name: "v_reset",
                unit: "mV",
                default: Some(-70.0),
                range: ParamRange::Finite,
                meaning: "reset potential, below v_th",
            },
            ParamSpec {
                name: "t_ref",
                unit: "ms",
                default: Some(2.0),
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
        lists: &[],
        variables: &[VariableSpec { name: "v", unit: "mV", rest: "e_l" }],
        receptors: &ReceptorKind::ALL,
        is_source: false,
        has_spike_trains: false,
        references: &[
            "R. Brette (2006), Exact simulation of integrate-and-fire models with synaptic conductances, Neural Comput. 18:2004-2027",
            "R. Brette (2007), Exact simulation of integrate-and-fire models with exponential currents, Neural Comput. 19:2604-2609",
        ],
    };

    fn prepare(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Lif, ParamError> {
        let (tau_m, c_m, v_th) = (row.get("tau_m"), row.get("c_m"), row.get("v_th"));
        let v_reset = row.get("v_reset");
        if v_reset >= v_th {
            return Err(ParamError::new("v_reset", v_reset, format!("a number below v_th ({v_th})")));
        }
        let mut resting =
            Resting { e_l: row.get("e_l"), v_th, tau_m, c_m, i_e: row.get("i_e"), without_stimulus: 0.0 };
        resting.without_stimulus = resting.rounded_once(0.0);
        let mut lif = Lif {
            v_th,
            m_reset: v_reset - v_th,
            t_ref: row.get("t_ref"),
            tau_m,
            leak_rate: 1.0 / tau_m,
            per_capacitance: 1.0 / c_m,
            resting,
            inputs: Vec::new(),
            has_conductances: receptors.receptors().iter().any(|r| r.kind.is_conductance()),
            relaxation: Relaxation::default(),
        };
        for (index, receptor) in receptors.receptors().iter().enumerate() {
            if receptor.kind != ReceptorKind::Delta {
                lif.inputs.push(Input::new(receptor, receptors.first_variable(index), &lif));
            }
        }
        lif.inputs.sort_by(|a, b| b.tau.total_cmp(&a.tau));
        lif.relaxation = Relaxation {
            leak_rate: lif.leak_rate,
            per_capacitance: lif.per_capacitance,
            inputs: lif.inputs.iter().map(Input::fading).collect(),
        };
        Ok(lif)
    }

    fn initial(&self, given: &[Option<f64>]) -> LifState {
        LifState { m: given[0].unwrap_or(self.resting.e_l) - self.v_th }
    }

    fn variable(&self, state: &LifState, _index: usize) -> f64 {
        self.v_th + state.m
    }

    #[inline]
    fn lapse(&self, dt_ms: f64) -> LifLapse {
        // Conductances ask for other exponentials.
        let membrane = if self.has_conductances { Decay::NONE } else { Decay::after(dt_ms * self.leak_rate) };
        LifLapse { dt_ms, membrane }
    }

    #[inline(always)]
    fn flow_over(&self, state: &mut LifState, inputs: &mut [f64], stimulus: f64, lapse: &LifLapse) {
        let m_inf = self.resting.m_inf(stimulus);
        if self.inputs.is_empty() {
            state.m = flow::relax(state.m, m_inf, lapse.membrane);
        } else {
            self.flow_with_inputs(state, inputs, m_inf, lapse);
        }
    }

    fn flows_together(&self) -> bool {
        self.has_conductances
    }

    fn flow_together(&self, company: impl Company<LifState>) {
        self.together_under_conductances(company);
    }

    fn flow_refractory(&self, _state: &mut LifState, inputs: &mut [f64], _stimulus: f64, dt_ms: f64) {
        self.decay_inputs(inputs, dt_ms);
    }

    fn first_crossing(&self, at: Anchored<'_, LifState>) -> Result<Crossing, Unresolved> {
        if at.state.m.is_nan() || at.inputs.iter().any(|input| !input.is_finite()) {
            return Err(Unresolved { after_ms: 0.0, reason: "the state is not a number" });
        }
        Ok(self.next_crossing(at))
    }

    #[inline]
    fn crossing_bound(&self, at: Anchored<'_, LifState>, from_ms: f64) -> f64 {
        // The commonest case by far in networks with delta synapses: nothing but input can make a spike.
        if self.inputs.is_empty() && at.state.m < 0.0 && self.resting.m_inf(at.stimulus) <= 0.0 {
            return f64::INFINITY;
        }
        self.earliest_crossing(at, from_ms)
    }

    #[inline]
    fn receive(&self, state: &mut LifState, jump: f64) {
        state.m += jump;
    }

    #[inline]
    fn reaches_threshold(&self, state: &mut LifState) -> bool {
        state.m >= 0.0
    }

    fn put_at_threshold(&self, state: &mut LifState) {
        state.m = 0.0;
    }

    fn fire(&self, state: &mut LifState) {
        state.m = self.m_reset;
    }

    fn phase_law(&self) -> Option<PhaseLaw> {
        self.inputs.is_empty().then_some(PhaseLaw {
            tau_ms: self.tau_m,
            drive: self.resting.m_inf(0.0),
            reset: self.m_reset,
            threshold: self.v_th,
            refractory_ms: self.t_ref,
            rest: self.resting.e_l,
        })
    }

    fn refractory_ms(&self) -> f64 {
        self.t_ref
    }
}
