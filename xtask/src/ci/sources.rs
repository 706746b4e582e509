//! The project's Rust files.

use anyhow::{Context, Result, bail};
use std::process::Command;

/// A Rust file that git knows.
pub(super) struct Source {
    /// Relative to the workspace.
    pub(super) path: String,
    pub(super) text: String,
}

/// Every Rust file of crates, xtask and tests, by path.
pub(super) fn all() -> Result<Vec<Source>> {
    let output = Command::new("git")
        .args(["ls-files", "--", "crates/*.rs", "xtask/*.rs", "tests/*.rs"])
        .output()
        .context("cannot start git")?;
    if !output.status.success() {
        bail!("`git ls-files` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    // A file that was deleted and not yet committed is passed over.
    let read = |path: &str| Some(Source { path: path.to_owned(), text: std::fs::read_to_string(path).ok()? });
    Ok(String::from_utf8(output.stdout)?.lines().filter_map(read).collect())
}
