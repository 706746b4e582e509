//! One file per command.

mod backbones;
mod datasets;
mod embed;
mod evaluate;
mod export;
mod model;
mod pictures;
mod search;
mod sides;

use crate::args::{Cli, Command};
use anyhow::Result;

pub(crate) fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Datasets(command) => datasets::run(command),
        Command::Backbones(command) => backbones::run(command),
        Command::Embed(args) => embed::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Search(args) => search::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Extract(_) | Command::Train(_) => anyhow::bail!("not yet"),
    }
}
