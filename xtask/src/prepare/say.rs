//! Results on stdout.

use std::io::Write;

/// Prints one result.
pub(super) fn say(line: impl AsRef<str>) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{}", line.as_ref())
}
