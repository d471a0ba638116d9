//! Populations: size, model and parameters, spike trains, initial values.

use super::Quantity;
use super::SpikeTimes;
use super::check::{Checked, Checker};
use super::draft::{Draft, Drafts, Neuron};
use super::fields::{Entry, Fields, Named};
use super::keys::{self, Bound, EQUATIONS, RATE};
use super::names::{shown, suggestion};
use super::quantity::{Count, typical};
use crate::catalogue;
use synfire_core::catalogue::ModelEntry;
use synfire_core::receptor::{Receptor, ReceptorSet};
use synfire_core::spec::{Column, ParamError, ParamRange, ParamTable};

impl Checker {
    /// All populations, in the order of the file.
    pub fn populations(&mut self, entry: &Entry<'_>) -> Checked<Drafts> {
        let named = self.named(entry, "populations")?;
        if entry.node.members().is_ok_and(|members| members.is_empty()) {
            return Err(self.report(entry, "there is no population", "a scenario has at least one"));
        }
        Ok(Drafts::new(named.into_iter().map(|named| self.population(named)).collect()))
    }

    fn population(&mut self, named: Named<'_>) -> Draft {
        let name = named.name;
        if let Some(reported) = named.twice {
            return Draft::broken(name, reported);
        }
        let fields = match self.fields_or(&named.entry, keys::POPULATION, "a population", belongs_into_neuron)
        {
            Ok(fields) => fields,
            Err(reported) => return Draft::broken(name, reported),
        };
        let size = self.required(&fields, "size").and_then(|entry| self.size(&entry));
        let neuron = self.required(&fields, "neuron");
        let mut model = neuron.clone().and_then(|neuron| self.model(&neuron));
        let mut stated = None;
        if let (Ok(neuron), Ok(entry)) = (&neuron, model)
            && entry.spec.name == EQUATIONS
        {
            let values = self.equations(neuron, size.ok());
            model = values.as_ref().map(|values| values.model).map_err(|reported| *reported);
            stated = Some(values);
        }
        let receptors = self.receptors(&fields, model.ok());
        self.input(&fields, model);
        let values = match stated {
            Some(stated) => stated,
            None => neuron.and_then(|neuron| match model? {
                entry if entry.rates.is_some() => self.rate(&neuron, entry, &fields, size.ok()),
                entry => self.neuron(&neuron, entry, size.ok()),
            }),
        };
        let mut draft = Draft { name, size, model, receptors, neuron: values, initial: Ok(Vec::new()) };
        draft.initial = self.initial(&fields, &draft);
        self.check_draft(&fields, &draft);
        draft
    }

    fn size(&mut self, entry: &Entry<'_>) -> Checked<usize> {
        let size = self.whole(entry)?;
        self.count_neurons(entry, size)?;
        Ok(size as usize)
    }

