//! `synfire view`.

use super::output::Output;
use super::{CliError, Exit, ViewArgs};
use crate::recording::Recording;
use crate::run::Failure;
use crate::scenario::load;
use crate::view;

/// Writes the page that looks into a recording.
pub fn view(args: &ViewArgs, output: &mut Output) -> Result<Exit, CliError> {
    let recording = Recording::open(&args.recording).map_err(Failure::from)?;
    let scenario = load(&recording.scenario()).map_err(Failure::from)?;
    let page = view::page(&recording, &scenario, view::MOST_SYNAPSES)?;
    let file = args.out.clone().unwrap_or_else(|| super::beside(&args.recording, ".html"));
    view::save(&page, &file)?;
    output.print(&format!("{}\n", file.display()))?;
    Ok(Exit::Done)
}
