//! Writing a recording while the network runs.

use super::export::{Export, Format};
use super::manifest::{self, FileEntry, Instant, Manifest, PopulationEntry, StatesEntry};
use super::spikes::{Spike, SpikeWriter};
use super::states::StatesWriter;
use super::switches::{self, SwitchWriter};
use super::{RecordingError, inputs, is_recording};
use crate::scenario::{RecordedStates, Scenario};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use synfire_core::engine::{Counts, Probe, ProbeTimes};
use synfire_core::observer::Observer;
use synfire_core::receptor::variable_names;
use synfire_core::{LocalId, PopulationId, Time};

/// The samples that a scenario asks for, in the order in which a [`Recorder`] expects them: entry by entry of
/// `record.states`, neuron by neuron, variable by variable.
pub fn probes(scenario: &Scenario) -> Vec<Probe> {
    let mut probes = vec![];
    for states in &scenario.record.states {
        let population = PopulationId(states.population as u32);
        for id in neurons(states, scenario) {
            for &variable in &states.variables {
                let times = ProbeTimes::Every { interval_ms: states.every };
                probes.push(Probe { population, neuron: LocalId(id), variable, times });
            }
        }
    }
    probes
}

/// What the manifest says of the run besides what the scenario says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The queue, by its name on the command line.
    pub queue: String,
    /// The engine, likewise.
    pub engine: String,
    /// Formats to write the spikes in, too.
    pub formats: Vec<Format>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// It reached its end.
    Complete,
    /// It did not.
    Early {
        /// All that happened before is there; what is there of later does not count.
        at: Time,
        /// Why, in words that follow "ended because".
        why: String,
    },
}

/// Writes what it sees. Memory is bounded: a block of spikes, and the rows of states that are not filled yet.
///
/// A write that fails is remembered, and nothing is written after it: ask [`Recorder::check`] now and then.
#[derive(Debug)]
pub struct Recorder {
    target: PathBuf,
    partial: PathBuf,
    replaces: bool,
    spikes: SpikeWriter<BufWriter<File>>,
    /// `None` if there are no rate populations whose switches are recorded.
    switches: Option<SwitchWriter<BufWriter<File>>>,
    states: Vec<StatesWriter<BufWriter<File>>>,
    /// For each probe, the entry of `states` and the column in it.
    places: Vec<(usize, usize)>,
    manifest: Manifest,
    exports: Vec<Export>,
    failed: Option<RecordingError>,
}

const SPIKES: &str = "spikes.bin";
const SCENARIO: &str = "scenario.json";

impl Recorder {
    /// Begins a recording at `target`, of a scenario as it is run: with its seed and duration changed, if they are.
    /// `force` replaces a recording that is there, once the new one is whole, and removes what a killed run has left.
    ///
    /// # Errors
    /// There is something of that name, or the folder cannot be written.
    pub fn create(
        target: &Path,
        scenario: &Scenario,
        settings: Settings,
        force: bool,
    ) -> Result<Recorder, RecordingError> {
        let replaces = make_way(target, force)?;
        let partial = with_suffix(target, ".partial");
        make_folder(&partial, force)?;
        // The first file is what tells later runs that the folder is ours.
        let spikes_path = partial.join(SPIKES);
        let spikes = SpikeWriter::new(create_file(&spikes_path)?)
            .map_err(|error| cannot_write(&spikes_path, error))?;
        let (text, inputs) = inputs::store(scenario, &partial)?;
        let scenario_path = partial.join(SCENARIO);
        fs::write(&scenario_path, text).map_err(|error| cannot_write(&scenario_path, error))?;
        let mut recorder = Recorder {
            target: target.to_owned(),
            partial,
            replaces,
            spikes,
            switches: None,
            states: vec![],
            places: vec![],
            manifest: Manifest { inputs, ..begun_manifest(scenario, &settings) },
            exports: vec![],
            failed: None,
        };
        if recorder.manifest.populations.iter().any(|population| population.switches.is_some()) {
            let path = recorder.partial.join(switches::FILE);
            let writer =
                SwitchWriter::new(create_file(&path)?).map_err(|error| cannot_write(&path, error))?;
            recorder.switches = Some(writer);
        }
        for format in settings.formats {
            let export = Export::create(&recorder.partial, format, &recorder.manifest.populations)?;
            recorder.exports.push(export);
        }
        for states in &scenario.record.states {
            recorder.add_states(states, scenario)?;
        }
        Ok(recorder)
    }

    /// The folder that is written now; the recording's own name comes when it is finished.
    pub fn folder(&self) -> &Path {
        &self.partial
    }

