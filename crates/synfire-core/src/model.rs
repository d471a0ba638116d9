//! What a neuron model gives the engine: pure mathematics. Read this first.
//!
//! A model value is one neuron's prepared constants; its state is separate. A state belongs to its *anchor*, the last
//! thing that happened to the neuron (an arrival, a spike, the end of refractoriness, a stimulus), and all times are
//! durations after it, in ms. Looking never moves the anchor: that is why recording and asking change no bit.

use crate::receptor::ReceptorSet;
use crate::spec::{ModelSpec, ParamError, ParamRow};

/// The state of one neuron at its anchor, as a model sees it.
#[derive(Clone, Copy, Debug)]
pub struct Anchored<'a, S> {
    /// The model's own variables.
    pub state: &'a S,
    /// The receptors' variables, laid out as [`ReceptorSet`] says.
    pub inputs: &'a [f64],
    /// What stimuli add to the constant current, pA (or normalised).
    pub stimulus: f64,
}

/// The first threshold crossing after the anchor, if nothing more arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// ms after the anchor; infinite if there is none, ever.
    pub after_ms: f64,
    /// The membrane came so close to threshold that rounding decided whether there is a crossing.
    pub ambiguous: bool,
}

impl Crossing {
    /// No crossing, ever: a promise.
    pub const NEVER: Crossing = Crossing { after_ms: f64::INFINITY, ambiguous: false };

    /// A crossing `ms` after the anchor.
    pub fn at(ms: f64) -> Crossing {
        Crossing { after_ms: ms, ambiguous: false }
    }
}

/// A neuron model with a reset. It knows no absolute time, no id, no queue, no network and no file.
///
/// Laws, tested for every registered model:
/// * `flow` by a then by b agrees with `flow` by a + b within rounding, and `flow` by 0 changes nothing;
/// * `first_crossing` is a pure function of its arguments; at the crossing the membrane is at threshold within rounding,
///   and at no earlier time is it above;
/// * `crossing_bound` never lies beyond the crossing;
/// * right after `fire` the membrane is below threshold.
pub trait NeuronModel: Sized + Send + Sync + 'static {
    /// The model's own variables at the anchor.
    type State: Copy + Send + Sync + std::fmt::Debug;

    /// What a flow needs to know of its duration alone: see [`NeuronModel::lapse`].
    type Lapse: Copy + Send + Sync + Default + std::fmt::Debug;

    /// The model's page.
    const SPEC: ModelSpec;

    /// Prepares the constants of one neuron.
    ///
    /// # Errors
    /// A condition between parameters that does not hold. Single ranges have been checked before.
    fn prepare(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Self, ParamError>;

    /// The state at t = 0. `given` has a place for each of `SPEC.variables`, `None` where the rest value applies.
    fn initial(&self, given: &[Option<f64>]) -> Self::State;

    /// The value of variable `index` of `SPEC.variables`, in its unit.
    fn variable(&self, state: &Self::State, index: usize) -> f64;

    /// The part of a flow over `dt_ms` that no state enters, such as an exponential of the duration. Between many arrivals
    /// these can be found ahead, side by side, while the states themselves have to wait for one another.
    fn lapse(&self, dt_ms: f64) -> Self::Lapse;

    /// Moves state and receptor variables on over a lapse, without threshold and without arrivals.
    fn flow_over(&self, state: &mut Self::State, inputs: &mut [f64], stimulus: f64, lapse: &Self::Lapse);

    /// Moves state and receptor variables `dt_ms` on, without threshold and without arrivals.
    fn flow(&self, state: &mut Self::State, inputs: &mut [f64], stimulus: f64, dt_ms: f64) {
        self.flow_over(state, inputs, stimulus, &self.lapse(dt_ms));
    }

    /// The same while the membrane is clamped in the refractory time.
    fn flow_refractory(&self, state: &mut Self::State, inputs: &mut [f64], stimulus: f64, dt_ms: f64);

    /// The first instant at or after the anchor at which the neuron would spike if nothing more arrived: found, or
    /// proved absent. Depends on the arguments only, never on a horizon or on who asks.
    fn first_crossing(&self, at: Anchored<'_, Self::State>) -> Crossing;

    /// A time after the anchor (ms, at least `from_ms`, infinite if never) before which there is certainly no crossing,
    /// given that there is none before `from_ms`. Cheap; `from_ms` itself is always a right answer.
    fn crossing_bound(&self, at: Anchored<'_, Self::State>, from_ms: f64) -> f64;

    /// Delta input, in units of v.
    fn receive(&self, state: &mut Self::State, jump: f64);

    /// Whether the membrane potential is at or above threshold.
    fn is_at_threshold(&self, state: &Self::State) -> bool;

    /// Puts the membrane exactly at threshold: the flow has reached it at this very instant.
    fn put_at_threshold(&self, state: &mut Self::State);

    /// The reset. Receptors that reset have been seen to.
    fn fire(&self, state: &mut Self::State);

    /// The refractory time, ms.
    fn refractory_ms(&self) -> f64;
}
