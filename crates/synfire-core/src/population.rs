//! A population of neurons of one model: refractoriness, receptors, stimuli and wake times, once for all models.

mod near;
mod rows;

pub use rows::RowPopulation;

use crate::group::{
    Arrival, Cause, Group, GroupError, Outbox, PopulationSetup, SetupError, Touch, Until, What,
};
use crate::ids::LocalId;
use crate::model::{Anchored, CrossingKind, NeuronModel};
use crate::prefetch::prefetch;
use crate::receptor::{ReceptorKind, ReceptorSet, variable_names};
use crate::stimulus::Schedules;
use crate::time::Time;

/// Spikes of one neuron at one instant beyond which a run without end is assumed.
const ENDLESS: u32 = 1_000_000;

/// So many neurons are fetched from memory together.
const PRELOADED: usize = 16;

/// About the size of a core's cache, in bytes.
const CACHE: usize = 1 << 20;

/// The neurons' constants: one for all if they are equal, else one each.
///
/// # Errors
/// The first neuron whose parameters the model refuses.
pub(crate) fn prepared<M: NeuronModel>(
    setup: &PopulationSetup,
    receptors: &ReceptorSet,
) -> Result<Vec<M>, SetupError> {
    let PopulationSetup { parameters, size, .. } = setup;
    crate::spec::check_ranges(parameters, *size).map_err(|(neuron, error)| SetupError { neuron, error })?;
    let distinct = if parameters.is_uniform() { (*size).min(1) } else { *size };
    let prepare =
        |neuron| M::prepare(parameters.row(neuron), receptors).map_err(|error| SetupError { neuron, error });
    let mut models = (0..distinct).map(prepare).collect::<Result<Vec<M>, SetupError>>()?;
    M::share(&mut models);
    Ok(models)
}

/// Neurons of the model `M`.
pub struct Population<M: NeuronModel> {
    /// One for all neurons, or one each.
    models: Vec<M>,
    receptors: ReceptorSet,
    neurons: Vec<Neuron<M::State>>,
    /// Receptor variables, neuron by neuron.
    inputs: Vec<f64>,
    schedules: Schedules,
    /// The lapses between the arrivals in hand, found ahead: see [`Cell::window`].
    lapses: Vec<M::Lapse>,
    /// How many receptor variables a neuron has.
    stride: usize,
}

/// What a neuron is about to do at an instant.
#[derive(Clone, Copy)]
struct Plan {
    due: Due,
    /// What was to come, and when.
    next: (Next, Time),
}

/// One neuron between its events. Those of most models fit one line of the cache, and begin with one.
#[repr(align(64))]
struct Neuron<S> {
    /// The last thing that happened to it; its state belongs to this instant.
    anchor: Time,
    state: S,
    /// What comes next if nothing arrives: see `kind`.
    next: Time,
    kind: Next,
    /// The wake time that the engine knows; never later than the true one.
    queued: Time,
}

/// What a neuron's `next` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// No crossing before `next`: ask again then.
    Bound,
    /// The crossing, found.
    Crossing,
    /// No crossing up to `next`: the anchor moves there.
    Checkpoint,
    /// The end of the refractory time.
    RefractoryEnd,
}

/// Whether a neuron's plan names a time at which something was to come that an earlier event undoes.
fn is_prediction((kind, at): (Next, Time)) -> bool {
    matches!(kind, Next::Crossing | Next::Checkpoint) && at != Time::NEVER
}

/// What a neuron has to do by itself at an instant.
#[derive(Clone, Copy, Debug)]
struct Due {
    crossing: bool,
    checkpoint: bool,
    refractory_end: bool,
    stimulus: bool,
}

impl Due {
    const NOTHING: Due = Due { crossing: false, checkpoint: false, refractory_end: false, stimulus: false };

    fn anything(self) -> bool {
        self.crossing || self.checkpoint || self.refractory_end || self.stimulus
    }
}

