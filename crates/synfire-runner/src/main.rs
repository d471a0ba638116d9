//! The `synfire` command.

mod huge_pages;

fn main() -> std::process::ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|command| command == "run" || command == "replay") {
        huge_pages::ask();
    }
    synfire_runner::cli::main(std::env::args_os())
}
