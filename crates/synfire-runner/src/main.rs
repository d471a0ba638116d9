//! The `synfire` command.

fn main() -> std::process::ExitCode {
    synfire_runner::cli::main(std::env::args_os())
}
