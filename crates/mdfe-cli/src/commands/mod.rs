//! One file per command.

mod datasets;

use crate::args::{Cli, Command};
use anyhow::Result;

pub(crate) fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Datasets(command) => datasets::run(command),
        _ => anyhow::bail!("not yet"),
    }
}
