//! Stimuli, and what is recorded.

use super::check::{Checked, Checker};
use super::draft::{Draft, Drafts};
use super::fields::Entry;
use super::keys::{RECORD, RECORD_STATES, STIMULUS, STIMULUS_KINDS};
use super::{Record, RecordedStates, Stimulus};
use std::collections::BTreeSet;
use synfire_core::Time;

impl Checker {
    /// One of `stimuli`.
    pub fn stimulus(&mut self, entry: &Entry<'_>, drafts: &Drafts) -> Checked<Stimulus> {
        let (kind_entry, kind) = self.discriminator(entry, &STIMULUS[0], "a stimulus")?;
        self.find(&kind_entry, &kind, STIMULUS_KINDS.iter().copied(), "kind of stimulus", "kinds")?;
        let fields = self.fields(entry, STIMULUS, "a stimulus")?;
        let population = self.population_of(&fields, "population", drafts);
        let draft = drafts.at(population);
        if let (Some(model), Some(entry)) = (draft.and_then(Draft::source_model), fields.get("population")) {
            let message =
                format!("a current into a population with the model `{model}`, which takes no input");
            self.report(entry, message, "a stimulus needs neurons");
        }
        let ids = self.ids_of(&fields, draft);
        let at = self.instant(&fields, "at");
        let until =
            if fields.get("until").is_some() { self.instant(&fields, "until") } else { Ok(Time::NEVER) };
        if let (Ok(at), Ok(until), Some(entry)) = (at, until, fields.get("until"))
            && until < at
        {
            self.report(
                entry,
                format!("`until` {until} ms lies before `at` {at} ms"),
                "a stimulus ends after it begins",
            );
        }
        let amplitude = self.required_number(&fields, "amplitude");
        Ok(Stimulus { population: population?, ids: ids?, at: at?, until: until?, amplitude: amplitude? })
    }

    /// `record`.
    pub fn record(&mut self, entry: &Entry<'_>, drafts: &Drafts, duration: Option<f64>) -> Checked<Record> {
        let fields = self.fields(entry, RECORD, "`record`")?;
        let spikes = self.recorded(fields.get("spikes"), drafts, |checker, item, draft| {
            checker.no_rates(item, draft, "it has no spikes", "its gain switches are recorded by `switches`")
        });
        let switches = self.recorded(fields.get("switches"), drafts, Checker::with_switches);
        let states = self.each(fields.get("states"), "an array of what is sampled", |checker, item| {
            checker.recorded_states(item, drafts, duration)
        });
        Ok(Record { spikes: spikes?, switches: switches?, states: states? })
    }

    /// A list of different populations, each of which has to be `fit`.
    fn recorded(
        &mut self,
        entry: Option<&Entry<'_>>,
        drafts: &Drafts,
        fit: impl Fn(&mut Checker, &Entry<'_>, Option<&Draft>) -> Checked<()>,
    ) -> Checked<Vec<usize>> {
        let mut seen = BTreeSet::new();
        self.each(entry, "an array of names of populations", |checker, item| {
            let name = checker.text(item, "the name of a population")?;
            let population = checker.population_named(item, &name, drafts)?;
            fit(checker, item, drafts.at(Ok(population)))?;
            if !seen.insert(population) {
                return Err(checker.report(
                    item,
                    format!("`{name}` is listed twice"),
                    "name each population once",
                ));
            }
            Ok(population)
        })
    }

    fn recorded_states(
        &mut self,
        entry: &Entry<'_>,
        drafts: &Drafts,
        duration: Option<f64>,
    ) -> Checked<RecordedStates> {
        let fields = self.fields(entry, RECORD_STATES, "recorded states")?;
        let population = self.population_of(&fields, "population", drafts);
        let draft = drafts.at(population);
        let ids = self.ids_of(&fields, draft);
        let names = self.required(&fields, "variables");
        let variables = names.and_then(|names| {
            self.each(Some(&names), "an array of names of state variables", |checker, item| {
                checker.variable(item, draft)
            })
        });
        let every = self.required_number(&fields, "every");
        let (population, ids, variables, every) = (population?, ids?, variables?, every?);
        let neurons = ids.as_ref().map_or(draft.and_then(|draft| draft.size.ok()).unwrap_or(0), Vec::len);
        if let (Some(duration), Some(entry)) = (duration, fields.get("every")) {
            self.count_samples(entry, (duration / every).ceil() * (neurons * variables.len()) as f64)?;
        }
        Ok(RecordedStates { population, ids, variables, every })
    }
}
