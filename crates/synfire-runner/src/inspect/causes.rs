//! Why a neuron spiked: what reached it since its last reset, how much each arrival moved the membrane, and why those spiked
//! from which they came.
//!
//! How much an arrival moved the membrane is found by living the neuron again, alone, from its last reset to the spike, without
//! the threshold: once with everything, once without that arrival. The difference of the two potentials at the time of the
//! spike is what it moved. For models that are linear below threshold these add up; for others each is right by itself.

use super::collect::{NeuronStory, Reached, stories};
use super::{InspectError, Neuron, Subject};
use crate::build::population_setup;
use crate::event_log::line::Instant;
use crate::run::Failure;
use serde::Serialize;
use std::collections::BTreeMap;
use synfire_core::Time;
use synfire_core::group::Cause;
use synfire_core::relive::{Fired, Input, Relive};

/// How far to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many generations of spikes are explained: 1 for the spike alone.
    pub depth: u32,
    /// How many of a spike's arrivals are told, those that moved the membrane most.
    pub top: usize,
}

/// A spike and what made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpikeCauses {
    /// The population.
    pub population: String,
    /// The neuron.
    pub neuron: u32,
    /// When it spiked.
    pub spike: Instant,
    /// What made it: `crossing`, `arrival` or `schedule`.
    pub cause: &'static str,
    /// Its spike before, if there was one.
    pub spike_before: Option<Instant>,
    /// Where the membrane was at the spike, before the reset.
    pub v: Option<f64>,
    /// Where it would have been without any arrival since the spike before.
    pub v_alone: Option<f64>,
    /// The unit of v; empty for normalised models.
    pub unit: &'static str,
    /// How many arrivals there were since the spike before.
    pub arrivals: usize,
    /// Those that moved the membrane up, and how much, one by one; then those that moved it down.
    pub up: (usize, f64),
    /// Likewise.
    pub down: (usize, f64),
    /// Arrivals that came before all of these and are too many to be looked at one by one, and how much all of them together
    /// moved the membrane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<(usize, f64)>,
    /// Arrivals without which the model, lived without its threshold, would have run away, so that no effect can be told.
    #[serde(skip_serializing_if = "is_none")]
    pub ran_away: usize,
    /// The arrivals that moved it most, up first.
    pub from: Vec<CauseArrival>,
}

/// An arrival as a cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CauseArrival {
    /// When it arrived.
    pub arrived: Instant,
    /// The population of its source.
    pub population: String,
    /// Its source.
    pub neuron: u32,
    /// When that had spiked.
    pub spiked: Instant,
    /// How long it was under way, ms.
    pub delay: f64,
    /// The receptor.
    pub receptor: String,
    /// The weight.
    pub weight: f64,
    /// Its unit.
    pub weight_unit: String,
    /// How much it moved the membrane at the time of the spike, in the unit of v; `None` if without it a model without
    /// threshold would have run away.
    pub moved: Option<f64>,
    /// When the neuron would have spiked first without it, up to the time of the spike; `None` if not by then.
    pub without: Option<Instant>,
    /// Why its source spiked, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<SpikeCauses>>,
}

/// What the last digits of spike times can differ by where a neuron that is driven in another form is lived again alone, ms, and
/// more.
pub const LAST_DIGITS_MS: f64 = 1e-9;

/// The effect of each arrival takes a life from it on: of more than these, the latest are looked at one by one, and those before
/// together.
const MOST_ARRIVALS: usize = 4000;

/// The spike of a neuron that `text` names: a time in ms, in as many digits as one likes. Among spikes that agree with all of
/// them to within one unit of the last, the nearest.
///
/// # Errors
/// There is none; the nearest spikes are named.
pub fn find_spike(
    subject: &Subject,
    neuron: Neuron,
    spikes: &[Time],
    at: Time,
    text: &str,
) -> Result<Time, InspectError> {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    let unit_ms = if text.contains(['e', 'E']) { 0.0 } else { 10f64.powi(-decimals) };
    let distance = |spike: &Time| spike.since(at).abs();
    let nearest = spikes.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)));
    if let Some(nearest) = nearest.filter(|spike| *spike == at || distance(spike) < unit_ms) {
        return Ok(nearest);
    }
    let name = subject.who.neuron(neuron.0, neuron.1);
    let before = spikes.iter().rev().find(|spike| **spike < at);
    let after = spikes.iter().find(|spike| **spike > at);
    let nearest = match (before, after) {
        (None, None) => format!("it has no spike before {} ms", subject.until),
        (Some(before), None) => format!("its last spike is at {before} ms"),
        (None, Some(after)) => format!("its first spike is at {after} ms"),
        (Some(before), Some(after)) => format!("the nearest are at {before} and {after} ms"),
    };
    Err(InspectError::Not(format!("{name} has no spike at {text} ms: {nearest}; `why-not` tells why")))
}