    /// Whether everything could be written so far.
    ///
    /// # Errors
    /// The first write that failed. Asked again, it is forgotten.
    pub fn check(&mut self) -> Result<(), RecordingError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Writes the rest, has it all put on the disk, and gives the recording its name.
    ///
    /// # Errors
    /// A write that fails, now or earlier. What was written stays in the `.partial` folder, without manifest.
    pub fn finish(mut self, ending: &Ending, counts: &Counts) -> Result<Manifest, RecordingError> {
        self.check()?;
        let Recorder { target, partial, replaces, spikes, switches, states, exports, mut manifest, .. } =
            self;
        let mut names: Vec<String> = vec![SCENARIO.to_owned(), SPIKES.to_owned()];
        let path = partial.join(SPIKES);
        spikes.finish().map_err(|error| cannot_write(&path, error))?;
        if let Some(switches) = switches {
            let path = partial.join(switches::FILE);
            switches.finish().map_err(|error| cannot_write(&path, error))?;
            names.push(switches::FILE.to_owned());
        }
        for (writer, entry) in states.into_iter().zip(&mut manifest.states) {
            let path = partial.join(&entry.file);
            (_, entry.rows) = writer.finish().map_err(|error| cannot_write(&path, error))?;
            names.push(entry.file.clone());
        }
        for export in exports {
            names.extend(export.format.files().iter().map(|&file| file.to_owned()));
            export.finish()?;
        }
        names.extend(manifest.inputs.iter().map(|i| i.file.clone()).filter(|f| !Path::new(f).is_absolute()));
        for name in &names {
            sync(&partial.join(name))?;
            manifest.files.push(FileEntry::of(&partial, name)?);
        }
        manifest.complete = *ending == Ending::Complete;
        if let Ending::Early { at, why } = ending {
            manifest.ended = Some(manifest::Ended { at: (*at).into(), why: why.clone() });
        }
        for (population, &spikes) in manifest.populations.iter_mut().zip(&counts.spikes) {
            population.spikes = spikes;
        }
        manifest.spikes = counts.spikes.iter().sum();
        manifest.arrivals = counts.arrivals;
        manifest.ambiguous = counts.ambiguous;
        write_manifest(&partial, &manifest)?;
        take_name(&partial, &target, replaces)?;
        Ok(manifest)
    }

    fn write_switch(&mut self, spike: Spike, gain: f64) -> Result<(), RecordingError> {
        let PopulationEntry { name, switches: Some(count), .. } =
            &mut self.manifest.populations[spike.population.index()]
        else {
            return Ok(());
        };
        let Some(writer) = &mut self.switches else { return Ok(()) };
        *count += 1;
        writer
            .push(name, spike.neuron, spike.at, gain)
            .map_err(|error| cannot_write(&self.partial.join(switches::FILE), error))
    }

    fn write_spike(&mut self, spike: Spike) -> Result<(), RecordingError> {
        self.spikes.push(spike).map_err(|error| cannot_write(&self.partial.join(SPIKES), error))?;
        for export in &mut self.exports {
            export.push(spike)?;
        }
        Ok(())
    }

    fn add_states(&mut self, states: &RecordedStates, scenario: &Scenario) -> Result<(), RecordingError> {
        let population = &scenario.populations[states.population];
        let ids: Vec<u32> = neurons(states, scenario).collect();
        let names = variable_names(population.model.spec.variables, &population.receptors);
        let variables: Vec<String> = states.variables.iter().map(|&index| names[index].clone()).collect();
        let entry = self.states.len();
        let columns = ids.len() * variables.len();
        let file = format!("states-{entry}.npy");
        let path = self.partial.join(&file);
        let writer = StatesWriter::new(create_file(&path)?, ids.len(), variables.len())
            .map_err(|error| cannot_write(&path, error))?;
        self.states.push(writer);
        self.places.extend((0..columns).map(|column| (entry, column)));
        self.manifest.states.push(StatesEntry {
            file,
            population: population.name.clone(),
            ids,
            variables,
            every: states.every,
            rows: 0,
        });
        Ok(())
    }
}

impl Observer for Recorder {
    fn spike(&mut self, at: Time, population: PopulationId, neuron: LocalId) {
        if !self.manifest.populations[population.index()].recorded || self.failed.is_some() {
            return;
        }
        if let Err(error) = self.write_spike(Spike { at, population, neuron }) {
            self.failed = Some(error);
        }
    }

    fn switch(&mut self, at: Time, population: PopulationId, unit: LocalId, gain: f64) {
        if self.failed.is_none() {
            self.failed = self.write_switch(Spike { at, population, neuron: unit }, gain).err();
        }
    }

    fn sample(&mut self, probe: usize, _at: Time, value: f64) {
        // Others may have asked for samples behind ours.
        let Some(&(entry, column)) = self.places.get(probe) else { return };
        if self.failed.is_some() {
            return;
        }
        if let Err(error) = self.states[entry].push(column, value) {
            self.failed = Some(cannot_write(&self.partial.join(&self.manifest.states[entry].file), error));
        }
    }
}

