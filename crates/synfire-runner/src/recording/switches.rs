//! `switches.csv`: the gain switches of rate populations, in order of time: population, unit, time (ms, all digits), and the
//! gain from then on: 0, 1, or between them where a unit slides along its threshold.

use crate::scenario::time_of_digits;
use std::io::{self, Read, Write};
use synfire_core::{LocalId, Time};

/// The file in a recording.
pub const FILE: &str = "switches.csv";

const HEADING: [&str; 4] = ["population", "unit", "time", "gain"];

/// Writes switches.
pub struct SwitchWriter<W: Write> {
    sink: csv::Writer<W>,
}

impl<W: Write> std::fmt::Debug for SwitchWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SwitchWriter").finish_non_exhaustive()
    }
}

impl<W: Write> SwitchWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What `sink` says.
    pub fn new(sink: W) -> io::Result<SwitchWriter<W>> {
        let mut sink = csv::Writer::from_writer(sink);
        sink.write_record(HEADING)?;
        Ok(SwitchWriter { sink })
    }

    /// Adds a switch.
    ///
    /// # Errors
    /// What the sink says.
    pub fn push(&mut self, population: &str, unit: LocalId, at: Time, gain: f64) -> io::Result<()> {
        let (unit, at, gain) = (unit.0.to_string(), at.to_string(), gain.to_string());
        Ok(self.sink.write_record([population, &unit, &at, &gain])?)
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// A recorded switch: the population's name, the unit, and when.
pub type Switch = (String, LocalId, Time);

/// Reads what [`SwitchWriter`] wrote, switch by switch; what is none is told in words.
pub fn read_switches<R: Read>(source: R) -> impl Iterator<Item = Result<Switch, String>> {
    let rows = csv::Reader::from_reader(source).into_records();
    rows.map(|row| {
        let row = row.map_err(|error| error.to_string())?;
        let switch = || {
            let unit = row.get(1)?.parse().ok()?;
            Some((row.get(0)?.to_owned(), LocalId(unit), time_of_digits(row.get(2)?)?))
        };
        switch().ok_or_else(|| format!("is damaged: {:?} is no gain switch", row.as_slice()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_come_back_with_all_their_digits() {
        let (late, early) = (Time::from_parts(10_000_000, 0.1).unwrap(), Time::from_parts(0, 1e-17).unwrap());
        let mut bytes = vec![];
        let mut writer = SwitchWriter::new(&mut bytes).unwrap();
        writer.push("a, \"b\"", LocalId(7), early, 1.0).unwrap();
        writer.push("units", LocalId(0), late, 0.1 + 0.2).unwrap();
        writer.finish().unwrap();
        let found: Vec<Switch> = read_switches(&bytes[..]).map(Result::unwrap).collect();
        assert_eq!(found, [("a, \"b\"".into(), LocalId(7), early), ("units".into(), LocalId(0), late)]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.ends_with("units,0,10000000.1,0.30000000000000004\n"), "{text}");
        let cut = text.replace("10000000.1", "1e7");
        assert!(read_switches(cut.as_bytes()).any(|switch| switch.is_err()));
    }
}
