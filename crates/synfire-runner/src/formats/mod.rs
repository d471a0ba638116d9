//! Files of edges and of spikes, read and written.
//!
//! [`edges`] holds who is connected to whom, [`spikes`] who spiked when. Both know several formats and tell them apart
//! by the name's ending. Parquet is not among them. A file that is damaged, cut off or absurd gives a [`FileError`] that
//! says where; sizes are compared with the file's length before memory is taken for them.

pub mod edges;
pub(crate) mod hdf5;
mod npy;
pub(crate) mod sonata;
pub mod spikes;
pub(crate) mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    System {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name's ending says nothing that is known.
    #[error("{}: unknown kind of file; the name should end with {expected}", path.display())]
    UnknownKind {
        /// The file.
        path: PathBuf,
        /// The endings that are known, in words.
        expected: &'static str,
    },
    /// The content is not what it should be.
    #[error("{}, {place}: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// What was found, and what is allowed.
        problem: String,
    },
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// A byte of a binary file, counted from 0.
    Byte(u64),
    /// A line of a text file, counted from 1, and the column's name.
    Line {
        /// The line.
        line: u64,
        /// The name of the column, where it is one column's fault.
        column: Option<String>,
    },
    /// An object of an HDF5 file, by its path, or an entry of a JSON file.
    Object(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Byte(byte) => write!(f, "byte {byte}"),
            Place::Line { line, column: None } => write!(f, "line {line}"),
            Place::Line { line, column: Some(column) } => write!(f, "line {line}, column \"{column}\""),
            Place::Object(name) => f.write_str(name),
        }
    }
}

impl FileError {
    /// An error of the system.
    pub(crate) fn system(path: &Path, source: io::Error) -> FileError {
        FileError::System { path: path.to_owned(), source }
    }

    /// An error of the content.
    pub(crate) fn content(path: &Path, place: Place, problem: impl Into<String>) -> FileError {
        FileError::Content { path: path.to_owned(), place, problem: problem.into() }
    }

    /// An error of an object of an HDF5 file, or of an entry of a JSON file.
    pub(crate) fn object(path: &Path, object: &str, problem: impl Into<String>) -> FileError {
        FileError::content(path, Place::Object(object.to_owned()), problem)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            FileError::System { path, .. }
            | FileError::UnknownKind { path, .. }
            | FileError::Content { path, .. } => path,
        }
    }
}

/// The most bytes that one byte of deflate can stand for, rounded up: what a file of a given length can hold at most.
pub(crate) const MOST_INFLATION: u64 = 1040;

/// Whether the file's name ends with one of `endings`, in small or capital letters.
pub(crate) fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    endings.iter().any(|ending| name.ends_with(ending))
}
