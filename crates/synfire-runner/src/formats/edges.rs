//! Edge lists: who is connected to whom, with weights and delays where the file has them.
//!
//! Our own format, `.edges`, is small and quick to read. All numbers are little endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the letters `synedges` |
//! | 4 | version, 1 |
//! | 4 | flags: 1 = weights, 2 = delays |
//! | 8 | number of edges |
//! | ... | the columns one after the other: sources (u32), targets (u32), weights (f64), delays (f64) |
//! | 4 | CRC-32 of everything before |
//!
//! A column is cut into blocks of 65,536 values, the last one shorter. A block is its length in bytes (u32), then that
//! many bytes of deflate: first the lowest byte of every value, then the next one of every value, and so on, because
//! bytes of equal weight resemble each other.

use super::hdf5::Hdf5File;
use super::table::{Table, TextFile};
use super::{FileError, MOST_INFLATION, Place, has_ending, sonata};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// Edges in the order in which they were declared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeList {
    /// The neurons whose spikes travel, by their ids within their population.
    pub source: Vec<u32>,
    /// The neurons that are reached; as many as sources.
    pub target: Vec<u32>,
    /// Weights in the receptor's unit, one an edge, if the file has them.
    pub weight: Option<Vec<f64>>,
    /// Delays, ms, one an edge, if the file has them.
    pub delay: Option<Vec<f64>>,
}

/// Reads a list of edges: `.edges` (ours), `.csv` or `.csv.gz` with the columns `source`, `target` and, if wanted,
/// `weight` and `delay` (`pre` and `post` are understood too), or SONATA `.h5` with one population of edges.
///
/// # Errors
/// If the file cannot be read, is of an unknown kind, or is damaged: where, what was found and what is allowed.
pub fn read_edges(path: &Path) -> Result<EdgeList, FileError> {
    let edges = if has_ending(path, &[".edges"]) {
        read_compact(path)?
    } else if has_ending(path, &[".csv", ".csv.gz"]) {
        read_csv(path)?
    } else if has_ending(path, &[".h5", ".hdf5"]) {
        sonata::read_edge_list(&Hdf5File::open(path)?)?
    } else {
        return Err(FileError::UnknownKind {
            path: path.to_owned(),
            expected: ".edges, .csv, .csv.gz or .h5",
        });
    };
    check_values(path, "weight", &edges.weight, f64::is_finite, "a finite number")?;
    check_values(
        path,
        "delay",
        &edges.delay,
        |d| d.is_finite() && d >= 0.0,
        "a finite number of at least 0",
    )?;
    Ok(edges)
}

/// Writes a list of edges as `.edges`, `.csv` or `.csv.gz`.
///
/// # Errors
/// If the system refuses, or the name ends otherwise.
///
/// # Panics
/// If the columns are not of equal length.
pub fn write_edges(path: &Path, edges: &EdgeList) -> Result<(), FileError> {
    let count = edges.source.len();
    let lengths =
        [Some(edges.target.len()), edges.weight.as_ref().map(Vec::len), edges.delay.as_ref().map(Vec::len)];
    assert!(lengths.into_iter().flatten().all(|length| length == count), "columns of unequal length");
    let written = if has_ending(path, &[".edges"]) {
        write_compact(path, edges)
    } else if has_ending(path, &[".csv", ".csv.gz"]) {
        write_csv(path, edges)
    } else {
        return Err(FileError::UnknownKind { path: path.to_owned(), expected: ".edges, .csv or .csv.gz" });
    };
    written.map_err(|e| FileError::system(path, e))
}

fn check_values(
    path: &Path,
    name: &str,
    values: &Option<Vec<f64>>,
    allowed: impl Fn(f64) -> bool,
    expected: &str,
) -> Result<(), FileError> {
    let wrong = values.iter().flatten().enumerate().find(|(_, value)| !allowed(**value));
    match wrong {
        None => Ok(()),
        Some((edge, value)) => {
            let place = Place::Object(format!("edge {edge} (counted from 0)"));
            Err(FileError::content(path, place, format!("{name} is {value}, expected {expected}")))
        }
    }
}

const MAGIC: &[u8; 8] = b"synedges";
const VERSION: u32 = 1;
const HAS_WEIGHTS: u32 = 1;
const HAS_DELAYS: u32 = 2;
const BLOCK: usize = 1 << 16;
const HEADER_LENGTH: u64 = 24;

