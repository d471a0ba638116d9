//! One neuron lived again, alone: with all that reached it, or with some of it left out, with its threshold or without.
//! That tells what made it spike, and what would have happened otherwise.

use crate::group::{Arrival, Cause, CurrentStep, PopulationSetup, SetupError};
use crate::model::{Anchored, CrossingKind, NeuronModel, Unresolved};
use crate::population::prepared;
use crate::receptor::{ReceptorKind, ReceptorSet};
use crate::spec::Column;
use crate::time::Time;
use std::sync::Arc;

/// Spikes after which a life is broken off: without refractory time some would never end.
const MOST_SPIKES: usize = 1_000_000;

/// What reaches a neuron, and in which generation of its instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input {
    /// The arrival.
    pub arrival: Arrival,
    /// The generation.
    pub generation: u32,
}

/// A spike that a neuron had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// When.
    pub at: Time,
    /// The generation of the instant.
    pub generation: u32,
    /// What made it.
    pub cause: Cause,
}

/// A neuron on its way through its life.
pub trait Relive: Send {
    /// Lives on up to and including `until`, with these arrivals, all after now, in canonical order. Gives its spikes.
    ///
    /// # Errors
    /// A crossing can be neither found nor excluded.
    fn live(&mut self, inputs: &[Input], until: Time) -> Result<Vec<Time>, Unresolved>;

    /// The same with exactly these spikes, which it is known to have had, whatever its threshold says. For neurons of populations
    /// that are driven in another form: their spikes can differ in the last digits from those that they have alone.
    fn follow(&mut self, inputs: &[Input], spikes: &[Fired], until: Time);

    /// The same without threshold: no spike, no reset. A refractory time that has begun ends as it would.
    fn drift(&mut self, inputs: &[Input], until: Time);

    /// The membrane potential now, in the unit of the model's first variable; not a number if a model without threshold has
    /// run away.
    fn v(&self) -> f64;

    /// Until when the neuron is refractory, if it is.
    fn refractory_until(&self) -> Option<Time>;

    /// The same neuron at the same instant, to be lived on otherwise.
    fn again(&self) -> Box<dyn Relive>;
}

/// The life of a neuron of the model `M`.
pub struct Life<M: NeuronModel> {
    model: Arc<M>,
    receptors: Arc<ReceptorSet>,
    stimuli: Arc<Vec<CurrentStep>>,
    state: M::State,
    inputs: Vec<f64>,
    anchor: Time,
    refractory_until: Option<Time>,
}

impl<M: NeuronModel> Clone for Life<M> {
    fn clone(&self) -> Life<M> {
        Life {
            model: Arc::clone(&self.model),
            receptors: Arc::clone(&self.receptors),
            stimuli: Arc::clone(&self.stimuli),
            state: self.state,
            inputs: self.inputs.clone(),
            ..*self
        }
    }
}

/// What comes next by itself.
enum Own {
    Crossing,
    /// The end of a refractory time, a stimulus, a checkpoint: something that moves the anchor.
    Other,
}

impl<M: NeuronModel> Life<M> {
    /// Neuron `index` of a population at t = 0.
    ///
    /// # Errors
    /// The model refuses its parameters.
    pub fn new(setup: &PopulationSetup, index: usize) -> Result<Life<M>, SetupError> {
        let receptors = ReceptorSet::new(setup.receptors.clone());
        let mut models = prepared::<M>(setup, &receptors)?;
        let model = models.swap_remove(index.min(models.len() - 1));
        let given = |variable: usize| {
            let column: Option<&(usize, Column)> = setup.initial.iter().find(|initial| initial.0 == variable);
            column.map(|column| column.1.at(index))
        };
        let own = M::SPEC.variables.len();
        let state = model.initial(&(0..own).map(given).collect::<Vec<_>>());
        let inputs = (0..receptors.variables()).map(|v| given(own + v).unwrap_or(0.0)).collect();
        let is_mine =
            |step: &&CurrentStep| step.neurons.as_ref().is_none_or(|ids| ids.contains(&(index as u32)));
        let stimuli = setup.stimuli.iter().filter(is_mine).cloned().collect();
        Ok(Life {
            model: Arc::new(model),
            receptors: Arc::new(receptors),
            stimuli: Arc::new(stimuli),
            state,
            inputs,
            anchor: Time::ZERO,
            refractory_until: None,
        })
    }

    /// The stimulus current over the time that begins at the anchor.
    fn stimulus(&self) -> f64 {
        let now = self.anchor;
        self.stimuli.iter().filter(|s| s.at <= now && now < s.until).map(|s| s.amplitude).sum()
    }

    /// What comes next by itself, and when.
    fn next(&self, with_threshold: bool) -> Result<(Time, Own), Unresolved> {
        let changes = self.stimuli.iter().flat_map(|s| [s.at, s.until]).filter(|at| *at > self.anchor);
        let other = changes.chain(self.refractory_until).min().unwrap_or(Time::NEVER);
        if !with_threshold || self.refractory_until.is_some() {
            return Ok((other, Own::Other));
        }
        let at = Anchored { state: &self.state, inputs: &self.inputs, stimulus: self.stimulus() };
        let crossing = self.model.first_crossing(at)?;
        let when = self.anchor.after(crossing.after_ms);
        Ok(match crossing.kind {
            _ if when > other => (other, Own::Other),
            CrossingKind::Spike => (when, Own::Crossing),
            CrossingKind::Checkpoint => (when, Own::Other),
        })
    }