/// Whether a recording of the scenario has the spikes of the population at `index`.
pub fn is_recorded(scenario: &Scenario, index: usize) -> bool {
    !scenario.populations[index].is_rate()
        && (says_nothing(scenario) || scenario.record.spikes.contains(&index))
}

/// Whether a recording of the scenario has the gain switches of the population at `index`.
fn has_recorded_switches(scenario: &Scenario, index: usize) -> bool {
    scenario.populations[index].has_switches()
        && (says_nothing(scenario) || scenario.record.switches.contains(&index))
}

/// Who records a scenario that does not say what to record wants its spikes and switches.
fn says_nothing(scenario: &Scenario) -> bool {
    let record = &scenario.record;
    record.spikes.is_empty() && record.switches.is_empty() && record.states.is_empty()
}

fn neurons(states: &RecordedStates, scenario: &Scenario) -> impl Iterator<Item = u32> {
    let size = scenario.populations[states.population].size as u32;
    let ids = states.ids.clone();
    let count = ids.as_ref().map_or(size, |ids| ids.len() as u32);
    (0..count).map(move |place| ids.as_ref().map_or(place, |ids| ids[place as usize]))
}

fn begun_manifest(scenario: &Scenario, settings: &Settings) -> Manifest {
    let populations = scenario.populations.iter().enumerate().map(|(index, population)| PopulationEntry {
        name: population.name.clone(),
        size: population.size as u64,
        recorded: is_recorded(scenario, index),
        spikes: 0,
        switches: has_recorded_switches(scenario, index).then_some(0),
    });
    Manifest {
        synfire_recording: manifest::VERSION,
        synfire: env!("CARGO_PKG_VERSION").to_owned(),
        name: scenario.name.clone(),
        seed: scenario.seed,
        duration: Instant::from(scenario.duration),
        queue: settings.queue.clone(),
        engine: settings.engine.clone(),
        populations: populations.collect(),
        ..Manifest::default()
    }
}

/// Whether a recording is there and is to be replaced.
fn make_way(target: &Path, force: bool) -> Result<bool, RecordingError> {
    if !target.exists() || is_empty_folder(target) {
        return Ok(false);
    }
    match (is_recording(target), force) {
        (true, true) => Ok(true),
        (true, false) => Err(RecordingError::Exists(target.to_owned())),
        (false, _) => Err(RecordingError::InTheWay(target.to_owned())),
    }
}

fn make_folder(partial: &Path, force: bool) -> Result<(), RecordingError> {
    let failed = |error| RecordingError::io(partial, "cannot be made", error);
    if partial.exists() {
        if !partial.join(SPIKES).exists() && !is_empty_folder(partial) {
            return Err(RecordingError::InTheWay(partial.to_owned()));
        }
        if !force {
            return Err(RecordingError::Unfinished(partial.to_owned()));
        }
        fs::remove_dir_all(partial)
            .map_err(|error| RecordingError::io(partial, "cannot be removed", error))?;
    }
    if let Some(parent) = partial.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::create_dir(partial).map_err(failed)
}

fn is_empty_folder(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), RecordingError> {
    let path = folder.join(manifest::FILE);
    fs::write(&path, manifest.to_text()).map_err(|error| cannot_write(&path, error))?;
    sync(&path)?;
    folder_to_disk(folder).map_err(|error| cannot_write(folder, error))
}

/// Gives the finished folder its name. The recording that it replaces goes last.
fn take_name(partial: &Path, target: &Path, replaces: bool) -> Result<(), RecordingError> {
    let replaced = with_suffix(target, ".replaced");
    let rename = |from: &Path, to: &Path| {
        fs::rename(from, to).map_err(|error| RecordingError::io(from, "cannot be renamed", error))
    };
    if replaces {
        rename(target, &replaced)?;
    }
    rename(partial, target)?;
    let parent = target.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    folder_to_disk(parent).map_err(|error| cannot_write(parent, error))?;
    if replaces {
        fs::remove_dir_all(&replaced)
            .map_err(|error| RecordingError::io(&replaced, "cannot be removed", error))?;
    }
    Ok(())
}

/// `path` with something appended to its last part.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(|| OsString::from("recording"), OsString::from);
    name.push(suffix);
    path.with_file_name(name)
}

fn create_file(path: &Path) -> Result<BufWriter<File>, RecordingError> {
    File::create(path).map(BufWriter::new).map_err(|error| cannot_write(path, error))
}

/// Makes the content of a written file last.
fn sync(path: &Path) -> Result<(), RecordingError> {
    let synced = File::options().append(true).open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| cannot_write(path, error))
}

/// Makes the names in a folder last; only Unix lets a folder be opened for that.
fn folder_to_disk(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn cannot_write(path: &Path, error: io::Error) -> RecordingError {
    RecordingError::io(path, "cannot be written", error)
}
