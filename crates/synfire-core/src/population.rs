//! A population of neurons of one model: refractoriness, receptors, stimuli and wake times, once for all models.

use crate::group::{Arrival, Group, GroupError, Outbox, PopulationSetup, SetupError, Touch, Until};
use crate::ids::LocalId;
use crate::model::{Anchored, NeuronModel};
use crate::receptor::{ReceptorKind, ReceptorSet};
use crate::stimulus::Schedules;
use crate::time::Time;

/// Spikes of one neuron at one instant beyond which a run without end is assumed.
const ENDLESS: u32 = 1_000_000;

/// Neurons of the model `M`.
pub struct Population<M: NeuronModel> {
    /// One for all neurons, or one each.
    models: Vec<M>,
    receptors: ReceptorSet,
    neurons: Vec<Neuron<M::State>>,
    /// Receptor variables, neuron by neuron.
    inputs: Vec<f64>,
    schedules: Schedules,
    /// How many receptor variables a neuron has.
    stride: usize,
}

/// One neuron between its events.
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
    /// The end of the refractory time.
    RefractoryEnd,
}

/// What a neuron has to do by itself at an instant.
#[derive(Clone, Copy, Debug)]
struct Due {
    crossing: bool,
    refractory_end: bool,
    stimulus: bool,
}

impl Due {
    const NOTHING: Due = Due { crossing: false, refractory_end: false, stimulus: false };

    fn anything(self) -> bool {
        self.crossing || self.refractory_end || self.stimulus
    }
}

impl<M: NeuronModel> Population<M> {
    /// Makes the population at t = 0.
    ///
    /// # Errors
    /// The first neuron whose parameters the model refuses.
    pub fn new(setup: &PopulationSetup) -> Result<Population<M>, SetupError> {
        crate::spec::check_ranges(&setup.parameters, setup.size)
            .map_err(|(neuron, error)| SetupError { neuron, error })?;
        let receptors = ReceptorSet::new(setup.receptors.clone());
        let distinct = if setup.parameters.is_uniform() { setup.size.min(1) } else { setup.size };
        let models = (0..distinct)
            .map(|neuron| {
                M::prepare(setup.parameters.row(neuron), &receptors)
                    .map_err(|error| SetupError { neuron, error })
            })
            .collect::<Result<Vec<M>, SetupError>>()?;

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
        Ok(Population { models, receptors, neurons, inputs, schedules, stride })
    }

    fn model(&self, index: usize) -> &M {
        &self.models[if self.models.len() == 1 { 0 } else { index }]
    }

    /// When the neuron has to be touched at the latest.
    #[inline]
    fn wake(&self, index: usize) -> Time {
        let next = self.neurons[index].next;
        if self.schedules.is_empty() { next } else { next.min(self.schedules.next(index)) }
    }

    /// One neuron at one instant: what is due and what arrives, one threshold test. Tells whether it spikes.
    #[inline]
    fn instant(&mut self, index: usize, now: Time, arrivals: &[Arrival], out: &mut Outbox) -> bool {
        let due = if self.wake(index) <= now {
            self.due(index, now, !arrivals.is_empty(), out)
        } else {
            Due::NOTHING
        };
        if !due.anything() && arrivals.is_empty() {
            return false;
        }

        let model = &self.models[if self.models.len() == 1 { 0 } else { index }];
        let neuron = &mut self.neurons[index];
        let inputs = &mut self.inputs[index * self.stride..][..self.stride];
        let mut stimulus = self.schedules.current(index);
        let dt_ms = now.since(neuron.anchor);
        let mut refractory = neuron.kind == Next::RefractoryEnd;
        if dt_ms > 0.0 {
            if refractory {
                model.flow_refractory(&mut neuron.state, inputs, stimulus, dt_ms);
            } else {
                model.flow(&mut neuron.state, inputs, stimulus, dt_ms);
            }
        }
        neuron.anchor = now;
        if due.anything() {
            if due.crossing {
                // The crossing is at this instant by definition, whatever rounding says of the flow.
                model.put_at_threshold(&mut neuron.state);
            }
            refractory &= !due.refractory_end;
            if due.stimulus {
                self.schedules.advance(index, now);
                stimulus = self.schedules.current(index);
            }
        }
        for arrival in arrivals {
            let receptor = &self.receptors.receptors()[arrival.receptor as usize];
            if receptor.kind == ReceptorKind::Delta {
                if !refractory {
                    model.receive(&mut neuron.state, arrival.weight);
                }
            } else if !refractory || receptor.refractory_input {
                self.receptors.receive(inputs, arrival.receptor as usize, arrival.weight);
            }
        }
        if refractory {
            return false; // its end is what comes next, as before
        }

        let fires = model.is_at_threshold(&neuron.state);
        if fires {
            self.receptors.fire(inputs);
            model.fire(&mut neuron.state);
            let end = now.after(model.refractory_ms());
            if end > now {
                neuron.kind = Next::RefractoryEnd;
                neuron.next = end;
                return true;
            }
        }
        let at = Anchored { state: &neuron.state, inputs, stimulus };
        neuron.next = now.after(model.crossing_bound(at, 0.0));
        neuron.kind = Next::Bound;
        fires
    }

