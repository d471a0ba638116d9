//! `.synlog` files: blocks with checksums, an index at the end.
//!
//! Eight bytes of [`MAGIC`], then sections: a letter, the length of what follows (u32), that, and the CRC-32 of all three.
//! Numbers are little-endian.
//!
//! | letter | what |
//! |---|---|
//! | `H` | the header, JSON: who is who, and which filter was set. The first section |
//! | `R` | rows and dense inputs that blocks after it refer to |
//! | `B` | a block of events, see [`super::block`] |
//! | `I` | the index: of each section before, its place in the file, and a byte that is 1 for a block, whose summary follows. The last section |
//!
//! The file ends with the place of the index (u64), the number of events in blocks (u64), the CRC-32 of these two, and [`END`]. A file
//! without it was cut off: its whole blocks can still be read.

use super::block::{Decoder, Summary, add_to_ranges, put, take};
use super::who::Who;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use synfire_core::Time;
use synfire_core::events::{EventFilter, EventKind, Told};

/// What every log begins with; the last byte is the version.
pub const MAGIC: [u8; 8] = *b"synflog\x04";
/// What every whole log ends with.
pub const END: [u8; 8] = *b"synflogE";
const SECTION: usize = 5;
const CRC: usize = 4;
const TRAILER: usize = 28;
/// No section is longer.
const LONGEST: u32 = 1 << 30;

/// What a log says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the program that wrote it.
    pub synfire: String,
    /// The scenario's name.
    pub name: String,
    /// The seed of the run.
    pub seed: u64,
    /// What was kept; empty for everything.
    pub filter: String,
    /// Who is who.
    pub who: Who,
}

/// Writes a log.
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    at: u64,
    events: u64,
    index: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Begins a log.
    ///
    /// # Errors
    /// What the sink says.
    pub fn new(mut sink: W, header: &Header) -> io::Result<Writer<W>> {
        sink.write_all(&MAGIC)?;
        let mut writer = Writer { sink, at: MAGIC.len() as u64, events: 0, index: Vec::new() };
        // Strings and whole numbers always have a JSON text.
        writer.section(b'H', &serde_json::to_vec(header).unwrap_or_default())?;
        Ok(writer)
    }

    /// Appends rows, for blocks that follow.
    ///
    /// # Errors
    /// What the sink says.
    pub fn rows(&mut self, rows: &[u8]) -> io::Result<()> {
        put(&mut self.index, self.at);
        self.index.push(0);
        self.section(b'R', rows)
    }

    /// Appends a block and the summary of it.
    ///
    /// # Errors
    /// What the sink says.
    pub fn block(&mut self, block: &[u8], summary: &[u8], events: u64) -> io::Result<()> {
        put(&mut self.index, self.at);
        self.index.push(1);
        self.index.extend(summary);
        self.events += events;
        self.section(b'B', block)
    }

    /// Ends the log and gives the sink back, flushed.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self) -> io::Result<W> {
        let place = self.at;
        let index = std::mem::take(&mut self.index);
        self.section(b'I', &index)?;
        let mut trailer = Vec::with_capacity(TRAILER);
        trailer.extend(place.to_le_bytes());
        trailer.extend(self.events.to_le_bytes());
        let crc = crc32fast::hash(&trailer);
        trailer.extend(crc.to_le_bytes());
        trailer.extend(END);
        self.sink.write_all(&trailer)?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn section(&mut self, letter: u8, payload: &[u8]) -> io::Result<()> {
        let mut head = [letter, 0, 0, 0, 0];
        head[1..].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        self.sink.write_all(&head)?;
        self.sink.write_all(payload)?;
        self.sink.write_all(&checksum(&head, payload).to_le_bytes())?;
        self.at += (SECTION + payload.len() + CRC) as u64;
        Ok(())
    }
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The system says no.
    #[error("{}: cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no log, or not what was written.
    #[error("{}: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, in words that follow its name.
        what: String,
    },
}

/// A log to read.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: BufReader<File>,
    /// What it says of itself.
    pub header: Header,
    /// Whether it has its end: else the run was killed, and what is there is what had been written.
    pub is_whole: bool,
    sections: Vec<Section>,
}

/// A place in the file, and the summary of a block; none of rows.
type Section = (u64, Option<Summary>);

