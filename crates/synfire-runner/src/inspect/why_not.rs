//! Why a neuron did not spike: how near it came, and what held it back.

use super::causes::{CauseArrival, Lives, effects, first_spike, is_none};
use super::collect::{Reached, stories};
use super::{InspectError, Neuron, Subject};
use crate::event_log::line::Instant;
use serde::Serialize;
use synfire_core::Time;
use synfire_core::relive::{Input, Relive};

/// A neuron that did not spike at a moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quiet {
    /// The population.
    pub population: String,
    /// The neuron.
    pub neuron: u32,
    /// The moment.
    pub at: Instant,
    /// Its last spike before, if there was one.
    pub spike_before: Option<Instant>,
    /// Until when it is refractory, if it is at that moment.
    pub refractory_until: Option<Instant>,
    /// Where the membrane is.
    pub v: f64,
    /// Where it would be without any arrival since the spike before.
    pub v_alone: f64,
    /// The threshold, if the model has one that it names.
    pub threshold: Option<f64>,
    /// The unit of all three; empty for normalised models.
    pub unit: &'static str,
    /// About where it was highest since it could spike again (a model that is not reset, since it fell below threshold and rose): the highest of 33 looks between any two arrivals, refined. It
    /// is told to people and decides nothing; whether there was a spike is the search's to say.
    pub nearest: Option<Approach>,
    /// How many arrivals there were since the spike before.
    pub arrivals: usize,
    /// Those that moved the membrane up, and how much, one by one.
    pub up: (usize, f64),
    /// Those that moved it down.
    pub down: (usize, f64),
    /// Arrivals that came before all of these and are too many to be looked at one by one, and how much all of them together
    /// moved the membrane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<(usize, f64)>,
    /// Arrivals without which the model, lived without its threshold, would have run away, so that no effect can be told.
    #[serde(skip_serializing_if = "is_none")]
    pub ran_away: usize,
    /// How many of those looked at one by one pushed the membrane down when they came. What such a push has become by now can
    /// be its contrary, and the other way round, where the membrane answers back.
    pub pushed_down: usize,
    /// When it would have spiked first, up to that moment, without all that pushed it down; `None` if not by then.
    pub without_down: Option<Instant>,
    /// Those that moved it most, up first.
    pub from: Vec<CauseArrival>,
}

/// How near a membrane came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Approach {
    /// When.
    pub at: Instant,
    /// The potential.
    pub v: f64,
}

/// Looks at a neuron at a moment at which it did not spike. `top` arrivals are told.
///
/// # Errors
/// It did spike then, or has no membrane; the run's.
pub fn why_not(subject: &Subject, neuron: Neuron, at: Time, top: usize) -> Result<Quiet, InspectError> {
    let name = subject.who.neuron(neuron.0, neuron.1);
    let story = stories(subject, &[neuron], at)?.remove(&neuron).unwrap_or_default();
    if story.spikes.iter().any(|spike| spike.at == at) {
        return Err(InspectError::Not(format!("{name} does spike at {at} ms; `why` tells why")));
    }
    let mut lives = Lives::new(subject);
    let Some((life, reset, since)) = lives.since_reset(neuron, at, &story)? else {
        return Err(InspectError::Not(format!("{name} has no membrane: it spikes on its own schedule")));
    };
    let effects = effects(&*life, since, at);
    let model = subject.scenario.populations[neuron.0.index()].model;
    let threshold = threshold(subject, neuron)?;
    let mut now = life.again();
    let inputs: Vec<Input> = since.iter().map(|reached| reached.input).collect();
    now.drift(&inputs, at);
    let sum = |is_counted: fn(f64) -> bool| {
        let counted = effects.moved.iter().filter(|(_, moved)| is_counted(*moved) && moved.is_finite());
        counted.fold((0, 0.0), |(count, sum), (_, moved)| (count + 1, sum + moved))
    };
    let first = inputs.len() - effects.at_first.len();
    let is_down = |place: usize| place >= first && effects.at_first[place - first] < 0.0;
    let not_down: Vec<Input> = (0..inputs.len()).filter(|p| !is_down(*p)).map(|p| inputs[p]).collect();
    let mut from = vec![];
    for &(place, moved) in effects.largest(top).iter() {
        from.push(lives.arrival(&*life, since, place, moved, at)?);
    }
    Ok(Quiet {
        population: subject.who.population(neuron.0).to_owned(),
        neuron: neuron.1.0,
        at: at.into(),
        spike_before: reset.map(Instant::from),
        refractory_until: now.refractory_until().map(Instant::from),
        v: effects.v,
        v_alone: effects.v_alone,
        threshold,
        unit: model.spec.variables.first().map_or("", |variable| variable.unit),
        nearest: nearest(&*life, since, at, threshold),
        arrivals: since.len(),
        up: sum(|moved| moved > 0.0),
        down: sum(|moved| moved < 0.0),
        earlier: effects.earlier,
        ran_away: effects.ran_away(),
        pushed_down: inputs.len() - not_down.len(),
        without_down: first_spike(&*life, &not_down, at)?.map(Instant::from),
        from,
    })
}

