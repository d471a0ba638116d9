//! A recording as one page that looks into it: no network, no server, one file.
//!
//! The page gets the recorded spikes with both parts of their times, the recorded states, and the network's synapses by
//! target, so that it can tell what reached a neuron before a spike. All of it is data: names from a scenario are put into
//! the page as JSON without `<`, and shown as text.

use crate::build::{BuildError, synapses_of};
use crate::plot::{Recorded, Selection, SelectionError, Trace};
use crate::recording::{Recording, RecordingError};
use crate::scenario::Scenario;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// More synapses than this make the page too heavy: about 35 bytes each.
pub const MOST_SYNAPSES: usize = 1_000_000;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The recording cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// What was recorded cannot be had.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The network cannot be built again.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The page cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The synapses of a whole network, by target neuron. Neurons are counted through all populations.
#[derive(Default)]
struct Incoming {
    starts: Vec<u32>,
    sources: Vec<u32>,
    delays_ms: Vec<f64>,
    weights: Vec<f32>,
    receptors: Vec<u8>,
}

/// The page of a recording; `scenario` is the recording's. With more synapses than `most_synapses` it cannot tell what led
/// to a spike, and says so.
///
/// # Errors
/// Files of the recording that cannot be read; a network that cannot be built again.
pub fn page(recording: &Recording, scenario: &Scenario, most_synapses: usize) -> Result<String, ViewError> {
    let recorded = Recorded::read(recording, scenario, &Selection::default())?;
    let first = first_neurons(scenario);
    let (mut epochs, mut offsets, mut neurons) = (Vec::new(), Vec::new(), Vec::new());
    for spike in recording.spikes()? {
        let spike = spike?;
        let (epoch, offset) = spike.at.parts();
        epochs.extend((epoch as f64).to_le_bytes());
        offsets.extend(offset.to_le_bytes());
        neurons.extend((first[spike.population.index()] + spike.neuron.0).to_le_bytes());
    }
    let incoming = incoming(scenario, &first, most_synapses)?;
    let samples = recorded.traces.iter().flat_map(|trace| &trace.samples);
    let samples: Vec<u8> = samples.flat_map(|sample| (sample.1 as f32).to_le_bytes()).collect();
    let meta = meta(recording, scenario, &recorded, incoming.as_ref().map_err(|count| *count));
    let mut arrays =
        vec![("epochs", epochs), ("offsets", offsets), ("neurons", neurons), ("samples", samples)];
    if let Ok(incoming) = incoming {
        arrays.extend(incoming.arrays());
    }
    Ok(assembled(&recording.manifest().name, &meta, &arrays))
}

/// Writes the page to a file; what was there is replaced, at once.
///
/// # Errors
/// The file cannot be written.
pub fn save(page: &str, path: &Path) -> Result<(), ViewError> {
    let failed = |source| ViewError::Write { path: path.to_owned(), source };
    let partial = path.with_extension("partial");
    fs::write(&partial, page).and_then(|()| fs::rename(&partial, path)).map_err(failed)
}

/// The number of each population's first neuron.
fn first_neurons(scenario: &Scenario) -> Vec<u32> {
    let mut next = 0;
    let first = |size: usize| {
        next += size as u32;
        next - size as u32
    };
    scenario.populations.iter().map(|population| population.size).map(first).collect()
}

/// All synapses, or how many they are if they are too many.
fn incoming(scenario: &Scenario, first: &[u32], most: usize) -> Result<Result<Incoming, usize>, ViewError> {
    let mut rows: Vec<(u32, u32, f64, f32, u8)> = Vec::new();
    let mut count = 0;
    for (index, projection) in scenario.projections.iter().enumerate() {
        let made = synapses_of(scenario, index)?;
        count += made.synapses();
        if count > most {
            continue;
        }
        for source in 0..scenario.populations[projection.source].size {
            rows.extend(made.row(source).map(|place| {
                let target = first[projection.target] + made.targets[place];
                let from = first[projection.source] + source as u32;
                let receptor = projection.receptor.min(u8::MAX as usize) as u8;
                (target, from, made.delays.at(place), made.weights.at(place) as f32, receptor)
            }));
        }
    }
    if count > most {
        return Ok(Err(count));
    }
    rows.sort_by_key(|row| row.0);
    let neurons: usize = scenario.populations.iter().map(|population| population.size).sum();
    let mut incoming = Incoming { starts: vec![0; neurons + 1], ..Incoming::default() };
    for (target, source, delay_ms, weight, receptor) in rows {
        incoming.starts[target as usize + 1] += 1;
        incoming.sources.push(source);
        incoming.delays_ms.push(delay_ms);
        incoming.weights.push(weight);
        incoming.receptors.push(receptor);
    }
    for neuron in 0..neurons {
        incoming.starts[neuron + 1] += incoming.starts[neuron];
    }
    Ok(Ok(incoming))
}

