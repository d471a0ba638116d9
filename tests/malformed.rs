//! Malformed scenarios: every one is refused with a problem at the right place, and nothing makes the reader panic.

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use synfire_runner::scenario::{Limits, LoadError, Problems, check, load};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("malformed")
}

fn base() -> String {
    std::fs::read_to_string(folder().join("base.json")).unwrap()
}

/// The problems of a text that stands for a file beside `base.json`.
fn problems(text: &str) -> Option<Problems> {
    check(text.to_string(), &folder().join("case.json"), &Limits::default()).err()
}

/// One line of a `.cases` file, see the folder's README.
struct Case {
    mutated: String,
    /// The lines that were changed, from 1.
    changed: std::ops::RangeInclusive<usize>,
    path: String,
    several: bool,
    elsewhere: bool,
    underlined: String,
    message: String,
}

impl Case {
    fn read(line: &str, base: &str) -> Case {
        let mut columns = line.split('|').map(str::trim);
        let (find, replace) =
            columns.next().unwrap().split_once("=>").unwrap_or_else(|| panic!("no => in {line}"));
        let (find, replace) = (find.trim(), replace.trim());
        let [path, underlined, message] =
            std::array::from_fn(|_| columns.next().unwrap_or_else(|| panic!("{line}")));
        assert_eq!(columns.next(), None, "too many columns: {line}");
        assert_eq!(base.matches(find).count(), 1, "`{find}` must occur once");
        let at = base.find(find).unwrap();
        let mutated = base.replacen(find, replace, 1);
        let line_of = |text: &str, at: usize| text[..at].matches('\n').count() + 1;
        Case {
            changed: line_of(&mutated, at)..=line_of(&mutated, at + replace.len()),
            mutated,
            path: path.trim_start_matches(['+', '~']).to_string(),
            several: path.contains('+'),
            elsewhere: path.contains('~'),
            underlined: underlined.to_string(),
            message: message.to_string(),
        }
    }

    /// What is wrong with the answer to this case, if anything.
    fn complaint(&self) -> Option<String> {
        let Some(problems) = problems(&self.mutated) else { return Some("no problem was found".to_string()) };
        let fits = |problem: &&synfire_runner::scenario::Problem| {
            let underlined = &self.mutated[problem.span.start..problem.span.end];
            let said = format!("{}; {}", problem.message, problem.help);
            // What is missing is reported at the brace of the object, which may lie before.
            let in_line = self.changed.contains(&problem.line) != self.elsewhere || underlined == "{";
            problem.path == self.path
                && underlined == self.underlined
                && said.contains(&self.message)
                && in_line
        };
        let right = problems.list().iter().any(|problem| fits(&problem));
        (!right || (problems.total() > 1) != self.several).then(|| problems.plain())
    }
}

#[test]
fn the_base_is_valid() {
    if let Some(problems) = problems(&base()) {
        panic!("{problems}");
    }
}

#[test]
fn every_malformed_scenario_has_its_problem_at_the_right_place() {
    let base = base();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "cases"));
    files.sort();
    let (mut count, mut complaints) = (0, String::new());
    for file in files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            if line.trim().is_empty() || line.starts_with("# ") {
                continue;
            }
            count += 1;
            if let Some(complaint) = Case::read(line, &base).complaint() {
                complaints += &format!("\n{line}\n    {}\n", complaint.trim().replace('\n', "\n    "));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints}");
    assert!(count >= 200, "only {count} cases");
}
