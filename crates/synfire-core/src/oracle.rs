//! The oracle: the semantics of `docs/scenario.md` word by word, slow and readable. Tests hold the engines against it.
//!
//! It keeps no queue, no lower bounds, no windows and no sorted rows: after every event of a neuron it finds the next
//! crossing in full, it looks at every neuron for the earliest event, and all arrivals under way lie in one list.

use crate::group::{Arrival, CurrentStep, PopulationSetup, SetupError};
use crate::ids::{LocalId, PopulationId};
use crate::model::{Anchored, Crossing, CrossingKind, NeuronModel};
use crate::network::Projection;
use crate::population::prepared;
use crate::receptor::{ReceptorKind, ReceptorSet};
use crate::source::SpikeTrain;
use crate::time::Time;
use std::sync::Arc;

/// The units of one population, as the oracle sees them.
pub trait OracleUnits {
    /// How many.
    fn size(&self) -> usize;
    /// When unit `index` has its next event of its own.
    fn next(&self, index: usize) -> Time;
    /// One generation of one instant; tells whether the unit spikes.
    ///
    /// # Panics
    /// The model can neither find nor exclude the next crossing.
    fn touch(&mut self, index: usize, now: Time, arrivals: &[Arrival]) -> bool;
}

/// Neurons of the model `M`.
pub struct OracleNeurons<M: NeuronModel> {
    receptors: ReceptorSet,
    setup: PopulationSetup,
    neurons: Vec<OracleNeuron<M>>,
}

struct OracleNeuron<M: NeuronModel> {
    model: Arc<M>,
    state: M::State,
    inputs: Vec<f64>,
    anchor: Time,
    crossing: Time,
    crossing_kind: CrossingKind,
    refractory_until: Option<Time>,
}

impl<M: NeuronModel> OracleNeurons<M> {
    /// The population at t = 0.
    ///
    /// # Errors
    /// The first neuron whose parameters the model refuses.
    pub fn new(setup: &PopulationSetup) -> Result<OracleNeurons<M>, SetupError> {
        let receptors = ReceptorSet::new(setup.receptors.clone());
        let own = M::SPEC.variables.len();
        let models: Vec<Arc<M>> = prepared(setup, &receptors)?.into_iter().map(Arc::new).collect();
        let mut neurons = Vec::new();
        for index in 0..setup.size {
            let model = Arc::clone(&models[index.min(models.len() - 1)]);
            let given =
                |variable: usize| setup.initial.iter().find(|i| i.0 == variable).map(|i| i.1.at(index));
            let own_given: Vec<Option<f64>> = (0..own).map(given).collect();
            let state = model.initial(&own_given);
            let inputs = (0..receptors.variables()).map(|v| given(own + v).unwrap_or(0.0)).collect();
            let mut neuron = OracleNeuron {
                model,
                state,
                inputs,
                anchor: Time::ZERO,
                crossing: Time::NEVER,
                crossing_kind: CrossingKind::Spike,
                refractory_until: None,
            };
            neuron.find_crossing(stimulus_after(setup, index, Time::ZERO));
            neurons.push(neuron);
        }
        Ok(OracleNeurons { receptors, setup: setup.clone(), neurons })
    }
}

fn steps_of(setup: &PopulationSetup, index: usize) -> impl Iterator<Item = &CurrentStep> {
    let id = index as u32;
    setup.stimuli.iter().filter(move |s| s.neurons.as_ref().is_none_or(|ids| ids.contains(&id)))
}

/// The stimulus current of a neuron over the time that begins at `now`.
fn stimulus_after(setup: &PopulationSetup, index: usize, now: Time) -> f64 {
    steps_of(setup, index).filter(|s| s.at <= now && now < s.until).map(|s| s.amplitude).sum()
}

/// The stimulus current of a neuron over the time that ends at `now`.
fn stimulus_before(setup: &PopulationSetup, index: usize, now: Time) -> f64 {
    steps_of(setup, index).filter(|s| s.at < now && now <= s.until).map(|s| s.amplitude).sum()
}

impl<M: NeuronModel> OracleNeuron<M> {
    fn find_crossing(&mut self, stimulus: f64) {
        let at = Anchored { state: &self.state, inputs: &self.inputs, stimulus };
        let found = match self.refractory_until {
            Some(_) => Crossing::NEVER,
            None => self.model.first_crossing(at).expect("a crossing found or excluded"),
        };
        self.crossing = self.anchor.after(found.after_ms);
        self.crossing_kind = found.kind;
    }
}

impl<M: NeuronModel> OracleUnits for OracleNeurons<M> {
    fn size(&self) -> usize {
        self.neurons.len()
    }

    fn next(&self, index: usize) -> Time {
        let neuron = &self.neurons[index];
        let changes =
            steps_of(&self.setup, index).flat_map(|s| [s.at, s.until]).filter(|t| *t > neuron.anchor);
        let own = neuron.crossing.min(neuron.refractory_until.unwrap_or(Time::NEVER));
        changes.fold(own, Time::min)
    }

