//! `mdfe index`: an index on disk.

mod add;
mod build;
mod show;
mod source;

use crate::args::IndexCommand;
use anyhow::Result;
use mdfe_index::Writer;
use std::path::Path;

pub(crate) fn run(command: &IndexCommand) -> Result<()> {
    match command {
        IndexCommand::Build(args) => build::run(args),
        IndexCommand::Add(args) => add::run(args),
        IndexCommand::Remove(args) => add::remove(args),
        IndexCommand::Info { index, results } => show::info(&index.index, *results),
        IndexCommand::Verify { index, results } => show::verify(&index.index, *results),
    }
}

/// Opens an index for writing, and says so where another process has to end first.
fn writer(dir: &Path) -> Result<Writer> {
    let waits = || tracing::info!("another process writes to {}; waiting for it", dir.display());
    Ok(Writer::open(dir, waits)?)
}
