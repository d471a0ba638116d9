//! Populations as far as they could be read: what projections, stimuli and the rest need to know of them.

use super::check::Checked;
use super::names::shown;
use super::problem::Reported;
use super::{Population, Quantity, SpikeTimes};
use std::collections::BTreeMap;
use synfire_core::catalogue::ModelEntry;
use synfire_core::receptor::{Receptor, variable_names};
use synfire_core::spec::ModelSpec;

/// All populations, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    list: Vec<Draft>,
    places: BTreeMap<String, usize>,
}

impl Drafts {
    pub fn new(list: Vec<Draft>) -> Drafts {
        let places = list.iter().enumerate().map(|(place, draft)| (draft.name.clone(), place)).collect();
        Drafts { list, places }
    }

    /// The place of the population called `name`.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The population at a place, if that is known.
    pub fn at(&self, place: Checked<usize>) -> Option<&Draft> {
        self.list.get(place.ok()?)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Draft> {
        self.list.iter()
    }

    /// The populations, if nothing is wrong with any.
    pub fn finish(self) -> Checked<Vec<Population>> {
        self.list.into_iter().map(Draft::finish).collect()
    }
}

/// One of them, also where something is wrong with it.
#[derive(Debug)]
pub(super) struct Draft {
    pub name: String,
    pub size: Checked<usize>,
    pub model: Checked<&'static ModelEntry>,
    pub receptors: Checked<Vec<Receptor>>,
    pub neuron: Checked<Neuron>,
    pub initial: Checked<Vec<(usize, Quantity)>>,
}

/// What `neuron` says besides the model.
#[derive(Debug)]
pub(super) struct Neuron {
    pub model: &'static ModelEntry,
    pub parameters: Vec<Quantity>,
    pub lists: Vec<(&'static str, Vec<f64>)>,
    pub spike_times: SpikeTimes,
}

impl Draft {
    /// Nothing is known but the name.
    pub fn broken(name: String, reported: Reported) -> Draft {
        let (size, model, receptors) = (Err(reported), Err(reported), Err(reported));
        Draft { name, size, model, receptors, neuron: Err(reported), initial: Err(reported) }
    }

    /// In a message.
    pub fn described(&self) -> String {
        format!("population `{}`", shown(&self.name))
    }

    /// The population, if nothing is wrong with it.
    fn finish(self) -> Checked<Population> {
        let Neuron { model, parameters, lists, spike_times } = self.neuron?;
        let (size, receptors, initial) = (self.size?, self.receptors?, self.initial?);
        Ok(Population { name: self.name, size, model, parameters, lists, spike_times, receptors, initial })
    }

    /// The model's page, if it is known.
    pub fn spec(&self) -> Option<&'static ModelSpec> {
        self.model.ok().map(|model| model.spec)
    }

    /// The name of the model if it takes no input.
    pub fn source_model(&self) -> Option<&'static str> {
        self.spec().filter(|spec| spec.is_source).map(|spec| spec.name)
    }

    /// True for population rates, which need no receptors.
    pub fn is_rate(&self) -> bool {
        self.model.is_ok_and(|model| model.rates.is_some())
    }

    /// For population rates: whether their gain is a Heaviside function, if that is known.
    pub fn is_heaviside(&self) -> Option<bool> {
        let neuron = self.neuron.as_ref().ok().filter(|_| self.is_rate())?;
        Some(super::is_heaviside(neuron.model, &neuron.parameters))
    }

    /// The names of all state variables, if they are known.
    pub fn variables(&self) -> Option<Vec<String>> {
        Some(variable_names(self.spec()?.variables, self.receptors.as_ref().ok()?))
    }
}
