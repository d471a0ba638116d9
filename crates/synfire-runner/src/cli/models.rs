//! `synfire models`: the models' pages, from the same table that checks their parameters.

use super::output::Output;
use super::{CliError, Exit};
use crate::catalogue;
use crate::scenario::models_page::{list, page};
use clap::builder::PossibleValuesParser;

/// The names that can be asked for.
pub fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(catalogue::models().map(|entry| entry.spec.name))
}

/// Prints the page of the model `name`; without a name, the list of all models and their pages.
pub fn models(name: Option<&str>, output: &mut Output) -> Result<Exit, CliError> {
    let mut parts = if name.is_none() { vec![list()] } else { vec![] };
    let specs = catalogue::models().map(|entry| entry.spec);
    parts.extend(specs.filter(|spec| name.is_none_or(|name| name == spec.name)).map(page));
    output.print(&parts.join("\n"))?;
    Ok(Exit::Done)
}
