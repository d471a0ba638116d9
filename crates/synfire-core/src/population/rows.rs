//! Populations that take whole rows of arrivals over zero delays and move their targets side by side.
//!
//! What happens to a neuron is what [`Population`] says, to the same bits; only who is moved when is decided here, for all targets of a
//! generation together.

use super::near::Near;
use super::{Neuron, Next, Plan, Population};
use crate::group::{
    Arrival, Group, GroupError, Outbox, PopulationSetup, RowGroup, SetupError, Touch, Until, drive_by_rows,
};
use crate::ids::LocalId;
use crate::model::{Company, Member, NeuronModel, Scratch};
use crate::receptor::ReceptorKind;
use crate::stimulus::Schedules;
use crate::time::Time;
use std::ops::Range;

/// Neurons of the model `M`, all with the same constants.
pub struct RowPopulation<M: NeuronModel> {
    population: Population<M>,
    /// When each neuron has to be touched.
    wakes: Vec<Time>,
    near: Near,
    now: Time,
    /// Neurons of this generation, each once.
    touched: Vec<u32>,
    /// Whether a neuron is among them.
    touch: Vec<Touched>,
    /// What those are about to do that are due, in the order in which they are touched.
    plans: Vec<Plan>,
    rows: Vec<Row>,
    /// The targets of the rows.
    targets: Vec<u32>,
    /// Those of the touched that flow.
    flowing: Vec<u32>,
    scratch: Scratch,
}

/// Why a neuron is touched in this generation: it is due, something arrives, or both.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Touched {
    due: bool,
    input: bool,
}

/// A spike that arrives at a receptor of several neurons.
struct Row {
    receptor: u32,
    weight: f64,
    targets: Range<usize>,
}

impl<M: NeuronModel> RowPopulation<M> {
    /// Makes the population at t = 0: one of rows if something reaches it over a zero delay and its model has a way to move
    /// neurons together, else an ordinary one.
    ///
    /// # Errors
    /// As [`Population::new`].
    pub fn group(setup: &PopulationSetup) -> Result<Box<dyn Group>, SetupError> {
        let population = Population::<M>::new(setup)?;
        let moves_together = matches!(&population.models[..], [model] if model.flows_together());
        if !setup.at_once || !moves_together {
            return Ok(Box::new(population));
        }
        Ok(Box::new(RowPopulation {
            wakes: vec![Time::NEVER; setup.size],
            near: Near::new(),
            now: Time::ZERO,
            touched: Vec::new(),
            plans: Vec::new(),
            touch: vec![Touched::default(); setup.size],
            rows: Vec::new(),
            targets: Vec::new(),
            flowing: Vec::new(),
            scratch: Scratch::default(),
            population,
        }))
    }

    /// What each touched neuron is about to do, and which of them flow.
    fn make_plans<const WATCHED: bool>(&mut self, out: &mut Outbox) -> Result<(), GroupError> {
        let now = self.now;
        self.flowing.clear();
        self.plans.clear();
        for &neuron in &self.touched {
            let Touched { due, input } = self.touch[neuron as usize];
            let mut cell = self.population.cell(neuron as usize);
            let mut acts = input;
            if due || WATCHED {
                let plan = cell.plan::<WATCHED>(now, 0, input, out)?;
                acts |= plan.due.anything();
                self.plans.push(plan);
            }
            if acts && now > cell.neuron.anchor {
                if cell.is_refractory() {
                    cell.stay_refractory(now);
                } else {
                    self.flowing.push(neuron);
                }
            }
        }
        Ok(())
    }

    /// All that flow do so, up to now.
    fn flow(&mut self) {
        let Population { models, neurons, inputs, schedules, stride, .. } = &mut self.population;
        models[0].flow_together(Flowing {
            neurons,
            inputs,
            schedules,
            stride: *stride,
            members: &self.flowing,
            now: self.now,
            scratch: &mut self.scratch,
        });
        for &neuron in &self.flowing {
            neurons[neuron as usize].anchor = self.now;
        }
    }

    /// What the rows bring, in their order.
    fn receive_rows(&mut self) {
        let Population { models, receptors, neurons, inputs, stride, .. } = &mut self.population;
        for Row { receptor, weight, targets } in self.rows.drain(..) {
            let declared = &receptors.receptors()[receptor as usize];
            let is_delta = declared.kind == ReceptorKind::Delta;
            let counts_always = !is_delta && declared.refractory_input;
            for &target in &self.targets[targets] {
                let index = target as usize;
                if !counts_always && neurons[index].kind == Next::RefractoryEnd {
                    continue;
                }
                if is_delta {
                    models[0].receive(&mut neurons[index].state, weight);
                } else {
                    receptors.receive(&mut inputs[index * *stride..][..*stride], receptor as usize, weight);
                }
            }
        }
        self.targets.clear();
    }

