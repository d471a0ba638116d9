//! What must come out: spike trains, states, rates.

use super::check::{Checked, Checker};
use super::draft::{Draft, Drafts};
use super::fields::{Entry, Fields};
use super::json::{Kind, Node};
use super::keys::{Bound, EXPECT, EXPECT_RATE, EXPECT_STATE};
use super::limits::END_OF_TIME_MS;
use super::names::shown;
use super::{Expect, ExpectedRate, ExpectedState, ExpectedTime};
use synfire_core::Time;
use synfire_core::spec::ParamRange;

/// Spike trains by index of the population.
type NamedTrains = Vec<(usize, Vec<Vec<ExpectedTime>>)>;

impl Checker {
    /// `expect`.
    pub fn expect(&mut self, entry: &Entry<'_>, drafts: &Drafts, duration: Option<f64>) -> Checked<Expect> {
        let fields = self.fields(entry, EXPECT, "`expect`")?;
        let tolerance = self.number(&fields, "tolerance");
        let state_tolerance = self.number(&fields, "state_tolerance");
        // A spike at the end is not part of the run; within the tolerance it may be meant to come before.
        let last = duration.map(|end| end + tolerance.unwrap_or(None).unwrap_or(0.0));
        let spikes = self.expected_trains(fields.get("spikes"), drafts, last, |checker, entry, draft| {
            checker.no_rates(entry, draft, "it has no spikes", "its gain switches are judged by `switches`")
        });
        let switches = self.expected_trains(fields.get("switches"), drafts, last, Checker::with_switches);
        self.rate_keys(&fields, drafts);
        let initial_gain = self.initial_gain(fields.get("initial_gain"), drafts);
        let spikes_file = fields.get("spikes_file").map(|file| self.file(file)).transpose();
        let states = self.each(fields.get("states"), "an array of expected states", |checker, item| {
            checker.expected_state(item, drafts, duration)
        });
        let rates = self.each(fields.get("rates"), "an array of expected rates", |checker, item| {
            checker.expected_rate(item, drafts)
        });
        Ok(Expect {
            tolerance: tolerance?.unwrap_or(0.0),
            spikes: spikes?,
            spikes_file: spikes_file?,
            switches: switches?,
            initial_gain: initial_gain?,
            states: states?,
            state_tolerance: state_tolerance?.unwrap_or(0.0),
            rates: rates?,
        })
    }

    /// What judges rates is no slip only where there are rates.
    fn rate_keys(&mut self, fields: &Fields<'_, '_>, drafts: &Drafts) {
        // Models that are not known may be meant to be rates.
        if drafts.iter().any(|draft| draft.is_rate() || draft.model.is_err()) {
            return;
        }
        for name in ["switches", "initial_gain"] {
            if let Some(entry) = fields.get(name) {
                let message = format!("`{name}` judges rate populations, and there is none");
                self.report(entry, message, "spike trains are judged by `spikes`");
            }
        }
    }

