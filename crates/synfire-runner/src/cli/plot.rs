//! `synfire plot`.

use super::output::Output;
use super::{CliError, Exit, PlotArgs};
use crate::plot::{PlotError, Recorded, View, figure, panels};
use crate::recording::Recording;
use crate::run::Failure;
use crate::scenario::load;
use std::path::PathBuf;

/// What is drawn unless something is asked for.
const USUAL: [View; 4] = [View::Raster, View::Switches, View::Rates, View::Traces];

/// Draws a recording.
pub fn plot(args: &PlotArgs, output: &mut Output) -> Result<Exit, CliError> {
    let recording = Recording::open(&args.recording).map_err(Failure::from)?;
    let scenario = load(&recording.scenario()).map_err(Failure::from)?;
    let recorded = Recorded::read(&recording, &scenario, &args.selection())?;
    let views = if args.show.is_empty() { &USUAL[..] } else { &args.show };
    for file in files(args) {
        let panels = panels(&recorded, views);
        if panels.is_empty() {
            let what = "the recording has nothing of what is to be shown; what was recorded is in its scenario's `record`";
            return Err(PlotError::Nothing(what.into()).into());
        }
        figure::save(&recording.manifest().name, panels, &file)?;
        output.print(&format!("{}\n", file.display()))?;
    }
    Ok(Exit::Done)
}

/// Where the picture goes: beside the recording, unless told otherwise.
fn files(args: &PlotArgs) -> Vec<PathBuf> {
    if !args.out.is_empty() {
        return args.out.clone();
    }
    vec![super::beside(&args.recording, ".svg")]
}
