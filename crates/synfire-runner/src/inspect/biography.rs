//! One neuron: what it is, what it did, what reached it.

use super::collect::stories;
use super::{InspectError, Neuron, Subject};
use crate::build::population_setup;
use crate::event_log::line::Instant;
use crate::run::Failure;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use synfire_core::NeuronId;

/// What is told of a neuron.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Biography {
    /// The population.
    pub population: String,
    /// The neuron.
    pub neuron: u32,
    /// The model's name.
    pub model: &'static str,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Up to when.
    pub until: Instant,
    /// Its spikes.
    pub spikes: Vec<Instant>,
    /// Hz.
    pub rate_hz: Option<f64>,
    /// Standard deviation of the intervals between its spikes over their mean; `None` for less than three spikes.
    pub cv: Option<f64>,
    /// How many spikes reached it.
    pub arrivals: u64,
    /// From where.
    pub inputs: Vec<InputFrom>,
}

/// A parameter of one neuron.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
}

/// What reached a neuron from one population at one receptor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputFrom {
    /// The population of the sources.
    pub population: String,
    /// The receptor.
    pub receptor: String,
    /// How many sources.
    pub neurons: u64,
    /// How many arrivals.
    pub arrivals: u64,
    /// The mean of their weights.
    pub mean_weight: f64,
    /// The weights' unit.
    pub unit: String,
}

/// Tells of a neuron, by running again to the end.
///
/// # Errors
/// The run's.
pub fn biography(subject: &Subject, neuron: Neuron) -> Result<Biography, InspectError> {
    let story = stories(subject, &[neuron], subject.until)?.remove(&neuron).unwrap_or_default();
    let population = &subject.scenario.populations[neuron.0.index()];
    let setup = population_setup(&subject.scenario, neuron.0.index()).map_err(Failure::from)?;
    let row = setup.parameters.row(neuron.1.index());
    let parameters = population.model.spec.parameters.iter();
    let parameters =
        parameters.map(|p| Parameter { name: p.name, value: row.get(p.name), unit: p.unit }).collect();

    let mut inputs: BTreeMap<Way<'_>, Came<'_>> = BTreeMap::new();
    for reached in &story.arrivals {
        let (source, _) = subject.who.split(reached.origin.source);
        let (receptor, unit) = subject.who.receptor(reached.origin.projection);
        let entry = inputs.entry((source.index(), receptor)).or_insert((BTreeSet::new(), 0, 0.0, unit));
        entry.0.insert(reached.origin.source);
        entry.1 += 1;
        entry.2 += reached.input.arrival.weight;
    }
    let input =
        |((population, receptor), (sources, arrivals, weights, unit)): (Way<'_>, Came<'_>)| InputFrom {
            population: subject.who.populations[population].name.clone(),
            receptor: receptor.to_owned(),
            neurons: sources.len() as u64,
            arrivals,
            mean_weight: weights / arrivals as f64,
            unit: unit.to_owned(),
        };
    let seconds = subject.until.as_ms() / 1000.0;
    Ok(Biography {
        population: population.name.clone(),
        neuron: neuron.1.0,
        model: population.model.spec.name,
        parameters,
        until: subject.until.into(),
        spikes: story.spikes.iter().map(|spike| spike.at.into()).collect(),
        rate_hz: (seconds > 0.0).then(|| story.spikes.len() as f64 / seconds),
        cv: cv(&story.spikes.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect::<Vec<f64>>()),
        arrivals: story.arrivals.len() as u64,
        inputs: inputs.into_iter().map(input).collect(),
    })
}

/// The population that inputs come from, and their receptor.
type Way<'a> = (usize, &'a str);

/// The sources of inputs, how many there were, the sum of their weights and its unit.
type Came<'a> = (BTreeSet<NeuronId>, u64, f64, &'a str);

fn cv(intervals: &[f64]) -> Option<f64> {
    let count = intervals.len() as f64;
    let mean = intervals.iter().sum::<f64>() / count;
    let variance =
        intervals.iter().map(|interval| (interval - mean) * (interval - mean)).sum::<f64>() / count;
    (intervals.len() > 1 && mean > 0.0).then(|| variance.sqrt() / mean)
}
