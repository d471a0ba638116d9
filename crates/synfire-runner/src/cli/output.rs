//! Standard output, on which nobody may be reading any more, and standard error.

use super::CliError;
use crate::run::Failure;
use crate::scenario::LoadError;
use std::io::{self, IsTerminal, Write};

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output: {0}")]
pub struct OutputError(#[from] io::Error);

/// Standard output. Once its reader has gone, as in `synfire models | head`, what is printed is lost quietly.
#[derive(Debug, Default)]
pub struct Output {
    closed: bool,
}

impl Output {
    /// Prints `text`.
    ///
    /// # Errors
    /// The output cannot be written, for other reasons than that nobody reads it.
    pub fn print(&mut self, text: &str) -> Result<(), OutputError> {
        if self.closed {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            other => other?,
        }
        Ok(())
    }
}

/// Prints a line to standard error.
pub fn note(line: &str) {
    // There is nobody to tell that standard error is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Prints why the command ends. Problems of a scenario are shown in its text.
pub fn report(error: &CliError) {
    let CliError::Failure(Failure::Load(LoadError::Problems(problems))) = error else {
        note(&format!("synfire: {error}"));
        return;
    };
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    note(problems.render(columns.unwrap_or(100), colour).trim_end());
}
