//! Files that a scenario names.

use super::check::{Checked, Checker};
use super::fields::Entry;
use super::names::{nearest, shown};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How many files of a folder are compared with a name that does not exist.
const COMPARED: usize = 10_000;

impl Checker {
    /// A file named in the scenario: it must exist. What is in it is read when it is needed.
    pub fn file(&mut self, entry: &Entry<'_>) -> Checked<PathBuf> {
        let name = self.text(entry, "the name of a file")?;
        let path = self.folder.join(&name);
        let message = match std::fs::metadata(&path) {
            Ok(found) if found.is_file() => return Ok(path),
            Ok(_) => format!("`{}` is a folder", shown(&name)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                format!("there is no file `{}`", shown(&name))
            }
            Err(error) => format!("the file `{}` cannot be opened: {}", shown(&name), error.kind()),
        };
        let help = self.similar_file(&name);
        Err(self.report(entry, message, help))
    }

    /// Where files are looked for, and what lies there under a similar name.
    fn similar_file(&self, name: &str) -> String {
        let place = "files are named relative to the folder of the scenario";
        let wanted = Path::new(name);
        let folder = self.folder.join(wanted.parent().unwrap_or(Path::new("")));
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten().take(COMPARED);
        let mut files: Vec<String> = files.filter_map(|file| file.file_name().into_string().ok()).collect();
        files.sort();
        let base = wanted.file_name().and_then(|base| base.to_str()).unwrap_or("");
        match nearest(base, files.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{}`? {place}", shown(near)),
            None => place.to_string(),
        }
    }
}
