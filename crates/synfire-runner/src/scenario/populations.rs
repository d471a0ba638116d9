//! Populations: size, model and parameters, spike trains, initial values.

use super::check::{Checked, Checker};
use super::fields::{Entry, Fields, Named};
use super::keys::{self, Bound, KNOWN_MODELS, RATE};
use super::limits::END_OF_TIME_MS;
use super::names::{listed, shown, suggestion};
use super::problem::{ProblemKind, Reported};
use super::quantity::{Count, typical};
use super::{Population, Quantity, SpikeTimes};
use synfire_core::receptor::{Receptor, ReceptorSet, variable_names};
use synfire_core::spec::{Column, ModelSpec, ParamError, ParamRange, ParamTable};
use synfire_models::ModelEntry;

/// A population as far as it could be read: what the other parts of a scenario need to know of it, also where
/// something is wrong with it.
#[derive(Debug)]
pub(super) struct Draft {
    pub name: String,
    pub size: Checked<usize>,
    pub model: Checked<Model>,
    pub receptors: Checked<Vec<Receptor>>,
    neuron: Checked<Neuron>,
    initial: Checked<Vec<(usize, Quantity)>>,
}

/// The model of a population.
#[derive(Clone, Debug)]
pub(super) enum Model {
    /// One of the catalogue.
    Here(&'static ModelEntry),
    /// One that the format knows and this build does not have, which has been reported.
    NotHere(String, Reported),
}

/// What `neuron` says besides the model.
#[derive(Debug)]
struct Neuron {
    model: &'static ModelEntry,
    parameters: Vec<Quantity>,
    spike_times: SpikeTimes,
}

impl Draft {
    fn broken(name: String, reported: Reported) -> Draft {
        let (size, model, receptors) = (Err(reported), Err(reported), Err(reported));
        Draft { name, size, model, receptors, neuron: Err(reported), initial: Err(reported) }
    }

    /// The population, if nothing is wrong with it.
    pub fn finish(self) -> Checked<Population> {
        let Neuron { model, parameters, spike_times } = self.neuron?;
        let (size, receptors, initial) = (self.size?, self.receptors?, self.initial?);
        Ok(Population { name: self.name, size, model, parameters, spike_times, receptors, initial })
    }

    /// The model's page, if it is one of the catalogue.
    pub fn spec(&self) -> Option<&'static ModelSpec> {
        match self.model {
            Ok(Model::Here(entry)) => Some(entry.spec),
            _ => None,
        }
    }

    /// The name of the model if it takes no input.
    pub fn source_model(&self) -> Option<&'static str> {
        self.spec().filter(|spec| spec.is_source).map(|spec| spec.name)
    }

    /// True for population rates, which need no receptors.
    pub fn is_rate(&self) -> bool {
        matches!(&self.model, Ok(Model::NotHere(name, _)) if name == RATE)
    }

    /// The names of all state variables, if they are known.
    pub fn variables(&self) -> Option<Vec<String>> {
        Some(variable_names(self.spec()?.variables, self.receptors.as_ref().ok()?))
    }
}

