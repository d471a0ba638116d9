//! `synfire check` and `synfire schema`.

use super::output::Output;
use super::{CheckArgs, CliError, Exit};

/// dev
pub fn check(args: &CheckArgs, output: &mut Output) -> Result<Exit, CliError> {
    let s = crate::scenario::load(&args.scenario).map_err(crate::run::Failure::from)?;
    output.print(&format!("{}\n", s.name))?;
    Ok(Exit::Done)
}
/// dev
pub fn schema(_output: &mut Output) -> Result<Exit, CliError> {
    Ok(Exit::Done)
}
