//! What there is to replay: scenarios that say what must come out, and recordings.

use crate::recording::is_recording;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Something to run again and compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// How the report calls it.
    pub label: String,
    /// The file, or the recording's folder.
    pub path: PathBuf,
    /// What kind of case.
    pub kind: CaseKind,
}

/// The kinds of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseKind {
    /// A scenario with `expect`.
    Scenario,
    /// A recording.
    Recording,
}

/// Paths that are nothing to replay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CasesError {
    /// A file or folder that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A scenario that was named, and says nothing about what must come out.
    #[error("{}: nothing to compare with: the scenario has no `expect`", .0.display())]
    NoExpect(PathBuf),
    /// A folder without any case.
    #[error("{}: no scenario with `expect` and no recording in this folder", .0.display())]
    Empty(PathBuf),
}

/// The cases that are named by `paths`: files, recordings, and folders that are searched, in the order of names.
///
/// # Errors
/// A path that cannot be read, or is nothing to replay.
pub fn collect(paths: &[PathBuf]) -> Result<Vec<Case>, CasesError> {
    let mut cases = vec![];
    for path in paths {
        let metadata =
            fs::metadata(path).map_err(|source| CasesError::Read { path: path.clone(), source })?;
        let label = label(path, None);
        if !metadata.is_dir() {
            if has_no_expect(path)? {
                return Err(CasesError::NoExpect(path.clone()));
            }
            cases.push(Case { label, path: path.clone(), kind: CaseKind::Scenario });
        } else if is_recording(path) || path.extension() == Some(OsStr::new("partial")) {
            // One that is not finished is named to be told so.
            cases.push(Case { label, path: path.clone(), kind: CaseKind::Recording });
        } else {
            let before = cases.len();
            // Labels begin with the folder's own name, if that is unambiguous.
            let root = if path.file_name().is_some() { path.parent() } else { Some(path.as_path()) };
            search(path, root.filter(|_| paths.len() == 1), &mut cases)?;
            if cases.len() == before {
                return Err(CasesError::Empty(path.clone()));
            }
        }
    }
    Ok(cases)
}

fn search(folder: &Path, root: Option<&Path>, cases: &mut Vec<Case>) -> Result<(), CasesError> {
    let failed = |source| CasesError::Read { path: folder.to_owned(), source };
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        // Links to folders are not followed: they may lead back.
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        let mut add = |kind| cases.push(Case { label: label(&path, root), path: path.clone(), kind });
        if is_folder {
            if is_recording(&path) {
                add(CaseKind::Recording);
            } else {
                search(&path, root, cases)?;
            }
        } else if path.extension() == Some(OsStr::new("json")) && is_case(&path)? {
            add(CaseKind::Scenario);
        }
    }
    Ok(())
}

fn label(path: &Path, root: Option<&Path>) -> String {
    let short = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(path);
    let short =
        if short.extension() == Some(OsStr::new("json")) { short.with_extension("") } else { short.into() };
    short.display().to_string()
}

/// Whether a JSON file that was found is a scenario with `expect`. One that cannot be read as JSON is a case if it looks
/// like a scenario: it will fail, and not be passed over.
fn is_case(path: &Path) -> Result<bool, CasesError> {
    let text = read(path)?;
    Ok(match serde_json::from_slice::<serde_json::Value>(&text) {
        Ok(value) => value.get("synfire").is_some() && value.get("expect").is_some(),
        Err(_) => {
            let text = String::from_utf8_lossy(&text);
            text.contains("\"synfire\"") && text.contains("\"expect\"")
        }
    })
}

/// Whether a file that was named is a scenario without `expect`. What is no scenario at all is left to the loader.
fn has_no_expect(path: &Path) -> Result<bool, CasesError> {
    let value = serde_json::from_slice::<serde_json::Value>(&read(path)?);
    Ok(value.is_ok_and(|value| value.get("synfire").is_some() && value.get("expect").is_none()))
}

fn read(path: &Path) -> Result<Vec<u8>, CasesError> {
    fs::read(path).map_err(|source| CasesError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_in_order_and_recordings_are_not_entered() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let files = [
            ("b/two.json", "{\"synfire\": 1, \"expect\": {}}"),
            ("b/no-expect.json", "{\"synfire\": 1}"),
            ("b/other.json", "{\"expect\": 1}"),
            ("a/broken.json", "{\"synfire\": 1, \"expect\": "),
            ("a/not-json.json", "hello"),
            ("a.json", "{\"expect\": {}, \"synfire\": 1}"),
            ("c/manifest.json", "{\n  \"synfire_recording\": 1"),
            ("c/scenario.json", "{\"synfire\": 1, \"expect\": {}}"),
        ];
        for (name, text) in files {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
        let labels = |paths: &[PathBuf]| -> Vec<String> {
            collect(paths).unwrap().into_iter().map(|case| case.label).collect()
        };
        let name = root.file_name().unwrap().to_str().unwrap();
        let found = ["a/broken", "a", "b/two", "c"].map(|label| format!("{name}/{label}"));
        assert_eq!(labels(&[root.to_owned()]), found);
        assert!(labels(&[root.join("b"), root.join("c")])[0].ends_with("b/two"));
        assert!(matches!(collect(&[root.join("b/no-expect.json")]), Err(CasesError::NoExpect(_))));
        assert!(matches!(collect(&[root.join("missing")]), Err(CasesError::Read { .. })));
        fs::create_dir(root.join("empty")).unwrap();
        assert!(matches!(collect(&[root.join("empty")]), Err(CasesError::Empty(_))));
    }
}
