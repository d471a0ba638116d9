//! Formulas in strings: what is wrong with one is shown in its text.

use super::check::{Checked, Checker};
use super::fields::Entry;
use super::json::Span;
use super::names::{listed, shown};
use super::problem::{ProblemKind, Reported};
use std::ops::Range;
use synfire_models::equations::CONSTANT_CURRENT;
use synfire_numerics::formula::{FUNCTIONS, Flaw, FlawKind, Formula, LONGEST, read};

/// Formulas for functions that have other names here, or none.
const INSTEAD: &[(&str, &str)] = &[
    ("ln", "log(x)"),
    ("log10", "log(x)/log(10)"),
    ("log2", "log(x)/log(2)"),
    ("pow", "x^y"),
    ("sqr", "x^2"),
    ("square", "x^2"),
    ("tan", "sin(x)/cos(x)"),
    ("sinh", "(exp(x) - exp(-x))/2"),
    ("expm1", "exp(x) - 1"),
    ("sigmoid", "1/(1 + exp(-x))"),
    ("logistic", "1/(1 + exp(-x))"),
];

const SMOOTH: &str = "formulas have to be smooth; `pwl_integrate_and_fire`, `mckean` and `pwl_planar` are the models with \
                      piecewise linear equations";

fn functions() -> Vec<&'static str> {
    FUNCTIONS.iter().map(|(name, _)| *name).collect()
}

impl Checker {
    /// The formula of a string.
    pub fn formula(&mut self, entry: &Entry<'_>, names: &[String]) -> Checked<Formula> {
        let text = self.text(entry, "a formula")?;
        read(&text, names).map_err(|flaw| self.report_formula(entry, &text, flaw, names))
    }

    pub fn report_formula<S: AsRef<str>>(
        &mut self,
        entry: &Entry<'_>,
        text: &str,
        flaw: Flaw,
        names: &[S],
    ) -> Reported {
        let found = match text.get(flaw.span.clone()) {
            None | Some("") => "the end".to_string(),
            Some(found) => format!("`{}`", shown(found)),
        };
        let known = names.iter().map(AsRef::as_ref).filter(|name| !name.is_empty());
        let (message, help) = match &flaw.kind {
            FlawKind::UnknownName(name) if name == CONSTANT_CURRENT => {
                ("`i_e` in a formula".to_string(), "the parameter `i_e` is part of `I`".to_string())
            }
            FlawKind::UnknownName(name) => (
                format!("there is no variable or parameter {found}"),
                self.suggestion(name, known, "names in this formula"),
            ),
            FlawKind::UnknownFunction(name) => {
                (format!("there is no function {found}"), self.instead_of_function(name))
            }
            FlawKind::Piecewise(_) => (format!("{found} makes a formula piecewise"), SMOOTH.to_string()),
            FlawKind::NoArgument(name) => {
                (format!("{found} without its argument"), format!("write `{name}(...)`"))
            }
            FlawKind::NoOperation => {
                (format!("expected an operation, found {found}"), "a product needs its `*`".to_string())
            }
            FlawKind::BadNumber => {
                (format!("{found} is no number"), "write numbers like 0.04 or 1e-3".to_string())
            }
            FlawKind::LargeNumber => {
                (format!("{found} is too large for a double"), format!("numbers go up to {:e}", f64::MAX))
            }
            FlawKind::Expected(what) => (
                format!("expected {what}, found {found}"),
                format!("a formula has numbers, names, + - * / ^, parentheses and {}", listed(&functions())),
            ),
            FlawKind::TooDeep => (
                "parentheses, signs and powers are too deep in one another".to_string(),
                "at most 100".to_string(),
            ),
            _ => ("the formula is too long".to_string(), format!("at most {LONGEST} bytes")),
        };
        self.report_inside(entry, flaw.span, message, help)
    }

    /// What to write instead of a function that there is not.
    fn instead_of_function(&self, name: &str) -> String {
        match INSTEAD.iter().find(|(other, _)| *other == name) {
            Some((_, formula)) => format!("write `{formula}`"),
            None => self.suggestion(name, functions(), "functions"),
        }
    }

    /// Reports a problem with a part of a string; of a string with escapes, with all of it.
    pub fn report_inside(
        &mut self,
        entry: &Entry<'_>,
        part: Range<usize>,
        message: String,
        help: impl Into<String>,
    ) -> Reported {
        let whole = entry.node.span();
        let has_escapes = entry.node.raw().contains('\\');
        let start = whole.start + 1 + part.start;
        // At the end of the text the closing quotation mark is shown.
        let end = (whole.start + 1 + part.end).max(start + 1);
        let span = if has_escapes { whole } else { Span { start, end } };
        self.problems.report(ProblemKind::Invalid, &entry.path, span, message, help)
    }
}
