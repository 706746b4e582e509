//! Orchestration of the workspace: `cargo xtask COMMAND`.
//!
//! Each command is a module with an `Args` (a `clap::Args` whose first doc line is the help text) and
//! `Args::run(self) -> anyhow::Result<()>`. A new command is its `mod` line and one line in `commands!`.

#![allow(clippy::print_stdout)] // The commands print their results.

mod bench;
mod ci;
mod demo;
mod experiment;
mod prepare;
mod results;

use clap::Parser;
use std::process::ExitCode;

/// Declares the subcommands and runs the chosen one.
macro_rules! commands {
    ($($variant:ident($args:ty)),+ $(,)?) => {
        #[derive(clap::Subcommand)]
        enum Command { $($variant($args)),+ }

        impl Command {
            fn run(self) -> anyhow::Result<()> {
                match self { $(Self::$variant(args) => args.run()),+ }
            }
        }
    };
}

commands! {
    Bench(bench::Args),
    Ci(ci::Args),
    Experiment(experiment::Args),
    PrepareData(prepare::Args),
    Results(results::Args),
}

/// Orchestration of the mdfe workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
