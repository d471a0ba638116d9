//! From a file to a checked scenario.

use super::check::{Checked, Checker};
use super::draft::Drafts;
use super::fields::Entry;
use super::json::{self, Node, Span};
use super::keys::{POPULATION, SCENARIO};
use super::limits::{Limits, Needs};
use super::problem::{Collected, ProblemKind, Problems};
use super::{Record, Scenario};
use std::io::Read;
use std::path::{Path, PathBuf};
use synfire_core::Time;

/// A scenario that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a scenario, or not one that can be run.
    #[error(transparent)]
    Problems(#[from] Problems),
}

/// Reads and checks a scenario.
///
/// # Errors
/// A file that cannot be read; all problems of one that can.
pub fn load(path: &Path) -> Result<Scenario, LoadError> {
    load_within(path, &Limits::default())
}

/// The same within other limits.
///
/// # Errors
/// As [`load`].
pub fn load_within(path: &Path, limits: &Limits) -> Result<Scenario, LoadError> {
    let bytes = read(path).map_err(|source| LoadError::Read { path: path.to_path_buf(), source })?;
    let text = decode(bytes, path)?;
    Ok(check(text, path, limits)?)
}

/// Checks the text of a scenario. `path` is the file that it stands for: its folder is where other files are looked for.
///
/// # Errors
/// All problems of the text.
pub fn check(text: String, path: &Path, limits: &Limits) -> Result<Scenario, Problems> {
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let mut checker =
        Checker { problems: Collected::default(), folder, limits: *limits, needs: Needs::default() };
    let scenario = match json::parse(&text) {
        Ok(node) => checker.scenario(node, path),
        Err(flaw) => {
            Err(checker.problems.report(ProblemKind::Invalid, "", flaw.span, flaw.message, flaw.help))
        }
    };
    match scenario {
        Ok(scenario) if checker.problems.is_empty() => Ok(Scenario { text, ..scenario }),
        _ => Err(checker.problems.finish(path, &text)),
    }
}

/// Files of more bytes are refused: long lists belong into files of their own.
const LARGEST_FILE: u64 = 1 << 30;

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    let length = file.metadata()?.len();
    if length <= LARGEST_FILE {
        // Devices have no length, but an end that may not come.
        file.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    }
    if length.max(bytes.len() as u64) > LARGEST_FILE {
        let message = "more than 1 GiB; spike times and pairs can be in files of their own";
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// The text of a file, which is UTF-8.
fn decode(bytes: Vec<u8>, path: &Path) -> Result<String, Problems> {
    let (message, help) = match bytes[..] {
        [0xEF, 0xBB, 0xBF, ..] => {
            ("the file begins with a byte order mark", "save it as UTF-8 without byte order mark (BOM)")
        }
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, _, ..] | [_, 0, ..] => {
            ("the file is UTF-16 or UTF-32 text", "save it as UTF-8")
        }
        _ => match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let byte = error.as_bytes()[at];
                let message = format!("the byte {byte:#04x} is not UTF-8 text");
                let span = Span { start: at, end: at + '\u{fffd}'.len_utf8() };
                return Err(alone(path, &text, span, &message, "save the file as UTF-8"));
            }
        },
    };
    Err(alone(path, "", Span { start: 0, end: 0 }, message, help))
}

fn alone(path: &Path, text: &str, span: Span, message: &str, help: &str) -> Problems {
    let mut problems = Collected::default();
    problems.report(ProblemKind::Invalid, "", span, message, help);
    problems.finish(path, text)
}

impl Checker {
    fn scenario(&mut self, node: Node<'_>, path: &Path) -> Checked<Scenario> {
        let root = Entry::root(node);
        let fields = self.fields_or(&root, SCENARIO, "a scenario", |key| {
            let of_population = POPULATION.iter().any(|known| known.name == key);
            of_population.then_some("one of the `populations`")
        })?;
        self.required(&fields, "synfire").and_then(|entry| self.version(&entry))?;
        let name = match fields.get("name") {
            Some(entry) => self.text(entry, "a name"),
            None => Ok(path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned())),
        };
        let seed = fields.get("seed").map_or(Ok(0), |seed| self.whole(seed));
        let duration = self.instant(&fields, "duration");
        let duration_ms = duration.ok().map(Time::as_ms);

        let populations = self.required(&fields, "populations").and_then(|entry| self.populations(&entry));
        let none = Drafts::default();
        let drafts = populations.as_ref().unwrap_or(&none);
        // Without populations every name would be reported again.
        let (mut projections, mut stimuli) = (Ok(Vec::new()), Ok(Vec::new()));
        let (mut record, mut expect) = (Ok(Record::default()), Ok(None));
        if populations.is_ok() {
            if let Some(entry) = fields.get("projections") {
                projections = self.projections(entry, drafts);
            }
            let entry = fields.get("stimuli");
            stimuli = self.each(entry, "an array of stimuli", |checker, item| checker.stimulus(item, drafts));
            if let Some(entry) = fields.get("record") {
                record = self.record(entry, drafts, duration_ms);
            }
            if let Some(entry) = fields.get("expect") {
                expect = self.expect(entry, drafts, duration_ms).map(Some);
            }
        }

        let populations = populations?.finish();
        Ok(Scenario {
            path: path.to_path_buf(),
            text: String::new(),
            name: name?,
            seed: seed?,
            duration: duration?,
            populations: populations?,
            projections: projections?,
            stimuli: stimuli?,
            record: record?,
            expect: expect?,
        })
    }

    fn version(&mut self, entry: &Entry<'_>) -> Checked<()> {
        if entry.node.whole_number() == Some(1) {
            return Ok(());
        }
        let message = format!("version {} of the format", entry.node.describe());
        Err(self.report(entry, message, "this build reads version 1: \"synfire\": 1"))
    }
}
