//! `spikes.bin`: spikes in the order in which they happened, with both parts of their times.
//!
//! All numbers are little-endian. Eight bytes of [`MAGIC`], then blocks:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | how many spikes, 1 to 65,536 |
//! | 8 | the epoch (whole ms) that the spikes of the block count from |
//! | 20 each | the spikes: epoch less the block's (u32), offset (f64, ms in [0, 1)), population (u32), neuron (u32) |
//! | 4 | CRC-32 of all of the block before it |
//!
//! A block of no spikes, with the number of all spikes in the epoch's place, ends the file. A file without it is not
//! whole.

use std::io::{self, Read, Write};
use synfire_core::{LocalId, PopulationId, Time};

/// A spike as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// When.
    pub at: Time,
    /// The neuron's population.
    pub population: PopulationId,
    /// The neuron.
    pub neuron: LocalId,
}

/// What every `spikes.bin` begins with; the last byte is the version.
pub const MAGIC: [u8; 8] = *b"synfspk\x01";
const HEADER: usize = 12;
const SPIKE: usize = 20;
const BLOCK: usize = 65_536;
const CRC: usize = 4;

/// Writes spikes as they come; holds one block in memory.
#[derive(Debug)]
pub struct SpikeWriter<W: Write> {
    sink: W,
    /// The block under way: room for its header, then its spikes.
    block: Vec<u8>,
    count: usize,
    base: u64,
    total: u64,
}

impl<W: Write> SpikeWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What `sink` says.
    pub fn new(mut sink: W) -> io::Result<SpikeWriter<W>> {
        sink.write_all(&MAGIC)?;
        Ok(SpikeWriter { sink, block: vec![0; HEADER], count: 0, base: 0, total: 0 })
    }

    /// Appends a spike.
    ///
    /// # Errors
    /// What the sink says.
    pub fn push(&mut self, spike: Spike) -> io::Result<()> {
        let (epoch, offset) = spike.at.parts();
        let fits = epoch.checked_sub(self.base).is_some_and(|delta| delta <= u64::from(u32::MAX));
        if self.count == BLOCK || (self.count > 0 && !fits) {
            self.end_block()?;
        }
        if self.count == 0 {
            self.base = epoch;
        }
        self.block.extend(((epoch - self.base) as u32).to_le_bytes());
        self.block.extend(offset.to_le_bytes());
        self.block.extend(spike.population.0.to_le_bytes());
        self.block.extend(spike.neuron.0.to_le_bytes());
        self.count += 1;
        self.total += 1;
        Ok(())
    }

    /// Ends the file and gives the sink back, flushed.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self) -> io::Result<W> {
        if self.count > 0 {
            self.end_block()?;
        }
        self.base = self.total;
        self.end_block()?;
        self.sink.flush()?;
        Ok(self.sink)
    }

    fn end_block(&mut self) -> io::Result<()> {
        self.block[..4].copy_from_slice(&(self.count as u32).to_le_bytes());
        self.block[4..HEADER].copy_from_slice(&self.base.to_le_bytes());
        self.sink.write_all(&self.block)?;
        self.sink.write_all(&crc32fast::hash(&self.block).to_le_bytes())?;
        self.block.truncate(HEADER);
        self.count = 0;
        Ok(())
    }
}

/// Why spikes cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpikeReadError {
    /// The system says no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Not a spike file, or one of another version.
    #[error("is no spike file of version {version}: it begins with {found:02x?}", version = MAGIC[7])]
    Magic {
        /// Its first bytes.
        found: [u8; 8],
    },
    /// The file ends too early.
    #[error("is cut off in block {block}, after {spikes} spikes")]
    Truncated {
        /// Blocks are counted from 1.
        block: u64,
        /// Whole spikes before that block.
        spikes: u64,
    },
    /// What is there cannot be right.
    #[error("is damaged in block {block}, after {spikes} spikes: {what}")]
    Damaged {
        /// Blocks are counted from 1.
        block: u64,
        /// Whole spikes before that block.
        spikes: u64,
        /// What is wrong.
        what: &'static str,
    },
}

/// Reads spikes one by one, a block at a time; stops after the first error.
#[derive(Debug)]
pub struct SpikeReader<R: Read> {
    source: R,
    block: Vec<u8>,
    /// Bytes of the block already given.
    used: usize,
    base: u64,
    blocks: u64,
    spikes: u64,
    ended: bool,
}

impl<R: Read> SpikeReader<R> {
    /// Begins to read a file. Give it a buffered source.
    ///
    /// # Errors
    /// A file that begins otherwise, or cannot be read.
    pub fn new(mut source: R) -> Result<SpikeReader<R>, SpikeReadError> {
        let mut magic = [0; 8];
        let filled = fill(&mut source, &mut magic)?;
        if filled < magic.len() || magic != MAGIC {
            return Err(SpikeReadError::Magic { found: magic });
        }
        Ok(SpikeReader { source, block: vec![], used: 0, base: 0, blocks: 0, spikes: 0, ended: false })
    }

