//! What pictures show of a recording: the spikes and states of some populations, neurons and times.

use crate::build::population_setup;
use crate::recording::{PopulationEntry, Recording, RecordingError, Spike};
use crate::scenario::Scenario;
use std::ops::Range;
use synfire_core::spec::ParamTable;

/// What is shown; everything by default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Names of populations; all that were recorded if empty.
    pub populations: Vec<String>,
    /// Neurons, within each population; all if empty.
    pub neurons: Vec<u32>,
    /// From when on, ms.
    pub from_ms: Option<f64>,
    /// Until when, ms.
    pub until_ms: Option<f64>,
}

/// A selection that the recording does not have, or a recording that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// The recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A population that is not there.
    #[error("there is no recorded population `{name}`; there are {known}")]
    NoSuchPopulation {
        /// The name.
        name: String,
        /// What there is.
        known: String,
    },
    /// A time window without time.
    #[error("from {from_ms} to {until_ms} ms there is no time of the recording")]
    NoTime {
        /// From when on.
        from_ms: f64,
        /// Until when.
        until_ms: f64,
    },
}

/// The selected part of a recording, in memory.
#[derive(Debug)]
pub struct Recorded {
    /// From when on, ms.
    pub from_ms: f64,
    /// Until when, ms.
    pub until_ms: f64,
    /// The selected populations that have recorded spikes, in the scenario's order.
    pub populations: Vec<RecordedPopulation>,
    /// The selected rate populations that have recorded gain switches, with these in the place of spikes.
    pub switching: Vec<RecordedPopulation>,
    /// Selected state variables, one for each neuron and variable.
    pub traces: Vec<Trace>,
}

/// The selected spikes of a population.
#[derive(Debug)]
pub struct RecordedPopulation {
    /// Its name.
    pub name: String,
    /// The selected neurons, or how many there are if all are.
    pub neurons: Neurons,
    /// Time (ms) and neuron of each spike, by rising time.
    pub spikes: Vec<(f64, u32)>,
}

/// Neurons of a population.
#[derive(Clone, Debug)]
pub enum Neurons {
    /// All of this many.
    All(u32),
    /// These, rising.
    Some(Vec<u32>),
}

impl Neurons {
    /// How many.
    pub fn count(&self) -> u32 {
        match self {
            Neurons::All(count) => *count,
            Neurons::Some(ids) => ids.len() as u32,
        }
    }

    /// The row of a neuron in a picture, from 0; `None` if it is not selected.
    pub fn row(&self, neuron: u32) -> Option<u32> {
        match self {
            Neurons::All(count) => (neuron < *count).then_some(neuron),
            Neurons::Some(ids) => ids.binary_search(&neuron).ok().map(|row| row as u32),
        }
    }
}

/// One state variable of one neuron.
#[derive(Debug)]
pub struct Trace {
    /// The population.
    pub population: String,
    /// The neuron.
    pub neuron: u32,
    /// The variable.
    pub variable: String,
    /// Its unit; empty if it has none.
    pub unit: String,
    /// Time (ms) and value.
    pub samples: Vec<(f64, f64)>,
    /// The threshold, where the variable is the membrane potential of a model that has one.
    pub threshold: Option<f64>,
}

impl Recorded {
    /// Reads what is selected of a recording; `scenario` is its scenario.
    ///
    /// # Errors
    /// A population that is not there, no time, files that cannot be read.
    pub fn read(
        recording: &Recording,
        scenario: &Scenario,
        selection: &Selection,
    ) -> Result<Recorded, SelectionError> {
        let end_ms = recording.until().as_ms();
        let from_ms = selection.from_ms.unwrap_or(0.0).max(0.0);
        let until_ms = selection.until_ms.unwrap_or(end_ms).min(end_ms);
        if from_ms >= until_ms {
            return Err(SelectionError::NoTime { from_ms, until_ms });
        }
        let [populations, switching] = populations(recording, selection)?;
        let mut recorded = Recorded { from_ms, until_ms, populations, switching, traces: Vec::new() };
        recorded.read_spikes(recording)?;
        recorded.read_traces(recording, scenario, selection)?;
        Ok(recorded)
    }

    fn read_spikes(&mut self, recording: &Recording) -> Result<(), SelectionError> {
        let range = self.from_ms..self.until_ms;
        sort_in(&mut self.populations, recording, &range, recording.spikes()?)?;
        sort_in(&mut self.switching, recording, &range, recording.switches()?)
    }

