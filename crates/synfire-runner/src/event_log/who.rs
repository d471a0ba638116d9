//! Who is who: the names of populations, neurons and receptors, for people.

use crate::scenario::{Scenario, suggestion, time_of_digits};
use serde::{Deserialize, Serialize};
use synfire_core::events::{EventKind, Kinds, NeuronSet};
use synfire_core::receptor::ReceptorKind;
use synfire_core::{LocalId, NeuronId, PopulationId, Time};

/// The names of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The populations, in the order of declaration.
    pub populations: Vec<NamedPopulation>,
    /// The receptor that each projection reaches, and the unit of its weights.
    pub projections: Vec<NamedProjection>,
}

/// A population.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedPopulation {
    /// Its name.
    pub name: String,
    /// How many neurons.
    pub size: usize,
    /// Whether its units take no input.
    pub is_source: bool,
}

/// A projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedProjection {
    /// The receptor's name.
    pub receptor: String,
    /// The unit of its weights; empty for normalised models.
    pub unit: String,
}

/// What somebody wrote is not in the network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(String);

impl Who {
    /// The names of a scenario.
    pub fn of(scenario: &Scenario) -> Who {
        let populations = scenario.populations.iter().map(|population| NamedPopulation {
            name: population.name.clone(),
            size: population.size,
            is_source: population.model.spec.is_source,
        });
        let projections = scenario.projections.iter().map(|projection| {
            let target = &scenario.populations[projection.target];
            let receptor = target.receptors.get(projection.receptor);
            let v_unit = target.model.spec.variables.first().map_or("", |variable| variable.unit);
            let unit = match receptor.map(|receptor| receptor.kind) {
                Some(ReceptorKind::Delta) => v_unit,
                Some(kind) if kind.is_conductance() => "nS",
                // A model whose v has no unit is normalised throughout.
                _ if v_unit.is_empty() => "",
                _ => "pA",
            };
            let receptor = receptor.map_or("?", |receptor| &receptor.name);
            NamedProjection { receptor: receptor.to_owned(), unit: unit.to_owned() }
        });
        Who { populations: populations.collect(), projections: projections.collect() }
    }

    /// How large the populations are.
    pub fn sizes(&self) -> Vec<usize> {
        self.populations.iter().map(|population| population.size).collect()
    }

    /// The name of a population.
    pub fn population(&self, population: PopulationId) -> &str {
        self.populations.get(population.index()).map_or("?", |population| &population.name)
    }

    /// The name of a neuron: `cells:3`.
    pub fn neuron(&self, population: PopulationId, neuron: LocalId) -> String {
        format!("{}:{}", self.population(population), neuron.0)
    }

    /// The population and the place in it of a neuron that the network counts; beyond the last, of the last population.
    pub fn split(&self, id: NeuronId) -> (PopulationId, LocalId) {
        let mut left = id.0;
        for (index, population) in self.populations.iter().enumerate() {
            if (left as usize) < population.size || index + 1 == self.populations.len() {
                return (PopulationId(index as u32), LocalId(left));
            }
            left -= population.size as u32;
        }
        (PopulationId(0), LocalId(id.0))
    }

    /// The neuron as the network counts it.
    pub fn join(&self, population: PopulationId, neuron: LocalId) -> NeuronId {
        let before: usize = self.populations.iter().take(population.index()).map(|p| p.size).sum();
        NeuronId(before as u32 + neuron.0)
    }

    /// The receptor that a projection reaches, and the unit of its weights.
    pub fn receptor(&self, projection: u32) -> (&str, &str) {
        let projection = self.projections.get(projection as usize);
        projection.map_or(("?", ""), |projection| (&projection.receptor, &projection.unit))
    }

    fn find(&self, name: &str) -> Result<PopulationId, Unknown> {
        let index = self.populations.iter().position(|population| population.name == name);
        index.map(|index| PopulationId(index as u32)).ok_or_else(|| {
            let names = self.populations.iter().map(|population| &population.name[..]);
            let help = suggestion(name, names, "populations");
            Unknown(format!("there is no population `{name}`: {help}"))
        })
    }