    /// The model that `neuron` names.
    fn model(&mut self, neuron: &Entry<'_>) -> Checked<&'static ModelEntry> {
        let (model, name) = self.discriminator(neuron, &keys::MODEL, "a neuron model with its parameters")?;
        if let Some(entry) = catalogue::find(&name) {
            return Ok(entry);
        }
        let known = catalogue::models().map(|entry| entry.spec.name);
        let message = format!("there is no neuron model `{}`", shown(&name));
        Err(self.report(&model, message, suggestion(&name, known, "models")))
    }

    /// `input` is for rate units only.
    fn input(&mut self, fields: &Fields<'_, '_>, model: Checked<&'static ModelEntry>) {
        if let (Some(input), Ok(entry)) = (fields.get(keys::INPUT.name), model)
            && entry.rates.is_none()
        {
            let message = format!("`input` for the model `{}`", entry.spec.name);
            self.report(input, message, format!("`input` belongs to populations with the model `{RATE}`"));
        }
    }

    /// The parameters and spike trains of a model of this build.
    fn neuron(
        &mut self,
        entry: &Entry<'_>,
        model: &'static ModelEntry,
        size: Option<usize>,
    ) -> Checked<Neuron> {
        let spec = model.spec;
        let table = keys::neuron_keys(spec);
        let fields = self.fields(entry, &table, &format!("the model `{}`", spec.name))?;
        let count = size.map_or(Count::Unknown, |size| Count::Exactly(size, "the neurons"));
        let parameters: Vec<Checked<Quantity>> = spec
            .parameters
            .iter()
            .map(|parameter| match (fields.get(parameter.name), parameter.default) {
                (Some(value), _) => self.quantity(value, Bound::Range(parameter.range), count),
                (None, Some(default)) => Ok(Quantity::Number(default)),
                (None, None) => Err(self.missing(&fields, parameter.name)),
            })
            .collect();
        let lists: Vec<Checked<(&'static str, Vec<f64>)>> = spec
            .lists
            .iter()
            .map(|list| {
                let entry = self.required(&fields, list.name)?;
                Ok((list.name, self.list(&entry, list.shape)?))
            })
            .collect();
        let spike_times =
            if spec.has_spike_trains { self.spike_times(&fields, size) } else { Ok(SpikeTimes::None) };
        let parameters = parameters.into_iter().collect::<Checked<Vec<Quantity>>>()?;
        let lists = lists.into_iter().collect::<Checked<Vec<_>>>()?;
        let spike_times = spike_times?;
        Ok(Neuron { model, parameters, lists, spike_times })
    }

    /// `initial`, by the index of the variable.
    fn initial(&mut self, fields: &Fields<'_, '_>, draft: &Draft) -> Checked<Vec<(usize, Quantity)>> {
        let Some(entry) = fields.get("initial") else { return Ok(Vec::new()) };
        let named = self.named(entry, "values")?;
        let Some(variables) = draft.variables() else { return Ok(Vec::new()) };
        let (Some(spec), Ok(receptors)) = (draft.spec(), &draft.receptors) else { return Ok(Vec::new()) };
        let count = draft.size.map_or(Count::Unknown, |size| Count::Exactly(size, "the neurons"));
        let mut initial = Vec::with_capacity(named.len());
        for named in named {
            let Some(index) = variables.iter().position(|variable| *variable == named.name) else {
                let message = format!("the model `{}` has no variable `{}`", spec.name, shown(&named.name));
                let help = suggestion(&named.name, variables.iter().map(String::as_str), "its variables");
                return Err(self.report_name(&named, message, help));
            };
            let receptor = named.name.strip_suffix(".x").unwrap_or(&named.name);
            let is_conductance = index >= spec.variables.len()
                && receptors.iter().any(|r| r.name == receptor && r.kind.is_conductance());
            let range = if is_conductance { ParamRange::NotNegative } else { ParamRange::Finite };
            initial.push(self.quantity(&named.entry, Bound::Range(range), count).map(|value| (index, value)));
        }
        initial.into_iter().collect()
    }

    /// Conditions between parameters.
    fn check_draft(&mut self, fields: &Fields<'_, '_>, draft: &Draft) {
        let (Ok(neuron), Ok(receptors), Ok(size)) = (&draft.neuron, &draft.receptors, draft.size) else {
            return;
        };
        let Some((index, error)) = check_model(neuron, receptors, size) else {
            return;
        };
        let Some(entry) = fields.get("neuron") else { return };
        let members = entry.node.members().unwrap_or_default();
        let help = format!("`{}` must be {}", error.parameter, error.expected);
        let Some(given) = members.iter().find(|member| member.key == error.parameter) else {
            let message = format!("`{}` is {} where it is left out", error.parameter, error.value);
            self.report(entry, message, help);
            return;
        };
        let given = entry.named(error.parameter, given.value);
        match given.node.items() {
            Ok(items) if index < items.len() => {
                let message = format!("`{}` of neuron {index} is {}", error.parameter, error.value);
                self.report(&given.item(index, items[index]), message, help)
            }
            _ => self.report(&given, format!("`{}` is {}", error.parameter, error.value), help),
        };
    }
}

/// Conditions between the parameters of each neuron: the first neuron that does not fulfil them. Where a parameter is
/// drawn, a typical value must do; single draws are judged when they are made.
fn check_model(neuron: &Neuron, receptors: &[Receptor], size: usize) -> Option<(usize, ParamError)> {
    let column = |quantity: &Quantity| match quantity {
        Quantity::Number(value) => Column::Same(*value),
        Quantity::Array(values) => Column::Each(values.clone()),
        Quantity::Distribution(drawn) => Column::Same(typical(drawn)),
    };
    let model = neuron.model;
    let columns = neuron.parameters.iter().map(column).collect();
    let lists = neuron.lists.clone();
    let table = ParamTable { specs: model.spec.parameters, columns, lists, system: model.system };
    let receptors = ReceptorSet::new(receptors.to_vec());
    let different = if table.is_uniform() { 1 } else { size };
    (0..different).find_map(|index| Some((index, (model.check)(table.row(index), &receptors).err()?)))
}

/// Where a key of a population belongs that is one of `neuron`.
fn belongs_into_neuron(key: &str) -> Option<&'static str> {
    let mut parameters = catalogue::models().flat_map(|entry| entry.spec.parameters);
    let belongs =
        key == keys::MODEL.name || key == "times" || parameters.any(|parameter| parameter.name == key);
    belongs.then_some("`neuron`")
}
