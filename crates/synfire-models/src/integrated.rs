//! From a vector field to a neuron model: flows by Taylor series, crossings found or excluded on the series' polynomials.
//!
//! A model that is known by its differential equations alone implements [`Dynamics`]; [`Integrated`] does the rest. Its
//! state is m = v - v_th and the model's other variables; receptors enter as one current and one conductance, whose series
//! are closed forms. `flow` and the search walk the same steps, which depend on the anchor's state alone, and a search pauses
//! at the end of a step: a checkpoint.

mod audit;
mod inputs;
mod parabola;
mod phase;
mod search;
mod upstroke;

use std::cell::RefCell;
use std::sync::Arc;
use synfire_core::model::{Anchored, Crossing, NeuronModel, Unresolved};
use synfire_core::receptor::ReceptorSet;
use synfire_core::spec::{ModelSpec, ParamError, ParamRow};
use synfire_numerics::jet::{Arithmetic, Slot};
use synfire_numerics::taylor::{self, GIVEN, Series, VectorField};

pub use inputs::Envelope;
use inputs::{Inputs, Past};
pub use parabola::Parabola;
use phase::Phase;
pub use phase::{Lapse, Valley};
pub use upstroke::check_upstroke;

/// A neuron model with `D` variables, the first of them the membrane potential as m = v - v_th, by its equations.
pub trait Dynamics<const D: usize>: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    /// The model's page.
    const SPEC: ModelSpec;

    /// Whether a spike resets the neuron. If not, each upward crossing is a spike and changes nothing.
    const RESETS: bool;

    /// Prepares the constants of one neuron.
    ///
    /// # Errors
    /// A condition between parameters that does not hold.
    fn prepare(row: ParamRow<'_>) -> Result<Self, ParamError>;

    /// Threshold, constant current and refractory time.
    fn common(&self) -> Common;

    /// dx/dt under a current (pA, or normalised). The operations and their order may depend on constants only.
    fn rates<A: Arithmetic>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        current: A::Number,
    ) -> [A::Number; D];

    /// Sizes of the variables, in their units: errors in the last place of these do not count. Positive.
    fn scales(&self) -> [f64; D];

    /// About the time in which things happen at rest, ms.
    fn time_scale(&self) -> f64;

    /// The least order of series that are cut short: see [`VectorField::least_order`].
    fn least_order(&self) -> usize {
        taylor::LEAST_ORDER
    }

    /// x at t = 0 from the values that are given (v, not m, and the others), or the rest.
    fn initial(&self, given: &[Option<f64>]) -> [f64; D];

    /// The reset after a spike. Only models that reset need it.
    fn reset(&self, _x: &mut [f64; D]) {}

    /// What goes on while m is held in the refractory time, `dt_ms` long.
    fn flow_clamped(&self, _x: &mut [f64; D], _dt_ms: f64) {}

    /// A time, ms, before which m is certainly below 0, which it is now; infinite if for ever. Cheap; 0 is always right.
    fn wait(&self, _x: &[f64; D], _drive: &Envelope<'_>) -> f64 {
        0.0
    }

    /// Whether m certainly rises from here on, ever faster, until threshold: then time is followed as a function of m.
    fn is_upstroke(&self, _x: &[f64; D], _drive: &Envelope<'_>) -> bool {
        false
    }

    /// Where dm/dt is least, for models of one variable with dm/dt convex in it: then jumps alone need no series, but a phase.
    fn valley(&self) -> Option<Valley> {
        None
    }

    /// How many [`Slot`]s `rates` takes, at most.
    fn slots(&self) -> usize;
}

/// What all these models have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Common {
    /// The threshold, mV (or normalised).
    pub v_th: f64,
    /// The constant current, pA (or normalised).
    pub i_e: f64,
    /// The refractory time, ms; 0 for models without reset.
    pub t_ref: f64,
}

/// One neuron of a model that is integrated.
#[derive(Clone, Debug)]
pub struct Integrated<M, const D: usize> {
    model: M,
    common: Common,
    inputs: Inputs,
    /// See [`NeuronModel::share`].
    phase: Option<Arc<Phase>>,
}

/// The state of one neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntegratedState<const D: usize> {
    /// m = v - v_th, then the model's other variables.
    x: [f64; D],
    /// The membrane has been below threshold since the last spike.
    armed: bool,
}

