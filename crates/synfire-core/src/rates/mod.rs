//! Population rates: tau dr/dt = -r + F(x), x = W r + h, all rate populations of a network as one coupled system.
//!
//! A Heaviside gain F makes the system piecewise linear. Its gain switches are its events, found in closed form
//! (`heaviside`); where the two sides of a threshold push towards each other, the unit slides along it (`walls`). A
//! sigmoid gain makes it smooth: one Taylor series for all units, step by step (`sigmoid`).
//!
//! Rates neither receive nor send spikes, so they run beside the engine that drives the neurons, whichever that is.
//!
//! Literature: Glass and Pasternack (1978) and Edwards (2000) on such networks, Gouze and Sari (2002) on sliding in them,
//! Wilson and Cowan (1972) on population rates.

mod expansion;
mod heaviside;
mod sigmoid;
mod walls;
mod weights;

#[cfg(test)]
mod tests;

use crate::engine::{Probe, ProbeSchedule, RunError};
use crate::group::{Arrival, CurrentStep, Group, GroupError, Outbox, Touch, Until};
use crate::ids::{LocalId, PopulationId};
use crate::model::Unresolved;
use crate::network::Projection;
use crate::observer::Observer;
use crate::oracle::OracleUnits;
use crate::spec::{ModelSpec, ParamRow};
use crate::stimulus::Schedules;
use crate::time::Time;
use heaviside::Heaviside;
use sigmoid::Sigmoid;
use std::collections::VecDeque;
use weights::Weights;

/// One rate unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateUnit {
    /// Time constant, ms, positive.
    pub tau_ms: f64,
    /// Where the gain switches, in units of the input.
    pub threshold: f64,
    /// Slope of the sigmoid 1/(1 + exp(-slope (x - threshold))), per unit of the input; infinite for a Heaviside gain, which
    /// is 1 for x >= threshold and else 0.
    pub slope: f64,
    /// The constant input h.
    pub input: f64,
    /// r at t = 0.
    pub initial: f64,
}

impl RateUnit {
    fn is_heaviside(&self) -> bool {
        self.slope == f64::INFINITY
    }
}

/// A model of population rates: names for the numbers of a [`RateUnit`].
pub trait RateModel {
    /// Its page. It has one variable, r.
    const SPEC: ModelSpec;

    /// The unit with these parameters, and r at t = 0 if that is given.
    fn unit(parameters: ParamRow<'_>, initial: Option<f64>) -> RateUnit;
}

/// One population of rate units.
#[derive(Clone, Debug)]
pub struct RatePopulation {
    /// Which population of the network.
    pub population: PopulationId,
    /// Its units.
    pub units: Vec<RateUnit>,
    /// What is added to their inputs, and when.
    pub stimuli: Vec<CurrentStep>,
}

/// Rate populations that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RateError {
    /// Units with a Heaviside gain and units with a sigmoid gain reach one another.
    #[error(
        "population {} reaches population {}, and not both are rate populations with the same kind of gain",
        source_population.0, target_population.0
    )]
    MixedGains {
        /// The source.
        source_population: PopulationId,
        /// The target.
        target_population: PopulationId,
    },
}

/// The input of a unit jumps.
#[derive(Clone, Copy, Debug, PartialEq)]
struct InputChange {
    at: Time,
    unit: u32,
    /// What stimuli added before and add after.
    from: f64,
    to: f64,
}

/// All rate populations of a network, at the time that the run has come to.
#[derive(Debug)]
pub struct Rates {
    systems: Vec<System>,
    /// By index of the population: its system, and its first unit in that.
    places: Vec<Option<(usize, u32)>>,
    probes: ProbeSchedule,
    switches: Vec<u64>,
}

/// The units of one kind of gain.
#[derive(Debug)]
struct System {
    dynamics: Dynamics,
    /// The changes of inputs to come, to be told of.
    untold: VecDeque<InputChange>,
    /// Its populations, with their first units.
    populations: Vec<(PopulationId, u32)>,
}

#[derive(Debug)]
enum Dynamics {
    Heaviside(Box<Heaviside>),
    Sigmoid(Box<Sigmoid>),
}

/// A system that cannot go on, because of one of its units.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Trouble {
    unit: u32,
    reason: &'static str,
}

