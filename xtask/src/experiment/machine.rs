//! What figures were made on, and from which commit.

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::process::Command;

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The CPU's name.
    pub(crate) cpu: String,
    /// Its cores, those that this process may use.
    pub(crate) cores: usize,
    /// The instruction set that the kernels took.
    pub(crate) simd: String,
    /// The devices of the extraction; the first also trained.
    pub(crate) devices: Vec<String>,
}

impl Machine {
    /// The one that this runs on.
    pub(super) fn this(devices: &[String]) -> Self {
        Self {
            cpu: cpu().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            simd: mdfe_simd::Level::current().to_string(),
            devices: devices.to_vec(),
        }
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Commit {
    /// Its hash.
    pub(crate) hash: String,
    /// Whether files that git knows had been changed since.
    pub(crate) changed: bool,
}

/// The commit that is checked out.
pub(super) fn commit() -> Result<Commit> {
    let hash = git(&["rev-parse", "HEAD"])?;
    // Figures and the README that shows them are made from the rest.
    let changed =
        git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":!results", ":!README.md"])?;
    Ok(Commit { hash, changed: !changed.is_empty() })
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).output().context("cannot start git")?;
    if !output.status.success() {
        bail!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The CPU's name, as Linux and macOS tell it.
fn cpu() -> Option<String> {
    if let Ok(text) = std::fs::read_to_string("/proc/cpuinfo") {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        return Some(line.split_once(':')?.1.trim().to_owned());
    }
    let output = Command::new("sysctl").args(["-n", "machdep.cpu.brand_string"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
