//! `manifest.json`: what a recording is. It is written last, so a folder without it is no recording.
//!
//! Nothing in it depends on the machine or the hour: the same run gives the same manifest.

use super::RecordingError;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;
use synfire_core::Time;

/// The version of the layout that this program writes and reads.
pub const VERSION: u32 = 1;
/// The manifest's name in the recording.
pub const FILE: &str = "manifest.json";
/// What stands in place of the manifest's own checksum while that is computed.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// All that is said about a recording besides its data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of the layout.
    pub synfire_recording: u32,
    /// The version of the program that wrote it.
    pub synfire: String,
    /// BLAKE3 of this manifest, with 64 zeros in this place.
    pub blake3: String,
    /// The scenario's name.
    pub name: String,
    /// False if the run ended before its end.
    pub complete: bool,
    /// Where and why the run ended, if it is not complete.
    pub ended: Option<Ended>,
    /// The seed of the run.
    pub seed: u64,
    /// The simulated time that was to be run.
    pub duration: Instant,
    /// The queue, by its name on the command line.
    pub queue: String,
    /// The engine, likewise.
    pub engine: String,
    /// Spikes of all neurons, recorded or not.
    pub spikes: u64,
    /// Spikes that reached a neuron.
    pub arrivals: u64,
    /// Crossings that rounding alone decided.
    pub ambiguous: u64,
    /// Populations, in the scenario's order; `spikes.bin` counts them from 0.
    pub populations: Vec<PopulationEntry>,
    /// State variables, one file each.
    pub states: Vec<StatesEntry>,
    /// Files that the scenario refers to.
    pub inputs: Vec<Input>,
    /// Every file of the recording but this one.
    pub files: Vec<FileEntry>,
}

/// The end of a run that did not reach its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// All that happened before this instant is recorded; what is recorded of later does not count.
    pub at: Instant,
    /// Why.
    pub why: String,
}

/// An instant, with all its digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Instant {
    /// Whole ms.
    pub epoch: u64,
    /// ms in [0, 1).
    pub offset: f64,
}

impl From<Time> for Instant {
    fn from(time: Time) -> Instant {
        let (epoch, offset) = time.parts();
        Instant { epoch, offset }
    }
}

impl Instant {
    /// The instant on the clock; `None` if the offset is not in [0, 1).
    pub fn time(self) -> Option<Time> {
        Time::from_parts(self.epoch, self.offset)
    }
}

/// A population of the recorded network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PopulationEntry {
    /// Its name.
    pub name: String,
    /// How many neurons.
    pub size: u64,
    /// Whether its spikes are recorded.
    pub recorded: bool,
    /// How many spikes its neurons had, recorded or not.
    pub spikes: u64,
    /// How many gain switches of its units are recorded; `None` if they are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switches: Option<u64>,
}

/// A file of state variables.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatesEntry {
    /// The file.
    pub file: String,
    /// The population's name.
    pub population: String,
    /// The neurons, along the second axis.
    pub ids: Vec<u32>,
    /// The variables, along the third axis.
    pub variables: Vec<String>,
    /// Row k is the state at k times this, ms.
    pub every: f64,
    /// How many rows.
    pub rows: u64,
}

/// A file that the scenario refers to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name in the scenario that was run.
    pub written: String,
    /// Its name in the recorded scenario: in the recording, or an absolute path if it was too large to copy.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum.
    pub blake3: String,
}

/// A file of the recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the recording.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its checksum.
    pub blake3: String,
}

impl FileEntry {
    /// Describes `file` in the folder `recording`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn of(recording: &Path, file: &str) -> Result<FileEntry, RecordingError> {
        let path = recording.join(file);
        let metadata = path.metadata().map_err(|error| RecordingError::io(&path, "cannot be read", error))?;
        Ok(FileEntry { file: file.to_owned(), bytes: metadata.len(), blake3: digest_of(&path)? })
    }

    /// Checks that the file is what it was.
    ///
    /// # Errors
    /// It is missing, shorter, longer or changed.
    pub fn check(&self, recording: &Path) -> Result<(), RecordingError> {
        let path = recording.join(&self.file);
        if !path.exists() {
            return Err(RecordingError::Damaged { path, what: "is missing".to_owned() });
        }
        let found = FileEntry::of(recording, &self.file)?;
        let what = if found.bytes != self.bytes {
            format!("has {} bytes instead of {}", found.bytes, self.bytes)
        } else if found.blake3 != self.blake3 {
            "has another checksum than when it was written".to_owned()
        } else {
            return Ok(());
        };
        Err(RecordingError::Damaged { path, what })
    }
}

impl Manifest {
    /// The text of the file, with its checksum.
    pub fn to_text(&self) -> String {
        let blank = Manifest { blake3: NO_DIGEST.to_owned(), ..self.clone() };
        // A struct of strings and finite numbers always has a JSON text.
        let text = serde_json::to_string_pretty(&blank).unwrap_or_default() + "\n";
        let digest = blake3::hash(text.as_bytes()).to_hex();
        text.replacen(NO_DIGEST, &digest, 1)
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow the file's name.
    pub fn from_text(text: &str) -> Result<Manifest, String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("is no manifest: {error}"))?;
        match value.get("synfire_recording").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) => {
                return Err(format!("is of version {version} of the layout; this program reads {VERSION}"));
            }
            None => return Err("is no manifest of a recording".to_owned()),
        }
        let manifest: Manifest =
            serde_json::from_value(value).map_err(|error| format!("is no manifest: {error}"))?;
        let blank = text.replacen(manifest.blake3.as_str(), NO_DIGEST, 1);
        if blake3::hash(blank.as_bytes()).to_hex().as_str() != manifest.blake3 {
            return Err("has another checksum than when it was written".to_owned());
        }
        Ok(manifest)
    }
}

/// BLAKE3 of a file, as hexadecimal digits.
///
/// # Errors
/// It cannot be read.
pub fn digest_of(path: &Path) -> Result<String, RecordingError> {
    let read = || -> std::io::Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path)?)?;
        Ok(hasher.finalize().to_hex().to_string())
    };
    read().map_err(|error| RecordingError::io(path, "cannot be read", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let duration = Time::from_ms(0.1).unwrap().into();
        Manifest {
            synfire_recording: VERSION,
            name: "a \"pair\"".into(),
            seed: u64::MAX,
            duration,
            ..Manifest::default()
        }
    }

    #[test]
    fn it_comes_back() {
        let read = Manifest::from_text(&manifest().to_text()).unwrap();
        assert_eq!(Manifest { blake3: String::new(), ..read }, manifest());
    }

    #[test]
    fn every_changed_letter_is_noticed() {
        let text = manifest().to_text();
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'7' { b'8' } else { b'7' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Manifest::from_text(&changed).is_err(), "{}", &text[place..]);
        }
        for length in 0..text.len() - 1 {
            assert!(Manifest::from_text(&text[..length]).is_err());
        }
    }

    #[test]
    fn another_version_is_named() {
        let other = Manifest { synfire_recording: 2, ..manifest() };
        let error = Manifest::from_text(&other.to_text()).unwrap_err();
        assert_eq!(error, "is of version 2 of the layout; this program reads 1");
    }
}