impl Rates {
    /// The system at t = 0. Of the projections, which must be between these populations, only the weights count.
    ///
    /// # Errors
    /// Populations with different kinds of gain that reach one another.
    pub fn new(populations: &[RatePopulation], projections: &[Projection]) -> Result<Rates, RateError> {
        let highest = populations.iter().map(|p| p.population.index() + 1).max().unwrap_or(0);
        let mut rates = Rates {
            systems: Vec::new(),
            places: vec![None; highest],
            probes: ProbeSchedule::default(),
            switches: vec![0; highest],
        };
        let is_heaviside = |p: &RatePopulation| p.units.first().is_some_and(RateUnit::is_heaviside);
        for kind in [true, false] {
            let mine: Vec<&RatePopulation> = populations.iter().filter(|p| is_heaviside(p) == kind).collect();
            if !mine.is_empty() {
                rates.add_system(&mine, projections)?;
            }
        }
        Ok(rates)
    }

    fn add_system(
        &mut self,
        populations: &[&RatePopulation],
        projections: &[Projection],
    ) -> Result<(), RateError> {
        let (mut units, mut changes, mut members) = (Vec::new(), Vec::new(), Vec::new());
        for population in populations {
            let first = units.len() as u32;
            self.places[population.population.index()] = Some((self.systems.len(), first));
            members.push((population.population, first));
            units.extend(&population.units);
            changes.extend(input_changes(population, first));
        }
        changes.sort_by_key(|change: &InputChange| (change.at, change.unit));
        let place = |population: PopulationId| {
            members.iter().find(|member| member.0 == population).map(|member| member.1)
        };
        let reaching: Vec<&Projection> =
            projections.iter().filter(|p| place(p.source).is_some() || place(p.target).is_some()).collect();
        let weights = Weights::new(units.len(), &reaching, place)?;
        let untold = changes.clone().into();
        let dynamics = if units.first().is_some_and(RateUnit::is_heaviside) {
            Dynamics::Heaviside(Box::new(Heaviside::new(&units, weights, changes)))
        } else {
            Dynamics::Sigmoid(Box::new(Sigmoid::new(&units, &weights, changes)))
        };
        self.systems.push(System { dynamics, untold, populations: members });
        Ok(())
    }

    /// Whether a population is one of these.
    pub fn has(&self, population: PopulationId) -> bool {
        self.places.get(population.index()).is_some_and(Option::is_some)
    }

    /// The gains of a population as they are now: 0 or 1 for a Heaviside gain, the equivalent value where a unit slides.
    pub fn gains(&self, population: PopulationId) -> Vec<f64> {
        let Some(&Some((system, first))) = self.places.get(population.index()) else { return Vec::new() };
        let system = &self.systems[system];
        let next = system.populations.iter().map(|member| member.1).find(|&other| other > first);
        (first..next.unwrap_or(system.size())).map(|unit| system.gain(unit)).collect()
    }

    /// How often the gains of each population have switched, by index of the population.
    pub(crate) fn switches(&self) -> &[u64] {
        &self.switches
    }

    /// How often rounding alone decided.
    pub(crate) fn ambiguous(&self) -> u64 {
        self.systems.iter().map(System::ambiguous).sum()
    }

    /// Takes over the probes that look at these populations.
    pub(crate) fn watch(&mut self, probes: &[Probe]) {
        self.probes = ProbeSchedule::of_some(probes, |probe| self.has(probe.population));
    }

    /// Runs up to `until`, which is left to the next call.
    pub(crate) fn run<O: Observer>(&mut self, until: Time, observer: &mut O) -> Result<(), RunError> {
        loop {
            let earliest = self.systems.iter().map(System::next).enumerate().min_by_key(|next| next.1);
            let (system, at) = earliest.unwrap_or((0, Time::NEVER));
            self.take_samples(at.min(until), observer);
            if at >= until {
                return Ok(());
            }
            let System { dynamics, untold, populations } = &mut self.systems[system];
            while let Some(change) = next_change(untold, at) {
                if O::NOTES {
                    let (population, unit) = named(populations, change.unit);
                    observer.rate_stimulus(at, population, unit, change.to);
                }
            }
            let stepped = match dynamics {
                Dynamics::Sigmoid(sigmoid) => sigmoid.step(),
                Dynamics::Heaviside(heaviside) => heaviside.step(&mut |unit, gain| {
                    let (population, unit) = named(populations, unit);
                    self.switches[population.index()] += 1;
                    observer.switch(at, population, unit, gain);
                }),
            };
            stepped.map_err(|trouble| self.systems[system].failure(trouble, at))?;
        }
    }

