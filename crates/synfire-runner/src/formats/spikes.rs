//! Spike trains: who spiked when.

use super::hdf5::{Hdf5File, SpikeAppender};
use super::npy::NpySpikes;
use super::table::{Table, TextFile, field, quoted};
use super::{FileError, Place, has_ending, sonata};
use std::io::Write;
use std::path::{Path, PathBuf};
use synfire_core::{LocalId, PopulationId, Time};

/// The spikes of one population, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PopulationSpikes {
    /// Its name; `None` if the file does not name populations.
    pub population: Option<String>,
    /// Who spiked, by their ids within the population.
    pub neurons: Vec<u32>,
    /// When, ms, at least 0; as many as neurons.
    pub times: Vec<f64>,
}

impl PopulationSpikes {
    /// One list of rising times for each of `size` neurons.
    ///
    /// # Errors
    /// A neuron that is not from 0 to `size` less 1.
    pub fn trains(&self, size: usize) -> Result<Vec<Vec<f64>>, u32> {
        let mut trains = vec![Vec::new(); size];
        for (neuron, time) in self.neurons.iter().zip(&self.times) {
            trains.get_mut(*neuron as usize).ok_or(*neuron)?.push(*time);
        }
        for train in &mut trains {
            train.sort_by(f64::total_cmp);
        }
        Ok(trains)
    }
}

/// Reads spikes: SONATA `.h5` (also the older layout without populations), or `.csv` and `.csv.gz` with the columns
/// `neuron`, `time_ms` and, if wanted, `population`.
///
/// With a `population` given, only its spikes are returned: those of that name, or those of a file that names none.
///
/// # Errors
/// If the file cannot be read, is of an unknown kind, damaged, or has no such population.
pub fn read_spike_trains(path: &Path, population: Option<&str>) -> Result<Vec<PopulationSpikes>, FileError> {
    let mut found = if has_ending(path, &[".h5", ".hdf5"]) {
        sonata::read_spikes(&Hdf5File::open(path)?)?
    } else if has_ending(path, &[".csv", ".csv.gz"]) {
        read_csv(path)?
    } else {
        return Err(FileError::UnknownKind { path: path.to_owned(), expected: ".h5, .csv or .csv.gz" });
    };
    if let Some(name) = population {
        let all_names: Vec<String> = found.iter().filter_map(|spikes| spikes.population.clone()).collect();
        found.retain(|spikes| spikes.population.as_deref().is_none_or(|own| own == name));
        if found.is_empty() {
            let known = if all_names.is_empty() { "none".to_owned() } else { quoted(&all_names) };
            let place = Place::Object("populations".to_owned());
            return Err(FileError::content(
                path,
                place,
                format!("no \"{name}\" among them; the file has {known}"),
            ));
        }
    }
    for spikes in &found {
        check_times(path, spikes)?;
    }
    Ok(found)
}

fn check_times(path: &Path, spikes: &PopulationSpikes) -> Result<(), FileError> {
    match spikes.times.iter().position(|time| Time::from_ms(*time).is_none()) {
        None => Ok(()),
        Some(index) => {
            let place = match &spikes.population {
                Some(name) => format!("spike {index} of population \"{name}\" (counted from 0)"),
                None => format!("spike {index} (counted from 0)"),
            };
            let problem =
                format!("its time is {}, expected a number of ms of at least 0", spikes.times[index]);
            Err(FileError::content(path, Place::Object(place), problem))
        }
    }
}

fn read_csv(path: &Path) -> Result<Vec<PopulationSpikes>, FileError> {
    let mut table = Table::open(path, b',')?;
    table.refuse_other_columns(&["population", "neuron", "time_ms"])?;
    let (neuron, time) = (table.require(&["neuron"])?, table.require(&["time_ms"])?);
    let population = table.find(&["population"]);
    // Without the column, all spikes are of one population, even if there are none.
    let mut found: Vec<PopulationSpikes> = Vec::new();
    if population.is_none() {
        found.push(PopulationSpikes::default());
    }
    let mut last = 0;
    while table.next_row()? {
        if let Some(column) = population {
            let name = table.text(column);
            if found.get(last).is_none_or(|spikes| spikes.population.as_deref() != Some(name)) {
                last = place_of(&mut found, name);
            }
        }
        found[last].neurons.push(table.number(neuron, "a neuron's id, a whole number")?);
        found[last].times.push(table.number(time, "a time in ms")?);
    }
    Ok(found)
}

