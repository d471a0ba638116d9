//! The files that a scenario refers to, kept with the recording: it can be repeated after the originals have moved.

use super::RecordingError;
use super::manifest::{Input, digest_of};
use crate::scenario::{Pairs, Rule, Scenario, SpikeTimes};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Files above this size are not copied; the recording names them by absolute path and checksum instead.
const LARGEST_COPY: u64 = 64 << 20;

/// Copies the files that the scenario refers to into the folder `inputs` of the recording. Answers the scenario's text
/// with their new names, and the list of them.
///
/// # Errors
/// A file that cannot be read or copied.
pub fn store(scenario: &Scenario, recording: &Path) -> Result<(String, Vec<Input>), RecordingError> {
    let folder = scenario.path.parent().unwrap_or(Path::new(""));
    let referenced = referenced(scenario);
    let mut inputs: Vec<Input> = vec![];
    let mut new_names: BTreeMap<String, String> = BTreeMap::new();
    for written in strings(&scenario.text) {
        let from_folder = folder.join(&written);
        let is_reference = referenced.iter().any(|path| *path == from_folder || *path == Path::new(&written));
        if !is_reference || new_names.contains_key(&written) {
            continue;
        }
        let input = keep(&written, &from_folder, recording, &inputs)?;
        new_names.insert(written, input.file.clone());
        inputs.push(input);
    }
    let text = with_strings_replaced(&scenario.text, |string| new_names.get(string).cloned());
    Ok((text, inputs))
}

/// Checks that the files which were too large to copy are still what they were.
///
/// # Errors
/// The first that is not.
pub fn check(inputs: &[Input]) -> Result<(), RecordingError> {
    for input in inputs.iter().filter(|input| Path::new(&input.file).is_absolute()) {
        let path = PathBuf::from(&input.file);
        if digest_of(&path)? != input.blake3 {
            return Err(RecordingError::Damaged { path, what: "has changed since it was used".into() });
        }
    }
    Ok(())
}

fn keep(written: &str, path: &Path, recording: &Path, inputs: &[Input]) -> Result<Input, RecordingError> {
    let failed = |error| RecordingError::io(path, "cannot be read", error);
    let bytes = fs::metadata(path).map_err(failed)?.len();
    let blake3 = digest_of(path)?;
    let file = if bytes > LARGEST_COPY {
        fs::canonicalize(path).map_err(failed)?.to_string_lossy().into_owned()
    } else {
        let file = free_name(path, inputs);
        let copy = recording.join(&file);
        let failed = |error| RecordingError::io(&copy, "cannot be written", error);
        fs::create_dir_all(recording.join("inputs")).map_err(failed)?;
        // Not `fs::copy`: a copy of a file that may not be written could not be put on the disk or replaced.
        let mut source =
            File::open(path).map_err(|error| RecordingError::io(path, "cannot be read", error))?;
        File::create(&copy).and_then(|mut copy| io::copy(&mut source, &mut copy)).map_err(failed)?;
        file
    };
    Ok(Input { written: written.to_owned(), file, bytes, blake3 })
}

/// A name in the folder `inputs` that is not taken yet.
fn free_name(path: &Path, inputs: &[Input]) -> String {
    let name = path.file_name().map_or("file".into(), |name| name.to_string_lossy());
    let mut file = format!("inputs/{name}");
    let mut number = 2;
    while inputs.iter().any(|input| input.file == file) {
        file = format!("inputs/{number}-{name}");
        number += 1;
    }
    file
}

fn referenced(scenario: &Scenario) -> Vec<&Path> {
    let trains = scenario.populations.iter().filter_map(|population| match &population.spike_times {
        SpikeTimes::File { path, .. } => Some(path.as_path()),
        _ => None,
    });
    let pairs = scenario.projections.iter().filter_map(|projection| match &projection.rule {
        Rule::Explicit(Pairs::File(path)) => Some(path.as_path()),
        _ => None,
    });
    let expected = scenario.expect.iter().filter_map(|expect| expect.spikes_file.as_deref());
    trains.chain(pairs).chain(expected).collect()
}

/// All strings of a JSON text, keys too.
fn strings(json: &str) -> Vec<String> {
    let mut found = vec![];
    with_strings_replaced(json, |string| {
        found.push(string.to_owned());
        None
    });
    found
}

/// A JSON text with some of its strings replaced and everything else as it was.
fn with_strings_replaced(json: &str, mut replacement: impl FnMut(&str) -> Option<String>) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let length = string_length(&rest[start..]);
        let literal = &rest[start..start + length];
        let new = serde_json::from_str::<String>(literal).ok().and_then(|string| replacement(&string));
        text.push_str(&rest[..start]);
        match new {
            Some(new) => text.push_str(&serde_json::Value::String(new).to_string()),
            None => text.push_str(literal),
        }
        rest = &rest[start + length..];
    }
    text + rest
}

/// The length of the string literal at the beginning of `json`, with both quotes.
fn string_length(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_behind_escapes() {
        let json = r#"{"a": "x\"y", "b\\": ["ü", "\u00fc", 1e3]}"#;
        assert_eq!(strings(json), ["a", "x\"y", "b\\", "ü", "ü"]);
    }

    #[test]
    fn only_the_strings_asked_for_change() {
        let json = r#"{"file": "../e.csv", "name": "../e.csv.old", "n": [1.0, 2]}"#;
        let new = with_strings_replaced(json, |s| (s == "../e.csv").then(|| "inputs/e.csv".to_owned()));
        assert_eq!(new, r#"{"file": "inputs/e.csv", "name": "../e.csv.old", "n": [1.0, 2]}"#);
    }
}
