//! Every Rust file is formatted, those that are declared inside a macro too, which `cargo fmt` does not find.

use super::sources;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Fails when `rustfmt` would change a file that git knows.
pub(super) fn check() -> Result<()> {
    let files = sources::all()?.into_iter().map(|source| source.path);
    let status = Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .args(files)
        .status()
        .context("cannot start rustfmt")?;
    if !status.success() {
        bail!(
            "files are not formatted: `git ls-files '*.rs' | xargs rustfmt --edition 2024` formats all of them"
        );
    }
    Ok(())
}
