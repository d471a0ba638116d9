//! What the piecewise-linear neuron models share: a membrane whose zones are intervals of v.

mod bound;

use crate::input::Fading;
use crate::linear::{Linear, Vector};
use crate::system::{Step, System, Walk};
use std::marker::PhantomData;
use synfire_core::model::{Anchored, Crossing, CrossingKind, NeuronModel, Unresolved};
use synfire_core::receptor::{ReceptorKind, ReceptorSet};
use synfire_core::spec::{ModelSpec, ParamError, ParamRow};

/// A search looks so far ahead, in units of the fastest time constant, before it pauses at a checkpoint: an oscillation
/// below threshold never ends.
const HORIZON: f64 = 1000.0;

/// So many receptors with variables are kept on the stack.
const FEW: usize = 4;
const NO_INPUT: Fading = Fading { index: 0, s: 0.0, x: 0.0, rate: 0.0 };

/// Faces passed in one search, by far more than any orbit passes within the horizon.
const MOST_FACES: usize = 100_000;

/// The receptors that piecewise-linear neurons can have: those that add a current.
pub(crate) const RECEPTORS: &[ReceptorKind] =
    &[ReceptorKind::Delta, ReceptorKind::Exponential, ReceptorKind::Alpha];

/// A model whose membrane is piecewise linear.
pub trait PiecewiseModel: Clone + Send + Sync + std::fmt::Debug + 'static {
    /// Its page.
    const SPEC: ModelSpec;

    /// The membrane of one neuron. Single ranges have been checked before.
    ///
    /// # Errors
    /// A condition between parameters that does not hold.
    fn membrane(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Membrane, ParamError>;
}

/// The constants of one neuron.
#[derive(Clone, Debug)]
pub struct Membrane {
    system: System,
    /// The face v = v_th.
    threshold: usize,
    v_th: f64,
    /// The constant current.
    i_e: f64,
    /// v and w at t = 0 unless they are given.
    rest: Vector,
    reset: Option<Reset>,
    inputs: Vec<Input>,
    horizon_ms: f64,
}

/// What a spike does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reset {
    /// v after it.
    pub v: f64,
    /// What is added to w.
    pub w_jump: f64,
    /// The refractory time, ms.
    pub t_ref: f64,
}

/// What a membrane is made from.
#[derive(Clone, Debug)]
pub struct MembraneParts {
    /// Rising values of v at which the field changes, and whether it is continuous there.
    pub borders: Vec<(f64, bool)>,
    /// The fields between them from left to right, without the constant current.
    pub fields: Vec<(Linear, Vector)>,
    /// The threshold.
    pub v_th: f64,
    /// The constant current.
    pub i_e: f64,
    /// v and w at t = 0 unless they are given.
    pub rest: Vector,
    /// What a spike does; nothing if there is none, and then each upward crossing is a spike.
    pub reset: Option<Reset>,
}

/// A receptor with variables.
#[derive(Clone, Copy, Debug)]
struct Input {
    /// Where its variables begin.
    place: usize,
    is_alpha: bool,
    /// -1/tau.
    rate: f64,
}

/// The state of one neuron.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PiecewiseState {
    v: f64,
    w: f64,
    /// v has been below threshold since the last spike.
    armed: bool,
}

impl Membrane {
    /// The membrane with these receptors.
    pub fn new(parts: MembraneParts, receptors: &ReceptorSet) -> Membrane {
        let mut inputs = Vec::new();
        for (index, receptor) in receptors.receptors().iter().enumerate() {
            if receptor.kind != ReceptorKind::Delta {
                let place = receptors.first_variable(index);
                inputs.push(Input { place, is_alpha: receptor.kind.is_alpha(), rate: -1.0 / receptor.tau });
            }
        }
        let MembraneParts { mut borders, mut fields, v_th, i_e, rest, reset } = parts;
        let threshold = borders.partition_point(|border| border.0 < v_th);
        if borders.get(threshold).is_none_or(|border| border.0 != v_th) {
            borders.insert(threshold, (v_th, true));
            fields.insert(threshold, fields[threshold]);
        }
        let rates: Vec<f64> = inputs.iter().map(|input| input.rate).collect();
        let system = System::parallel([1.0, 0.0], &borders, &fields, &rates);
        let fastest = fields.iter().map(|field| field.0.radius()).chain(rates.iter().map(|rate| -rate));
        let horizon_ms = HORIZON / fastest.fold(1e-6, f64::max);
        Membrane { system, threshold, v_th, i_e, rest, reset, inputs, horizon_ms }
    }

