//! Recordings: a folder with the scenario as run, the spikes, the states asked for, and a manifest.
//!
//! | file | what |
//! |---|---|
//! | `scenario.json` | the scenario's text, with the names of other files changed to where they are now |
//! | `inputs/` | copies of those files |
//! | `spikes.bin` | the spikes of the recorded populations, see [`spikes`] |
//! | `switches.csv` | gain switches of the recorded rate populations, see [`switches`] |
//! | `states-N.npy` | state variables, see [`states`] |
//! | `spikes.csv`, `npy/`, `spikes.h5` | the spikes for other programs, if asked for, see [`export`] |
//! | `manifest.json` | versions, seed, counts and checksums, see [`manifest`] |
//!
//! Everything is written into `NAME.partial`, the manifest last, and the folder gets its name when all of it is on the
//! disk: a crash never leaves anything that looks like a recording. A run that was interrupted leaves one that says so.

pub mod export;
pub mod inputs;
pub mod manifest;
mod reader;
mod recorder;
pub mod spikes;
pub mod states;
pub mod switches;

pub use export::Format;
pub use manifest::{Manifest, PopulationEntry};
pub use reader::{Recording, is_recording};
pub use recorder::{Ending, Recorder, Settings, is_recorded, probes};
pub use spikes::Spike;

use crate::formats::FileError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The system says no: the disk is full, a file is missing, a folder must not be written.
    #[error("{}: {what}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What does not work, in words that follow its name.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// There is a recording of that name.
    #[error("{}: there is a recording of this name; --force replaces it", .0.display())]
    Exists(PathBuf),
    /// There is something else of that name.
    #[error("{}: is there already and is no recording; it is not replaced", .0.display())]
    InTheWay(PathBuf),
    /// A run that was killed, or is still running, has left its unfinished recording.
    #[error(
        "{}: a run is writing this recording, or was killed while it did; --force removes it",
        .0.display()
    )]
    Unfinished(PathBuf),
    /// No recording.
    #[error("{}: {what}", path.display())]
    NotARecording {
        /// The folder or its manifest.
        path: PathBuf,
        /// Why not, in words that follow its name.
        what: String,
    },
    /// The spikes cannot be written in another program's format.
    #[error(transparent)]
    Export(#[from] FileError),
    /// A file of a recording is not what was written.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, in words that follow its name.
        what: String,
    },
}

impl RecordingError {
    fn io(path: &Path, what: &'static str, source: io::Error) -> RecordingError {
        RecordingError::Io { path: path.to_owned(), what, source }
    }

    /// True if what was asked for or given is wrong, rather than the disk failing.
    pub fn is_input(&self) -> bool {
        !matches!(self, RecordingError::Io { .. } | RecordingError::Export(FileError::System { .. }))
    }
}

#[cfg(test)]
mod tests;
