//! The command line.

/// Runs the command with these arguments, the program's name first.
pub fn main(args: impl IntoIterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
    let _ = args;
    std::process::ExitCode::SUCCESS
}