    /// Its zones.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The face v = v_th of its system.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// The threshold.
    pub fn v_th(&self) -> f64 {
        self.v_th
    }

    /// v and w at t = 0 unless they are given.
    pub fn rest(&self) -> Vector {
        self.rest
    }

    /// The fastest time constant, ms.
    pub fn fastest_ms(&self) -> f64 {
        self.horizon_ms / HORIZON
    }

    /// The constant current.
    pub fn current(&self) -> f64 {
        self.i_e
    }

    /// What a spike does, if anything.
    pub fn reset(&self) -> Option<Reset> {
        self.reset
    }

    /// Does something with the receptors' variables that are not 0.
    fn with_fading<R>(&self, inputs: &[f64], act: impl FnOnce(&[Fading]) -> R) -> R {
        let all = self.inputs.iter().enumerate().map(|(index, input)| Fading {
            index,
            s: inputs[input.place],
            x: if input.is_alpha { inputs[input.place + 1] } else { 0.0 },
            rate: input.rate,
        });
        let not_zero = all.filter(|fading| (fading.s, fading.x) != (0.0, 0.0));
        if self.inputs.len() > FEW {
            return act(&not_zero.collect::<Vec<_>>());
        }
        // Allocating would cost as much as all that is done with them.
        let mut few = [NO_INPUT; FEW];
        let mut count = 0;
        for fading in not_zero {
            few[count] = fading;
            count += 1;
        }
        act(&few[..count])
    }

    fn decay(&self, inputs: &mut [f64], dt_ms: f64) {
        for (index, input) in self.inputs.iter().enumerate() {
            let (s, rest) = inputs[input.place..].split_first_mut().expect("a receptor has a variable");
            let x = if input.is_alpha { rest[0] } else { 0.0 };
            let after = Fading { index, s: *s, x, rate: input.rate }.after(dt_ms);
            *s = after.s;
            if input.is_alpha {
                rest[0] = after.x;
            }
        }
    }

    fn search(
        &self,
        state: &PiecewiseState,
        stimulus: f64,
        fading: &[Fading],
    ) -> Result<Crossing, Unresolved> {
        let PiecewiseState { v, w, mut armed } = *state;
        if armed && v >= self.v_th {
            return Ok(Crossing::at(0.0));
        }
        let mut walk = Walk::new(&self.system, [v, w], self.i_e + stimulus, fading);
        let mut ambiguous = false;
        for _ in 0..MOST_FACES {
            armed |= walk.zone <= self.threshold;
            let (after_ms, kind) = match walk.look(self.horizon_ms) {
                Step::Face { face, upward, ambiguous: rounding } => {
                    ambiguous |= rounding;
                    let crosses = armed && upward && face == self.threshold;
                    if !crosses && walk.elapsed_ms < self.horizon_ms {
                        continue;
                    }
                    (walk.elapsed_ms, if crosses { CrossingKind::Spike } else { CrossingKind::Checkpoint })
                }
                Step::Never { ambiguous: rounding } => {
                    ambiguous |= rounding;
                    (f64::INFINITY, CrossingKind::Spike)
                }
                Step::Limit => (self.horizon_ms, CrossingKind::Checkpoint),
                // No membrane slides: McKean's jump leads away from its face, all other faces are continuous.
                Step::Failed | Step::Leaves { .. } => return Err(failed(walk.elapsed_ms)),
            };
            return Ok(Crossing { after_ms, kind, ambiguous });
        }
        Err(failed(walk.elapsed_ms))
    }

