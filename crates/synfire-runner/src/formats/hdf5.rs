//! The one door to HDF5: what the rest needs of it, and errors that name the object.

use super::{FileError, MOST_INFLATION};
use hdf5_pure::{AttrValue, Dataset, FileAccessProperties, FileBuilder, H5Element, MaxExtent, SyncPolicy};
use std::path::{Path, PathBuf};

/// An HDF5 file that is read.
pub(crate) struct Hdf5File {
    path: PathBuf,
    length: u64,
    file: hdf5_pure::File,
}

impl Hdf5File {
    /// Opens a file without reading more than it must.
    pub(crate) fn open(path: &Path) -> Result<Hdf5File, FileError> {
        let length = std::fs::metadata(path).map_err(|e| FileError::system(path, e))?.len();
        let file = hdf5_pure::File::open_streaming(path).map_err(|e| problem(path, "/", &e))?;
        Ok(Hdf5File { path: path.to_owned(), length, file })
    }

    /// The file's name.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the groups in a group, sorted.
    pub(crate) fn groups(&self, group: &str) -> Result<Vec<String>, FileError> {
        let opened = self.file.group(group).map_err(|e| problem(&self.path, group, &e))?;
        let mut names = opened.groups().map_err(|e| problem(&self.path, group, &e))?;
        names.sort();
        Ok(names)
    }

    /// The names of the datasets in a group, sorted.
    pub(crate) fn datasets(&self, group: &str) -> Result<Vec<String>, FileError> {
        let opened = self.file.group(group).map_err(|e| problem(&self.path, group, &e))?;
        let mut names = opened.datasets().map_err(|e| problem(&self.path, group, &e))?;
        names.sort();
        Ok(names)
    }

    /// The numbers of a dataset of one dimension.
    pub(crate) fn f64s(&self, dataset: &str) -> Result<Vec<f64>, FileError> {
        self.read(dataset)
    }

    /// The whole numbers of a dataset of one dimension, each of which must fit; `what` says what they are.
    pub(crate) fn u32s(&self, dataset: &str, what: &str) -> Result<Vec<u32>, FileError> {
        let narrow = |value: u64| {
            u32::try_from(value).map_err(|_| {
                FileError::object(
                    &self.path,
                    dataset,
                    format!("{what} {value} is not from 0 to {}", u32::MAX),
                )
            })
        };
        self.read::<u64>(dataset)?.into_iter().map(narrow).collect()
    }

    /// The whole numbers of a dataset of one dimension, which may be negative.
    pub(crate) fn i64s(&self, dataset: &str) -> Result<Vec<i64>, FileError> {
        self.read(dataset)
    }

    /// A text attribute of a dataset, if it has one of this name.
    pub(crate) fn text_attribute(&self, dataset: &str, name: &str) -> Result<Option<String>, FileError> {
        let attributes = self.dataset(dataset)?.attrs().map_err(|e| problem(&self.path, dataset, &e))?;
        Ok(attributes.get(name).and_then(|value| {
            let text =
                value.as_str().or_else(|| value.as_strings().and_then(|all| all.first().map(String::as_str)));
            text.map(|text| text.trim_end_matches('\0').to_owned())
        }))
    }

    fn dataset(&self, path: &str) -> Result<Dataset, FileError> {
        self.file.dataset(path).map_err(|e| problem(&self.path, path, &e))
    }

    fn read<T: H5Element>(&self, path: &str) -> Result<Vec<T>, FileError> {
        let dataset = self.dataset(path)?;
        let failed = |e| problem(&self.path, path, &e);
        let shape = dataset.shape().map_err(failed)?;
        let [count] = shape[..] else {
            let found = format!("found a shape {shape:?}, expected one dimension");
            return Err(FileError::object(&self.path, path, found));
        };
        let bytes = count.saturating_mul(dataset.element_size().map_err(failed)?);
        if bytes > self.length.saturating_mul(MOST_INFLATION) {
            let found = format!(
                "{count} elements cannot be in a file of {} bytes: it is damaged or cut off",
                self.length
            );
            return Err(FileError::object(&self.path, path, found));
        }
        dataset.read().map_err(failed)
    }
}

