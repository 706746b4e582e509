#![doc = include_str!("../README.md")]
#![allow(clippy::print_stdout)] // Results go to stdout; logs and progress go to stderr.

mod args;
mod commands;
mod console;
mod device;
mod exit;
mod missing;
mod stop;

use clap::Parser;
use std::process::ExitCode;

/// Runs the command line. Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.
pub fn main() -> ExitCode {
    // Wrong usage that clap sees ends in here, with the same code 2.
    exit::report(run(args::Cli::try_parse().unwrap_or_else(|error| missing::exit(&error))))
}

fn run(cli: args::Cli) -> anyhow::Result<()> {
    console::start_logging(cli.verbose, cli.quiet)?;
    // The kernels ask later; a level that cannot be had must not first cost an extraction.
    let level = mdfe_simd::Level::from_env().map_err(exit::Usage::of)?;
    tracing::debug!("instruction set: {level}");
    commands::run(cli.command)
}
