//! `synfire import`.

use super::output::{Output, note};
use super::{CliError, Exit, ImportFrom};
use crate::import::sonata;
use crate::numbers::grouped;

/// Imports a network and says what came out.
pub fn import(from: &ImportFrom, output: &mut Output) -> Result<Exit, CliError> {
    let ImportFrom::Sonata { config, out } = from;
    let summary = sonata(config, out)?;
    for warning in &summary.warnings {
        note(&format!("warning: {warning}"));
    }
    let mut text = format!("{}\n", summary.scenario.display());
    for (name, size) in &summary.populations {
        text += &format!("  population {name}: {} neurons\n", grouped(*size as u64));
    }
    text += &format!("  {} synapses\n", grouped(summary.synapses));
    text += &format!("  {} input spikes\n", grouped(summary.input_spikes));
    text += &match summary.expected_spikes {
        Some(spikes) => format!("  {} recorded spikes to replay\n", grouped(spikes)),
        None => "  no recorded spikes to replay\n".to_owned(),
    };
    output.print(&text)?;
    Ok(Exit::Done)
}