fn problem(path: &Path, object: &str, error: &hdf5_pure::Error) -> FileError {
    match error {
        hdf5_pure::Error::Io(e) => FileError::system(path, std::io::Error::new(e.kind(), e.to_string())),
        _ => FileError::object(path, object, format!("not readable as HDF5: {error}")),
    }
}

/// How many spikes are gathered before they are written; also the length of a chunk.
const CHUNK: usize = 8192;

/// A SONATA file of spikes that grows while it is written.
pub(crate) struct SpikeAppender {
    path: PathBuf,
    file: hdf5_pure::File,
    populations: Vec<Pending>,
}

/// The spikes of one population that are not in the file yet.
struct Pending {
    name: String,
    timestamps: Dataset,
    node_ids: Dataset,
    times: Vec<f64>,
    ids: Vec<u64>,
}

impl SpikeAppender {
    /// Makes the file, with empty datasets for these populations.
    pub(crate) fn create(path: &Path, populations: &[&str]) -> Result<SpikeAppender, FileError> {
        if let Some(name) =
            populations.iter().find(|name| name.is_empty() || name.contains('/') || **name == ".")
        {
            let found = format!("a population cannot be called \"{name}\" in an HDF5 file");
            return Err(FileError::object(path, "/spikes", found));
        }
        write_empty(path, populations).map_err(|e| problem(path, "/spikes", &e))?;
        let access = FileAccessProperties::new().with_sync_policy(SyncPolicy::OnClose);
        let file = hdf5_pure::File::open_rw_with_options(path, access).map_err(|e| problem(path, "/", &e))?;
        let open = |name: &&str| {
            let dataset = |which: &str| file.dataset(&format!("spikes/{name}/{which}"));
            let (timestamps, node_ids) = (dataset("timestamps")?, dataset("node_ids")?);
            Ok(Pending { name: (*name).to_owned(), timestamps, node_ids, times: Vec::new(), ids: Vec::new() })
        };
        let populations = populations
            .iter()
            .map(open)
            .collect::<Result<_, _>>()
            .map_err(|e| problem(path, "/spikes", &e))?;
        Ok(SpikeAppender { path: path.to_owned(), file, populations })
    }

    /// Adds a spike of a population, by its place in the list that was given.
    pub(crate) fn push(&mut self, population: usize, node: u64, time_ms: f64) -> Result<(), FileError> {
        let pending = &mut self.populations[population];
        pending.times.push(time_ms);
        pending.ids.push(node);
        if pending.times.len() == CHUNK { pending.write(&self.path) } else { Ok(()) }
    }

    /// Writes what is still in memory and closes the file.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        for pending in &mut self.populations {
            pending.write(&self.path)?;
        }
        self.populations.clear();
        self.file.close().map_err(|e| problem(&self.path, "/spikes", &e))
    }
}

impl Pending {
    fn write(&mut self, path: &Path) -> Result<(), FileError> {
        if self.times.is_empty() {
            return Ok(());
        }
        let object = format!("/spikes/{}", self.name);
        self.timestamps.append(&self.times).map_err(|e| problem(path, &object, &e))?;
        self.node_ids.append(&self.ids).map_err(|e| problem(path, &object, &e))?;
        self.times.clear();
        self.ids.clear();
        Ok(())
    }
}

fn write_empty(path: &Path, populations: &[&str]) -> Result<(), hdf5_pure::Error> {
    let mut builder = FileBuilder::new();
    let mut spikes = builder.create_group("spikes");
    for name in populations {
        let mut group = spikes.create_group(name);
        // The attribute `sorting` that SONATA allows is of an enumerated type, which cannot be written; it is optional.
        let timestamps = group.create_dataset("timestamps").with_f64_data(&[]);
        growing(timestamps).set_attr("units", AttrValue::AsciiString("ms".to_owned()));
        growing(group.create_dataset("node_ids").with_u64_data(&[]));
        spikes.add_group(group.finish());
    }
    builder.add_group(spikes.finish());
    builder.write(path)
}

fn growing(dataset: &mut hdf5_pure::DatasetBuilder) -> &mut hdf5_pure::DatasetBuilder {
    dataset.with_shape(&[0]).with_maxshape(&[MaxExtent::Unlimited]).with_chunks(&[CHUNK as u64])
}