    /// What is due at `now`. A bound that has come up is replaced by a better one, or by the crossing; the anchor stays
    /// where it is.
    fn due(&mut self, index: usize, now: Time, input: bool, out: &mut Outbox) -> Due {
        let neuron = &self.neurons[index];
        if neuron.kind == Next::Bound && neuron.next <= now {
            self.refine(index, now, input, out);
        }
        let neuron = &self.neurons[index];
        let next_is_due = neuron.next <= now;
        Due {
            crossing: next_is_due && neuron.kind == Next::Crossing,
            refractory_end: next_is_due && neuron.kind == Next::RefractoryEnd,
            stimulus: !self.schedules.is_empty() && self.schedules.next(index) <= now,
        }
    }

    fn refine(&mut self, index: usize, now: Time, input: bool, out: &mut Outbox) {
        let model = self.model(index);
        let neuron = &self.neurons[index];
        let inputs = &self.inputs[index * self.stride..][..self.stride];
        let at = Anchored { state: &neuron.state, inputs, stimulus: self.schedules.current(index) };
        let elapsed_ms = now.since(neuron.anchor);
        let bound_ms = model.crossing_bound(at, elapsed_ms);
        // With input at this instant the anchor moves now: a bound beyond it is all that has to be known. Without, a
        // bound that gains little would be asked for again at once: better find the crossing.
        let worth_ms = if input { 0.0 } else { 0.05 * (elapsed_ms + 0.1) };
        let (next, kind) = if bound_ms > elapsed_ms + worth_ms && neuron.anchor.after(bound_ms) > now {
            (neuron.anchor.after(bound_ms), Next::Bound)
        } else {
            let crossing = model.first_crossing(at);
            out.ambiguous += u64::from(crossing.ambiguous);
            // A bound is conservative by far more than rounding, so this `max` never acts; it keeps time from running
            // backwards if a model breaks its promise.
            debug_assert!(neuron.anchor.after(crossing.after_ms) >= now, "a crossing before its bound");
            (neuron.anchor.after(crossing.after_ms).max(now), Next::Crossing)
        };
        let neuron = &mut self.neurons[index];
        neuron.next = next;
        neuron.kind = kind;
    }

    /// Tells the engine the wake time if it has to know: not if the time that it has is an earlier, still valid bound.
    #[inline]
    fn report_wake(&mut self, index: usize, is_taken_out: impl Fn(Time) -> bool, out: &mut Outbox) {
        let wake = self.wake(index);
        let neuron = &mut self.neurons[index];
        if wake < neuron.queued || is_taken_out(neuron.queued) {
            neuron.queued = wake;
            out.wakes.push((LocalId(index as u32), wake));
        }
    }

    /// One neuron through everything before `to`.
    fn window(
        &mut self,
        index: usize,
        to: Time,
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        let neuron_id = LocalId(index as u32);
        let mut done = 0;
        let mut last_spike = Time::NEVER;
        let mut repeats = 0;
        loop {
            let arrival = arrivals.get(done).map_or(Time::NEVER, |a| a.at);
            let now = arrival.min(self.wake(index));
            if now >= to {
                return Ok(());
            }
            let together = arrivals[done..].iter().take_while(|a| a.at == now).count();
            if self.instant(index, now, &arrivals[done..done + together], out) {
                out.spikes.push((now, neuron_id));
                repeats = if now == last_spike { repeats + 1 } else { 0 };
                if repeats > ENDLESS {
                    return Err(GroupError::Endless { neuron: neuron_id, at: now });
                }
                last_spike = now;
            }
            done += together;
        }
    }
}

impl<M: NeuronModel> Group for Population<M> {
    fn size(&self) -> usize {
        self.neurons.len()
    }

    fn start(&mut self, out: &mut Outbox) {
        for index in 0..self.neurons.len() {
            let model = self.model(index);
            let neuron = &self.neurons[index];
            let inputs = &self.inputs[index * self.stride..][..self.stride];
            let at = Anchored { state: &neuron.state, inputs, stimulus: self.schedules.current(index) };
            let (next, kind) = if model.is_at_threshold(&neuron.state) {
                (Time::ZERO, Next::Crossing)
            } else {
                (Time::ZERO.after(model.crossing_bound(at, 0.0)), Next::Bound)
            };
            self.neurons[index].next = next;
            self.neurons[index].kind = kind;
            self.report_wake(index, |_| true, out);
        }
    }

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        for touch in touched {
            let index = touch.neuron.index();
            let arrivals = &arrivals[touch.first as usize..][..touch.count as usize];
            match until {
                Until::Instant(now) => {
                    if self.instant(index, now, arrivals, out) {
                        out.spikes.push((now, touch.neuron));
                    }
                    self.report_wake(index, |queued| queued <= now, out);
                }
                Until::Before(to) => {
                    self.window(index, to, arrivals, out)?;
                    self.report_wake(index, |queued| queued < to, out);
                }
            }
        }
        Ok(())
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