impl Checker {
    /// All populations, in the order of the file.
    pub fn populations(&mut self, entry: &Entry<'_>) -> Checked<Vec<Draft>> {
        let named = self.named(entry, "populations")?;
        if entry.node.members().is_ok_and(|members| members.is_empty()) {
            return Err(self.report(entry, "there is no population", "a scenario has at least one"));
        }
        Ok(named.into_iter().map(|named| self.population(named)).collect())
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
        let model = neuron.clone().and_then(|neuron| self.model(&neuron));
        let receptors = self.receptors(&fields, model.as_ref().ok());
        self.input(&fields, &model);
        let values = neuron.and_then(|neuron| match &model {
            Ok(Model::Here(entry)) => self.neuron(&neuron, entry, size.ok()),
            Ok(Model::NotHere(_, reported)) | Err(reported) => Err(*reported),
        });
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
    fn model(&mut self, neuron: &Entry<'_>) -> Checked<Model> {
        let (model, name) = self.discriminator(neuron, &keys::MODEL, "a neuron model with its parameters")?;
        if let Some(entry) = synfire_models::find(&name) {
            return Ok(Model::Here(entry));
        }
        let here: Vec<&str> = synfire_models::CATALOGUE.iter().map(|entry| entry.spec.name).collect();
        if KNOWN_MODELS.contains(&name.as_str()) {
            let message = format!("model `{name}` is not in this build");
            let help = format!("models of this build: {}", listed(&here));
            let kind = ProblemKind::UnsupportedModel(name.clone());
            let reported = self.problems.report(kind, &model.path, model.node.span(), message, help);
            return Ok(Model::NotHere(name, reported));
        }
        let known =
            here.iter().copied().chain(KNOWN_MODELS.iter().copied().filter(|known| !here.contains(known)));
        let message = format!("there is no neuron model `{}`", shown(&name));
        Err(self.report(&model, message, suggestion(&name, known, "models")))
    }

    /// `input` is for rate units only.
    fn input(&mut self, fields: &Fields<'_, '_>, model: &Checked<Model>) {
        if let (Some(input), Ok(Model::Here(entry))) = (fields.get(keys::INPUT.name), model) {
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
        let spike_times =
            if spec.has_spike_trains { self.spike_times(&fields, size) } else { Ok(SpikeTimes::None) };
        let parameters = parameters.into_iter().collect::<Checked<Vec<Quantity>>>()?;
        let spike_times = spike_times?;
        Ok(Neuron { model, parameters, spike_times })
    }

    fn spike_times(&mut self, fields: &Fields<'_, '_>, size: Option<usize>) -> Checked<SpikeTimes> {
        self.only_one_of(fields, ["times", "times_file"])?;
        if let Some(file) = fields.get("times_file") {
            let path = self.file(file)?;
            let population = match fields.get("times_population") {
                Some(entry) => Some(self.text(entry, "the name of a population in the file")?),
                None => None,
            };
            return Ok(SpikeTimes::File { path, population });
        }
        if let Some(entry) = fields.get("times_population") {
            return Err(self.report(
                entry,
                "`times_population` without `times_file`",
                "it names a population of that file",
            ));
        }
        let Some(times) = fields.get("times") else {
            let help = "`times`: one array of rising times a neuron, ms; or `times_file`: a file of spikes";
            return Err(self.missing_with_help(fields, "times", help));
        };
        self.trains(times, size).map(SpikeTimes::Inline)
    }

    /// One array of rising times, at least 0, for each neuron.
    fn trains(&mut self, entry: &Entry<'_>, size: Option<usize>) -> Checked<Vec<Vec<f64>>> {
        let fine = |train: &Vec<f64>| {
            train.is_sorted() && train.iter().all(|time| (0.0..END_OF_TIME_MS).contains(time))
        };
        if let Some(trains) = entry.node.number_rows()
            && size.is_none_or(|size| size == trains.len())
            && trains.iter().all(fine)
        {
            return Ok(trains);
        }
        let items = self.items(entry, "an array with one array of times a neuron")?;
        if let Some(size) = size.filter(|size| *size != items.len()) {
            return Err(self.wrong_length(entry, items.len(), size, "the neurons"));
        }
        let mut trains = Vec::with_capacity(items.len());
        for (index, node) in items.into_iter().enumerate() {
            trains.push(self.train(&entry.item(index, node))?);
        }
        Ok(trains)
    }

    fn train(&mut self, entry: &Entry<'_>) -> Checked<Vec<f64>> {
        let times = self.numbers(entry, Bound::Range(ParamRange::NotNegative), None)?;
        let items = self.items(entry, "an array of times")?;
        for (index, node) in items.into_iter().enumerate() {
            let item = entry.item(index, node);
            if index > 0 && times[index] < times[index - 1] {
                let message =
                    format!("{} ms after {} ms: spike times must rise", times[index], times[index - 1]);
                return Err(self.report(&item, message, "sort the times of each neuron"));
            }
            if times[index] >= END_OF_TIME_MS {
                return Err(self.report(
                    &item,
                    format!("{} ms is beyond the clock", times[index]),
                    "times are less than 2^53 ms",
                ));
            }
        }
        Ok(times)
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
        let Some((index, error)) = check_model(neuron.model, &neuron.parameters, receptors, size) else {
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
fn check_model(
    model: &ModelEntry,
    parameters: &[Quantity],
    receptors: &[Receptor],
    size: usize,
) -> Option<(usize, ParamError)> {
    let column = |quantity: &Quantity| match quantity {
        Quantity::Number(value) => Column::Same(*value),
        Quantity::Array(values) => Column::Each(values.clone()),
        Quantity::Distribution(drawn) => Column::Same(typical(drawn)),
    };
    let columns = parameters.iter().map(column).collect();
    let table = ParamTable { specs: model.spec.parameters, columns };
    let receptors = ReceptorSet::new(receptors.to_vec());
    let different = if table.is_uniform() { 1 } else { size };
    (0..different).find_map(|index| Some((index, (model.check)(table.row(index), &receptors).err()?)))
}

/// Where a key of a population belongs that is one of `neuron`.
fn belongs_into_neuron(key: &str) -> Option<&'static str> {
    let mut parameters = synfire_models::CATALOGUE.iter().flat_map(|entry| entry.spec.parameters);
    let belongs =
        key == keys::MODEL.name || key == "times" || parameters.any(|parameter| parameter.name == key);
    belongs.then_some("`neuron`")
}