/// A population with more different sets of constants has no phases: each takes some 10 kB, and some ms to make.
const MOST_PHASES: usize = 64;

thread_local! {
    /// Room for one series, used again and again: every slot is written before it is read.
    static SLOTS: RefCell<Vec<Slot<f64>>> = const { RefCell::new(Vec::new()) };
}

/// Does some work with room for a series.
pub(crate) fn with_slots<R>(count: usize, work: impl FnOnce(&mut [Slot<f64>]) -> R) -> R {
    SLOTS.with_borrow_mut(|slots| {
        if slots.len() < count {
            slots.resize(count, Slot::EMPTY);
        }
        work(slots)
    })
}

/// A model under the current and the conductance that its receptors make.
struct Driven<'a, M> {
    model: &'a M,
    has_conductances: bool,
}

impl<M: Dynamics<D>, const D: usize> VectorField<D> for Driven<'_, M> {
    #[inline(always)]
    fn rates<A: Arithmetic>(
        &self,
        arithmetic: &mut A,
        x: &[A::Number; D],
        given: &[A::Number; GIVEN],
    ) -> [A::Number; D] {
        let [mut current, conductance] = *given;
        if self.has_conductances {
            // Reversal potentials are relative to v_th: g (e_rev - v_th) is part of the current already.
            current = current - arithmetic.mul(conductance, x[0]);
        }
        self.model.rates(arithmetic, x, current)
    }

    fn scales(&self) -> [f64; D] {
        self.model.scales()
    }

    fn time_scale(&self) -> f64 {
        self.model.time_scale()
    }

    fn least_order(&self) -> usize {
        self.model.least_order()
    }
}

impl<M: Dynamics<D>, const D: usize> Integrated<M, D> {
    /// The series from `x`, which is the state after the time of `past`.
    fn expand(&self, x: [f64; D], past: &Past<'_>, horizon_ms: Option<f64>) -> Series<f64, D> {
        let field = Driven { model: &self.model, has_conductances: self.inputs.has_conductances };
        // One more for conductances.
        with_slots(self.model.slots() + 1, |slots| taylor::expand(&field, x, past, slots, horizon_ms))
    }

    /// The tables, where they hold.
    #[inline(always)]
    fn phase_under(&self, stimulus: f64) -> Option<&Phase> {
        self.phase.as_deref().filter(|_| stimulus == 0.0)
    }

    fn past<'a>(&'a self, inputs: &'a [f64], stimulus: f64) -> Past<'a> {
        Past { inputs: &self.inputs, anchor: inputs, constant: self.common.i_e + stimulus, elapsed_ms: 0.0 }
    }

    /// A time before which there is certainly no crossing.
    fn wait(&self, at: Anchored<'_, IntegratedState<D>>) -> f64 {
        let x = &at.state.x;
        if x[0].is_nan() || x[0] >= 0.0 {
            return 0.0;
        }
        if self.phase_under(at.stimulus).is_some_and(|phase| phase.rests(x[0])) {
            return f64::INFINITY;
        }
        let wait_ms = self.model.wait(x, &self.past(at.inputs, at.stimulus).envelope());
        // The last places are rounding errors; what is not a number is no bound.
        if wait_ms > 0.0 { 0.999 * wait_ms } else { 0.0 }
    }

    /// x after `dt_ms`: whole steps, then a part of one or of an upstroke.
    fn integrate(&self, mut x: [f64; D], mut past: Past<'_>, dt_ms: f64) -> [f64; D] {
        loop {
            let rest_ms = dt_ms - past.elapsed_ms;
            if self.model.is_upstroke(&x, &past.envelope()) {
                return self.rise(x, &past, rest_ms).map_or([f64::NAN; D], |risen| risen.x);
            }
            let series = self.expand(x, &past, Some(rest_ms));
            if rest_ms <= series.step {
                return series.at(rest_ms);
            }
            let after_ms = past.elapsed_ms + series.step;
            if after_ms.is_nan() || after_ms <= past.elapsed_ms {
                return [f64::NAN; D];
            }
            x = series.at(series.step);
            past.elapsed_ms = after_ms;
        }
    }
}