/// The threshold of a neuron: its parameter `v_th`, or else `v_peak`.
fn threshold(subject: &Subject, neuron: Neuron) -> Result<Option<f64>, InspectError> {
    let model = subject.scenario.populations[neuron.0.index()].model;
    let name =
        ["v_th", "v_peak"].into_iter().find(|name| model.spec.parameters.iter().any(|p| p.name == *name));
    let Some(name) = name else { return Ok(None) };
    let setup = crate::build::population_setup(&subject.scenario, neuron.0.index());
    let setup = setup.map_err(crate::run::Failure::from)?;
    let threshold = setup.parameters.row(neuron.1.index()).get(name);
    Ok(Some(threshold).filter(|threshold| threshold.is_finite()))
}

/// How often the membrane is looked at between two arrivals.
const LOOKS: u32 = 32;

/// Where the membrane was highest after the refractory time.
fn nearest(life: &dyn Relive, since: &[Reached], at: Time, threshold: Option<f64>) -> Option<Approach> {
    let mut so_far = life.again();
    let mut begins = so_far.refractory_until().unwrap_or(Time::ZERO);
    let mut best: Option<(Time, f64)> = None;
    // Without a reset the membrane is still on its way over the last spike.
    let is_over = |v: f64| threshold.is_some_and(|threshold| v >= threshold);
    let mut is_spiking = is_over(so_far.v());
    let mut place = 0;
    loop {
        // From the state after one instant's arrivals up to the next.
        let end = since.get(place).map_or(at, |reached| reached.input.arrival.at);
        if is_spiking
            && end > begins
            && let Some(rises) = rises_between(&*so_far, begins, end, is_over)
        {
            (begins, is_spiking) = (rises, false);
        }
        if !is_spiking && end > begins {
            highest_between(&*so_far, begins, end, &mut best);
        }
        let together: Vec<Input> = since[place..]
            .iter()
            .take_while(|reached| reached.input.arrival.at == end)
            .map(|reached| reached.input)
            .collect();
        if together.is_empty() {
            break;
        }
        place += together.len();
        so_far.drift(&together, end);
        begins = begins.max(end);
        if !is_spiking && so_far.refractory_until().is_none() {
            keep_highest(&mut best, end, so_far.v());
        }
    }
    best.map(|(at, v)| Approach { at: at.into(), v })
}

/// The first look between two instants at which the membrane is below threshold and rises.
fn rises_between(life: &dyn Relive, begins: Time, end: Time, is_over: impl Fn(f64) -> bool) -> Option<Time> {
    let mut life = life.again();
    let mut before: Option<(Time, f64)> = None;
    for look in 0..=LOOKS {
        let at = begins.after(end.since(begins) * f64::from(look) / f64::from(LOOKS));
        life.drift(&[], at);
        let v = life.v();
        if let Some(low) = before.filter(|(_, low)| !is_over(*low) && v > *low) {
            return Some(low.0);
        }
        before = Some((at, v));
    }
    None
}

fn keep_highest(best: &mut Option<(Time, f64)>, at: Time, v: f64) {
    if best.is_none_or(|(_, highest)| v > highest) {
        *best = Some((at, v));
    }
}

/// Looks at the membrane between two instants, then closer around the highest look.
fn highest_between(life: &dyn Relive, begins: Time, end: Time, best: &mut Option<(Time, f64)>) {
    let v_at = |at: Time| {
        let mut life = life.again();
        life.drift(&[], at);
        life.v()
    };
    let (mut from, mut span_ms) = (begins, end.since(begins));
    for _ in 0..4 {
        let looks: Vec<(Time, f64)> = (0..=LOOKS)
            .map(|look| from.after(span_ms * f64::from(look) / f64::from(LOOKS)))
            .map(|at| (at, v_at(at)))
            .collect();
        let Some(highest) = (0..looks.len()).max_by(|a, b| looks[*a].1.total_cmp(&looks[*b].1)) else {
            return;
        };
        keep_highest(best, looks[highest].0, looks[highest].1);
        if best.is_some_and(|(_, v)| v > looks[highest].1) {
            return;
        }
        from = looks[highest.saturating_sub(1)].0;
        span_ms = looks[(highest + 1).min(looks.len() - 1)].0.since(from);
    }
}