/// What made these spikes. Spikes of one generation are explained by one run together.
///
/// # Errors
/// One of them is no spike of this network; the run's.
pub fn causes(
    subject: &Subject,
    spikes: &[(Neuron, Time)],
    settings: Settings,
) -> Result<Vec<SpikeCauses>, InspectError> {
    let Some(last) = spikes.iter().map(|spike| spike.1).max() else { return Ok(vec![]) };
    let mut neurons: Vec<Neuron> = spikes.iter().map(|spike| spike.0).collect();
    neurons.sort_unstable();
    neurons.dedup();
    let stories = stories(subject, &neurons, last)?;
    let mut lives = Lives::new(subject);
    let mut found = vec![];
    for (neuron, at) in spikes {
        found.push(lives.explain(*neuron, *at, &stories[neuron], settings.top)?);
    }
    if settings.depth > 1 {
        explain_sources(subject, &mut found, Settings { depth: settings.depth - 1, ..settings })?;
    }
    Ok(found)
}

/// Explains the spikes from which the arrivals came.
fn explain_sources(
    subject: &Subject,
    found: &mut [SpikeCauses],
    settings: Settings,
) -> Result<(), InspectError> {
    let who = &subject.who;
    let mut asked = vec![];
    for arrival in found.iter().flat_map(|spike| &spike.from) {
        let neuron = who.find_neuron(&format!("{}:{}", arrival.population, arrival.neuron))?;
        let Instant { epoch, offset, .. } = arrival.spiked;
        asked.extend(Time::from_parts(epoch, offset).map(|at| (neuron, at)));
    }
    let mut answers = causes(subject, &asked, settings)?.into_iter();
    for arrival in found.iter_mut().flat_map(|spike| &mut spike.from) {
        arrival.why = answers.next().map(Box::new);
    }
    Ok(())
}

/// A neuron right after its last spike, the time of that spike if there was one, and what reached the neuron since.
pub(super) type SinceReset<'s> = (Box<dyn Relive>, Option<Time>, &'s [Reached]);

/// The neurons of a network, to be lived again.
pub(super) struct Lives<'a> {
    subject: &'a Subject,
    setups: BTreeMap<usize, synfire_core::group::PopulationSetup>,
}