    /// One generation of one instant. Tells whether the neuron spikes.
    fn touch(&mut self, now: Time, is_crossing: bool, inputs: &[Input], with_threshold: bool) -> bool {
        self.arrive(now, is_crossing, inputs);
        if !with_threshold
            || self.refractory_until.is_some()
            || !self.model.reaches_threshold(&mut self.state)
        {
            return false;
        }
        self.fire(now);
        true
    }

    /// Comes to an instant, perhaps to threshold there, and takes what arrives.
    fn arrive(&mut self, now: Time, is_crossing: bool, inputs: &[Input]) {
        self.flow_to(now);
        if is_crossing {
            self.model.put_at_threshold(&mut self.state);
        }
        if self.refractory_until == Some(now) {
            self.refractory_until = None;
        }
        for input in inputs {
            self.receive(&input.arrival);
        }
    }

    fn fire(&mut self, now: Time) {
        self.receptors.fire(&mut self.inputs);
        self.model.fire(&mut self.state);
        let end = now.after(self.model.refractory_ms());
        self.refractory_until = (end > now).then_some(end);
    }

    fn flow_to(&mut self, now: Time) {
        let (dt_ms, stimulus) = (now.since(self.anchor), self.stimulus());
        if dt_ms > 0.0 && self.refractory_until.is_some() {
            self.model.flow_refractory(&mut self.state, &mut self.inputs, stimulus, dt_ms);
        } else if dt_ms > 0.0 {
            self.model.flow(&mut self.state, &mut self.inputs, stimulus, dt_ms);
        }
        self.anchor = now;
    }

    fn receive(&mut self, arrival: &Arrival) {
        let receptor = &self.receptors.receptors()[arrival.receptor as usize];
        let refractory = self.refractory_until.is_some();
        match receptor.kind {
            ReceptorKind::Delta if refractory => {}
            ReceptorKind::Delta => self.model.receive(&mut self.state, arrival.weight),
            _ if refractory && !receptor.refractory_input => {}
            _ => self.receptors.receive(&mut self.inputs, arrival.receptor as usize, arrival.weight),
        }
    }

    fn go(&mut self, inputs: &[Input], until: Time, with_threshold: bool) -> Result<Vec<Time>, Unresolved> {
        let mut spikes = Vec::new();
        let mut left = inputs;
        loop {
            let (own, what) = self.next(with_threshold)?;
            let now = left.first().map_or(own, |input| input.arrival.at.min(own));
            if now > until {
                return Ok(spikes);
            }
            let is_together =
                |input: &Input| input.arrival.at == now && input.generation == left[0].generation;
            let (here, later) = left.split_at(left.iter().take_while(|input| is_together(input)).count());
            left = later;
            if self.touch(now, own == now && matches!(what, Own::Crossing), here, with_threshold) {
                spikes.push(now);
                if spikes.len() > MOST_SPIKES {
                    return Ok(spikes);
                }
            }
        }
    }
}

impl<M: NeuronModel> Relive for Life<M> {
    fn live(&mut self, inputs: &[Input], until: Time) -> Result<Vec<Time>, Unresolved> {
        self.go(inputs, until, true)
    }

    fn follow(&mut self, inputs: &[Input], spikes: &[Fired], until: Time) {
        let (mut inputs, mut spikes) = (inputs, spikes);
        // Without a threshold nothing is searched for, so nothing can fail.
        while let Ok((own, _)) = self.next(false) {
            let input = inputs.first().map(|input| (input.arrival.at, input.generation));
            let spike = spikes.first().map(|spike| (spike.at, spike.generation));
            let place = input.into_iter().chain(spike).min().filter(|place| place.0 <= own);
            let now = place.map_or(own, |place| place.0);
            if now > until {
                return self.flow_to(until);
            }
            let is_here = |input: &&Input| Some((input.arrival.at, input.generation)) == place;
            let (here, later) = inputs.split_at(inputs.iter().take_while(is_here).count());
            inputs = later;
            let fired = spikes.split_first().filter(|(spike, _)| Some((spike.at, spike.generation)) == place);
            self.arrive(now, fired.is_some_and(|(spike, _)| spike.cause == Cause::Crossing), here);
            if let Some((_, later)) = fired {
                spikes = later;
                self.fire(now);
            }
        }
    }

    fn drift(&mut self, inputs: &[Input], until: Time) {
        // Without a threshold nothing is searched for, so nothing can fail.
        let _ = self.go(inputs, until, false);
        self.flow_to(until);
    }

    fn v(&self) -> f64 {
        self.model.variable(&self.state, 0)
    }

    fn refractory_until(&self) -> Option<Time> {
        self.refractory_until
    }

    fn again(&self) -> Box<dyn Relive> {
        Box::new(self.clone())
    }
}
