//! Tables in text: columns by name, numbers with their line when they are wrong.

use super::{FileError, Place, has_ending};
use csv::{Position, StringRecord};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A table that is read row by row.
pub(crate) struct Table {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    names: Vec<String>,
    row: StringRecord,
}

impl Table {
    /// Opens a table whose first line names the columns; unpacks it if the name ends with `.gz`.
    pub(crate) fn open(path: &Path, delimiter: u8) -> Result<Table, FileError> {
        let file = File::open(path).map_err(|e| FileError::system(path, e))?;
        let input: Box<dyn Read> = if has_ending(path, &[".gz"]) {
            Box::new(MultiGzDecoder::new(BufReader::new(file)))
        } else {
            Box::new(file)
        };
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(input);
        let names = reader.headers().map_err(|e| csv_error(path, &e))?.iter().map(str::to_owned).collect();
        Ok(Table { path: path.to_owned(), reader, names, row: StringRecord::new() })
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of the column that has one of these names.
    pub(crate) fn find(&self, names: &[&str]) -> Option<usize> {
        self.names.iter().position(|name| names.contains(&name.as_str()))
    }

    /// The place of a column that must be there; `names[0]` is its proper name.
    pub(crate) fn require(&self, names: &[&str]) -> Result<usize, FileError> {
        self.find(names).ok_or_else(|| {
            let problem = format!("no column \"{}\"; the columns are {}", names[0], quoted(&self.names));
            FileError::content(&self.path, Place::Line { line: 1, column: None }, problem)
        })
    }

    /// Refuses columns that are not among `known`.
    pub(crate) fn refuse_other_columns(&self, known: &[&str]) -> Result<(), FileError> {
        match self.names.iter().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let problem = format!("unknown column \"{name}\"; allowed are {}", quoted(known));
                Err(FileError::content(&self.path, Place::Line { line: 1, column: None }, problem))
            }
        }
    }

    /// Moves to the next row; `false` at the end.
    pub(crate) fn next_row(&mut self) -> Result<bool, FileError> {
        self.reader.read_record(&mut self.row).map_err(|e| csv_error(&self.path, &e))
    }

    /// The text of a column in this row.
    pub(crate) fn text(&self, column: usize) -> &str {
        self.row.get(column).unwrap_or("")
    }

    /// The number of a column in this row; `expected` says what kind.
    pub(crate) fn number<T: FromStr>(&self, column: usize, expected: &str) -> Result<T, FileError> {
        let text = self.text(column);
        text.parse().map_err(|_| self.error(column, format!("found \"{text}\", expected {expected}")))
    }

    /// A problem with a column of this row.
    pub(crate) fn error(&self, column: usize, problem: String) -> FileError {
        let line = self.row.position().map_or(0, Position::line);
        FileError::content(&self.path, Place::Line { line, column: self.names.get(column).cloned() }, problem)
    }
}

/// Names in quotes, with commas between.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("\"{}\"", name.as_ref())).collect::<Vec<_>>().join(", ")
}

fn csv_error(path: &Path, error: &csv::Error) -> FileError {
    let line = error.position().map_or(1, Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the compressed data end too early: the file is cut off".to_owned()
        }
        csv::ErrorKind::Io(e) => format!("cannot be unpacked or read: {e}"),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, expected {expected_len} as in the first line")
        }
        csv::ErrorKind::Utf8 { .. } => "not valid UTF-8".to_owned(),
        _ => error.to_string(),
    };
    FileError::content(path, Place::Line { line, column: None }, problem)
}

/// A text file that is being written.
pub(crate) enum TextFile {
    Plain(BufWriter<File>),
    Packed(GzEncoder<BufWriter<File>>),
}

impl TextFile {
    /// Makes a file, which is packed if its name ends with `.gz`.
    pub(crate) fn create(path: &Path) -> std::io::Result<TextFile> {
        let file = BufWriter::new(File::create(path)?);
        Ok(if has_ending(path, &[".gz"]) {
            TextFile::Packed(GzEncoder::new(file, Compression::best()))
        } else {
            TextFile::Plain(file)
        })
    }

    /// Writes what is still in memory.
    pub(crate) fn finish(self) -> std::io::Result<()> {
        match self {
            TextFile::Plain(mut file) => file.flush(),
            TextFile::Packed(packer) => packer.finish()?.flush(),
        }
    }
}

impl Write for TextFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            TextFile::Plain(file) => file.write(bytes),
            TextFile::Packed(packer) => packer.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            TextFile::Plain(file) => file.flush(),
            TextFile::Packed(packer) => packer.flush(),
        }
    }
}

/// A field of a CSV line, in quotes where it must be.
pub(crate) fn field(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
