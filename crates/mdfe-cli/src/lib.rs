#![doc = include_str!("../README.md")]
#![allow(clippy::print_stdout)] // Results go to stdout; logs and progress go to stderr.

mod args;
mod commands;
mod console;
mod device;
mod missing;
mod stop;

use clap::Parser;
use std::process::ExitCode;

/// Runs the command line: exit code 0, 1 for a failure, 2 for wrong usage.
pub fn main() -> ExitCode {
    let cli = args::Cli::try_parse().unwrap_or_else(|error| missing::exit(&error));
    console::start_logging(cli.verbose, cli.quiet);
    match commands::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed pipe (`mdfe ... | head`) is how the reader says that it has seen enough.
            let closed = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
            if error.downcast_ref().is_some_and(closed) {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {}", console::one_sentence(&error));
            ExitCode::FAILURE
        }
    }
}
