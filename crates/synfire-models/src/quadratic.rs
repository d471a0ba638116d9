//! Integrate-and-fire neurons with a quadratic slope: what `qif` and `qif_normalised` share.
//!
//! The state is x = v - v_m, v_m being the vertex of the parabola: dx/dt = a x^2 - G x + Q, the Riccati equation of
//! [`synfire_numerics::riccati`]. x is small in the bottleneck between rest and spike, where time passes and where a last
//! place counts. It may be infinite: the peak may be +infinity and the reset -infinity, where delta inputs are lost.

use synfire_core::model::{Anchored, Crossing, NeuronModel, Unresolved};
use synfire_core::receptor::{Receptor, ReceptorKind, ReceptorSet};
use synfire_core::spec::{ModelSpec, ParamError, ParamRow};
use synfire_numerics::dd::DoubleDouble;
use synfire_numerics::response::Decay;
use synfire_numerics::riccati::{Autonomous, Forced, Outcome, Passage, Term};

/// A model of this family: its page, and its parameters in the common form.
pub trait Page: Send + Sync + 'static {
    /// The model's page.
    const SPEC: ModelSpec;

    /// The parameters of one neuron in the common form.
    fn shape(row: ParamRow<'_>) -> Shape;
}

/// c dv/dt = k (v - v_rest)(v - v_crit) + I.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// c, pF.
    pub capacitance: f64,
    /// k, pA/mV^2.
    pub k: f64,
    /// The left zero of the parabola, mV.
    pub v_rest: f64,
    /// Its right zero, mV.
    pub v_crit: f64,
    /// The peak, mV, or infinity.
    pub v_peak: f64,
    /// The reset, mV, or -infinity.
    pub v_reset: f64,
    /// The refractory time, ms.
    pub t_ref: f64,
    /// The constant current, pA.
    pub i_e: f64,
    /// Where v is at t = 0 unless the scenario says otherwise, mV.
    pub v_start: f64,
}

/// The constants of one neuron of the model whose page is `P`.
#[derive(Clone, Debug)]
pub struct Quadratic<P> {
    shape: Shape,
    vertex: Vertex,
    x_peak: f64,
    x_reset: f64,
    without_stimulus: Autonomous,
    /// All receptors but `delta`, by falling time constant.
    inputs: Vec<Input>,
    page: std::marker::PhantomData<P>,
}

/// The state of one neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuadraticState {
    /// v - v_m, mV; perhaps infinite.
    x: f64,
}

/// A duration, and the part of a flow under constant current that depends on it alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct QuadraticLapse {
    dt_ms: f64,
    passage: Passage,
}

/// v_m = (v_rest + v_crit)/2, to more digits than a double has.
#[derive(Clone, Copy, Debug)]
struct Vertex(DoubleDouble);

/// A receptor with variables.
#[derive(Clone, Copy, Debug)]
struct Input {
    /// Where its variables begin.
    place: usize,
    is_alpha: bool,
    tau: f64,
    /// What one unit of the variable adds to Q, mV/ms.
    drive: f64,
    /// What it adds to G, 1/ms.
    pull: f64,
}

impl Vertex {
    fn distance(self, v: f64) -> f64 {
        if v.is_infinite() { v } else { (DoubleDouble::sum(v, 0.0) + self.0 * -1.0).round() }
    }

    fn potential(self, x: f64) -> f64 {
        if x.is_infinite() { x } else { (DoubleDouble::sum(x, 0.0) + self.0).round() }
    }
}

impl Shape {
    /// Q = (I - k (v_crit - v_rest)^2/4)/c, rounded once: just above 0, where the next spike is far away, its time depends
    /// on the last place of this difference.
    fn drive(&self, stimulus: f64) -> f64 {
        let width = DoubleDouble::sum(self.v_crit, -self.v_rest);
        let square =
            DoubleDouble::product(width.hi, width.hi) + DoubleDouble::product(2.0 * width.hi, width.lo);
        let current = DoubleDouble::sum(self.i_e, stimulus) + square * (-0.25 * self.k);
        (current / self.capacitance).round()
    }