impl<M: NeuronModel> Population<M> {
    /// Makes the population at t = 0.
    ///
    /// # Errors
    /// The first neuron whose parameters the model refuses.
    pub fn new(setup: &PopulationSetup) -> Result<Population<M>, SetupError> {
        let receptors = ReceptorSet::new(setup.receptors.clone());
        let models = prepared::<M>(setup, &receptors)?;
        let stride = receptors.variables();
        let own = M::SPEC.variables.len();
        let mut inputs = vec![0.0; stride * setup.size];
        let mut neurons = Vec::with_capacity(setup.size);
        for index in 0..setup.size {
            let mut given = vec![None; own];
            for (variable, column) in &setup.initial {
                match variable.checked_sub(own) {
                    None => given[*variable] = Some(column.at(index)),
                    Some(input) => inputs[index * stride + input] = column.at(index),
                }
            }
            let state = models[if models.len() == 1 { 0 } else { index }].initial(&given);
            neurons.push(Neuron {
                anchor: Time::ZERO,
                state,
                next: Time::ZERO,
                kind: Next::Bound,
                queued: Time::NEVER,
            });
        }
        let schedules = Schedules::new(&setup.stimuli, setup.size);
        Ok(Population { models, receptors, neurons, inputs, schedules, lapses: Vec::new(), stride })
    }

    /// Whether the neurons' states are too many for a cache.
    fn is_large(&self) -> bool {
        size_of_val(&self.neurons[..]) + size_of_val(&self.inputs[..]) > CACHE
    }

    /// Asks memory for both ends of some neurons' states. It answers many questions in the time of one, but neurons that
    /// are driven one after the other would ask theirs one by one.
    fn preload(&self, touched: &[Touch]) {
        for touch in touched {
            let index = touch.neuron.index();
            prefetch(&self.neurons, index);
            prefetch(&self.neurons, index + 1);
            prefetch(&self.inputs, index * self.stride);
        }
    }

    fn model(&self, index: usize) -> &M {
        &self.models[if self.models.len() == 1 { 0 } else { index }]
    }

    /// Drives the touched neurons; a compile-time question decides whether notes are taken, so that they cost nothing when
    /// nobody wants them.
    fn drive_as<const WATCHED: bool>(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        for touched in touched.chunks(PRELOADED) {
            if self.is_large() {
                self.preload(touched);
            }
            for touch in touched {
                let arrivals = &arrivals[touch.first as usize..][..touch.count as usize];
                let mut cell = self.cell(touch.neuron.index());
                match until {
                    Until::Instant(now) => {
                        // Its generation is the engine's to know.
                        if cell.instant::<WATCHED>(now, 0, arrivals, out)? {
                            out.spikes.push((now, touch.neuron));
                        }
                        cell.report_wake(|queued| queued <= now, out);
                    }
                    Until::Before(to) => {
                        cell.window::<WATCHED>(to, arrivals, out)?;
                        cell.report_wake(|queued| queued < to, out);
                    }
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn cell(&mut self, index: usize) -> Cell<'_, M> {
        Cell {
            model: &self.models[if self.models.len() == 1 { 0 } else { index }],
            receptors: &self.receptors,
            neuron: &mut self.neurons[index],
            inputs: &mut self.inputs[index * self.stride..][..self.stride],
            schedules: &mut self.schedules,
            lapses: &mut self.lapses,
            index,
        }
    }
}

/// One neuron with all that belongs to it.
struct Cell<'a, M: NeuronModel> {
    model: &'a M,
    receptors: &'a ReceptorSet,
    neuron: &'a mut Neuron<M::State>,
    inputs: &'a mut [f64],
    schedules: &'a mut Schedules,
    lapses: &'a mut Vec<M::Lapse>,
    index: usize,
}

impl<M: NeuronModel> Cell<'_, M> {
    /// When the neuron has to be touched at the latest.
    #[inline]
    fn wake(&self) -> Time {
        let next = self.neuron.next;
        if self.schedules.is_empty() { next } else { next.min(self.schedules.next(self.index)) }
    }

    #[inline]
    fn anchored(&self) -> Anchored<'_, M::State> {
        Anchored {
            state: &self.neuron.state,
            inputs: self.inputs,
            stimulus: self.schedules.current(self.index),
        }
    }