    fn read_traces(
        &mut self,
        recording: &Recording,
        scenario: &Scenario,
        selection: &Selection,
    ) -> Result<(), SelectionError> {
        for entry in &recording.manifest().states {
            let Some(index) = scenario.populations.iter().position(|p| p.name == entry.population) else {
                continue;
            };
            if !selection.populations.is_empty() && !selection.populations.contains(&entry.population) {
                continue;
            }
            let first = self.traces.len();
            let parameters = population_setup(scenario, index).ok().map(|setup| setup.parameters);
            for &neuron in &entry.ids {
                for variable in &entry.variables {
                    self.traces.push(Trace {
                        population: entry.population.clone(),
                        neuron,
                        variable: variable.clone(),
                        unit: unit(scenario, index, variable),
                        samples: Vec::new(),
                        threshold: parameters.as_ref().and_then(|table| threshold(table, variable, neuron)),
                    });
                }
            }
            let columns = entry.ids.len() * entry.variables.len();
            for (place, value) in recording.states(entry)?.enumerate() {
                let at_ms = (place / columns) as f64 * entry.every;
                let value = value?;
                if at_ms >= self.from_ms && at_ms < self.until_ms {
                    self.traces[first + place % columns].samples.push((at_ms, value));
                }
            }
        }
        let wanted = |neuron: &u32| selection.neurons.is_empty() || selection.neurons.contains(neuron);
        self.traces.retain(|trace| wanted(&trace.neuron) && !trace.samples.is_empty());
        Ok(())
    }

    /// The spikes of one neuron, ms.
    pub fn train(&self, population: &str, neuron: u32) -> Vec<f64> {
        let of = self.populations.iter().filter(|p| p.name == population);
        of.flat_map(|p| p.spikes.iter().filter(|s| s.1 == neuron).map(|s| s.0)).collect()
    }
}

/// Gives each population its spikes of a recording in a range of time, ms.
fn sort_in(
    populations: &mut [RecordedPopulation],
    recording: &Recording,
    range: &Range<f64>,
    spikes: impl Iterator<Item = Result<Spike, RecordingError>>,
) -> Result<(), SelectionError> {
    // By index of the population in the scenario, its place here.
    let place = |name: &str| populations.iter().position(|p| p.name == name);
    let places: Vec<Option<usize>> =
        recording.manifest().populations.iter().map(|entry| place(&entry.name)).collect();
    for spike in spikes {
        let spike = spike?;
        let at_ms = spike.at.as_ms();
        if at_ms >= range.end {
            break;
        }
        let Some(place) = places.get(spike.population.index()).copied().flatten() else { continue };
        let population = &mut populations[place];
        if at_ms >= range.start && population.neurons.row(spike.neuron.0).is_some() {
            population.spikes.push((at_ms, spike.neuron.0));
        }
    }
    Ok(())
}

/// The selected populations with recorded spikes, and those with recorded gain switches.
fn populations(
    recording: &Recording,
    selection: &Selection,
) -> Result<[Vec<RecordedPopulation>; 2], SelectionError> {
    let entries = &recording.manifest().populations;
    let has_states = |name: &str| recording.manifest().states.iter().any(|states| states.population == name);
    let is_recorded =
        |entry: &&PopulationEntry| entry.recorded || entry.switches.is_some() || has_states(&entry.name);
    let known: Vec<&str> = entries.iter().filter(is_recorded).map(|entry| entry.name.as_str()).collect();
    if let Some(name) = selection.populations.iter().find(|name| !known.contains(&name.as_str())) {
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        return Err(SelectionError::NoSuchPopulation { name: name.clone(), known: known.join(", ") });
    }
    let mut ids = selection.neurons.clone();
    ids.sort_unstable();
    ids.dedup();
    let empty = |entry: &PopulationEntry| {
        let size = entry.size as u32;
        let some = ids.iter().copied().filter(|&id| id < size).collect();
        let neurons = if ids.is_empty() { Neurons::All(size) } else { Neurons::Some(some) };
        RecordedPopulation { name: entry.name.clone(), neurons, spikes: Vec::new() }
    };
    let is_wanted = |entry: &&PopulationEntry| {
        selection.populations.is_empty() || selection.populations.contains(&entry.name)
    };
    let wanted = |is_there: fn(&PopulationEntry) -> bool| {
        entries.iter().filter(is_wanted).filter(move |entry| is_there(entry)).map(empty).collect()
    };
    Ok([wanted(|entry| entry.recorded), wanted(|entry| entry.switches.is_some())])
}

fn unit(scenario: &Scenario, population: usize, variable: &str) -> String {
    let population = &scenario.populations[population];
    let own = population.model.spec.variables.iter().find(|v| v.name == variable).map(|v| v.unit);
    let of_receptor = || {
        let receptor = population.receptors.iter().find(|r| r.name == variable);
        receptor.map_or("", |r| if r.kind.is_conductance() { "nS" } else { "pA" })
    };
    own.unwrap_or_else(of_receptor).to_owned()
}

/// Where v makes a spike.
fn threshold(table: &ParamTable, variable: &str, neuron: u32) -> Option<f64> {
    let column = table.specs.iter().position(|spec| spec.name == "v_th" || spec.name == "v_peak");
    let value = column.map(|column| table.columns[column].at(neuron as usize));
    value.filter(|value| variable == "v" && value.is_finite())
}
