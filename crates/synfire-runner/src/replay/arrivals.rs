//! What led to a difference: a second run, up to it, that remembers what reached the neuron. That the first run does not
//! have to is what determinism is good for.

use crate::numbers::stated;
use crate::run::{Failure, prepare};
use crate::scenario::Scenario;
use std::collections::VecDeque;
use synfire_core::engine::Options;
use synfire_core::group::Arrival;
use synfire_core::observer::{Observer, Origin};
use synfire_core::receptor::ReceptorKind;
use synfire_core::{LocalId, NeuronId, PopulationId, Time};

/// How many arrivals are told.
const REMEMBERED: usize = 10;

/// An arrival with the names of the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArrival {
    /// When.
    pub at: Time,
    /// The source: population and neuron.
    pub source: String,
    /// The receptor.
    pub receptor: String,
    /// The weight with its unit.
    pub weight: String,
}

#[derive(Debug)]
struct Memory {
    population: PopulationId,
    neuron: LocalId,
    /// In canonical order.
    last: VecDeque<(Origin, Arrival)>,
}

impl Observer for Memory {
    const ARRIVALS: bool = true;

    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        if (population, neuron) != (self.population, self.neuron) {
            return;
        }
        let place = |origin: &Origin, arrival: &Arrival| {
            (arrival.at, origin.generation, origin.source, origin.projection)
        };
        let new = place(origin, arrival);
        let after = self.last.partition_point(|(origin, arrival)| place(origin, arrival) <= new);
        self.last.insert(after, (*origin, *arrival));
        if self.last.len() > REMEMBERED {
            self.last.pop_front();
        }
    }
}

/// The last arrivals at a neuron up to and including `until`.
///
/// # Errors
/// As [`prepare`]. A run that fails on the way has told what came before.
pub fn last_arrivals(
    scenario: &Scenario,
    options: &Options,
    population: usize,
    neuron: u32,
    until: Time,
) -> Result<Vec<NamedArrival>, Failure> {
    let mut simulation = prepare(scenario, vec![], options)?;
    let population = PopulationId(population as u32);
    let mut memory = Memory { population, neuron: LocalId(neuron), last: VecDeque::new() };
    // A run that failed the first time has been reported; what came before is what is asked for.
    let _ = simulation.run(until.next_up().min(scenario.duration), &mut memory);
    let arrivals = memory.last.iter();
    Ok(arrivals.map(|(origin, arrival)| named(scenario, population, origin.source, arrival)).collect())
}

fn named(scenario: &Scenario, target: PopulationId, source: NeuronId, arrival: &Arrival) -> NamedArrival {
    let mut local = source.0 as usize;
    let mut name = "?";
    for population in &scenario.populations {
        if local < population.size {
            name = &population.name;
            break;
        }
        local -= population.size;
    }
    let target = &scenario.populations[target.index()];
    let receptor = target.receptors.get(arrival.receptor as usize);
    let v_unit = target.model.spec.variables.first().map_or("", |variable| variable.unit);
    let unit = match receptor.map(|receptor| receptor.kind) {
        Some(ReceptorKind::Delta) => v_unit,
        Some(kind) if kind.is_conductance() => "nS",
        // A model whose v has no unit is normalised throughout.
        _ if v_unit.is_empty() => "",
        _ => "pA",
    };
    NamedArrival {
        at: arrival.at,
        source: format!("{name} {local}"),
        receptor: receptor.map_or("?", |receptor| &receptor.name).to_owned(),
        weight: format!("{} {unit}", stated(arrival.weight)).trim_end().to_owned(),
    }
}
