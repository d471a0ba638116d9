//! Configuration files: JSON with a manifest of variables for paths.

use super::ImportError;
use crate::formats::FileError;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The two configurations of a simulation.
pub(super) struct Config {
    /// A name for the network: that of the configuration's folder.
    pub(super) name: String,
    /// How it is run.
    pub(super) simulation: Document,
    /// What it consists of.
    pub(super) circuit: Document,
}

impl Config {
    pub(super) fn open(path: &Path) -> Result<Config, ImportError> {
        let config = Document::open(path)?;
        let simulation = match config.path("simulation")? {
            Some(path) => Document::open(&path)?,
            None => config.clone(),
        };
        let circuit = match (config.path("network")?, simulation.path("network")?) {
            (Some(path), _) | (None, Some(path)) => Document::open(&path)?,
            (None, None) => config.clone(),
        };
        if circuit.get("networks").is_none() {
            let problem = "no \"networks\"; a configuration needs \"network\", the circuit's file";
            return Err(ImportError::wrong(&circuit.path, "networks", problem));
        }
        Ok(Config { name: folder_name(path), simulation, circuit })
    }
}

fn folder_name(path: &Path) -> String {
    let folder = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
    let name = folder.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "network".to_owned())
}

/// A JSON file.
#[derive(Clone)]
pub(super) struct Document {
    /// The file.
    pub(super) path: PathBuf,
    value: Value,
    folder: PathBuf,
    /// Variables without their dollar sign, longer names first.
    variables: Vec<(String, String)>,
}

impl Document {
    pub(super) fn open(path: &Path) -> Result<Document, ImportError> {
        let value = read_json(path)?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut variables = Vec::new();
        if let Some(Value::Object(manifest)) = value.get("manifest") {
            for (name, text) in manifest {
                let Value::String(text) = text else {
                    return Err(ImportError::wrong(path, format!("manifest.{name}"), "expected a string"));
                };
                variables.push((name.trim_start_matches('$').to_owned(), text.clone()));
            }
        }
        variables.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Ok(Document { path: path.to_owned(), value, folder, variables })
    }

    /// The value at keys joined by dots, as `run.tstop`.
    pub(super) fn get(&self, keys: &str) -> Option<&Value> {
        keys.split('.').try_fold(&self.value, |value, key| value.get(key)).filter(|value| !value.is_null())
    }

    /// The text there, if anything is.
    pub(super) fn text(&self, keys: &str) -> Result<Option<&str>, ImportError> {
        match self.get(keys) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(keys, format!("found {other}, expected a string"))),
        }
    }

    /// The number there, if anything is.
    pub(super) fn number(&self, keys: &str) -> Result<Option<f64>, ImportError> {
        match self.get(keys) {
            None => Ok(None),
            Some(value) => {
                let number = value
                    .as_f64()
                    .ok_or_else(|| self.wrong(keys, format!("found {value}, expected a number")));
                number.map(Some)
            }
        }
    }

    /// The array there; empty if nothing is.
    pub(super) fn array(&self, keys: &str) -> Result<&[Value], ImportError> {
        match self.get(keys) {
            None => Ok(&[]),
            Some(Value::Array(values)) => Ok(values),
            Some(other) => Err(self.wrong(keys, format!("found {other}, expected an array"))),
        }
    }

    /// The path there, with variables put in and relative to this file's folder, if anything is.
    pub(super) fn path(&self, keys: &str) -> Result<Option<PathBuf>, ImportError> {
        self.text(keys)?.map(|text| self.resolve(keys, text)).transpose()
    }

    /// The path that a text of this file means.
    pub(super) fn resolve(&self, keys: &str, text: &str) -> Result<PathBuf, ImportError> {
        let mut resolved = text.to_owned();
        // Variables may be defined by others; a chain longer than there are variables is a circle.
        for _ in 0..=self.variables.len() {
            let Some(start) = resolved.find('$') else {
                // Through its components, which leaves out "." folders.
                return Ok(self.folder.join(resolved).components().collect());
            };
            let rest = &resolved[start + 1..];
            let value = |(name, value): &(String, String)| {
                let after = match rest.strip_prefix('{') {
                    Some(braced) => braced.strip_prefix(name.as_str())?.strip_prefix('}'),
                    None => rest.strip_prefix(name.as_str()),
                };
                after.map(|after| format!("{}{value}{after}", &resolved[..start]))
            };
            match self.variables.iter().find_map(value) {
                Some(text) => resolved = text,
                None => {
                    return Err(
                        self.wrong(keys, format!("\"{text}\" has a variable that the manifest has not"))
                    );
                }
            }
        }
        Err(self.wrong(keys, format!("\"{text}\" has a variable that is defined by itself")))
    }

    pub(super) fn wrong(&self, keys: &str, problem: impl Into<String>) -> ImportError {
        ImportError::wrong(&self.path, keys, problem)
    }
}

/// Reads a JSON file.
pub(super) fn read_json(path: &Path) -> Result<Value, ImportError> {
    let text = std::fs::read_to_string(path).map_err(|e| FileError::system(path, e))?;
    serde_json::from_str(&text).map_err(|source| ImportError::Json { path: path.to_owned(), source })
}