impl<'a> Lives<'a> {
    pub(super) fn new(subject: &'a Subject) -> Lives<'a> {
        Lives { subject, setups: BTreeMap::new() }
    }

    /// A neuron at t = 0; `None` if it is a unit of a source, which has no membrane.
    pub(super) fn begin(&mut self, neuron: Neuron) -> Result<Option<Box<dyn Relive>>, InspectError> {
        let index = neuron.0.index();
        let scenario = &self.subject.scenario;
        let Some(relive) = scenario.populations[index].model.relive else { return Ok(None) };
        if let std::collections::btree_map::Entry::Vacant(place) = self.setups.entry(index) {
            place.insert(population_setup(scenario, index).map_err(Failure::from)?);
        }
        let life = relive(&self.setups[&index], neuron.1.index());
        life.map(Some).map_err(|error| InspectError::Not(error.to_string()))
    }

    /// The neuron right after its last spike before `at` (or at t = 0), that spike, and what reached it since.
    pub(super) fn since_reset<'s>(
        &mut self,
        neuron: Neuron,
        at: Time,
        story: &'s NeuronStory,
    ) -> Result<Option<SinceReset<'s>>, InspectError> {
        let Some(mut life) = self.begin(neuron)? else { return Ok(None) };
        let spikes = &story.spikes[..story.spikes.partition_point(|spike| spike.at < at)];
        let Some(&Fired { at: reset, generation, .. }) = spikes.last() else {
            return Ok(Some((life, None, &story.arrivals)));
        };
        let is_before =
            |reached: &Reached| (reached.input.arrival.at, reached.input.generation) <= (reset, generation);
        let (before, since) = story.arrivals.split_at(story.arrivals.partition_point(is_before));
        let inputs: Vec<Input> = before.iter().map(|reached| reached.input).collect();
        let beginning = life.again();
        let is_same = |lived: Vec<Time>| lived.into_iter().eq(spikes.iter().map(|spike| spike.at));
        if !life.live(&inputs, reset).is_ok_and(is_same) {
            // Driven in another form, its population has other last digits.
            life = beginning;
            life.follow(&inputs, spikes, reset);
        }
        Ok(Some((life, Some(reset), since)))
    }

    fn explain(
        &mut self,
        neuron: Neuron,
        at: Time,
        story: &NeuronStory,
        top: usize,
    ) -> Result<SpikeCauses, InspectError> {
        let who = &self.subject.who;
        let Some(&Fired { generation, cause, .. }) = story.spikes.iter().find(|spike| spike.at == at) else {
            return Err(InspectError::Not(format!(
                "{} has no spike at {at} ms",
                who.neuron(neuron.0, neuron.1)
            )));
        };
        let model = self.subject.scenario.populations[neuron.0.index()].model;
        let before = story.spikes.iter().rev().find(|spike| spike.at < at).map(|spike| spike.at.into());
        let mut causes = SpikeCauses {
            population: who.population(neuron.0).to_owned(),
            neuron: neuron.1.0,
            spike: at.into(),
            cause: cause.name(),
            spike_before: before,
            v: None,
            v_alone: None,
            unit: model.spec.variables.first().map_or("", |variable| variable.unit),
            arrivals: 0,
            up: (0, 0.0),
            down: (0, 0.0),
            earlier: None,
            ran_away: 0,
            from: vec![],
        };
        if cause == Cause::Schedule {
            return Ok(causes);
        }
        let Some((life, _, since)) = self.since_reset(neuron, at, story)? else { return Ok(causes) };
        let is_in =
            |reached: &Reached| (reached.input.arrival.at, reached.input.generation) <= (at, generation);
        let since = &since[..since.partition_point(is_in)];
        let effects = effects(&*life, since, at);
        causes.v = finite(effects.v);
        causes.v_alone = finite(effects.v_alone);
        causes.arrivals = since.len();
        let sum = |is_counted: fn(f64) -> bool| {
            let counted = effects.moved.iter().filter(|(_, moved)| is_counted(*moved) && moved.is_finite());
            counted.fold((0, 0.0), |(count, sum), (_, moved)| (count + 1, sum + moved))
        };
        causes.up = sum(|moved| moved > 0.0);
        causes.down = sum(|moved| moved < 0.0);
        causes.earlier = effects.earlier;
        causes.ran_away = effects.ran_away();
        for &(place, moved) in effects.largest(top).iter() {
            causes.from.push(self.arrival(&*life, since, place, moved, at)?);
        }
        Ok(causes)
    }

    /// What is told of the arrival at `place`.
    pub(super) fn arrival(
        &self,
        life: &dyn Relive,
        since: &[Reached],
        place: usize,
        moved: f64,
        at: Time,
    ) -> Result<CauseArrival, InspectError> {
        let who = &self.subject.who;
        let Reached { input, origin, emitted } = since[place];
        let (population, neuron) = who.split(origin.source);
        let (receptor, weight_unit) = who.receptor(origin.projection);
        let others: Vec<Input> = since
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != place)
            .map(|(_, reached)| reached.input)
            .collect();
        let without = first_spike(life, &others, at)?;
        Ok(CauseArrival {
            arrived: input.arrival.at.into(),
            population: who.population(population).to_owned(),
            neuron: neuron.0,
            spiked: emitted.into(),
            delay: origin.delay_ms,
            receptor: receptor.to_owned(),
            weight: input.arrival.weight,
            weight_unit: weight_unit.to_owned(),
            moved: finite(moved),
            without: without.map(Instant::from),
            why: None,
        })
    }
}

