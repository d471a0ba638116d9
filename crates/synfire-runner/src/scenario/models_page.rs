//! The models in words, from the tables that check their parameters.

use crate::catalogue;
use std::fmt::{self, Write};
use synfire_core::spec::{ModelSpec, ParamSpec, VariableSpec};

/// One line for each model.
pub fn list() -> String {
    let width = catalogue::models().map(|entry| entry.spec.name.len()).max().unwrap_or(0);
    catalogue::models().map(|entry| format!("{:width$}  {}\n", entry.spec.name, entry.spec.summary)).collect()
}

/// All about one model: equations, spike and reset, parameters, variables, receptors, method, references.
pub fn page(spec: &ModelSpec) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write_page(&mut page, spec);
    page
}

fn write_page(page: &mut String, spec: &ModelSpec) -> fmt::Result {
    writeln!(page, "{}\n\n{}.", spec.name, spec.summary)?;
    for (title, lines) in [
        ("Dynamics", spec.equations.iter().map(|line| line.to_string()).collect()),
        ("Spikes", vec![spec.spike.to_string()]),
        (
            "Parameters",
            table(["", "unit", "default", "allowed", "meaning"], spec.parameters.iter().map(parameter)),
        ),
        ("Other keys", trains(spec)),
        ("Variables", table(["", "unit", "at rest"], spec.variables.iter().map(variable))),
        ("Receptors", vec![receptors(spec)]),
        ("Method", vec![spec.method.to_string()]),
        ("References", spec.references.iter().map(|line| line.to_string()).collect()),
    ] {
        if lines.is_empty() {
            continue;
        }
        writeln!(page, "\n{title}")?;
        for line in lines {
            writeln!(page, "  {line}")?;
        }
    }
    Ok(())
}

/// The table of all models in Markdown.
pub fn markdown() -> String {
    let mut text = String::from(
        "| model | what it is | dynamics | spikes | parameters | receptors |\n|---|---|---|---|---|---|\n",
    );
    for entry in catalogue::models() {
        let spec = entry.spec;
        let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
        let equations: Vec<String> = spec.equations.iter().map(|line| code(line)).collect();
        let names = spec.parameters.iter().map(|parameter| parameter.name);
        let parameters: Vec<String> =
            names.chain(spec.lists.iter().map(|list| list.name)).map(code).collect();
        let cells = [
            code(spec.name),
            spec.summary.to_string(),
            equations.join("<br>"),
            spec.spike.to_string(),
            parameters.join(", "),
            receptors(spec),
        ];
        let _ = writeln!(
            text,
            "| {} |",
            cells.map(|cell| if cell.is_empty() { "-".into() } else { cell }).join(" | ")
        );
    }
    text
}

fn parameter(spec: &ParamSpec) -> Vec<String> {
    let default = match spec.default {
        Some(value) if value.is_nan() => "none".to_string(),
        Some(value) if value.is_infinite() => format!("\"{value}\""),
        Some(value) => value.to_string(),
        None => "required".to_string(),
    };
    vec![spec.name.into(), unit(spec.unit), default, spec.range.describe().into(), spec.meaning.into()]
}

fn variable(spec: &VariableSpec) -> Vec<String> {
    vec![spec.name.into(), unit(spec.unit), spec.rest.into()]
}

fn unit(unit: &str) -> String {
    if unit.is_empty() { "-".into() } else { unit.into() }
}

fn trains(spec: &ModelSpec) -> Vec<String> {
    let keys = super::keys::neuron_keys(spec);
    let others =
        keys.iter().filter(|key| spec.parameters.iter().all(|parameter| parameter.name != key.name)).skip(1);
    table(["", "meaning"], others.map(|key| vec![key.name.to_string(), key.meaning.to_string()]))
}

fn receptors(spec: &ModelSpec) -> String {
    let names: Vec<&str> = spec.receptors.iter().map(|kind| kind.name()).collect();
    match names[..] {
        [] if spec.is_source => "none: it takes no input".into(),
        [] => "none: weights add to the input".into(),
        _ => names.join(", "),
    }
}

/// Rows under a heading, in columns of equal width; nothing if there are none.
fn table<const N: usize>(heading: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return Vec::new();
    }
    rows.insert(0, heading.map(str::to_string).to_vec());
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_all_that_the_table_has() {
        for entry in catalogue::models() {
            let page = page(entry.spec);
            assert!(list().contains(&format!("{}  ", entry.spec.name)));
            for parameter in entry.spec.parameters {
                // An equation may begin with the same name.
                let mut rows = page.lines().filter(|line| line.trim_start().starts_with(parameter.name));
                let is_told =
                    |row: &str| row.contains(parameter.meaning) && row.contains(parameter.range.describe());
                assert!(rows.any(is_told), "no {} in\n{page}", parameter.name);
            }
            for line in entry.spec.equations.iter().chain(entry.spec.references) {
                assert!(page.contains(line), "{page}");
            }
        }
    }

    #[test]
    fn the_markdown_table_has_as_many_cells_in_each_row() {
        let text = markdown();
        assert_eq!(text.lines().count(), catalogue::models().count() + 2);
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        assert!(text.lines().all(|line| cells(line) == 7), "{text}");
    }
}
