//! The code map names every source file, and names none that does not exist.

use std::path::{Path, PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates")
}

/// What the map has between backticks that looks like a path of a crate.
fn named(map: &str) -> Vec<&str> {
    map.split('`')
        .skip(1)
        .step_by(2)
        .filter(|text| text.starts_with("synfire-") && text.contains('/'))
        .collect()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_path_on_the_map_exists() {
    let map = std::fs::read_to_string(crates().join("README.md")).unwrap();
    let named = named(&map);
    assert!(named.len() > 30, "the map names only {} paths", named.len());
    for path in named {
        assert!(crates().join(path).exists(), "the code map names {path}, which does not exist");
    }
}

#[test]
fn every_source_file_is_on_the_map() {
    let map = std::fs::read_to_string(crates().join("README.md")).unwrap();
    let named = named(&map);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(crates()).unwrap() {
        let src = entry.unwrap().path().join("src");
        if src.is_dir() {
            sources(&src, &mut files);
        }
    }
    for file in files {
        let path = file.strip_prefix(crates()).unwrap().to_str().unwrap();
        // A folder on the map stands for what is in it; crate roots go without saying.
        let is_named = named.iter().any(|n| *n == path || (n.ends_with('/') && path.starts_with(n)));
        assert!(is_named || path.ends_with("src/lib.rs"), "{path} is not on the code map");
    }
}

#[test]
fn the_readme_has_the_models_as_they_are() {
    let readme = std::fs::read_to_string(crates().join("../README.md")).unwrap();
    let table = synfire_runner::scenario::models_page::markdown();
    assert!(readme.contains(table.trim_end()), "the models table of README.md is not this one:\n{table}");
}