/// Whether a file begins like a log.
pub fn is_log(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    let begins = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    begins.is_ok() && magic[..7] == MAGIC[..7]
}

impl Log {
    /// Opens a log: reads its header and its index, and no event.
    ///
    /// # Errors
    /// No log, or a damaged one.
    pub fn open(path: &Path) -> Result<Log, LogError> {
        let file = File::open(path).map_err(|source| LogError::Io { path: path.to_owned(), source })?;
        let mut log = Log {
            path: path.to_owned(),
            file: BufReader::new(file),
            header: Header::default(),
            is_whole: true,
            sections: Vec::new(),
        };
        let mut magic = [0; MAGIC.len()];
        if log.file.read_exact(&mut magic).is_err() || magic != MAGIC {
            return Err(log.damaged("is no event log of a version that this program reads"));
        }
        let header = log.section_at(MAGIC.len() as u64, b'H')?.ok_or_else(|| log.damaged("has no header"))?;
        log.header = serde_json::from_slice(&header)
            .map_err(|error| log.damaged(&format!("has a header that cannot be read: {error}")))?;
        match log.read_index()? {
            Some(sections) => log.sections = sections,
            None => log.find_sections(header.len())?,
        }
        Ok(log)
    }

    /// Calls `told` with every event that passes, in order, until it says that it has enough. Blocks in which nothing can
    /// pass are not read.
    ///
    /// # Errors
    /// A block is not what was written.
    pub fn for_each(
        &mut self,
        filter: &EventFilter,
        mut told: impl FnMut(&Told) -> bool,
    ) -> Result<(), LogError> {
        let mut decoder = Decoder::new(&self.header.who.sizes());
        let sections = std::mem::take(&mut self.sections);
        let mut more = true;
        let mut read = || -> Result<(), LogError> {
            for (place, summary) in &sections {
                let Some(summary) = summary else {
                    let rows = self.section_at(*place, b'R')?.ok_or_else(|| self.damaged_at(*place))?;
                    decoder.add_rows(&rows).ok_or_else(|| self.damaged_at(*place))?;
                    continue;
                };
                if !may_pass(summary, filter) {
                    continue;
                }
                let bytes = self.section_at(*place, b'B')?.ok_or_else(|| self.damaged_at(*place))?;
                let pass = |event: Told| {
                    if passes(filter, &event) {
                        more = told(&event);
                    }
                    more
                };
                decoder.decode(&bytes, filter, pass).ok_or_else(|| self.damaged_at(*place))?;
                if !more {
                    break;
                }
            }
            Ok(())
        };
        let done = read();
        self.sections = sections;
        done
    }

    /// The payload of the section at a place, if there is a whole one of this letter.
    fn section_at(&mut self, place: u64, letter: u8) -> Result<Option<Vec<u8>>, LogError> {
        let mut read = || -> io::Result<Option<Vec<u8>>> {
            self.file.seek(SeekFrom::Start(place))?;
            let mut head = [0; SECTION];
            self.file.read_exact(&mut head)?;
            let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
            if head[0] != letter || length > LONGEST {
                return Ok(None);
            }
            let mut payload = Vec::new();
            (&mut self.file).take(length.into()).read_to_end(&mut payload)?;
            let mut crc = [0; CRC];
            self.file.read_exact(&mut crc)?;
            let is_right =
                payload.len() == length as usize && checksum(&head, &payload) == u32::from_le_bytes(crc);
            Ok(is_right.then_some(payload))
        };
        match read() {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(source) => Err(LogError::Io { path: self.path.clone(), source }),
            Ok(payload) => Ok(payload),
        }
    }

