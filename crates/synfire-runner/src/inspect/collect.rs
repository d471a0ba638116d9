//! All that happened to some neurons, taken down by running again.

use super::{InspectError, Neuron, Subject};
use std::collections::{BTreeMap, VecDeque};
use synfire_core::events::NeuronSet;
use synfire_core::group::{Arrival, Note, What};
use synfire_core::observer::{Observer, Origin};
use synfire_core::relive::{Fired, Input};
use synfire_core::{LocalId, NeuronId, PopulationId, Time};

/// An arrival, and the spike that made it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// What reached the neuron.
    pub input: Input,
    /// Over which projection, from whom, how long it was under way.
    pub origin: Origin,
    /// When the source had spiked.
    pub emitted: Time,
}

/// What happened to one neuron.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NeuronStory {
    /// What reached it, in canonical order.
    pub arrivals: Vec<Reached>,
    /// Its spikes.
    pub spikes: Vec<Fired>,
}

impl NeuronStory {
    /// All that reached it, as it can be lived again.
    pub fn inputs(&self) -> Vec<Input> {
        self.arrivals.iter().map(|reached| reached.input).collect()
    }
}

/// Runs again up to and including `until` and takes down what happens to these neurons.
///
/// # Errors
/// The run's.
pub fn stories(
    subject: &Subject,
    neurons: &[Neuron],
    until: Time,
) -> Result<BTreeMap<Neuron, NeuronStory>, InspectError> {
    let mut wanted = NeuronSet::none(&subject.who.sizes());
    neurons.iter().for_each(|&(population, neuron)| wanted.add(population, neuron));
    let mut simulation = subject.simulation()?;
    let mut collector = Collector {
        first: subject
            .who
            .populations
            .iter()
            .scan(0, |next, population| {
                let first = *next;
                *next += population.size as u32;
                Some(first)
            })
            .collect(),
        wanted,
        greatest_delay_ms: simulation.greatest_delay_ms(),
        recent: vec![VecDeque::new(); subject.who.sizes().iter().sum()],
        stories: neurons.iter().map(|&neuron| (neuron, NeuronStory::default())).collect(),
    };
    subject.run_up_to(&mut simulation, until, &mut collector)?;
    let mut stories = collector.stories;
    for story in stories.values_mut() {
        // The order of declaration, which is left, is that in which they are told.
        story.arrivals.sort_by_key(|Reached { input, origin, .. }| {
            (input.arrival.at, input.generation, origin.source, origin.projection)
        });
    }
    Ok(stories)
}

struct Collector {
    /// The first neuron of each population.
    first: Vec<u32>,
    wanted: NeuronSet,
    greatest_delay_ms: f64,
    /// The spikes of every neuron that can still arrive somewhere.
    recent: Vec<VecDeque<Time>>,
    stories: BTreeMap<Neuron, NeuronStory>,
}

impl Collector {
    /// The spike of `origin.source` that arrives at `at`.
    fn emitted(&self, origin: &Origin, at: Time) -> Time {
        let spikes = self.recent.get(origin.source.index()).into_iter().flatten();
        let is_it = |spike: &&Time| spike.after(origin.delay_ms) == at;
        spikes.rev().find(is_it).copied().unwrap_or(at)
    }
}

impl Observer for Collector {
    const ARRIVALS: bool = true;
    const NOTES: bool = true;

    fn arrival(&mut self, origin: &Origin, population: PopulationId, neuron: LocalId, arrival: &Arrival) {
        if !self.wanted.has(population, neuron) {
            return;
        }
        let emitted = self.emitted(origin, arrival.at);
        let input = Input { arrival: *arrival, generation: origin.generation };
        if let Some(story) = self.stories.get_mut(&(population, neuron)) {
            story.arrivals.push(Reached { input, origin: *origin, emitted });
        }
    }

    fn note(&mut self, population: PopulationId, note: &Note) {
        let What::Spike { cause } = note.what else { return };
        let id = NeuronId(self.first[population.index()] + note.neuron.0);
        let recent = &mut self.recent[id.index()];
        // What happens may be told up to a window, hence a delay, before arrivals of the same window.
        while recent.front().is_some_and(|spike| spike.after(2.0 * self.greatest_delay_ms) < note.at) {
            recent.pop_front();
        }
        recent.push_back(note.at);
        if self.wanted.has(population, note.neuron)
            && let Some(story) = self.stories.get_mut(&(population, note.neuron))
        {
            story.spikes.push(Fired { at: note.at, generation: note.generation, cause });
        }
    }
}
