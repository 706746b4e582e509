//! `cargo xtask ci`: everything a change must pass, the cheapest check first.

mod arrows;
mod format;
mod length;
mod packages;
mod soundness;
mod sources;
#[cfg(test)]
mod toolchain;

use anyhow::{Context, Result, bail};
use std::{process::Command, time::Instant};

/// Check the workspace: format, dependency arrows, file length, the README's tables, packages, clippy, docs, tests.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Leave the tests out (`.ci/run` runs them itself, so that their summary comes last).
    #[arg(long)]
    no_tests: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let started = Instant::now();
        step("rustfmt --check", format::check)?;
        step("dependency arrows", arrows::check)?;
        step("file length", length::check)?;
        step("unsafe code", soundness::check)?;
        step("tables of the README", crate::results::check)?;
        step("packages of the main command", packages::check)?;
        let clippy = "clippy --workspace --all-targets -- -D warnings";
        step(&format!("cargo {clippy}"), || cargo(clippy, &[]))?;
        let doc = "doc --workspace --no-deps";
        step(&format!("cargo {doc}"), || cargo(doc, &[("RUSTDOCFLAGS", "-D warnings")]))?;
        if !self.no_tests {
            step("cargo test --workspace", || cargo("test --workspace", &[]))?;
        }
        eprintln!("xtask ci: all checks passed in {:.0} s", started.elapsed().as_secs_f64());
        Ok(())
    }
}

fn step(name: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    eprintln!("== {name}");
    run().with_context(|| format!("`{name}` failed"))?;
    eprintln!("== {name}: ok, {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Runs cargo with the words of `arguments` and the given environment.
fn cargo(arguments: &str, env: &[(&str, &str)]) -> Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments.split(' ')).envs(env.iter().copied());
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo {arguments} ended with {status}");
    }
    Ok(())
}
