//! The arrows between the rooms (ARCHITECTURE.md): a new one is a decision, not an accident.

use anyhow::{Context, Result, bail};
use std::process::Command;

/// Which mdfe crates a crate may use, and whether candle may be anywhere below it.
const ARROWS: &[(&str, &[&str], bool)] = &[
    ("mdfe-simd", &[], false),
    ("mdfe-data", &["mdfe-simd"], false),
    ("mdfe-eval", &["mdfe-simd"], false),
    ("mdfe-index", &["mdfe-data", "mdfe-eval", "mdfe-simd"], false),
    ("mdfe-report", &["mdfe-eval"], false),
    ("mdfe-loss", &["mdfe-simd"], true),
    ("mdfe-model", &["mdfe-data", "mdfe-simd"], true),
    ("mdfe-train", &["mdfe-data", "mdfe-model", "mdfe-loss", "mdfe-eval", "mdfe-simd"], true),
    ("mdfe-serve", &["mdfe-data", "mdfe-model", "mdfe-eval", "mdfe-index"], true),
    ("mdfe-remote", &["mdfe-data", "mdfe-simd"], false),
    ("mdfe-export", &["mdfe-data", "mdfe-model"], true),
    (
        "mdfe-cli",
        &[
            "mdfe-data",
            "mdfe-model",
            "mdfe-loss",
            "mdfe-eval",
            "mdfe-index",
            "mdfe-report",
            "mdfe-train",
            "mdfe-export",
            "mdfe-remote",
            "mdfe-serve",
            "mdfe-simd",
        ],
        true,
    ),
    ("xtask", &["mdfe-data", "mdfe-simd"], false),
    ("mdfe-tests", &["mdfe-cli"], true),
];

/// Fails when a crate depends on a crate that its room may not know.
pub(super) fn check() -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .context("cannot start cargo")?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("`cargo metadata` printed no JSON")?;
    let packages = metadata["packages"].as_array().context("`cargo metadata` lists no packages")?;
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed, _)) = ARROWS.iter().find(|(room, ..)| *room == name) else {
            bail!("the crate {name} has no line in xtask/src/ci/arrows.rs; say there what it may use");
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Dev-dependencies do not reach users, and the end-to-end tests use every room.
            let dev = dependency["kind"].as_str() == Some("dev");
            let on = dependency["name"].as_str().unwrap_or_default();
            if !dev && on.starts_with("mdfe-") && !allowed.contains(&on) {
                bail!("{name} must not depend on {on} (ARCHITECTURE.md, rooms and arrows)");
            }
        }
    }
    for (name, ..) in ARROWS.iter().filter(|(.., candle)| !candle) {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "-e", "normal", "--prefix", "none", "-p", name])
            .output()
            .context("cannot start cargo")?;
        if !tree.status.success() {
            bail!("`cargo tree -p {name}` failed: {}", String::from_utf8_lossy(&tree.stderr));
        }
        if let Some(line) = String::from_utf8_lossy(&tree.stdout).lines().find(|l| l.starts_with("candle")) {
            bail!("{name} must not know candle, but its tree holds {line}");
        }
    }
    Ok(())
}
