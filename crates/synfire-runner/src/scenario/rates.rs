//! Rate populations: their gain and input, what may be said of them, and the projections between them.

use super::Quantity;
use super::SpikeTimes;
use super::check::{Checked, Checker};
use super::draft::{Draft, Neuron};
use super::fields::{Entry, Fields};
use super::keys::{self, Bound, GAIN_KIND, GAINS};
use super::names::shown;
use super::quantity::Count;
use synfire_core::catalogue::ModelEntry;
use synfire_core::spec::ParamRange;

impl Checker {
    /// The parameters of a rate population: `tau` and `gain` in `neuron`, `input` beside it.
    pub fn rate(
        &mut self,
        entry: &Entry<'_>,
        model: &'static ModelEntry,
        population: &Fields<'_, '_>,
        size: Option<usize>,
    ) -> Checked<Neuron> {
        let count = size.map_or(Count::Unknown, |size| Count::Exactly(size, "the units"));
        let any = Bound::Range(ParamRange::Finite);
        let input = match population.get(keys::INPUT.name) {
            Some(input) => self.quantity(input, any, count),
            None => {
                let help = "`input`: the constant input of each unit, beside `neuron`";
                Err(self.missing_with_help(population, keys::INPUT.name, help))
            }
        };
        let table = keys::neuron_keys(model.spec);
        let fields = self.fields(entry, &table, "the model `rate`")?;
        let tau = self.required(&fields, "tau");
        let tau = tau.and_then(|tau| self.quantity(&tau, Bound::Range(ParamRange::Positive), count));
        let gain = self.required(&fields, "gain").and_then(|gain| self.gain(&gain, count));
        let ((threshold, slope), tau, input) = (gain?, tau?, input?);
        let value = |name: &str| match name {
            "tau" => tau.clone(),
            "threshold" => threshold.clone(),
            "slope" => slope.clone(),
            _ => input.clone(),
        };
        let parameters = model.spec.parameters.iter().map(|parameter| value(parameter.name)).collect();
        Ok(Neuron { model, parameters, lists: Vec::new(), spike_times: SpikeTimes::None })
    }

    /// Threshold and slope of a gain; that of a Heaviside function is infinite.
    fn gain(&mut self, entry: &Entry<'_>, count: Count<'_>) -> Checked<(Quantity, Quantity)> {
        let (kind_entry, name) = self.discriminator(entry, &GAIN_KIND, "a gain")?;
        let names = GAINS.iter().map(|gain| gain.name);
        let table = &GAINS[self.find(&kind_entry, &name, names, "kind of gain", "kinds")?];
        let fields = self.fields(entry, table.keys, &format!("the gain `{name}`"))?;
        let mut quantity = |name| {
            let entry = self.required(&fields, name)?;
            self.quantity(&entry, entry.bound(), count)
        };
        let has_slope = table.keys.iter().any(|key| key.name == "slope");
        let slope = if has_slope { quantity("slope") } else { Ok(Quantity::Number(f64::INFINITY)) };
        Ok((quantity("threshold")?, slope?))
    }

    /// Whether a projection is one between rates; it is nothing else if one of its ends is a rate population.
    pub fn between_rates(
        &mut self,
        fields: &Fields<'_, '_>,
        source: Option<&Draft>,
        target: Option<&Draft>,
    ) -> Checked<bool> {
        let (Some(source), Some(target)) = (source, target) else { return Ok(false) };
        if source.model.is_err() || target.model.is_err() || (!source.is_rate() && !target.is_rate()) {
            return Ok(false);
        }
        if source.is_rate() != target.is_rate() {
            let name = if source.is_rate() { "target" } else { "source" };
            let entry = self.required(fields, name)?;
            let message = format!(
                "the population at the other end is a rate population, `{}` is none",
                shown(if source.is_rate() { &target.name } else { &source.name },)
            );
            return Err(self.report(
                &entry,
                message,
                "rate populations reach rate populations, and only they do",
            ));
        }
        if let (Some(from), Some(to)) = (source.is_heaviside(), target.is_heaviside())
            && from != to
        {
            let entry = self.required(fields, "target")?;
            let message = "its gain is of another kind than that of `source`";
            let help =
                "rate populations that reach one another have the same kind of gain, heaviside or sigmoid";
            return Err(self.report(&entry, message, help));
        }
        if let Some(entry) = fields.get("receptor") {
            let help = "rate populations have no receptors: weights add to the input";
            return Err(self.report(entry, "a receptor of a rate population", help));
        }
        Ok(true)
    }

    /// Rates reach one another at once.
    pub fn no_delay(&mut self, fields: &Fields<'_, '_>, delay: &Checked<Quantity>) {
        let is_zero = match delay {
            Ok(Quantity::Number(delay)) => *delay == 0.0,
            Ok(Quantity::Array(delays)) => delays.iter().all(|delay| *delay == 0.0),
            Ok(Quantity::Distribution(_)) => false,
            Err(_) => true,
        };
        if let (false, Some(entry)) = (is_zero, fields.get("delay")) {
            self.report(
                entry,
                "a delay between rate populations",
                "rates reach one another at once: \"delay\": 0",
            );
        }
    }

    /// Reports a rate population where only neurons make sense.
    pub fn no_rates(&mut self, at: &Entry<'_>, draft: Option<&Draft>, why: &str, help: &str) -> Checked<()> {
        match draft {
            Some(draft) if draft.is_rate() => {
                Err(self.report(at, format!("`{}` is a rate population: {why}", shown(&draft.name)), help))
            }
            _ => Ok(()),
        }
    }

    /// Reports a population without gain switches where they are asked for.
    pub fn with_switches(&mut self, at: &Entry<'_>, draft: Option<&Draft>) -> Checked<()> {
        let Some(draft) = draft.filter(|draft| draft.neuron.is_ok()) else { return Ok(()) };
        let message = match draft.is_heaviside() {
            Some(true) => return Ok(()),
            Some(false) => "has a sigmoid gain, which does not switch",
            None => "is no rate population",
        };
        let help = "gain switches are those of rate populations whose gain is of the kind heaviside";
        Err(self.report(at, format!("`{}` {message}", shown(&draft.name)), help))
    }

    /// `initial_gain`: by population, the gain of each unit.
    pub fn initial_gain(
        &mut self,
        entry: Option<&Entry<'_>>,
        drafts: &super::draft::Drafts,
    ) -> Checked<Vec<(usize, Vec<f64>)>> {
        self.by_population(entry, "gains", drafts, |checker, entry, draft| {
            checker.with_switches(entry, draft)?;
            let count = draft.and_then(|draft| draft.size.ok()).map(|size| (size, "the units"));
            checker.numbers(entry, Bound::Probability, count)
        })
    }
}
