//! The state of checking one file: problems, and what has been counted.

use super::fields::{Entry, Named};
use super::json::{Flaw, Span};
use super::limits::{Limits, Needs};
use super::names::suggestion;
use super::problem::{Collected, ProblemKind, Reported};
use std::path::PathBuf;

/// A value, or the proof that a problem was reported. What fails is reported at once, and the reading goes on beside it.
pub(super) type Checked<T> = Result<T, Reported>;

/// Checks one file. Its methods are where they belong: reading objects in `fields`, values in `values`, and so on.
pub(super) struct Checker {
    pub problems: Collected,
    /// The folder of the file, to which other files are relative.
    pub folder: PathBuf,
    pub limits: Limits,
    /// What has been counted so far.
    pub needs: Needs,
}

impl Checker {
    /// Reports a problem with a value.
    pub fn report(
        &mut self,
        at: &Entry<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.problems.report(ProblemKind::Invalid, &at.path, at.underlined(), message, help)
    }

    /// Reports a problem with a name of the user's.
    pub fn report_name(
        &mut self,
        at: &Named<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.problems.report(ProblemKind::Invalid, &at.entry.path, at.name_span, message, help)
    }

    /// Reports, at the object's brace, that something is not there.
    pub fn report_missing(&mut self, object: &Entry<'_>, message: &str, help: &str) -> Reported {
        let Span { start, .. } = object.node.span();
        let brace = Span { start, end: start + 1 };
        self.problems.report(ProblemKind::Invalid, &object.path, brace, message, help)
    }

    /// Reports a value that cannot be read.
    pub fn report_flaw(&mut self, at: &Entry<'_>, flaw: Flaw) -> Reported {
        self.problems.report(ProblemKind::Invalid, &at.path, flaw.span, flaw.message, flaw.help)
    }

    /// What to say where `found` is none of `names`; nothing once problems are only counted, for the names may be many.
    pub fn suggestion<'n>(
        &self,
        found: &str,
        names: impl IntoIterator<Item = &'n str>,
        what: &str,
    ) -> String {
        if self.problems.is_full() { String::new() } else { suggestion(found, names, what) }
    }

    /// Reports a value that is not what it should be.
    pub fn expected(&mut self, at: &Entry<'_>, expected: &str) -> Reported {
        let message = format!("expected {expected}, found {}", at.node.describe());
        let help = at.number_in_string(expected).or_else(|| at.meaning());
        self.report(at, message, help.unwrap_or_else(|| format!("allowed is {expected}")))
    }
}