    /// The index, if the file has its end.
    fn read_index(&mut self) -> Result<Option<Vec<Section>>, LogError> {
        let mut trailer = [0; TRAILER];
        let read = self.file.seek(SeekFrom::End(-(TRAILER as i64)));
        if read.and_then(|_| self.file.read_exact(&mut trailer)).is_err() || trailer[20..] != END {
            return Ok(None);
        }
        let number =
            |at: usize| trailer[at..at + 8].iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
        let crc = u32::from_le_bytes([trailer[16], trailer[17], trailer[18], trailer[19]]);
        let index = match crc32fast::hash(&trailer[..16]) == crc {
            true => self.section_at(number(0), b'I')?,
            false => None,
        };
        let index = index.ok_or_else(|| self.damaged("has a damaged index"))?;
        let mut bytes = &index[..];
        let section = |bytes: &mut &[u8]| -> Option<Section> {
            let place = take(bytes)?;
            let (is_block, rest) = bytes.split_first()?;
            *bytes = rest;
            Some((place, if *is_block == 0 { None } else { Some(Summary::decode(bytes)?) }))
        };
        let mut sections = Vec::new();
        while !bytes.is_empty() {
            sections.push(section(&mut bytes).ok_or_else(|| self.damaged("has a damaged index"))?);
        }
        let summaries = sections.iter().filter_map(|section| section.1.as_ref());
        let events: u64 = summaries.map(|summary| u64::from(summary.events)).sum();
        if events != number(8) {
            return Err(self.damaged("has an index that does not fit its end"));
        }
        Ok(Some(sections))
    }

    /// The blocks and rows of a log that was cut off, as far as they are whole.
    fn find_sections(&mut self, header: usize) -> Result<(), LogError> {
        self.is_whole = false;
        let mut decoder = Decoder::new(&self.header.who.sizes());
        let mut place = (MAGIC.len() + SECTION + header + CRC) as u64;
        loop {
            if let Some(rows) = self.section_at(place, b'R')? {
                decoder.add_rows(&rows).ok_or_else(|| self.damaged_at(place))?;
                self.sections.push((place, None));
                place += (SECTION + rows.len() + CRC) as u64;
                continue;
            }
            let Some(payload) = self.section_at(place, b'B')? else { return Ok(()) };
            let mut summary: Option<Summary> = None;
            let mut neurons = Vec::new();
            let who = &self.header.who;
            let all = EventFilter::ALL;
            let decoded = decoder.decode(&payload, &all, |told| {
                let (at, kind) = match &told {
                    Told::Event(event) => (event.at, event.kind()),
                    Told::Window(from, _) => (*from, EventKind::Window),
                };
                if let Told::Event(event) = &told {
                    neurons.push(who.join(event.population, event.neuron).0);
                }
                let none = synfire_core::events::Kinds::NONE;
                let so_far = summary.get_or_insert(Summary {
                    events: 0,
                    first: at,
                    last: at,
                    kinds: none,
                    neurons: vec![],
                });
                so_far.events += 1;
                so_far.last = at;
                so_far.kinds = so_far.kinds.with(kind);
                true
            });
            decoded.ok_or_else(|| self.damaged_at(place))?;
            neurons.sort_unstable();
            neurons.dedup();
            let mut ranges = vec![];
            neurons.iter().for_each(|&neuron| add_to_ranges(&mut ranges, neuron));
            let summary = summary.map(|summary| Summary { neurons: ranges, ..summary });
            self.sections.extend(summary.map(|summary| (place, Some(summary))));
            place += (SECTION + payload.len() + CRC) as u64;
        }
    }

    fn damaged(&self, what: &str) -> LogError {
        LogError::Damaged { path: self.path.clone(), what: what.to_owned() }
    }

    fn damaged_at(&self, place: u64) -> LogError {
        self.damaged(&format!(
            "is damaged: the block at byte {place} has another checksum than when it was written"
        ))
    }
}

/// Whether anything in a block can pass.
fn may_pass(summary: &Summary, filter: &EventFilter) -> bool {
    let is_there = |set: &synfire_core::events::NeuronSet| {
        summary.neurons.iter().any(|&(first, end)| set.has_one_of(first, end))
    };
    !summary.kinds.and(filter.kinds).is_empty()
        && summary.first < filter.until
        && summary.last >= filter.from
        && filter.neurons.as_ref().is_none_or(is_there)
}

/// Whether an event that is read back passes a filter.
pub fn passes(filter: &EventFilter, told: &Told) -> bool {
    match told {
        Told::Event(event) => {
            filter.passes(event.kind(), event.at, event.population, event.neuron, event.source())
        }
        Told::Window(from, _) => filter.passes_window(*from),
    }
}

/// When something that was told happened.
pub fn time_of(told: &Told) -> Time {
    match told {
        Told::Event(event) => event.at,
        Told::Window(from, _) => *from,
    }
}
