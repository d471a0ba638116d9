//! What is wrong with a scenario: all problems of a file at once, each with its place.

use super::excerpt::{Excerpt, Sweep};
use super::json::Span;
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

/// How many problems of a file are shown; the rest is counted.
pub const SHOWN: usize = 50;
/// How many problems of a file are kept; beyond, they are only counted.
const KEPT: usize = 1000;

/// What kind of problem.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file does not say what a scenario can say.
    Invalid,
    /// The network would be larger than the limits allow.
    TooLarge,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// What kind of problem.
    pub kind: ProblemKind,
    /// JSON path of the value concerned, like `projections[3].weight`; empty for the file as a whole.
    pub path: String,
    /// Where in the text.
    pub span: Span,
    /// Line of the span's beginning, from 1.
    pub line: usize,
    /// Column of the span's beginning, in characters, from 1.
    pub column: usize,
    /// What was found.
    pub message: String,
    /// What is allowed, and what may have been meant.
    pub help: String,
}

/// The problems of one file, in the order of the text; never empty.
#[derive(Clone, Debug)]
pub struct Problems {
    file: PathBuf,
    list: Vec<Problem>,
    excerpts: Vec<Excerpt>,
    total: usize,
}

/// Problems while they are collected.
#[derive(Debug, Default)]
pub(super) struct Collected {
    list: Vec<Problem>,
    total: usize,
}

/// The proof that a problem has been reported: what a failed check returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reported(());

impl Collected {
    /// Takes a problem.
    pub fn report(
        &mut self,
        kind: ProblemKind,
        path: &str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.total += 1;
        if self.list.len() < KEPT {
            let (path, message, help) = (path.to_string(), message.into(), help.into());
            self.list.push(Problem { kind, path, span, line: 0, column: 0, message, help });
        }
        Reported(())
    }

    /// True if further problems are only counted: their words need not be made.
    pub fn is_full(&self) -> bool {
        self.list.len() >= KEPT
    }

    /// True if nothing has been reported.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// All that was reported about the file `file` with this text.
    pub fn finish(mut self, file: &Path, text: &str) -> Problems {
        self.list.sort_by_key(|problem| problem.span);
        let mut sweep = Sweep::new(text);
        let mut excerpts = Vec::new();
        for problem in &mut self.list {
            let place = sweep.place(problem.span.start);
            (problem.line, problem.column) = (place.line, place.column);
            if excerpts.len() < SHOWN {
                excerpts.push(Excerpt::new(text, problem.span, place));
            }
        }
        Problems { file: file.to_path_buf(), list: self.list, excerpts, total: self.total }
    }
}

impl Problems {
    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The problems in the order of the text; at most the first thousand found.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.total
    }

    /// True if one of the problems is that the network is too large.
    pub fn too_large(&self) -> bool {
        self.list.iter().any(|problem| problem.kind == ProblemKind::TooLarge)
    }

    /// The problems one a line: `file:line:column: path: message; help`.
    pub fn plain(&self) -> String {
        let mut out = String::new();
        for problem in self.list.iter().take(SHOWN) {
            let Problem { line, column, path, message, help, .. } = problem;
            let path = if path.is_empty() { String::new() } else { format!("{path}: ") };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}:{line}:{column}: {path}{message}; {help}", self.file.display());
        }
        self.write_rest(&mut out);
        out
    }

    /// The problems with the lines that they are in, the place underlined.
    pub fn render(&self, width: usize, colour: bool) -> String {
        let theme = match colour {
            true => miette::GraphicalTheme::unicode(),
            false => miette::GraphicalTheme::unicode_nocolor(),
        };
        let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
        let mut out = String::new();
        for (problem, excerpt) in self.list.iter().zip(&self.excerpts) {
            let report = Report { problem, excerpt, file: self.file.display().to_string() };
            let _ = handler.render_report(&mut out, &report);
            out.push('\n');
        }
        self.write_rest(&mut out);
        out
    }

    fn write_rest(&self, out: &mut String) {
        let rest = self.total.saturating_sub(SHOWN);
        if rest > 0 {
            let _ = writeln!(out, "{}: and {rest} more problems", self.file.display());
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plain().trim_end())
    }
}

impl std::error::Error for Problems {}

/// One problem as `miette` wants it.
#[derive(Debug)]
struct Report<'a> {
    problem: &'a Problem,
    excerpt: &'a Excerpt,
    file: String,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.problem.path.is_empty() {
            return f.write_str(&self.problem.message);
        }
        write!(f, "{}: {}", self.problem.path, self.problem.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(&self.problem.help))
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let Span { start, end } = self.excerpt.underlined;
        Some(Box::new(std::iter::once(miette::LabeledSpan::underline(start..end))))
    }
}

impl miette::SourceCode for Report<'_> {
    /// The excerpt for any request that wants lines around; for the bare span, its true line and column.
    fn read_span<'b>(
        &'b self,
        span: &miette::SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'b> + 'b>, miette::MietteError> {
        let text = self.excerpt.text.as_bytes();
        let contents = if lines_before + lines_after == 0 {
            let (line, column) = (self.problem.line - 1, self.problem.column - 1);
            let bytes = &text[span.offset()..span.offset() + span.len()];
            miette::MietteSpanContents::new_named(self.file.clone(), bytes, *span, line, column, 1)
        } else {
            let whole = (0, text.len()).into();
            let first_line = self.excerpt.first_line - 1;
            miette::MietteSpanContents::new_named(self.file.clone(), text, whole, first_line, 0, 1)
        };
        Ok(Box::new(contents))
    }
}