    fn read(&mut self) -> Result<Option<Spike>, SpikeReadError> {
        if self.used == self.block.len() && !self.read_block()? {
            return Ok(None);
        }
        let bytes = &self.block[self.used..self.used + SPIKE];
        let delta = u32_at(bytes, 0);
        let offset = f64::from_bits(u64_at(bytes, 4));
        let at = self.base.checked_add(u64::from(delta)).and_then(|epoch| Time::from_parts(epoch, offset));
        let at = at.ok_or_else(|| self.damaged("an offset outside [0, 1) ms"))?;
        let spike =
            Spike { at, population: PopulationId(u32_at(bytes, 12)), neuron: LocalId(u32_at(bytes, 16)) };
        self.used += SPIKE;
        Ok(Some(spike))
    }

    /// Reads the next block; false at the end of the file.
    fn read_block(&mut self) -> Result<bool, SpikeReadError> {
        self.spikes += (self.block.len() / SPIKE) as u64;
        self.blocks += 1;
        let mut header = [0; HEADER];
        self.fill_all(&mut header)?;
        let count = u32_at(&header, 0) as usize;
        if count > BLOCK {
            return Err(self.damaged("more spikes than a block has"));
        }
        let mut payload = std::mem::take(&mut self.block);
        payload.clear();
        payload.resize(count * SPIKE, 0);
        self.fill_all(&mut payload)?;
        let mut crc = [0; CRC];
        self.fill_all(&mut crc)?;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&header);
        hasher.update(&payload);
        if hasher.finalize() != u32::from_le_bytes(crc) {
            return Err(self.damaged("its checksum is another"));
        }
        self.base = u64_at(&header, 4);
        if count == 0 {
            return self.check_end().map(|()| false);
        }
        self.block = payload;
        self.used = 0;
        Ok(true)
    }

    fn check_end(&mut self) -> Result<(), SpikeReadError> {
        if self.base != self.spikes {
            return Err(self.damaged("the number of spikes at the end is another"));
        }
        if fill(&mut self.source, &mut [0])? > 0 {
            return Err(self.damaged("something follows the end"));
        }
        self.ended = true;
        self.used = 0;
        Ok(())
    }

    fn fill_all(&mut self, bytes: &mut [u8]) -> Result<(), SpikeReadError> {
        if fill(&mut self.source, bytes)? < bytes.len() {
            return Err(SpikeReadError::Truncated { block: self.blocks, spikes: self.spikes });
        }
        Ok(())
    }

    fn damaged(&self, what: &'static str) -> SpikeReadError {
        SpikeReadError::Damaged { block: self.blocks, spikes: self.spikes, what }
    }
}

impl<R: Read> Iterator for SpikeReader<R> {
    type Item = Result<Spike, SpikeReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let read = self.read();
        self.ended |= read.is_err();
        read.transpose()
    }
}

/// Reads until `bytes` are full or the source has ended; how many were read.
fn fill(source: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match source.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spike(epoch: u64, offset: f64, neuron: u32) -> Spike {
        let at = Time::from_parts(epoch, offset).unwrap();
        Spike { at, population: PopulationId(neuron % 3), neuron: LocalId(neuron) }
    }

    fn written(spikes: &[Spike]) -> Vec<u8> {
        let mut writer = SpikeWriter::new(Vec::new()).unwrap();
        for spike in spikes {
            writer.push(*spike).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<Spike>, SpikeReadError> {
        SpikeReader::new(bytes)?.collect()
    }

    fn many(count: u32) -> Vec<Spike> {
        (0..count).map(|i| spike(u64::from(i / 100), f64::from(i % 100) / 100.0, i)).collect()
    }

    #[test]
    fn several_blocks_come_back() {
        let spikes = many(150_000);
        assert_eq!(read(&written(&spikes)).unwrap(), spikes);
        assert_eq!(read(&written(&[])).unwrap(), []);
    }

    #[test]
    fn epochs_far_apart_come_back() {
        let spikes = [spike(0, 0.5, 1), spike(10_000_000_000, 0.25, 2), spike(5, 0.125, 3)];
        assert_eq!(read(&written(&spikes)).unwrap(), spikes);
    }

    #[test]
    fn what_is_cut_off_is_never_whole() {
        let bytes = written(&many(300));
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(read(&longer).is_err());
    }

    #[test]
    fn a_full_sink_is_reported_when_it_is_full() {
        let mut room = [0u8; 100_000];
        let mut writer = SpikeWriter::new(&mut room[..]).unwrap();
        let failed = many(200_000).into_iter().position(|spike| writer.push(spike).is_err());
        assert_eq!(failed, Some(BLOCK), "the first block does not fit");
    }

    proptest! {
        #[test]
        fn spikes_come_back_with_the_same_bits(
            parts in proptest::collection::vec((0u64..1 << 40, 0.0..1.0f64, any::<u32>()), 0..200)
        ) {
            let spikes: Vec<Spike> = parts.into_iter().map(|(e, o, n)| spike(e, o, n)).collect();
            prop_assert_eq!(read(&written(&spikes)).unwrap(), spikes);
        }

        #[test]
        fn a_changed_bit_is_noticed(place in 0usize..6000, bit in 0u8..8) {
            let mut bytes = written(&many(300));
            let place = place % bytes.len();
            bytes[place] ^= 1 << bit;
            prop_assert!(read(&bytes).is_err());
        }
    }
}
