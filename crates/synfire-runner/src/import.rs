//! From other tools' files to scenarios.
//!
//! [`sonata`] turns a circuit of point neurons with its simulation configuration, as the SONATA format describes them
//! (Dai et al. 2020, doi:10.1371/journal.pcbi.1007696), into a scenario: `scenario.json` with the edges, input spikes and
//! recorded spikes in files beside it.
//!
//! | in SONATA | in the scenario |
//! |---|---|
//! | population of nodes, all virtual | `spike_source`, trains from the inputs of type `spikes` |
//! | `nrn:IntFire1` | `lif` with a `delta` receptor: v is NEURON's m; the threshold is the next double above 1, because NEURON fires when m > 1 |
//! | `nest:iaf_psc_alpha` | `lif` with `alpha` receptors for weights from 0 up and for negative ones; NEST's defaults for what is not given |
//! | `conditions.v_init` | `initial` v of `iaf_psc_alpha`, unless the type gives `V_m`; NEST's -70 mV without both |
//! | weight of an edge | `syn_weight` x `nsyns` x `sign` of the synapse file, the edge's own values before its type's |
//! | `output.spikes_file`, if it is there | `expect.spikes_file` |

mod config;
mod models;
mod network;
mod projections;
#[cfg(test)]
mod tests;
mod types;
mod write;

use crate::formats::FileError;
use std::path::{Path, PathBuf};

/// What an import made.
#[derive(Debug)]
pub struct ImportSummary {
    /// The scenario's file.
    pub scenario: PathBuf,
    /// Names and sizes of the populations, in the scenario's order.
    pub populations: Vec<(String, usize)>,
    /// How many synapses.
    pub synapses: u64,
    /// How many spikes the sources have.
    pub input_spikes: u64,
    /// How many spikes are expected; `None` without a recorded output.
    pub expected_spikes: Option<u64>,
    /// What was found odd but could be imported.
    pub warnings: Vec<String>,
}

/// Why a network cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file of edges, nodes, types or spikes.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that is not JSON.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// Something that the scenario needs is not there, or is of the wrong kind.
    #[error("{}, {place}: {problem}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The key or the type in it.
        place: String,
        /// What was found and what is needed.
        problem: String,
    },
    /// Something that has no counterpart in a scenario.
    #[error("{}, {place}: {found} is not supported; supported: {supported}", path.display())]
    NotSupported {
        /// The file.
        path: PathBuf,
        /// The key or the type in it.
        place: String,
        /// What was found.
        found: String,
        /// What could stand there instead.
        supported: String,
    },
}

impl ImportError {
    fn wrong(path: &Path, place: impl Into<String>, problem: impl Into<String>) -> ImportError {
        ImportError::Wrong { path: path.to_owned(), place: place.into(), problem: problem.into() }
    }

    fn not_supported(
        path: &Path,
        place: impl Into<String>,
        found: impl Into<String>,
        supported: impl Into<String>,
    ) -> ImportError {
        let (place, found, supported) = (place.into(), found.into(), supported.into());
        ImportError::NotSupported { path: path.to_owned(), place, found, supported }
    }
}

/// Imports a SONATA network into the folder `out_dir`, which is made if it is not there.
///
/// `config` is a file that names the circuit's and the simulation's configuration (`network`, `simulation`), or the
/// simulation's configuration itself. If the configured output exists, it becomes what the scenario expects: within
/// 5e-13 ms (or the spacing of doubles at the end, if that is more) where all neurons change at events only, else
/// within one step `dt` of the recording.
///
/// # Errors
/// If a file cannot be read or written, or holds what a scenario cannot express; the message names file and key.
pub fn sonata(config: &Path, out_dir: &Path) -> Result<ImportSummary, ImportError> {
    let config = config::Config::open(config)?;
    let mut warnings = Vec::new();
    let populations = network::populations(&config)?;
    let projections = projections::projections(&config, &populations, &mut warnings)?;
    let inputs = network::inputs(&config, &populations)?;
    let expected = network::recorded(&config, &populations, &mut warnings)?;
    let scenario = write::scenario(out_dir, &config, &populations, &projections, &inputs, expected.as_ref())?;
    Ok(ImportSummary {
        scenario,
        synapses: projections.iter().map(|p| p.edges.source.len() as u64).sum(),
        input_spikes: inputs.iter().map(|spikes| spikes.times.len() as u64).sum(),
        expected_spikes: expected.map(|e| e.spikes.iter().map(|s| s.times.len() as u64).sum()),
        populations: populations.into_iter().map(|p| (p.name, p.node_types.len())).collect(),
        warnings,
    })
}