    fn autonomous(&self, stimulus: f64) -> Autonomous {
        Autonomous::new(self.k / self.capacitance, self.drive(stimulus))
    }
}

impl Input {
    fn new(receptor: &Receptor, place: usize, shape: &Shape, vertex: Vertex) -> Input {
        let conductance = receptor.kind.is_conductance();
        let reversal = if conductance { vertex.distance(receptor.e_rev) } else { 1.0 };
        Input {
            place,
            is_alpha: receptor.kind.is_alpha(),
            tau: receptor.tau,
            drive: reversal / shape.capacitance,
            pull: if conductance { 1.0 / shape.capacitance } else { 0.0 },
        }
    }

    #[inline]
    fn term(&self, inputs: &[f64]) -> Term {
        let s = inputs[self.place];
        let rise = if self.is_alpha { inputs[self.place + 1] } else { 0.0 };
        Term {
            q: self.drive * s,
            q_rise: self.drive * rise,
            g: self.pull * s,
            g_rise: self.pull * rise,
            tau: self.tau,
        }
    }

    fn decay(&self, inputs: &mut [f64], dt: f64) {
        let s = inputs[self.place];
        let rise = if self.is_alpha { inputs[self.place + 1] } else { 0.0 };
        if s == 0.0 && rise == 0.0 {
            return;
        }
        let left = Decay::after(dt / self.tau).left;
        inputs[self.place] = (s + rise * dt) * left;
        if self.is_alpha {
            inputs[self.place + 1] = rise * left;
        }
    }
}

impl<P: Page> Quadratic<P> {
    fn autonomous(&self, stimulus: f64) -> Autonomous {
        if stimulus == 0.0 { self.without_stimulus } else { self.shape.autonomous(stimulus) }
    }

    fn is_quiet(inputs: &[f64]) -> bool {
        inputs.iter().all(|value| *value == 0.0)
    }

    fn forced<'a>(
        &'a self,
        inputs: &'a [f64],
        stimulus: f64,
    ) -> Forced<impl Iterator<Item = Term> + Clone + 'a> {
        let terms = self.inputs.iter().map(move |input| input.term(inputs));
        Forced { constant: self.autonomous(stimulus), terms }
    }

    fn decay_inputs(&self, inputs: &mut [f64], dt_ms: f64) {
        for input in &self.inputs {
            input.decay(inputs, dt_ms);
        }
    }
}

impl<P: Page> NeuronModel for Quadratic<P> {
    type State = QuadraticState;
    type Lapse = QuadraticLapse;

    const SPEC: ModelSpec = P::SPEC;