    fn expected_trains(
        &mut self,
        entry: Option<&Entry<'_>>,
        drafts: &Drafts,
        last: Option<f64>,
        fit: impl Fn(&mut Checker, &Entry<'_>, Option<&Draft>) -> Checked<()>,
    ) -> Checked<NamedTrains> {
        self.by_population(entry, "spike trains", drafts, |checker, entry, draft| {
            fit(checker, entry, draft)?;
            checker.trains_of(entry, draft.and_then(|draft| draft.size.ok()), last)
        })
    }

    /// What an object says of each population that it names, by the population's index.
    pub fn by_population<T>(
        &mut self,
        entry: Option<&Entry<'_>>,
        what: &str,
        drafts: &Drafts,
        mut read: impl FnMut(&mut Checker, &Entry<'_>, Option<&Draft>) -> Checked<T>,
    ) -> Checked<Vec<(usize, T)>> {
        let Some(entry) = entry else { return Ok(Vec::new()) };
        let named = self.named(entry, what)?;
        let mut all = Vec::with_capacity(named.len());
        for named in named {
            let Some(population) = drafts.place(&named.name) else {
                let message = format!("there is no population `{}`", shown(&named.name));
                let names = drafts.iter().map(|draft| draft.name.as_str());
                let help = self.suggestion(&named.name, names, "populations");
                all.push(Err(self.report_name(&named, message, help)));
                continue;
            };
            let read = read(self, &named.entry, drafts.at(Ok(population)));
            all.push(read.map(|value| (population, value)));
        }
        all.into_iter().collect()
    }

    fn trains_of(
        &mut self,
        entry: &Entry<'_>,
        size: Option<usize>,
        last: Option<f64>,
    ) -> Checked<Vec<Vec<ExpectedTime>>> {
        let items = self.items(entry, "an array with one array of spike times a neuron")?;
        if let Some(size) = size.filter(|size| *size != items.len()) {
            return Err(self.wrong_length(entry, items.len(), size, "the neurons"));
        }
        let mut trains = Vec::with_capacity(items.len());
        for (index, node) in items.into_iter().enumerate() {
            trains.push(self.expected_train(&entry.item(index, node), last)?);
        }
        Ok(trains)
    }

    fn expected_train(&mut self, entry: &Entry<'_>, last: Option<f64>) -> Checked<Vec<ExpectedTime>> {
        let items = self.items(entry, "an array of spike times")?;
        let mut train: Vec<ExpectedTime> = Vec::with_capacity(items.len());
        let mut before = Time::ZERO;
        for (index, node) in items.into_iter().enumerate() {
            let time = match expected_time(&node) {
                Some(time) => time,
                None => return Err(self.wrong_time(&entry.item(index, node))),
            };
            if time.at() < before {
                let message = format!("{} ms after {before} ms: spike times must rise", time.at());
                return Err(self.report(&entry.item(index, node), message, "sort the times of each neuron"));
            }
            if last.is_some_and(|last| time.at().as_ms() > last) {
                let message = format!("a spike at {} ms, which is not part of the run", time.at());
                return Err(self.report(&entry.item(index, node), message, "spikes come before `duration`"));
            }
            before = time.at();
            train.push(time);
        }
        Ok(train)
    }

    fn wrong_time(&mut self, entry: &Entry<'_>) -> super::problem::Reported {
        let expected = "a time in ms: a number, or a string of digits like \"12.5000000000000000000000001\"";
        match entry.node.kind() {
            Kind::Number => match self.bounded(entry, Bound::Range(ParamRange::NotNegative)) {
                Ok(_) => self.report(
                    entry,
                    "a time beyond the clock",
                    format!("times are less than {END_OF_TIME_MS} ms"),
                ),
                Err(reported) => reported,
            },
            _ => self.expected(entry, expected),
        }
    }

    fn expected_state(
        &mut self,
        entry: &Entry<'_>,
        drafts: &Drafts,
        duration: Option<f64>,
    ) -> Checked<ExpectedState> {
        let fields = self.fields(entry, EXPECT_STATE, "an expected state")?;
        let population = self.population_of(&fields, "population", drafts);
        let draft = drafts.at(population);
        let id = self.required(&fields, "id").and_then(|entry| match draft {
            Some(draft) => self.id(&entry, draft.size.ok(), &draft.described()),
            None => self.whole(&entry).map(|id| id as u32),
        });
        let variable = self.required(&fields, "variable").and_then(|entry| self.variable(&entry, draft));
        let at = self.instant(&fields, "at");
        if let (Ok(at), Some(end), Some(entry)) = (at, duration, fields.get("at"))
            && at.as_ms() > end
        {
            self.report(
                entry,
                format!("{at} ms is after the end of the run"),
                format!("`duration` is {end} ms"),
            );
        }
        let value = self.required(&fields, "value").and_then(|entry| self.digits(&entry));
        Ok(ExpectedState { population: population?, id: id?, variable: variable?, at: at?, value: value? })
    }

    /// The index of a state variable.
    pub fn variable(&mut self, entry: &Entry<'_>, draft: Option<&Draft>) -> Checked<usize> {
        let name = self.text(entry, "the name of a state variable")?;
        let Some(draft) = draft else { return Ok(0) };
        let Some(variables) = draft.variables() else { return Ok(0) };
        let all = format!("variables of `{}`", shown(&draft.name));
        self.find(entry, &name, variables.iter().map(String::as_str), "variable", &all)
    }

    /// The time of a key that must be there.
    pub fn instant(&mut self, fields: &Fields<'_, '_>, name: &str) -> Checked<Time> {
        let entry = self.required(fields, name)?;
        let ms = self.required_number(fields, name)?;
        Time::from_ms(ms).ok_or_else(|| {
            self.report(&entry, "a time beyond the clock", format!("times are less than {END_OF_TIME_MS} ms"))
        })
    }

    /// A number, also as a string of digits.
    fn digits(&mut self, entry: &Entry<'_>) -> Checked<f64> {
        if entry.node.kind() == Kind::Text {
            let text = self.text(entry, "a number")?;
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            return match text.parse::<f64>() {
                Ok(value) if is_number && value.is_finite() => Ok(value),
                _ => Err(self.expected(entry, "a number, or a string of digits like \"-61.25\"")),
            };
        }
        self.bounded(entry, Bound::Range(ParamRange::Finite))
    }

    fn expected_rate(&mut self, entry: &Entry<'_>, drafts: &Drafts) -> Checked<ExpectedRate> {
        let fields = self.fields(entry, EXPECT_RATE, "an expected rate")?;
        let population = self.population_of(&fields, "population", drafts);
        if let Some(entry) = fields.get("population") {
            self.no_rates(entry, drafts.at(population), "it has no spikes", "its r is judged by `states`")?;
        }
        let ids = self.ids_of(&fields, drafts.at(population));
        let rate = self.required_number(&fields, "rate");
        let tolerance = self.required_number(&fields, "tolerance");
        let cv = self.expected_cv(&fields);
        Ok(ExpectedRate { population: population?, ids: ids?, rate: rate?, tolerance: tolerance?, cv: cv? })
    }

    /// `cv` and `cv_tolerance`, both or neither.
    fn expected_cv(&mut self, fields: &Fields<'_, '_>) -> Checked<Option<(f64, f64)>> {
        let (cv, tolerance) = (self.number(fields, "cv"), self.number(fields, "cv_tolerance"));
        match (cv?, tolerance?) {
            (Some(cv), Some(tolerance)) => Ok(Some((cv, tolerance))),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(self.missing_with_help(fields, "cv_tolerance", "by how much the cv may differ"))
            }
            (None, Some(_)) => Err(self.missing_with_help(fields, "cv", "`cv_tolerance` goes with `cv`")),
        }
    }

    /// `ids` of a population; `None` for all.
    pub fn ids_of(&mut self, fields: &Fields<'_, '_>, draft: Option<&Draft>) -> Checked<Option<Vec<u32>>> {
        let Some(entry) = fields.get("ids") else { return Ok(None) };
        let (size, of) = draft.map_or((None, String::new()), |draft| (draft.size.ok(), draft.described()));
        self.ids(entry, size, &of).map(Some)
    }
}

impl ExpectedTime {
    /// On the clock.
    pub fn at(self) -> Time {
        match self {
            ExpectedTime::Number(ms) => Time::from_ms(ms).unwrap_or(Time::NEVER),
            ExpectedTime::Digits(time) => time,
        }
    }
}

/// A time as a number or a string of digits; `None` if it is neither or not on the clock.
fn expected_time(node: &Node<'_>) -> Option<ExpectedTime> {
    match node.kind() {
        Kind::Number => {
            let ms = node.number().ok()?;
            Time::from_ms(ms).map(|_| ExpectedTime::Number(ms))
        }
        Kind::Text => time_of_digits(&node.text().ok()?).map(ExpectedTime::Digits),
        _ => None,
    }
}

/// The instant that `digits` ms are, rounded once to the clock: the digits before the point are the epoch, those after
/// it the offset. `None` unless it is digits with at most one point, and on the clock.
pub fn time_of_digits(digits: &str) -> Option<Time> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let epoch: u64 = whole.parse().ok()?;
    // Rust reads decimal digits correctly rounded, however many there are.
    let offset: f64 = format!("0.{fraction}").parse().ok()?;
    let (epoch, offset) = if offset < 1.0 { (epoch, offset) } else { (epoch.checked_add(1)?, 0.0) };
    if epoch as f64 >= END_OF_TIME_MS {
        return None;
    }
    Time::from_parts(epoch, offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_keep_the_resolution_of_the_clock() {
        let time = time_of_digits("10000000.1000000000000000055511151231257827").unwrap();
        assert_eq!(time.parts(), (10_000_000, 0.1));
        assert_eq!(time_of_digits("12").unwrap().parts(), (12, 0.0));
        assert_eq!(time_of_digits("0.99999999999999999999999").unwrap().parts(), (1, 0.0));
        assert_eq!(time_of_digits("0012.50").unwrap().parts(), (12, 0.5));
        // The nearest offset, not the offset of the nearest double of the whole.
        assert_eq!(time_of_digits("12.3").unwrap().parts(), (12, 0.3));
        assert_ne!(Time::from_ms(12.3).unwrap().parts(), (12, 0.3));
    }

    #[test]
    fn other_strings_are_no_times() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1.2.3",
            " 1",
            "inf",
            "NaN",
            "9007199254740992",
            "99999999999999999999999",
        ] {
            assert_eq!(time_of_digits(text), None, "{text}");
        }
    }
}