impl<M: Dynamics<D>, const D: usize> NeuronModel for Integrated<M, D> {
    type State = IntegratedState<D>;
    type Lapse = Lapse;

    const SPEC: ModelSpec = M::SPEC;

    fn prepare(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Self, ParamError> {
        let model = M::prepare(row)?;
        let common = model.common();
        let inputs = Inputs::new(receptors, common.v_th);
        Ok(Integrated { model, common, inputs, phase: None })
    }

    /// One phase for each different set of constants.
    fn share(models: &mut [Self]) {
        let has_phase = |one: &Self| one.model.valley().is_some() && one.inputs.only_jumps;
        if !models.first().is_some_and(has_phase) {
            return;
        }
        let mut sets: Vec<&Self> = Vec::new();
        for one in models.iter() {
            if sets.iter().all(|set| set.model != one.model) {
                sets.push(one);
            }
            if sets.len() > MOST_PHASES {
                return;
            }
        }
        let phases: Vec<(M, Option<Arc<Phase>>)> =
            sets.iter().map(|set| (set.model.clone(), set.make_phase().map(Arc::new))).collect();
        for one in models {
            one.phase = phases.iter().find(|phase| phase.0 == one.model).and_then(|phase| phase.1.clone());
        }
    }

    fn initial(&self, given: &[Option<f64>]) -> IntegratedState<D> {
        let x = self.model.initial(given);
        IntegratedState { x, armed: M::RESETS || x[0] < 0.0 }
    }

    fn variable(&self, state: &IntegratedState<D>, index: usize) -> f64 {
        if index == 0 { self.common.v_th + state.x[0] } else { state.x[index] }
    }

    #[inline]
    fn lapse(&self, dt_ms: f64) -> Lapse {
        Lapse::new(dt_ms, self.phase.as_deref())
    }

    #[inline]
    fn flow_over(&self, state: &mut IntegratedState<D>, inputs: &mut [f64], stimulus: f64, lapse: &Lapse) {
        let dt_ms = lapse.dt_ms;
        if dt_ms == 0.0 {
            return;
        }
        if let Some(m) = self.phase_under(stimulus).and_then(|phase| phase.flow(state.x[0], lapse)) {
            state.x[0] = m;
            state.armed |= m < 0.0;
            return;
        }
        state.x = self.integrate(state.x, self.past(inputs, stimulus), dt_ms);
        state.armed |= state.x[0] < 0.0;
        self.inputs.decay(inputs, dt_ms);
    }

    fn flow_refractory(
        &self,
        state: &mut IntegratedState<D>,
        inputs: &mut [f64],
        _stimulus: f64,
        dt_ms: f64,
    ) {
        self.model.flow_clamped(&mut state.x, dt_ms);
        self.inputs.decay(inputs, dt_ms);
    }

    fn first_crossing(&self, at: Anchored<'_, IntegratedState<D>>) -> Result<Crossing, Unresolved> {
        let phase = self.phase_under(at.stimulus).filter(|_| at.state.armed);
        match phase.and_then(|phase| phase.crossing(at.state.x[0])) {
            Some(crossing) => Ok(crossing),
            None => self.search(at),
        }
    }

    /// The same bound whoever asks: no search ends before it, so that checkpoints lie where they lie.
    #[inline]
    fn crossing_bound(&self, at: Anchored<'_, IntegratedState<D>>, from_ms: f64) -> f64 {
        self.wait(at).max(from_ms)
    }

    #[inline]
    fn receive(&self, state: &mut IntegratedState<D>, jump: f64) {
        state.x[0] += jump;
    }

    #[inline]
    fn reaches_threshold(&self, state: &mut IntegratedState<D>) -> bool {
        let is_above = state.x[0] >= 0.0;
        if !is_above {
            state.armed = true;
        }
        is_above && state.armed
    }

    fn put_at_threshold(&self, state: &mut IntegratedState<D>) {
        state.x[0] = 0.0;
        state.armed = true;
    }

    fn fire(&self, state: &mut IntegratedState<D>) {
        if M::RESETS {
            self.model.reset(&mut state.x);
        } else {
            state.armed = false;
        }
    }

    fn refractory_ms(&self) -> f64 {
        self.common.t_ref
    }
}