impl Incoming {
    fn arrays(self) -> [(&'static str, Vec<u8>); 5] {
        let numbers = |values: Vec<u32>| values.into_iter().flat_map(u32::to_le_bytes).collect();
        [
            ("synapse-starts", numbers(self.starts)),
            ("synapse-sources", numbers(self.sources)),
            ("synapse-delays", self.delays_ms.into_iter().flat_map(f64::to_le_bytes).collect()),
            ("synapse-weights", self.weights.into_iter().flat_map(f32::to_le_bytes).collect()),
            ("synapse-receptors", self.receptors),
        ]
    }
}

fn meta(
    recording: &Recording,
    scenario: &Scenario,
    recorded: &Recorded,
    incoming: Result<&Incoming, usize>,
) -> Value {
    let manifest = recording.manifest();
    let populations = scenario.populations.iter().zip(&manifest.populations).map(|(population, entry)| {
        let receptors = population
            .receptors
            .iter()
            .map(|receptor| json!({ "name": receptor.name, "unit": receptor.kind.weight_unit() }));
        json!({
            "name": population.name,
            "size": population.size,
            "recorded": entry.recorded,
            "receptors": receptors.collect::<Vec<Value>>(),
        })
    });
    let mut first = 0;
    let trace = |trace: &Trace| {
        let count = trace.samples.len();
        first += count;
        json!({
            "population": trace.population,
            "neuron": trace.neuron,
            "variable": trace.variable,
            "unit": trace.unit,
            "threshold": trace.threshold,
            "every": trace.samples.get(1).map_or(1.0, |second| second.0 - trace.samples[0].0),
            "first": first - count,
            "count": count,
        })
    };
    let no_synapses = |count: usize| {
        format!("The network has {count} synapses: too many for this page to tell what led to a spike.")
    };
    json!({
        "name": manifest.name,
        "until": recording.until().as_ms(),
        "complete": manifest.complete,
        "populations": populations.collect::<Vec<Value>>(),
        "traces": recorded.traces.iter().map(trace).collect::<Vec<Value>>(),
        "synapses": incoming.ok().map(|incoming| incoming.sources.len()),
        "no_synapses": incoming.err().map(no_synapses),
    })
}

/// The page with its parts in their places. The parts are looked for in the template only, never in each other.
fn assembled(title: &str, meta: &Value, arrays: &[(&str, Vec<u8>)]) -> String {
    // In a script element only `<` could end it or begin a comment; in JSON it can be written otherwise.
    let meta = meta.to_string().replace('<', "\\u003c");
    let array = |(id, bytes): &(&str, Vec<u8>)| {
        let text = STANDARD.encode(bytes);
        format!("<script type=\"text/plain\" id=\"{id}\">{text}</script>\n")
    };
    let arrays: String = arrays.iter().map(array).collect();
    let escaped = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = [
        ("@TITLE@", escaped.as_str()),
        ("@STYLE@", include_str!("page.css")),
        ("@META@", &meta),
        ("@ARRAYS@", &arrays),
        ("@SCRIPT@", include_str!("page.js")),
    ];
    let (mut page, mut rest) = (String::new(), include_str!("page.html"));
    for (mark, part) in parts {
        let (before, after) = rest.split_once(mark).unwrap_or((rest, ""));
        page += before;
        page += part;
        rest = after;
    }
    page + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_data_and_marks_in_them_are_text() {
        let meta = json!({ "name": "</script><script>alert(1)</script>@SCRIPT@@ARRAYS@" });
        let page = assembled("</title><script>@META@", &meta, &[("epochs", vec![0, 1, 2])]);
        assert_eq!(page.matches("<script").count(), 3, "data, one array, and the program");
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;@META@") && page.contains("id=\"epochs\">AAEC<"));
        assert!(page.trim_end().ends_with("</html>"));
    }
}
