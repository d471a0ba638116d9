//! What a neuron model gives the engine: pure mathematics. Read this first.
//!
//! A model value is one neuron's prepared constants; its state is separate. A state belongs to its *anchor*, the last
//! thing that happened to the neuron (an arrival, a spike, the end of refractoriness, a stimulus), and all times are
//! durations after it, in ms. Looking never moves the anchor: that is why recording and asking change no bit.

use crate::phase::PhaseLaw;
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

/// Several neurons of one population, each at its anchor, that are to move on.
pub trait Company<S> {
    /// How many they are.
    fn len(&self) -> usize;

    /// One of them.
    fn member(&mut self, place: usize) -> Member<'_, S>;

    /// Lists of a model's own, to be filled again and again.
    fn scratch(&mut self) -> &mut Scratch;

    /// Nobody.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// See [`Company::scratch`].
#[derive(Debug, Default)]
pub struct Scratch {
    /// Numbers.
    pub numbers: Vec<f64>,
    /// Places.
    pub places: Vec<u32>,
}

/// One of several neurons that are to move on.
#[derive(Debug)]
pub struct Member<'a, S> {
    /// The model's own variables.
    pub state: &'a mut S,
    /// The receptors' variables, laid out as [`ReceptorSet`] says.
    pub inputs: &'a mut [f64],
    /// What stimuli add to the constant current, pA (or normalised).
    pub stimulus: f64,
    /// How far to move, ms; above 0.
    pub duration_ms: f64,
}

/// Where a search for the next threshold crossing ended, if nothing more arrives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// ms after the anchor; infinite if there is no crossing, ever.
    pub after_ms: f64,
    /// What is there.
    pub kind: CrossingKind,
    /// The membrane came so close to threshold that rounding decided whether there is a crossing.
    pub ambiguous: bool,
}

/// What a search found at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossingKind {
    /// The crossing: the neuron spikes.
    Spike,
    /// No crossing up to there. A search by steps has done its share of work; the neuron's anchor moves there, as an event
    /// of the neuron's own, and the search goes on from the new anchor.
    Checkpoint,
}

impl Crossing {
    /// No crossing, ever: a promise.
    pub const NEVER: Crossing = Crossing::at(f64::INFINITY);

    /// A crossing `ms` after the anchor.
    pub const fn at(ms: f64) -> Crossing {
        Crossing { after_ms: ms, kind: CrossingKind::Spike, ambiguous: false }
    }

    /// No crossing up to `ms` after the anchor, whence the search goes on.
    pub const fn checkpoint(ms: f64) -> Crossing {
        Crossing { after_ms: ms, kind: CrossingKind::Checkpoint, ambiguous: false }
    }
}

/// A search that can neither find the next crossing nor prove that there is none. It stops the run.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{reason}, {after_ms} ms after the neuron's last event")]
pub struct Unresolved {
    /// How far the search has come, ms after the anchor.
    pub after_ms: f64,
    /// What went wrong, in words.
    pub reason: &'static str,
}

/// A neuron model. It knows no absolute time, no id, no queue, no network and no file.
///
/// Models without reset spike at each upward crossing. Their state says whether they are *armed*: whether the membrane has
/// been below threshold since the last spike. Their `fire` disarms, their `refractory_ms` is 0.
///
/// Laws, tested for every registered model:
/// * `flow` by a then by b agrees with `flow` by a + b within rounding, and `flow` by 0 changes nothing;
/// * `first_crossing` is a pure function of its arguments; at the crossing the membrane is at threshold within rounding,
///   and at no earlier time is it above;
/// * `crossing_bound` never lies beyond what `first_crossing` finds, be it a checkpoint;
/// * right after `fire` there is no spike without a flow or an arrival.
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

    /// Lets the neurons of a population share what depends on their constants alone and is dear to find, such as tables. `models`
    /// has each of them, or one for all if they are equal.
    fn share(_models: &mut [Self]) {}

    /// The state at t = 0. `given` has a place for each of `SPEC.variables`, `None` where the rest value applies.
    fn initial(&self, given: &[Option<f64>]) -> Self::State;

    /// The value of variable `index` of `SPEC.variables`, in its unit.
    fn variable(&self, state: &Self::State, index: usize) -> f64;

    /// The part of a flow over `dt_ms` that no state enters, such as an exponential of the duration. Between many arrivals
    /// these can be found ahead, side by side, while the states themselves have to wait for one another.
    fn lapse(&self, dt_ms: f64) -> Self::Lapse;

    /// Moves state and receptor variables on over a lapse, without threshold and without arrivals. What cannot be computed
    /// is not a number: the search that follows tells so.
    fn flow_over(&self, state: &mut Self::State, inputs: &mut [f64], stimulus: f64, lapse: &Self::Lapse);

    /// Moves state and receptor variables `dt_ms` on, without threshold and without arrivals.
    fn flow(&self, state: &mut Self::State, inputs: &mut [f64], stimulus: f64, dt_ms: f64) {
        self.flow_over(state, inputs, stimulus, &self.lapse(dt_ms));
    }

    /// Whether [`NeuronModel::flow_together`] has a way of its own: then neurons with the same constants that a spike reaches at
    /// once, over zero delays, are moved there together.
    fn flows_together(&self) -> bool {
        false
    }

    /// Moves several neurons with these constants on, each over a duration of its own, to the bits that
    /// [`NeuronModel::flow`] gives. A model that [`NeuronModel::flows_together`] does this side by side in vectors.
    fn flow_together(&self, mut company: impl Company<Self::State>) {
        for place in 0..company.len() {
            let Member { state, inputs, stimulus, duration_ms } = company.member(place);
            self.flow(state, inputs, stimulus, duration_ms);
        }
    }

    /// The same while the membrane is clamped in the refractory time.
    fn flow_refractory(&self, state: &mut Self::State, inputs: &mut [f64], stimulus: f64, dt_ms: f64);

    /// The first instant at or after the anchor at which the neuron would spike if nothing more arrived: found, or
    /// proved absent, for ever or up to a checkpoint. Depends on the arguments only, never on a horizon or on who asks.
    ///
    /// # Errors
    /// The search can neither find nor exclude a crossing.
    fn first_crossing(&self, at: Anchored<'_, Self::State>) -> Result<Crossing, Unresolved>;

    /// A time after the anchor (ms, at least `from_ms`, infinite if never) before which there is certainly no crossing,
    /// given that there is none before `from_ms`. Cheap; `from_ms` itself is always a right answer.
    fn crossing_bound(&self, at: Anchored<'_, Self::State>, from_ms: f64) -> f64;

    /// Delta input, in units of v.
    fn receive(&self, state: &mut Self::State, jump: f64);

    /// The threshold test, once for all that happens at an instant in one generation: whether the neuron spikes. A model
    /// without reset arms itself here when the membrane is below threshold.
    fn reaches_threshold(&self, state: &mut Self::State) -> bool;

    /// Puts the membrane exactly at threshold: the flow has reached it at this very instant.
    fn put_at_threshold(&self, state: &mut Self::State);

    /// The reset. Receptors that reset have been seen to.
    fn fire(&self, state: &mut Self::State);

    /// The constants of a leaky integrator, where the model is one and has no receptor variables: then a population without
    /// delays may be run by phase. See [`crate::phase`].
    fn phase_law(&self) -> Option<PhaseLaw> {
        None
    }

    /// The refractory time, ms.
    fn refractory_ms(&self) -> f64;
}