fn write_compact(path: &Path, edges: &EdgeList) -> io::Result<()> {
    let mut file =
        Checked { file: BufWriter::new(File::create(path)?), crc: crc32fast::Hasher::new(), at: 0 };
    let weights = if edges.weight.is_some() { HAS_WEIGHTS } else { 0 };
    let delays = if edges.delay.is_some() { HAS_DELAYS } else { 0 };
    file.write_all(MAGIC)?;
    file.write_all(&VERSION.to_le_bytes())?;
    file.write_all(&(weights | delays).to_le_bytes())?;
    file.write_all(&(edges.source.len() as u64).to_le_bytes())?;
    write_column(&mut file, &edges.source, u32::to_le_bytes)?;
    write_column(&mut file, &edges.target, u32::to_le_bytes)?;
    for column in [&edges.weight, &edges.delay].into_iter().flatten() {
        write_column(&mut file, column, f64::to_le_bytes)?;
    }
    let crc = file.crc.finalize();
    file.file.write_all(&crc.to_le_bytes())?;
    file.file.flush()
}

fn write_column<T: Copy, const WIDTH: usize>(
    file: &mut impl Write,
    values: &[T],
    bytes_of: impl Fn(T) -> [u8; WIDTH],
) -> io::Result<()> {
    for block in values.chunks(BLOCK) {
        let mut bytes = vec![0; block.len() * WIDTH];
        for (index, value) in block.iter().enumerate() {
            for (place, byte) in bytes_of(*value).into_iter().enumerate() {
                bytes[place * block.len() + index] = byte;
            }
        }
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&bytes)?;
        let packed = packer.finish()?;
        file.write_all(&(packed.len() as u32).to_le_bytes())?;
        file.write_all(&packed)?;
    }
    Ok(())
}

fn read_compact(path: &Path) -> Result<EdgeList, FileError> {
    let opened = File::open(path).map_err(|e| FileError::system(path, e))?;
    let length = opened.metadata().map_err(|e| FileError::system(path, e))?.len();
    let file = Checked { file: BufReader::new(opened), crc: crc32fast::Hasher::new(), at: 0 };
    let mut reader = CompactReader { path, length, file };
    let (flags, count) = reader.header()?;
    let source = reader.column("source", count, u32::from_le_bytes)?;
    let target = reader.column("target", count, u32::from_le_bytes)?;
    let weight =
        (flags & HAS_WEIGHTS != 0).then(|| reader.column("weight", count, f64::from_le_bytes)).transpose()?;
    let delay =
        (flags & HAS_DELAYS != 0).then(|| reader.column("delay", count, f64::from_le_bytes)).transpose()?;
    reader.end()?;
    Ok(EdgeList { source, target, weight, delay })
}

/// A compact file that is being read.
struct CompactReader<'a> {
    path: &'a Path,
    length: u64,
    file: Checked<BufReader<File>>,
}