    fn touch(&mut self, index: usize, now: Time, arrivals: &[Arrival]) -> bool {
        let before = stimulus_before(&self.setup, index, now);
        let after = stimulus_after(&self.setup, index, now);
        let receptors = &self.receptors;
        let neuron = &mut self.neurons[index];

        let dt_ms = now.since(neuron.anchor);
        if dt_ms > 0.0 && neuron.refractory_until.is_some() {
            neuron.model.flow_refractory(&mut neuron.state, &mut neuron.inputs, before, dt_ms);
        } else if dt_ms > 0.0 {
            neuron.model.flow(&mut neuron.state, &mut neuron.inputs, before, dt_ms);
        }
        neuron.anchor = now;
        if neuron.crossing == now && neuron.crossing_kind == CrossingKind::Spike {
            neuron.model.put_at_threshold(&mut neuron.state);
        }
        if neuron.refractory_until == Some(now) {
            neuron.refractory_until = None;
        }
        let refractory = neuron.refractory_until.is_some();
        for arrival in arrivals {
            let receptor = &receptors.receptors()[arrival.receptor as usize];
            match receptor.kind {
                ReceptorKind::Delta if refractory => {}
                ReceptorKind::Delta => neuron.model.receive(&mut neuron.state, arrival.weight),
                _ if refractory && !receptor.refractory_input => {}
                _ => receptors.receive(&mut neuron.inputs, arrival.receptor as usize, arrival.weight),
            }
        }
        let fires = !refractory && neuron.model.reaches_threshold(&mut neuron.state);
        if fires {
            receptors.fire(&mut neuron.inputs);
            neuron.model.fire(&mut neuron.state);
            let end = now.after(neuron.model.refractory_ms());
            neuron.refractory_until = (end > now).then_some(end);
        }
        neuron.find_crossing(after);
        fires
    }
}

/// Units with their own spike trains.
pub struct OracleSource {
    trains: Vec<Vec<Time>>,
}

impl OracleSource {
    /// The spikes of these trains before `until`.
    pub fn new<T: SpikeTrain>(trains: Vec<T>, until: Time) -> OracleSource {
        let spikes =
            |mut train: T| std::iter::from_fn(move || Some(train.next_spike()).filter(|t| *t < until));
        let mut trains: Vec<Vec<Time>> = trains.into_iter().map(|train| spikes(train).collect()).collect();
        trains.iter_mut().for_each(|train| train.reverse());
        OracleSource { trains }
    }
}

impl OracleUnits for OracleSource {
    fn size(&self) -> usize {
        self.trains.len()
    }

    fn next(&self, index: usize) -> Time {
        self.trains[index].last().copied().unwrap_or(Time::NEVER)
    }

    fn touch(&mut self, index: usize, now: Time, _: &[Arrival]) -> bool {
        self.next(index) == now && self.trains[index].pop().is_some()
    }
}

/// An arrival under way: where, and its place in the canonical order.
struct UnderWay {
    population: usize,
    target: u32,
    order: (u32, u32, u32, u32),
    arrival: Arrival,
}

/// Runs a network up to `until`; gives its spikes in order of time, then generation, then neuron. A loop of zero delays
/// is run for ever: give it none.
pub fn run(
    populations: &mut [Box<dyn OracleUnits>],
    projections: &[Projection],
    until: Time,
) -> Vec<(Time, PopulationId, LocalId)> {
    let mut spikes = Vec::new();
    let mut under_way: Vec<UnderWay> = Vec::new();
    loop {
        let own = populations.iter().flat_map(|p| (0..p.size()).map(|i| p.next(i)));
        let now = own.chain(under_way.iter().map(|u| u.arrival.at)).min().unwrap_or(Time::NEVER);
        if now >= until {
            return spikes;
        }
        // One generation: everything that is due and everything that is on its way already.
        let (mut here, later): (Vec<_>, Vec<_>) = under_way.into_iter().partition(|u| u.arrival.at == now);
        under_way = later;
        here.sort_by_key(|u| u.order);
        for (p, population) in populations.iter_mut().enumerate() {
            for index in 0..population.size() {
                let mine = here.iter().filter(|u| u.population == p && u.target == index as u32);
                let arrivals: Vec<Arrival> = mine.map(|u| u.arrival).collect();
                if arrivals.is_empty() && population.next(index) != now {
                    continue;
                }
                if population.touch(index, now, &arrivals) {
                    spikes.push((now, PopulationId(p as u32), LocalId(index as u32)));
                    launch(&mut under_way, projections, now, p, index);
                }
            }
        }
    }
}

fn launch(
    under_way: &mut Vec<UnderWay>,
    projections: &[Projection],
    now: Time,
    population: usize,
    index: usize,
) {
    for (number, projection) in projections.iter().enumerate().filter(|(_, p)| p.source.index() == population)
    {
        let row = projection.row(index);
        for place in row.clone() {
            under_way.push(UnderWay {
                population: projection.target.index(),
                target: projection.targets[place],
                order: (population as u32, index as u32, number as u32, projection.rank(&row, place)),
                arrival: Arrival {
                    at: now.after(projection.delays.at(place)),
                    receptor: projection.receptor,
                    weight: projection.weights.at(place),
                },
            });
        }
    }
}
