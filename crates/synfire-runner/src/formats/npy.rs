//! Spikes as two NumPy arrays of equal length.

use super::FileError;
use npyz::{NpyWriter, WriterBuilder};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// `times.npy` and `senders.npy` in a folder, and `populations.csv` that says which senders are whose.
pub(crate) struct NpySpikes {
    folder: PathBuf,
    times: NpyWriter<f64, BufWriter<File>>,
    senders: NpyWriter<u64, BufWriter<File>>,
    first_senders: Vec<u64>,
}

impl NpySpikes {
    /// Makes the files; the folder must be there. `populations` are names and sizes in the order of the network.
    pub(crate) fn create(folder: &Path, populations: &[(&str, usize)]) -> Result<NpySpikes, FileError> {
        let first_senders = write_populations(&folder.join("populations.csv"), populations)?;
        let times = begin(&folder.join("times.npy"))?;
        let senders = begin(&folder.join("senders.npy"))?;
        Ok(NpySpikes { folder: folder.to_owned(), times, senders, first_senders })
    }

    /// Adds a spike of a population, by its place in the list that was given.
    pub(crate) fn push(&mut self, population: usize, neuron: u32, time_ms: f64) -> Result<(), FileError> {
        let sender = self.first_senders[population] + u64::from(neuron);
        let written = self.times.push(&time_ms).and_then(|()| self.senders.push(&sender));
        written.map_err(|e| FileError::system(&self.folder, e))
    }

    /// Writes what is still in memory, and the number of spikes into the headers.
    pub(crate) fn finish(self) -> Result<(), FileError> {
        let written = self.times.finish().and_then(|()| self.senders.finish());
        written.map_err(|e| FileError::system(&self.folder, e))
    }
}

fn begin<T: npyz::AutoSerialize>(path: &Path) -> Result<NpyWriter<T, BufWriter<File>>, FileError> {
    let failed = |e| FileError::system(path, e);
    let file = BufWriter::new(File::create(path).map_err(failed)?);
    npyz::WriteOptions::new().default_dtype().writer(file).begin_1d().map_err(failed)
}

fn write_populations(path: &Path, populations: &[(&str, usize)]) -> Result<Vec<u64>, FileError> {
    let mut text = String::from("population,first_sender,size\n");
    let mut first_senders = Vec::with_capacity(populations.len());
    let mut first = 0;
    for (name, size) in populations {
        text += &format!("{},{first},{size}\n", super::table::field(name));
        first_senders.push(first);
        first += *size as u64;
    }
    let written = File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|e| FileError::system(path, e))?;
    Ok(first_senders)
}