    /// The one neuron that `text` names: `cells:3`, or `3` where there is one population, or one that is no source.
    ///
    /// # Errors
    /// There is no such neuron.
    pub fn find_neuron(&self, text: &str) -> Result<(PopulationId, LocalId), Unknown> {
        let (population, first, last) = self.find_neurons(text)?;
        match first == last {
            true => Ok((population, LocalId(first))),
            false => Err(Unknown(format!(
                "`{text}` are several neurons; one is named like `{}:{first}`",
                self.population(population)
            ))),
        }
    }

    /// The neurons that `text` names: a population, `cells`, or some of it, `cells:3` or `cells:3-9`; without a name they are of
    /// the one population that there is, or the one that is no source. Gives the population, the first and the last.
    fn find_neurons(&self, text: &str) -> Result<(PopulationId, u32, u32), Unknown> {
        if let Some(index) = self.populations.iter().position(|population| population.name == text) {
            let last = self.populations[index].size.saturating_sub(1) as u32;
            return Ok((PopulationId(index as u32), 0, last));
        }
        let (name, ids) = match text.rsplit_once(':') {
            Some((name, ids)) => (Some(name), ids),
            None => (None, text),
        };
        let (first, last) = ids.split_once('-').unwrap_or((ids, ids));
        let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else {
            self.find(name.unwrap_or(text))?;
            return Err(Unknown(format!("`{text}` is no neuron; neurons are named like `cells:3`")));
        };
        let population = match name {
            Some(name) => self.find(name)?,
            None => self.only(text)?,
        };
        let size = self.populations[population.index()].size;
        if last as usize >= size || first > last {
            let name = self.population(population);
            let what = if first > last { "no range" } else { "not there" };
            let has = if size == 1 {
                "1 neuron, 0".to_owned()
            } else {
                format!("{size} neurons, 0 to {}", size - 1)
            };
            return Err(Unknown(format!("`{text}` is {what}: `{name}` has {has}")));
        }
        Ok((population, first, last))
    }

    fn only(&self, text: &str) -> Result<PopulationId, Unknown> {
        let among = |is_meant: &dyn Fn(&NamedPopulation) -> bool| {
            let mut found = (0..self.populations.len()).filter(|&index| is_meant(&self.populations[index]));
            found.next().filter(|_| found.next().is_none())
        };
        let only = among(&|_| true).or_else(|| among(&|population| !population.is_source));
        only.map(|index| PopulationId(index as u32)).ok_or_else(|| {
            let name = self.populations.first().map_or("cells", |population| &population.name);
            Unknown(format!("`{text}` can be of several populations; name one, like `{name}:{text}`"))
        })
    }

    /// The neurons that a list names: `cells:0-9,drive`.
    ///
    /// # Errors
    /// One of them is not there.
    pub fn neurons(&self, list: &str) -> Result<NeuronSet, Unknown> {
        let mut set = NeuronSet::none(&self.sizes());
        let whole = self.populations.iter().any(|population| population.name == list);
        let parts: Vec<&str> = if whole { vec![list] } else { list.split(',').map(str::trim).collect() };
        for part in parts {
            let (population, first, last) = self.find_neurons(part)?;
            (first..=last).for_each(|id| set.add(population, LocalId(id)));
        }
        Ok(set)
    }
}

/// The kinds that a list names: `spike,arrival`.
///
/// # Errors
/// One of them is none.
pub fn kinds(list: &str) -> Result<Kinds, Unknown> {
    let mut kinds = Kinds::NONE;
    for name in list.split(',').map(str::trim) {
        let kind = EventKind::of_name(name).ok_or_else(|| {
            let help = suggestion(name, EventKind::ALL.map(EventKind::name), "kinds");
            Unknown(format!("there is no kind of event `{name}`: {help}"))
        })?;
        kinds = kinds.with(kind);
    }
    Ok(kinds)
}

/// An instant, in ms.
///
/// # Errors
/// It is none.
pub fn instant(text: &str) -> Result<Time, Unknown> {
    let number = || text.parse().ok().and_then(Time::from_ms);
    time_of_digits(text)
        .or_else(number)
        .ok_or_else(|| Unknown(format!("`{text}` is no time: expected ms, at least 0")))
}
