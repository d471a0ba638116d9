//! The spikes in other programs' formats, beside `spikes.bin`. Their times are the nearest doubles, but for CSV, which
//! has all digits.

use super::manifest::PopulationEntry;
use super::{RecordingError, Spike};
use crate::formats::FileError;
use crate::formats::spikes::SpikeWriter;
use std::fs;
use std::path::Path;
use synfire_core::PopulationId;

/// A format to write the spikes in, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `spikes.csv`: population, neuron, time in ms.
    Csv,
    /// `npy/`: NumPy arrays of times and senders.
    Npy,
    /// `spikes.h5`, as the SONATA format has it.
    Sonata,
}

impl Format {
    /// The files that it consists of.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Format::Csv => &["spikes.csv"],
            Format::Npy => &["npy/times.npy", "npy/senders.npy", "npy/populations.csv"],
            Format::Sonata => &["spikes.h5"],
        }
    }
}

/// Spikes on their way into one format.
pub struct Export {
    /// The format.
    pub format: Format,
    writer: SpikeWriter,
    /// By index of the population, its place in the files.
    places: Vec<PopulationId>,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Export {
    /// Begins the files of one format in `folder`.
    ///
    /// # Errors
    /// A file that cannot be written; a population whose name the format does not allow.
    pub fn create(
        folder: &Path,
        format: Format,
        populations: &[PopulationEntry],
    ) -> Result<Export, RecordingError> {
        // NumPy's senders count over the whole network; elsewhere a population that is not recorded would look silent.
        let listed = |population: &PopulationEntry| population.recorded || format == Format::Npy;
        let names: Vec<&str> = populations.iter().filter(|p| listed(p)).map(|p| p.name.as_str()).collect();
        let mut next = 0;
        let places = populations.iter().map(|population| {
            let place = PopulationId(next);
            next += u32::from(listed(population));
            place
        });
        let writer = match format {
            Format::Csv => SpikeWriter::csv(&folder.join("spikes.csv"), &names)?,
            Format::Sonata => SpikeWriter::sonata(&folder.join("spikes.h5"), &names)?,
            Format::Npy => {
                let npy = folder.join("npy");
                fs::create_dir_all(&npy)
                    .map_err(|error| RecordingError::io(&npy, "cannot be made", error))?;
                let sizes = populations.iter().map(|population| population.size as usize);
                let sized: Vec<(&str, usize)> = names.iter().copied().zip(sizes).collect();
                SpikeWriter::npy(&npy, &sized)?
            }
        };
        Ok(Export { format, writer, places: places.collect() })
    }

    /// Adds a spike of a recorded population.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn push(&mut self, spike: Spike) -> Result<(), FileError> {
        self.writer.push(self.places[spike.population.index()], spike.neuron, spike.at)
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(self) -> Result<(), FileError> {
        self.writer.finish()
    }
}