    fn finish_as<const WATCHED: bool>(&mut self, out: &mut Outbox) -> Result<(), GroupError> {
        let now = self.now;
        if WATCHED {
            self.touched.sort_unstable();
        }
        self.make_plans::<WATCHED>(out)?;
        self.flow();
        let mut plans = self.plans.iter();
        for &neuron in &self.touched {
            if (WATCHED || self.touch[neuron as usize].due)
                && let Some(plan) = plans.next()
                && plan.due.anything()
            {
                self.population.cell(neuron as usize).act(now, plan.due);
            }
        }
        self.receive_rows();
        let first_spike = out.spikes.len();
        let mut plans = self.plans.iter();
        for &neuron in &self.touched {
            let Touched { due, input } = std::mem::take(&mut self.touch[neuron as usize]);
            let plan = if due || WATCHED { plans.next() } else { None };
            let mut cell = self.population.cell(neuron as usize);
            if input || plan.is_some_and(|plan| plan.due.anything()) {
                let fires = cell.settle(now);
                if fires {
                    out.spikes.push((now, LocalId(neuron)));
                }
                if WATCHED && let Some(plan) = plan {
                    cell.note(now, 0, *plan, input, fires, out);
                }
            }
            let wake = cell.wake();
            let before = std::mem::replace(&mut self.wakes[neuron as usize], wake);
            self.near.changed(neuron, before, wake);
        }
        self.touched.clear();
        out.spikes[first_spike..].sort_unstable_by_key(|spike| spike.1);
        Ok(())
    }
}

/// Neurons that are to move to `now`.
struct Flowing<'a, S> {
    scratch: &'a mut Scratch,
    neurons: &'a mut [Neuron<S>],
    inputs: &'a mut [f64],
    schedules: &'a Schedules,
    stride: usize,
    members: &'a [u32],
    now: Time,
}

impl<S> Company<S> for Flowing<'_, S> {
    fn len(&self) -> usize {
        self.members.len()
    }

    #[inline(always)]
    fn member(&mut self, place: usize) -> Member<'_, S> {
        let index = self.members[place] as usize;
        let neuron = &mut self.neurons[index];
        Member {
            duration_ms: self.now.since(neuron.anchor),
            state: &mut neuron.state,
            inputs: &mut self.inputs[index * self.stride..][..self.stride],
            stimulus: self.schedules.current(index),
        }
    }

    fn scratch(&mut self) -> &mut Scratch {
        self.scratch
    }
}

impl<M: NeuronModel> RowGroup for RowPopulation<M> {
    #[inline]
    fn next_wake(&mut self) -> Time {
        self.near.first(&self.wakes).map_or(Time::NEVER, |first| first.0)
    }

    fn begin(&mut self, now: Time, _: &mut Outbox) {
        self.now = now;
        while let Some((wake, neuron)) = self.near.first(&self.wakes)
            && wake <= now
        {
            // Until all are found it must not be found again.
            self.near.take_first();
            self.wakes[neuron as usize] = Time::NEVER;
            self.touch[neuron as usize].due = true;
            self.touched.push(neuron);
        }
    }

    fn receive(&mut self, receptor: u32, weight: f64, targets: &[u32]) {
        let first = self.targets.len();
        self.targets.extend_from_slice(targets);
        self.rows.push(Row { receptor, weight, targets: first..self.targets.len() });
        for &target in targets {
            let touch = &mut self.touch[target as usize];
            if *touch == Touched::default() {
                self.touched.push(target);
            }
            touch.input = true;
        }
    }

    fn finish(&mut self, out: &mut Outbox) -> Result<(), GroupError> {
        match out.is_watched() {
            true => self.finish_as::<true>(out),
            false => self.finish_as::<false>(out),
        }
    }
}

impl<M: NeuronModel> Group for RowPopulation<M> {
    fn size(&self) -> usize {
        self.population.size()
    }

    /// It wakes by itself.
    fn start(&mut self, out: &mut Outbox) {
        self.population.start(out);
        for (neuron, wake) in out.wakes.drain(..) {
            self.wakes[neuron.index()] = wake;
        }
    }

    fn drive(
        &mut self,
        until: Until,
        touched: &[Touch],
        arrivals: &[Arrival],
        out: &mut Outbox,
    ) -> Result<(), GroupError> {
        drive_by_rows(self, until, touched, arrivals, out)
    }

    fn sample(&self, at: Time, neuron: LocalId, variable: usize) -> f64 {
        self.population.sample(at, neuron, variable)
    }

    fn rows(&mut self) -> Option<&mut dyn RowGroup> {
        Some(self)
    }
}