impl CompactReader<'_> {
    fn header(&mut self) -> Result<(u32, u64), FileError> {
        let magic: [u8; 8] = self.bytes("header")?;
        if &magic != MAGIC {
            return Err(self.damaged(0, "it does not begin with \"synedges\": not a file of edges"));
        }
        let version = u32::from_le_bytes(self.bytes("header")?);
        if version != VERSION {
            return Err(self.damaged(8, format!("version {version}, expected {VERSION}")));
        }
        let flags = u32::from_le_bytes(self.bytes("header")?);
        if flags & !(HAS_WEIGHTS | HAS_DELAYS) != 0 {
            return Err(
                self.damaged(12, format!("flags {flags}, expected at most {}", HAS_WEIGHTS | HAS_DELAYS))
            );
        }
        let count = u64::from_le_bytes(self.bytes("header")?);
        // Before memory is taken: sources alone would need this much, packed as tightly as deflate can.
        if count.saturating_mul(4) > self.length.saturating_sub(HEADER_LENGTH).saturating_mul(MOST_INFLATION)
        {
            let problem = format!("{count} edges cannot be in a file of {} bytes", self.length);
            return Err(self.damaged(16, problem));
        }
        Ok((flags, count))
    }

    fn column<T, const WIDTH: usize>(
        &mut self,
        name: &str,
        count: u64,
        value_of: impl Fn([u8; WIDTH]) -> T,
    ) -> Result<Vec<T>, FileError> {
        let start = self.file.at;
        let left = self.length.saturating_sub(start);
        if count.saturating_mul(WIDTH as u64) > left.saturating_mul(MOST_INFLATION) {
            return Err(
                self.damaged(start, format!("{count} {name}s cannot be in the {left} bytes that are left"))
            );
        }
        let mut values = Vec::new();
        if values.try_reserve_exact(count as usize).is_err() {
            return Err(self.damaged(start, format!("{count} {name}s do not fit into memory")));
        }
        while (values.len() as u64) < count {
            let block = (count - values.len() as u64).min(BLOCK as u64) as usize;
            let bytes = self.block(name, block * WIDTH)?;
            let value = |index| value_of(std::array::from_fn(|place| bytes[place * block + index]));
            values.extend((0..block).map(value));
        }
        Ok(values)
    }

    fn block(&mut self, name: &str, unpacked: usize) -> Result<Vec<u8>, FileError> {
        let start = self.file.at;
        let packed_length = u32::from_le_bytes(self.bytes(name)?);
        if u64::from(packed_length) > self.length.saturating_sub(self.file.at) {
            let problem =
                format!("a block of {packed_length} bytes of {name}s, but the file ends before: cut off");
            return Err(self.damaged(start, problem));
        }
        let mut packed = vec![0; packed_length as usize];
        self.file.read_exact(&mut packed).map_err(|e| FileError::system(self.path, e))?;
        let mut bytes = Vec::with_capacity(unpacked);
        let read = DeflateDecoder::new(&packed[..]).take(unpacked as u64 + 1).read_to_end(&mut bytes);
        match read {
            Ok(length) if length == unpacked => Ok(bytes),
            Ok(length) => {
                Err(self.damaged(start, format!("a block of {length} bytes of {name}s, expected {unpacked}")))
            }
            Err(_) => {
                Err(self
                    .damaged(start, format!("a block of {name}s cannot be unpacked: the file is damaged")))
            }
        }
    }

    fn end(mut self) -> Result<(), FileError> {
        let at = self.file.at;
        let computed = self.file.crc.clone().finalize();
        let stored = u32::from_le_bytes(self.bytes("checksum")?);
        if stored != computed {
            let problem =
                format!("the checksum is {computed:08x}, expected {stored:08x}: the file is damaged");
            return Err(self.damaged(at, problem));
        }
        if self.file.at != self.length {
            let problem = format!("{} bytes after the end", self.length - self.file.at);
            return Err(self.damaged(self.file.at, problem));
        }
        Ok(())
    }

    fn bytes<const N: usize>(&mut self, what: &str) -> Result<[u8; N], FileError> {
        let at = self.file.at;
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged(at, format!("the file ends in its {what}: cut off")),
            _ => FileError::system(self.path, e),
        })?;
        Ok(bytes)
    }

    fn damaged(&self, at: u64, problem: impl Into<String>) -> FileError {
        FileError::content(self.path, Place::Byte(at), problem)
    }
}

/// A file whose bytes are counted and summed on their way.
struct Checked<F> {
    file: F,
    crc: crc32fast::Hasher,
    at: u64,
}

impl<F: Write> Write for Checked<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.crc.update(&bytes[..written]);
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl<F: Read> Read for Checked<F> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(bytes)?;
        self.crc.update(&bytes[..read]);
        self.at += read as u64;
        Ok(read)
    }
}

fn read_csv(path: &Path) -> Result<EdgeList, FileError> {
    let mut table = Table::open(path, b',')?;
    table.refuse_other_columns(&["source", "target", "pre", "post", "weight", "delay"])?;
    let source = table.require(&["source", "pre"])?;
    let target = table.require(&["target", "post"])?;
    let (weight, delay) = (table.find(&["weight"]), table.find(&["delay"]));
    let mut edges = EdgeList {
        weight: weight.map(|_| Vec::new()),
        delay: delay.map(|_| Vec::new()),
        ..EdgeList::default()
    };
    while table.next_row()? {
        edges.source.push(table.number(source, "a neuron's id, a whole number")?);
        edges.target.push(table.number(target, "a neuron's id, a whole number")?);
        for (column, values) in [(weight, &mut edges.weight), (delay, &mut edges.delay)] {
            if let (Some(column), Some(values)) = (column, values) {
                values.push(table.number(column, "a number")?);
            }
        }
    }
    Ok(edges)
}

fn write_csv(path: &Path, edges: &EdgeList) -> io::Result<()> {
    let mut file = TextFile::create(path)?;
    let mut header = String::from("source,target");
    header += if edges.weight.is_some() { ",weight" } else { "" };
    header += if edges.delay.is_some() { ",delay" } else { "" };
    writeln!(file, "{header}")?;
    for edge in 0..edges.source.len() {
        write!(file, "{},{}", edges.source[edge], edges.target[edge])?;
        for column in [&edges.weight, &edges.delay].into_iter().flatten() {
            write!(file, ",{}", column[edge])?;
        }
        writeln!(file)?;
    }
    file.finish()
}