    /// One instant: what is due and what arrives. Tells whether the neuron spikes.
    #[inline]
    fn instant<const WATCHED: bool>(
        &mut self,
        now: Time,
        generation: u32,
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<bool, GroupError> {
        let plan = self.plan::<WATCHED>(now, generation, !arrivals.is_empty(), out)?;
        if !plan.due.anything() && arrivals.is_empty() {
            return Ok(false);
        }
        let lapse = self.model.lapse(now.since(self.neuron.anchor));
        let fires = self.happen(now, &lapse, plan.due, arrivals);
        if WATCHED {
            self.note(now, generation, plan, !arrivals.is_empty(), fires, out);
        }
        Ok(fires)
    }

    /// What is about to happen.
    #[inline]
    fn plan<const WATCHED: bool>(
        &mut self,
        now: Time,
        generation: u32,
        input: bool,
        out: &mut Outbox,
    ) -> Result<Plan, GroupError> {
        let asked = self.neuron.kind;
        let due = if self.wake() <= now { self.due(now, input, out)? } else { Due::NOTHING };
        let next = (self.neuron.kind, self.neuron.next);
        if WATCHED && next.0 != asked && next.1 != Time::NEVER {
            out.note(now, generation, self.id(), What::Predicted { crossing: next.1 });
        }
        Ok(Plan { due, next })
    }

    fn id(&self) -> LocalId {
        LocalId(self.index as u32)
    }

    /// Notes what happened at an instant: what had been planned, what was due and what came of it.
    #[cold]
    fn note(
        &self,
        now: Time,
        generation: u32,
        Plan { due, next }: Plan,
        input: bool,
        fires: bool,
        out: &mut Outbox,
    ) {
        let mut note = |what| out.note(now, generation, self.id(), what);
        if due.refractory_end {
            note(What::RefractoryEnd);
        }
        if due.stimulus {
            note(What::Stimulus { current: self.schedules.current(self.index) });
        }
        if due.checkpoint {
            note(What::Checkpoint);
        }
        if due.crossing {
            note(What::Confirmed);
        } else if !due.checkpoint && is_prediction(next) {
            note(What::Retracted { crossing: next.1 });
        }
        if fires {
            let by_arrival = !due.crossing && input;
            note(What::Spike { cause: if by_arrival { Cause::Arrival } else { Cause::Crossing } });
        }
    }

    /// The state moves to `now`, over the lapse since the anchor; then what is due, then the arrivals, then one threshold
    /// test.
    #[inline]
    fn happen(&mut self, now: Time, lapse: &M::Lapse, due: Due, arrivals: &[Arrival]) -> bool {
        if now > self.neuron.anchor && self.is_refractory() {
            self.stay_refractory(now);
        } else if now > self.neuron.anchor {
            let stimulus = self.schedules.current(self.index);
            self.model.flow_over(&mut self.neuron.state, self.inputs, stimulus, lapse);
            self.neuron.anchor = now;
        }
        if due.anything() {
            self.act(now, due);
        }
        let refractory = self.is_refractory();
        for arrival in arrivals {
            self.receive(arrival, refractory);
        }
        self.settle(now)
    }

    #[inline]
    fn is_refractory(&self) -> bool {
        self.neuron.kind == Next::RefractoryEnd
    }

    /// The state moves to `now`, clamped.
    fn stay_refractory(&mut self, now: Time) {
        let (stimulus, dt_ms) = (self.schedules.current(self.index), now.since(self.neuron.anchor));
        self.model.flow_refractory(&mut self.neuron.state, self.inputs, stimulus, dt_ms);
        self.neuron.anchor = now;
    }

    /// What is due happens.
    fn act(&mut self, now: Time, due: Due) {
        if due.crossing {
            // The crossing is at this instant by definition, whatever rounding says of the flow.
            self.model.put_at_threshold(&mut self.neuron.state);
        }
        if due.refractory_end {
            self.neuron.kind = Next::Bound;
        }
        if due.stimulus {
            self.schedules.advance(self.index, now);
        }
    }

    /// The threshold test, and what comes next; tells whether the neuron spikes.
    #[inline]
    fn settle(&mut self, now: Time) -> bool {
        if self.is_refractory() {
            return false; // its end is what comes next, as before
        }
        let fires = self.model.reaches_threshold(&mut self.neuron.state);
        if fires && self.fire(now) {
            return true;
        }
        self.neuron.next = now.after(self.model.crossing_bound(self.anchored(), 0.0));
        self.neuron.kind = Next::Bound;
        fires
    }

    #[inline]
    fn receive(&mut self, arrival: &Arrival, refractory: bool) {
        let receptor = &self.receptors.receptors()[arrival.receptor as usize];
        if receptor.kind == ReceptorKind::Delta {
            if !refractory {
                self.model.receive(&mut self.neuron.state, arrival.weight);
            }
        } else if !refractory || receptor.refractory_input {
            self.receptors.receive(self.inputs, arrival.receptor as usize, arrival.weight);
        }
    }

    /// The reset; tells whether a refractory time begins.
    fn fire(&mut self, now: Time) -> bool {
        self.receptors.fire(self.inputs);
        self.model.fire(&mut self.neuron.state);
        let end = now.after(self.model.refractory_ms());
        if end > now {
            self.neuron.kind = Next::RefractoryEnd;
            self.neuron.next = end;
        }
        end > now
    }

    /// What is due at `now`. A bound that has come up is replaced by a better one, or by the crossing; the anchor stays
    /// where it is.
    #[inline(always)] // watched or not, each has its own
    fn due(&mut self, now: Time, input: bool, out: &mut Outbox) -> Result<Due, GroupError> {
        if self.neuron.kind == Next::Bound && self.neuron.next <= now {
            self.refine(now, input, out)?;
        }
        let next_is_due = self.neuron.next <= now;
        Ok(Due {
            crossing: next_is_due && self.neuron.kind == Next::Crossing,
            checkpoint: next_is_due && self.neuron.kind == Next::Checkpoint,
            refractory_end: next_is_due && self.neuron.kind == Next::RefractoryEnd,
            stimulus: !self.schedules.is_empty() && self.schedules.next(self.index) <= now,
        })
    }

    fn refine(&mut self, now: Time, input: bool, out: &mut Outbox) -> Result<(), GroupError> {
        let anchor = self.neuron.anchor;
        let elapsed_ms = now.since(anchor);
        let bound_ms = self.model.crossing_bound(self.anchored(), elapsed_ms);
        // With input at this instant the anchor moves now: a bound beyond it is all that has to be known. Without, a
        // bound that gains little would be asked for again at once: better find the crossing.
        let worth_ms = if input { 0.0 } else { 0.2 * (elapsed_ms + 0.1) };
        if bound_ms > elapsed_ms + worth_ms && anchor.after(bound_ms) > now {
            self.neuron.next = anchor.after(bound_ms);
            return Ok(());
        }
        let found = self.model.first_crossing(self.anchored());
        let crossing = found.map_err(|why| GroupError::Unresolved {
            neuron: LocalId(self.index as u32),
            anchor,
            why,
            state: self.describe(),
        })?;
        out.ambiguous += u64::from(crossing.ambiguous);
        // A bound is conservative by far more than rounding, so this `max` never acts; it keeps time from running
        // backwards if a model breaks its promise.
        debug_assert!(anchor.after(crossing.after_ms) >= now, "a crossing before its bound");
        self.neuron.next = anchor.after(crossing.after_ms).max(now);
        self.neuron.kind = match crossing.kind {
            CrossingKind::Spike => Next::Crossing,
            CrossingKind::Checkpoint => Next::Checkpoint,
        };
        Ok(())
    }

    /// The variables at the anchor, by name.
    fn describe(&self) -> String {
        let own = M::SPEC.variables.len();
        let value = |index: usize| match index.checked_sub(own) {
            None => self.model.variable(&self.neuron.state, index),
            Some(input) => self.inputs[input],
        };
        let names = variable_names(M::SPEC.variables, self.receptors.receptors());
        let told: Vec<String> =
            names.iter().enumerate().map(|(i, name)| format!("{name} = {}", value(i))).collect();
        told.join(", ")
    }

    /// Tells the engine the wake time if it has to know: not if the time that it has is an earlier, still valid bound.
    #[inline]
    fn report_wake(&mut self, is_taken_out: impl Fn(Time) -> bool, out: &mut Outbox) {
        let wake = self.wake();
        if wake < self.neuron.queued || is_taken_out(self.neuron.queued) {
            self.neuron.queued = wake;
            out.wakes.push((LocalId(self.index as u32), wake));
        }
    }

    /// Everything before `to`.
    #[inline]
    fn window<const WATCHED: bool>(
        &mut self,
        to: Time,
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let neuron = LocalId(self.index as u32);
        self.find_lapses(arrivals);
        let mut done = 0;
        let mut last_spike = Time::NEVER;
        let mut repeats = 0;
        let (mut touched, mut generation) = (Time::NEVER, 0);
        loop {
            let plan = (self.neuron.kind, self.neuron.next);
            let before = done;
            done = self.plain_arrivals(arrivals, done);
            if WATCHED && done > before && is_prediction(plan) {
                out.note(arrivals[before].at, 0, neuron, What::Retracted { crossing: plan.1 });
            }
            let arrival = arrivals.get(done).map_or(Time::NEVER, |a| a.at);
            let wake = self.wake();
            let now = arrival.min(wake);
            if now >= to {
                return Ok(());
            }
            let mut together = done;
            while together < arrivals.len() && arrivals[together].at == now {
                together += 1;
            }
            if WATCHED {
                generation = if now == touched { generation + 1 } else { 0 };
                touched = now;
            }
            // Most arrivals find nothing due, and the one before them was the last thing that happened.
            let in_a_row = wake > now && done > 0 && self.neuron.anchor == arrivals[done - 1].at;
            let spikes = if in_a_row {
                let lapse = self.lapses[done - 1];
                let plan = Plan { due: Due::NOTHING, next: (self.neuron.kind, self.neuron.next) };
                let fires = self.happen(now, &lapse, Due::NOTHING, &arrivals[done..together]);
                if WATCHED {
                    self.note(now, generation, plan, true, fires, out);
                }
                fires
            } else {
                self.instant::<WATCHED>(now, generation, &arrivals[done..together], out)?
            };
            if spikes {
                out.spikes.push((now, neuron));
                repeats = if now == last_spike { repeats + 1 } else { 0 };
                if repeats > ENDLESS {
                    return Err(GroupError::Endless { neuron, at: now });
                }
                last_spike = now;
            }
            done = together;
        }
    }

    /// The short way for neurons without receptor variables through arrivals from `done` on that come one at a time, each
    /// the next thing that happens, and make no spike: what [`Self::happen`] does then, without its questions. Tells how
    /// far it came; what is not plain is left as it was.
    #[inline(always)] // watched or not, each has its own
    fn plain_arrivals(&mut self, arrivals: &[Arrival], mut done: usize) -> usize {
        let is_plain =
            self.inputs.is_empty() && self.schedules.is_empty() && self.neuron.kind != Next::RefractoryEnd;
        if !is_plain || done == 0 || self.neuron.anchor != arrivals[done - 1].at {
            return done;
        }
        let first = done;
        let (mut state, mut next) = (self.neuron.state, self.neuron.next);
        while let Some(arrival) = arrivals.get(done) {
            let is_alone = arrivals.get(done + 1).is_none_or(|following| following.at > arrival.at);
            if !is_alone || arrival.at >= next {
                break;
            }
            let mut moved = state;
            self.model.flow_over(&mut moved, &mut [], 0.0, &self.lapses[done - 1]);
            self.model.receive(&mut moved, arrival.weight);
            if self.model.reaches_threshold(&mut moved) {
                break;
            }
            state = moved;
            let at = Anchored { state: &state, inputs: &[], stimulus: 0.0 };
            next = arrival.at.after(self.model.crossing_bound(at, 0.0));
            done += 1;
        }
        if done > first {
            self.neuron.anchor = arrivals[done - 1].at;
            self.neuron.state = state;
            self.neuron.next = next;
            self.neuron.kind = Next::Bound;
        }
        done
    }

    /// The lapses from each arrival to the next, which need not wait for states.
    #[inline(always)] // watched or not, each has its own
    fn find_lapses(&mut self, arrivals: &[Arrival]) {
        self.lapses.clear();
        let between = |pair: &[Arrival]| self.model.lapse(pair[1].at.since(pair[0].at));
        self.lapses.extend(arrivals.windows(2).map(between));
    }
}

impl<M: NeuronModel> Group for Population<M> {
    fn size(&self) -> usize {
        self.neurons.len()
    }