    /// There is a second variable that moves the first.
    pub fn is_planar(&self) -> bool {
        self.system.zones()[0].field.linear.matrix.rows[0][1] != 0.0
    }
}

fn failed(after_ms: f64) -> Unresolved {
    Unresolved { after_ms, reason: "the next zone of a piecewise-linear membrane cannot be told" }
}

/// A neuron model made of a membrane.
#[derive(Clone, Debug)]
pub struct Piecewise<P> {
    membrane: Membrane,
    model: PhantomData<P>,
}

impl<P: PiecewiseModel> NeuronModel for Piecewise<P> {
    type State = PiecewiseState;
    /// The duration, ms.
    type Lapse = f64;

    const SPEC: ModelSpec = P::SPEC;

    fn prepare(row: ParamRow<'_>, receptors: &ReceptorSet) -> Result<Piecewise<P>, ParamError> {
        Ok(Piecewise { membrane: P::membrane(row, receptors)?, model: PhantomData })
    }

    fn initial(&self, given: &[Option<f64>]) -> PiecewiseState {
        let membrane = &self.membrane;
        let value = |index: usize| given.get(index).copied().flatten().unwrap_or(membrane.rest[index]);
        let v = value(0);
        PiecewiseState { v, w: value(1), armed: membrane.reset.is_some() || v < membrane.v_th }
    }

    fn variable(&self, state: &PiecewiseState, index: usize) -> f64 {
        if index == 0 { state.v } else { state.w }
    }

    fn lapse(&self, dt_ms: f64) -> f64 {
        dt_ms
    }

    fn flow_over(&self, state: &mut PiecewiseState, inputs: &mut [f64], stimulus: f64, lapse: &f64) {
        if *lapse == 0.0 {
            return;
        }
        let membrane = &self.membrane;
        let (system, x, current) = (&membrane.system, [state.v, state.w], membrane.i_e + stimulus);
        [state.v, state.w] = membrane.with_fading(inputs, |fading| {
            let straight = system.straight(x, current, fading, *lapse);
            straight.unwrap_or_else(|| Walk::new(system, x, current, fading).run(*lapse))
        });
        state.armed |= state.v < membrane.v_th;
        membrane.decay(inputs, *lapse);
    }

    fn flow_refractory(&self, _state: &mut PiecewiseState, inputs: &mut [f64], _stimulus: f64, dt_ms: f64) {
        self.membrane.decay(inputs, dt_ms);
    }

    fn first_crossing(&self, at: Anchored<'_, PiecewiseState>) -> Result<Crossing, Unresolved> {
        let Anchored { state, inputs, stimulus } = at;
        self.membrane.with_fading(inputs, |fading| self.membrane.search(state, stimulus, fading))
    }

    fn crossing_bound(&self, at: Anchored<'_, PiecewiseState>, from_ms: f64) -> f64 {
        if from_ms > 0.0 { self.membrane.later_bound(at, from_ms) } else { self.membrane.bound(at) }
    }

    fn receive(&self, state: &mut PiecewiseState, jump: f64) {
        state.v += jump;
    }

    fn reaches_threshold(&self, state: &mut PiecewiseState) -> bool {
        let is_below = state.v < self.membrane.v_th;
        state.armed |= is_below;
        state.armed && !is_below
    }

    fn put_at_threshold(&self, state: &mut PiecewiseState) {
        (state.v, state.armed) = (self.membrane.v_th, true);
    }

    fn fire(&self, state: &mut PiecewiseState) {
        match self.membrane.reset {
            Some(reset) => {
                state.v = reset.v;
                state.w += reset.w_jump;
            }
            None => state.armed = false,
        }
    }

    fn refractory_ms(&self) -> f64 {
        self.membrane.reset.map_or(0.0, |reset| reset.t_ref)
    }
}