fn place_of(found: &mut Vec<PopulationSpikes>, name: &str) -> usize {
    let known = found.iter().position(|spikes| spikes.population.as_deref() == Some(name));
    known.unwrap_or_else(|| {
        found.push(PopulationSpikes { population: Some(name.to_owned()), ..PopulationSpikes::default() });
        found.len() - 1
    })
}

/// Writes spikes, as they were read, to a text file as [`SpikeWriter::csv`] does; without the column `population` if
/// none has a name.
///
/// # Errors
/// If the system refuses.
pub fn write_trains(path: &Path, populations: &[PopulationSpikes]) -> Result<(), FileError> {
    let named = populations.iter().any(|spikes| spikes.population.is_some());
    let write = || {
        let mut file = TextFile::create(path)?;
        writeln!(file, "{}neuron,time_ms", if named { "population," } else { "" })?;
        for spikes in populations {
            let name = field(spikes.population.as_deref().unwrap_or(""));
            for (neuron, time) in spikes.neurons.iter().zip(&spikes.times) {
                if named {
                    write!(file, "{name},")?;
                }
                writeln!(file, "{neuron},{time}")?;
            }
        }
        file.finish()
    };
    write().map_err(|e| FileError::system(path, e))
}

/// A file of spikes that is being written, spike by spike in order of time; memory does not grow with their number.
pub struct SpikeWriter {
    path: PathBuf,
    output: Output,
}

enum Output {
    Csv { file: TextFile, names: Vec<String> },
    Sonata(SpikeAppender),
    Npy(NpySpikes),
}

impl SpikeWriter {
    /// A text file with the columns `population`, `neuron` and `time_ms`, packed if the name ends with `.gz`. Times have
    /// all their digits, more than a double holds.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn csv(path: &Path, populations: &[&str]) -> Result<SpikeWriter, FileError> {
        let file = TextFile::create(path).and_then(|mut file| {
            writeln!(file, "population,neuron,time_ms")?;
            Ok(file)
        });
        let file = file.map_err(|e| FileError::system(path, e))?;
        let names = populations.iter().map(|name| field(name)).collect();
        Ok(SpikeWriter { path: path.to_owned(), output: Output::Csv { file, names } })
    }

    /// A SONATA file: `/spikes/POPULATION/timestamps` (ms, nearest doubles) and `node_ids`, sorted by time as they come.
    ///
    /// # Errors
    /// If the system refuses, or a population's name cannot be one in HDF5.
    pub fn sonata(path: &Path, populations: &[&str]) -> Result<SpikeWriter, FileError> {
        let output = Output::Sonata(SpikeAppender::create(path, populations)?);
        Ok(SpikeWriter { path: path.to_owned(), output })
    }

    /// NumPy arrays in a folder: `times.npy` (f64, ms), `senders.npy` (u64, ids over the whole network, the
    /// populations one after the other), and `populations.csv` with each population's first id. `populations` are names
    /// and sizes, in the order of the network.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn npy(folder: &Path, populations: &[(&str, usize)]) -> Result<SpikeWriter, FileError> {
        let output = Output::Npy(NpySpikes::create(folder, populations)?);
        Ok(SpikeWriter { path: folder.to_owned(), output })
    }

    /// Adds a spike. The population is a place in the list that was given at the start.
    ///
    /// # Errors
    /// If the system refuses.
    ///
    /// # Panics
    /// If there are fewer populations.
    pub fn push(&mut self, population: PopulationId, neuron: LocalId, at: Time) -> Result<(), FileError> {
        match &mut self.output {
            Output::Csv { file, names } => {
                let written = writeln!(file, "{},{},{at}", names[population.index()], neuron.0);
                written.map_err(|e| FileError::system(&self.path, e))
            }
            Output::Sonata(file) => file.push(population.index(), u64::from(neuron.0), at.as_ms()),
            Output::Npy(files) => files.push(population.index(), neuron.0, at.as_ms()),
        }
    }

    /// Writes what is still in memory. A writer that is dropped instead leaves a file that is not whole.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn finish(self) -> Result<(), FileError> {
        match self.output {
            Output::Csv { file, .. } => file.finish().map_err(|e| FileError::system(&self.path, e)),
            Output::Sonata(file) => file.finish(),
            Output::Npy(files) => files.finish(),
        }
    }
}
