//! A file over 400 lines, its tests apart, is two things.

use anyhow::{Context, Result, bail};
use std::process::Command;

const LIMIT: usize = 400;

/// Fails when a Rust source file that git knows is longer than the limit.
pub(super) fn check() -> Result<()> {
    let output = Command::new("git")
        .args(["ls-files", "--", "crates/*.rs", "xtask/*.rs", "tests/*.rs"])
        .output()
        .context("cannot start git")?;
    let mut long = Vec::new();
    for file in String::from_utf8(output.stdout)?.lines() {
        // Integration tests and benches are lists of cases; only sources are rooms.
        if file.contains("/tests/") || file.contains("/benches/") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        let lines = text.lines().take_while(|l| !l.starts_with("#[cfg(test)]")).count();
        if lines > LIMIT {
            long.push(format!("{file}: {lines} lines"));
        }
    }
    if !long.is_empty() {
        bail!("over {LIMIT} lines, tests apart; each is probably two things:\n  {}", long.join("\n  "));
    }
    Ok(())
}