    fn start(&mut self, out: &mut Outbox) {
        for index in 0..self.neurons.len() {
            let mut cell = self.cell(index);
            if cell.model.reaches_threshold(&mut cell.neuron.state) {
                cell.neuron.kind = Next::Crossing;
                out.note(Time::ZERO, 0, cell.id(), What::Predicted { crossing: Time::ZERO });
            } else {
                cell.neuron.next = Time::ZERO.after(cell.model.crossing_bound(cell.anchored(), 0.0));
            }
            cell.report_wake(|_| true, out);
        }
    }

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        match out.is_watched() {
            true => self.drive_as::<true>(until, touched, arrivals, out),
            false => self.drive_as::<false>(until, touched, arrivals, out),
        }
    }

    fn sample(&self, at: Time, neuron: LocalId, variable: usize) -> f64 {
        let index = neuron.index();
        let model = self.model(index);
        let cell = &self.neurons[index];
        let mut state = cell.state;
        let mut inputs = self.inputs[index * self.stride..][..self.stride].to_vec();
        let dt_ms = at.since(cell.anchor);
        if dt_ms > 0.0 {
            if cell.kind == Next::RefractoryEnd {
                model.flow_refractory(&mut state, &mut inputs, self.schedules.current(index), dt_ms);
            } else {
                model.flow(&mut state, &mut inputs, self.schedules.current(index), dt_ms);
            }
        }
        match variable.checked_sub(M::SPEC.variables.len()) {
            None => model.variable(&state, variable),
            Some(input) => inputs[input],
        }
    }
}
