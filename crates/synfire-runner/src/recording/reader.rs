//! Reading a recording back.

use super::manifest::{self, Manifest, StatesEntry};
use super::spikes::{Spike, SpikeReadError, SpikeReader};
use super::states::StatesReader;
use super::switches::{self, read_switches};
use super::{RecordingError, inputs};
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use synfire_core::{PopulationId, Time};

/// Whether there is a recording, whole or damaged, in this folder.
pub fn is_recording(folder: &Path) -> bool {
    // A damaged manifest still begins like one.
    fs::read(folder.join(manifest::FILE))
        .is_ok_and(|text| String::from_utf8_lossy(&text[..text.len().min(200)]).contains("synfire_recording"))
}

/// A recording whose every file has been checked.
#[derive(Debug)]
pub struct Recording {
    folder: PathBuf,
    manifest: Manifest,
    until: Time,
}

impl Recording {
    /// Opens a recording, and checks every file of it against the manifest.
    ///
    /// # Errors
    /// No recording, an unfinished one, or a file that is not what was written.
    pub fn open(folder: &Path) -> Result<Recording, RecordingError> {
        let path = folder.join(manifest::FILE);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => not_a_recording(folder),
            std::io::ErrorKind::InvalidData => {
                RecordingError::Damaged { path: path.clone(), what: "is no text".into() }
            }
            _ => RecordingError::io(&path, "cannot be read", error),
        })?;
        let manifest = Manifest::from_text(&text)
            .map_err(|what| RecordingError::NotARecording { path: path.clone(), what })?;
        for file in &manifest.files {
            file.check(folder)?;
        }
        inputs::check(&manifest.inputs)?;
        let end = manifest.ended.as_ref().map_or(manifest.duration, |ended| ended.at);
        let until = end.time().ok_or_else(|| RecordingError::Damaged {
            path,
            what: "ends at no instant of the clock".into(),
        })?;
        Ok(Recording { folder: folder.to_owned(), manifest, until })
    }

    /// What is said about it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The scenario's file.
    pub fn scenario(&self) -> PathBuf {
        self.folder.join("scenario.json")
    }

    /// Up to when it reaches; this instant is not part of it.
    pub fn until(&self) -> Time {
        self.until
    }

    /// The recorded spikes, in the order in which they happened.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn spikes(
        &self,
    ) -> Result<impl Iterator<Item = Result<Spike, RecordingError>> + use<>, RecordingError> {
        let path = self.folder.join("spikes.bin");
        let file = File::open(&path).map_err(|error| RecordingError::io(&path, "cannot be read", error))?;
        let reader = SpikeReader::new(BufReader::new(file));
        let reader = reader.map_err(|error| unreadable(&path, error))?;
        let until = self.until;
        let is_later = move |spike: &Result<Spike, _>| spike.as_ref().is_ok_and(|s| s.at >= until);
        let spikes = reader.map(move |spike| spike.map_err(|error| unreadable(&path, error)));
        Ok(spikes.take_while(move |spike| !is_later(spike)))
    }

    /// The recorded gain switches, in the order in which they happened; none if none were recorded.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn switches(
        &self,
    ) -> Result<impl Iterator<Item = Result<Spike, RecordingError>> + use<>, RecordingError> {
        let path = self.folder.join(switches::FILE);
        let is_there = self.manifest.populations.iter().any(|population| population.switches.is_some());
        let file: Box<dyn std::io::Read> = if is_there {
            let failed = |error| RecordingError::io(&path, "cannot be read", error);
            Box::new(BufReader::new(File::open(&path).map_err(failed)?))
        } else {
            Box::new(std::io::empty())
        };
        let names: Vec<String> = self.manifest.populations.iter().map(|p| p.name.clone()).collect();
        let until = self.until;
        let switches = read_switches(file).map(move |switch| {
            let damaged = |what| RecordingError::Damaged { path: path.clone(), what };
            let (name, neuron, at) = switch.map_err(damaged)?;
            let place = names.iter().position(|known| *known == name);
            let place =
                place.ok_or_else(|| damaged(format!("names a population `{name}` that is not there")))?;
            Ok(Spike { at, population: PopulationId(place as u32), neuron })
        });
        let is_later = move |spike: &Result<Spike, _>| spike.as_ref().is_ok_and(|s| s.at >= until);
        Ok(switches.take_while(move |spike| !is_later(spike)))
    }

    /// The recorded values of one entry of the manifest's states: row by row, neuron by neuron, variable by variable.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn states(
        &self,
        entry: &StatesEntry,
    ) -> Result<impl Iterator<Item = Result<f64, RecordingError>> + use<>, RecordingError> {
        let path = self.folder.join(&entry.file);
        let failed = |error| RecordingError::io(&path, "cannot be read", error);
        let file = BufReader::new(File::open(&path).map_err(failed)?);
        let reader =
            StatesReader::new(file, entry.rows, entry.ids.len(), entry.variables.len()).map_err(failed)?;
        Ok(reader.map(move |value| value.map_err(|error| RecordingError::io(&path, "cannot be read", error))))
    }
}

fn unreadable(path: &Path, error: SpikeReadError) -> RecordingError {
    RecordingError::Damaged { path: path.to_owned(), what: error.to_string() }
}

fn not_a_recording(folder: &Path) -> RecordingError {
    let unfinished = folder.extension().is_some_and(|extension| extension == "partial");
    let what = if unfinished {
        "is not finished: its run was killed or is still running"
    } else {
        "is no recording: it has no manifest.json"
    };
    RecordingError::NotARecording { path: folder.to_owned(), what: what.into() }
}
