//! A file over 400 lines, its tests apart, is two things.

use super::sources;
use anyhow::{Result, bail};

const LIMIT: usize = 400;

/// Fails when a Rust source file that git knows is longer than the limit.
pub(super) fn check() -> Result<()> {
    let mut long = Vec::new();
    for source in sources::all()? {
        // Integration tests and benches are lists of cases; only sources are rooms.
        if source.path.contains("/tests/") || source.path.contains("/benches/") {
            continue;
        }
        let lines = source.text.lines().take_while(|l| !l.starts_with("#[cfg(test)]")).count();
        if lines > LIMIT {
            long.push(format!("{}: {lines} lines", source.path));
        }
    }
    if !long.is_empty() {
        bail!("over {LIMIT} lines, tests apart; each is probably two things:\n  {}", long.join("\n  "));
    }
    Ok(())
}