    fn prepare(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Quadratic<P>, ParamError> {
        let shape = P::shape(row);
        if shape.v_reset >= shape.v_peak {
            let expected = format!("a number below v_peak ({})", shape.v_peak);
            return Err(ParamError::new("v_reset", shape.v_reset, expected));
        }
        let vertex = Vertex(DoubleDouble::sum(shape.v_rest, shape.v_crit) * 0.5);
        let mut inputs: Vec<Input> = Vec::new();
        for (index, receptor) in receptors.receptors().iter().enumerate() {
            if receptor.kind != ReceptorKind::Delta {
                inputs.push(Input::new(receptor, receptors.first_variable(index), &shape, vertex));
            }
        }
        inputs.sort_by(|a, b| b.tau.total_cmp(&a.tau));
        Ok(Quadratic {
            shape,
            vertex,
            x_peak: vertex.distance(shape.v_peak),
            x_reset: vertex.distance(shape.v_reset),
            without_stimulus: shape.autonomous(0.0),
            inputs,
            page: std::marker::PhantomData,
        })
    }

    fn initial(&self, given: &[Option<f64>]) -> QuadraticState {
        QuadraticState { x: self.vertex.distance(given[0].unwrap_or(self.shape.v_start)) }
    }

    fn variable(&self, state: &QuadraticState, _index: usize) -> f64 {
        self.vertex.potential(state.x)
    }

    #[inline]
    fn lapse(&self, dt_ms: f64) -> QuadraticLapse {
        // With receptor variables the constant current is hardly ever alone.
        let passage =
            if self.inputs.is_empty() { self.without_stimulus.passage(dt_ms) } else { Passage::default() };
        QuadraticLapse { dt_ms, passage }
    }

    #[inline]
    fn flow_over(
        &self,
        state: &mut QuadraticState,
        inputs: &mut [f64],
        stimulus: f64,
        lapse: &QuadraticLapse,
    ) {
        if self.inputs.is_empty() && stimulus == 0.0 {
            state.x = self.without_stimulus.flow(state.x, lapse.passage);
        } else if Self::is_quiet(inputs) {
            let constant = self.autonomous(stimulus);
            state.x = constant.flow(state.x, constant.passage(lapse.dt_ms));
        } else {
            state.x = self.forced(inputs, stimulus).flow(state.x, lapse.dt_ms);
            self.decay_inputs(inputs, lapse.dt_ms);
        }
    }

    fn flow_refractory(&self, _state: &mut QuadraticState, inputs: &mut [f64], _stimulus: f64, dt_ms: f64) {
        self.decay_inputs(inputs, dt_ms);
    }

    fn first_crossing(&self, at: Anchored<'_, QuadraticState>) -> Result<Crossing, Unresolved> {
        let x = at.state.x;
        if x.is_nan() {
            return Err(Unresolved { after_ms: 0.0, reason: "the state is not a number" });
        }
        if x >= self.x_peak {
            return Ok(Crossing::at(0.0));
        }
        if Self::is_quiet(at.inputs) {
            let constant = self.autonomous(at.stimulus);
            let ambiguous = constant.is_ambiguous(x);
            return Ok(Crossing { ambiguous, ..Crossing::at(constant.time_to(x, self.x_peak)) });
        }
        let (outcome, ambiguous) = self.forced(at.inputs, at.stimulus).first_time_at(x, self.x_peak);
        let crossing = match outcome {
            Outcome::Never => Crossing::NEVER,
            Outcome::At(after_ms) => Crossing::at(after_ms),
            Outcome::NotBefore(after_ms) => Crossing::checkpoint(after_ms),
            Outcome::Failed(after_ms) => {
                return Err(Unresolved { after_ms, reason: "the inputs are beyond the range of numbers" });
            }
        };
        Ok(Crossing { ambiguous, ..crossing })
    }

    #[inline]
    fn crossing_bound(&self, at: Anchored<'_, QuadraticState>, from_ms: f64) -> f64 {
        let x = at.state.x;
        if from_ms == 0.0 && Self::is_quiet(at.inputs) {
            let bound = self.autonomous(at.stimulus).least_time_to(x, self.x_peak);
            return if x < self.x_peak { bound } else { 0.0 };
        }
        let forced = self.forced(at.inputs, at.stimulus);
        let x = if from_ms > 0.0 { forced.flow(x, from_ms) } else { x };
        forced.least_time_to(x, self.x_peak, from_ms)
    }

    #[inline]
    fn receive(&self, state: &mut QuadraticState, jump: f64) {
        state.x += jump;
    }

    #[inline]
    fn reaches_threshold(&self, state: &mut QuadraticState) -> bool {
        state.x >= self.x_peak
    }

    fn put_at_threshold(&self, state: &mut QuadraticState) {
        state.x = self.x_peak;
    }

    fn fire(&self, state: &mut QuadraticState) {
        state.x = self.x_reset;
    }

    fn refractory_ms(&self) -> f64 {
        self.shape.t_ref
    }
}
