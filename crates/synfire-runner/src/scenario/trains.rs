//! The spike trains of a `spike_source`.

use super::SpikeTimes;
use super::check::{Checked, Checker};
use super::fields::{Entry, Fields};
use super::keys::Bound;
use super::limits::END_OF_TIME_MS;
use synfire_core::spec::ParamRange;

impl Checker {
    /// `times`, or `times_file`.
    pub fn spike_times(&mut self, fields: &Fields<'_, '_>, size: Option<usize>) -> Checked<SpikeTimes> {
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
}
