//! How many packages the main command's build compiles: each is time that every user waits for the first result.

use anyhow::{Context, Result, bail, ensure};
use std::{collections::BTreeSet, process::Command};

/// Packages of the default build of mdfe-cli on Linux, ours included.
const LIMIT: usize = 243;

/// `cargo tree` of what is counted, for one platform, so that the number is the same on every machine.
const TREE: &str = "tree -p mdfe-cli -e normal,build --target x86_64-unknown-linux-gnu --prefix none";

pub(super) fn check() -> Result<()> {
    let output = Command::new(env!("CARGO")).args(TREE.split(' ')).output().context("cannot start cargo")?;
    ensure!(output.status.success(), "cargo {TREE}: {}", String::from_utf8_lossy(&output.stderr).trim());
    let count = distinct(&String::from_utf8_lossy(&output.stdout));
    eprintln!("the default build of mdfe-cli has {count} packages, {LIMIT} at most");
    if count > LIMIT {
        bail!(
            "{count} packages are more than {LIMIT}: see `cargo {TREE}` for who brings them, and put what is heavy behind \
             the feature `full`, or raise the number in xtask/src/ci/packages.rs and say in the commit what it is worth"
        );
    }
    Ok(())
}

/// A line is a name, a version and marks such as `(*)`, a package that was shown before.
fn distinct(tree: &str) -> usize {
    let package = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree.lines().filter(|line| !line.is_empty()).map(package).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_for_each_version() {
        let tree =
            "a v1.0.0 (/home)\nb v1.0.0 (proc-macro)\nc v1.0.0\n\nb v1.0.0 (proc-macro) (*)\nb v2.0.0\n";
        assert_eq!(distinct(tree), 4);
    }
}