/// When a neuron first spikes with these inputs, up to `until` and the little by which another form of its arithmetic can be off.
pub(super) fn first_spike(
    life: &dyn Relive,
    inputs: &[Input],
    until: Time,
) -> Result<Option<Time>, InspectError> {
    let lived = life.again().live(inputs, until.after(LAST_DIGITS_MS));
    Ok(lived.map_err(|error| InspectError::Not(error.to_string()))?.first().copied())
}

/// Whether a count can be left out.
pub(super) fn is_none(count: &usize) -> bool {
    *count == 0
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Where arrivals have brought a membrane.
pub(super) struct Effects {
    /// Where it is with all of them.
    pub v: f64,
    /// Where it would be without any.
    pub v_alone: f64,
    /// By place: how much each moved it; not a number where it would have run away.
    pub moved: Vec<(usize, f64)>,
    /// Likewise, for the same places: how far each had moved it [`SHORTLY_MS`] after it arrived or, where it found the neuron
    /// refractory, after the end of that.
    pub at_first: Vec<f64>,
    /// How many came before these, and how much they moved it together.
    pub earlier: Option<(usize, f64)>,
}

/// When one can tell which way an arrival pushes, ms: soon enough for the membrane to be where it was, late enough for an alpha
/// current to have risen above rounding.
const SHORTLY_MS: f64 = 0.01;

impl Effects {
    /// How many cannot be told.
    pub fn ran_away(&self) -> usize {
        self.moved.iter().filter(|(_, moved)| !moved.is_finite()).count()
    }

    /// Those that moved it most, from the one that moved it up most to the one that moved it down most.
    pub fn largest(&self, top: usize) -> Vec<(usize, f64)> {
        let mut by_size = self.moved.clone();
        let size = |moved: f64| if moved.is_nan() { f64::INFINITY } else { moved.abs() };
        by_size.sort_by(|a, b| size(b.1).total_cmp(&size(a.1)));
        by_size.truncate(top);
        by_size.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        by_size
    }
}

/// How much each of these arrivals, and no other, moved the membrane at `at`.
pub(super) fn effects(life: &dyn Relive, since: &[Reached], at: Time) -> Effects {
    let inputs: Vec<Input> = since.iter().map(|reached| reached.input).collect();
    let drifted = |life: &dyn Relive, inputs: &[Input]| {
        let mut life = life.again();
        life.drift(inputs, at);
        life.v()
    };
    let v = drifted(life, &inputs);
    let first = inputs.len().saturating_sub(MOST_ARRIVALS);
    let earlier = (first > 0).then(|| (first, v - drifted(life, &inputs[first..])));
    // Up to its arrival a life without it is the life with it.
    let mut so_far = life.again();
    let mut moved = Vec::with_capacity(inputs.len() - first);
    let mut at_first = Vec::with_capacity(inputs.len() - first);
    let mut begun = 0;
    for place in first..inputs.len() {
        let instant = inputs[place].arrival.at;
        let together = inputs.partition_point(|input| input.arrival.at < instant);
        if together > begun {
            so_far.drift(&inputs[begun..together], inputs[together - 1].arrival.at);
            begun = together;
        }
        let mut others = inputs[begun..].to_vec();
        others.remove(place - begun);
        moved.push((place, v - drifted(&*so_far, &others)));
        at_first.push(push(&*so_far, &inputs[begun..], place - begun, at));
    }
    Effects { v, v_alone: drifted(life, &[]), moved, at_first, earlier }
}

/// How far one of these arrivals has moved the membrane shortly after it came, at most until `at`.
fn push(life: &dyn Relive, inputs: &[Input], place: usize, at: Time) -> f64 {
    let here = inputs[place].arrival.at;
    let free = life.refractory_until().map_or(here, |end| end.max(here));
    let shortly = free.after(SHORTLY_MS).min(at);
    let soon = &inputs[..inputs.partition_point(|input| input.arrival.at <= shortly)];
    let v = |inputs: &[Input]| {
        let mut life = life.again();
        life.drift(inputs, shortly);
        life.v()
    };
    let mut others = soon.to_vec();
    others.remove(place);
    v(soon) - v(&others)
}
