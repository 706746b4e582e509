//! One file per command.

mod backbone;
mod backbones;
mod datasets;
mod embed;
mod evaluate;
mod experiment;
mod export;
mod extract;
mod images;
mod merge;
mod model;
mod search;
mod sides;
mod train;
mod watch;

use crate::args::{Cli, Command};
use anyhow::Result;

/// Where feature stores go unless the user says otherwise.
pub(crate) const FEATURES_DIR: &str = "runs/features";

pub(crate) fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Datasets(command) => datasets::run(command),
        Command::Backbones(command) => backbones::run(command),
        Command::Embed(args) => embed::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Extract(args) => extract::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Train(args) => train::run(&args),
    }
}