    fn take_samples(&mut self, before: Time, observer: &mut impl Observer) {
        let mut probes = std::mem::take(&mut self.probes);
        probes.take(before, |place, probe, at| {
            if let Some((system, first)) = self.places[probe.population.index()] {
                observer.sample(place, at, self.systems[system].rate(first + probe.neuron.0, at));
            }
        });
        self.probes = probes;
    }
}

/// The population and the unit in it.
fn named(populations: &[(PopulationId, u32)], unit: u32) -> (PopulationId, LocalId) {
    let place = populations.partition_point(|population| population.1 <= unit) - 1;
    (populations[place].0, LocalId(unit - populations[place].1))
}

fn input_changes(population: &RatePopulation, first: u32) -> Vec<InputChange> {
    let mut schedules = Schedules::new(&population.stimuli, population.units.len());
    let mut changes = Vec::new();
    if schedules.is_empty() {
        return changes;
    }
    for index in 0..population.units.len() {
        while schedules.next(index) != Time::NEVER {
            let (at, from) = (schedules.next(index), schedules.current(index));
            schedules.advance(index, at);
            changes.push(InputChange { at, unit: first + index as u32, from, to: schedules.current(index) });
        }
    }
    changes
}

/// Takes out the first change, if it is one of this instant.
fn next_change(changes: &mut VecDeque<InputChange>, now: Time) -> Option<InputChange> {
    if changes.front()?.at == now { changes.pop_front() } else { None }
}

impl System {
    fn size(&self) -> u32 {
        match &self.dynamics {
            Dynamics::Heaviside(heaviside) => heaviside.size() as u32,
            Dynamics::Sigmoid(sigmoid) => sigmoid.size() as u32,
        }
    }

    fn next(&self) -> Time {
        match &self.dynamics {
            Dynamics::Heaviside(heaviside) => heaviside.next(),
            Dynamics::Sigmoid(sigmoid) => sigmoid.next(),
        }
    }

    fn rate(&self, unit: u32, at: Time) -> f64 {
        match &self.dynamics {
            Dynamics::Heaviside(heaviside) => heaviside.rate(unit as usize, at),
            Dynamics::Sigmoid(sigmoid) => sigmoid.rate(unit as usize, at),
        }
    }

    fn gain(&self, unit: u32) -> f64 {
        match &self.dynamics {
            Dynamics::Heaviside(heaviside) => heaviside.gain(unit as usize),
            Dynamics::Sigmoid(sigmoid) => sigmoid.gain(unit as usize),
        }
    }

    fn ambiguous(&self) -> u64 {
        match &self.dynamics {
            Dynamics::Heaviside(heaviside) => heaviside.ambiguous(),
            Dynamics::Sigmoid(_) => 0,
        }
    }

    fn failure(&self, trouble: Trouble, at: Time) -> RunError {
        let (population, neuron) = named(&self.populations, trouble.unit);
        let state = format!("r = {}, gain {}", self.rate(trouble.unit, at), self.gain(trouble.unit));
        let why = Unresolved { after_ms: 0.0, reason: trouble.reason };
        RunError::Group { population, error: GroupError::Unresolved { neuron, anchor: at, why, state } }
    }
}

/// What the engines see of a rate population: so many units to which nothing ever happens.
#[derive(Debug)]
pub struct RatePlaceholder {
    /// How many units.
    pub size: usize,
}

impl Group for RatePlaceholder {
    fn size(&self) -> usize {
        self.size
    }

    fn start(&mut self, _: &mut Outbox) {}

    fn drive(&mut self, _: Until, _: &[Touch], _: &[Arrival], _: &mut Outbox) -> Result<(), GroupError> {
        Ok(())
    }

    /// Rates are sampled by [`Rates`]: nobody asks here.
    fn sample(&self, _: Time, _: LocalId, _: usize) -> f64 {
        f64::NAN
    }
}

impl OracleUnits for RatePlaceholder {
    fn size(&self) -> usize {
        self.size
    }

    fn next(&self, _: usize) -> Time {
        Time::NEVER
    }

    fn touch(&mut self, _: usize, _: Time, _: &[Arrival]) -> bool {
        false
    }
}
