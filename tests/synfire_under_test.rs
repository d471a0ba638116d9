//! The `synfire` command, built with the tests that start it.

fn main() -> std::process::ExitCode {
    synfire_runner::cli::main(std::env::args_os())
}
