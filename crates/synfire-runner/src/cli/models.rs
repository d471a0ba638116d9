//! `synfire models`: the models' pages, from the same table that checks their parameters.

use super::output::Output;
use super::{CliError, Exit};
use clap::builder::PossibleValuesParser;
use synfire_core::spec::ModelSpec;
use synfire_models::CATALOGUE;

/// The names that can be asked for.
pub fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(CATALOGUE.iter().map(|entry| entry.spec.name))
}

/// Prints the page of the model `name`, or all pages.
pub fn models(name: Option<&str>, output: &mut Output) -> Result<Exit, CliError> {
    let pages = CATALOGUE.iter().map(|entry| entry.spec).filter(|spec| name.is_none_or(|n| n == spec.name));
    let pages: Vec<String> = pages.map(page).collect();
    output.print(&pages.join("\n"))?;
    Ok(Exit::Done)
}

fn page(spec: &ModelSpec) -> String {
    let mut page = format!("{}\n  {}\n", spec.name, spec.summary);
    section(&mut page, "dynamics", spec.equations.iter().map(|line| (*line).to_owned()));
    section(&mut page, "spike", [spec.spike.to_owned()]);
    section(&mut page, "method", [spec.method.to_owned()]);
    let mut rows = vec![];
    for parameter in spec.parameters {
        let default = parameter.default.map_or("required".to_owned(), |default| default.to_string());
        let range = parameter.range.describe().to_owned();
        rows.push([
            parameter.name.to_owned(),
            unit(parameter.unit),
            default,
            range,
            parameter.meaning.to_owned(),
        ]);
    }
    if !rows.is_empty() {
        rows.insert(0, ["name", "unit", "default", "allowed", "meaning"].map(str::to_owned));
    }
    section(&mut page, "parameters", aligned(&rows));
    let variables =
        spec.variables.iter().map(|v| [v.name.to_owned(), unit(v.unit), format!("at rest: {}", v.rest)]);
    section(&mut page, "variables", aligned(&variables.collect::<Vec<_>>()));
    let receptors: Vec<&str> = spec.receptors.iter().map(|kind| kind.name()).collect();
    section(&mut page, "receptors", (!receptors.is_empty()).then(|| receptors.join(", ")));
    section(&mut page, "references", spec.references.iter().map(|line| (*line).to_owned()));
    page
}

fn unit(unit: &str) -> String {
    if unit.is_empty() { "-".to_owned() } else { unit.to_owned() }
}

/// Adds lines under a heading that stands at the left of the first.
fn section(page: &mut String, heading: &str, lines: impl IntoIterator<Item = String>) {
    for (number, line) in lines.into_iter().enumerate() {
        let heading = if number == 0 { heading } else { "" };
        *page += &format!("  {heading:<12}{line}\n");
    }
}

/// The rows of a table as lines, columns at the left.
fn aligned<const N: usize>(rows: &[[String; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[String; N]| {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
