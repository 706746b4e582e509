//! Flags that mean the same in every command.

use clap::{Args, builder::RangedU64ValueParser};
use std::path::PathBuf;

/// How results are printed.
#[derive(Args, Clone, Copy)]
pub(crate) struct Results {
    /// Print the results as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// An index on disk.
#[derive(Args, Clone)]
pub(crate) struct IndexDir {
    /// Folder of the index.
    #[arg(long, value_name = "INDEX")]
    pub(crate) index: PathBuf,
}

/// How many neighbours are looked at.
#[derive(Args, Clone, Copy)]
pub(crate) struct NeighbourArgs {
    /// Neighbours per query.
    #[arg(short, long, default_value_t = 5, value_parser = at_least_one())]
    pub(crate) k: usize,
}

/// Reads a count of which nothing can be done with none.
pub(super) fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Reads `key=value` as its two sides.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it is written KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}
