//! `cargo xtask experiment`: several configs, one after the other, and their scores in one table.

use anyhow::{Context, Result, bail};
use std::{path::PathBuf, process::Command};

/// Train every given config with the mdfe binary and print one line of scores each.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Experiment files, such as `configs/demo.toml`.
    #[arg(required = true)]
    configs: Vec<PathBuf>,
    /// Override applied to every config, `key=value`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        println!("{:40} {:>8} {:>8}", "config", "mMP@5", "R@1");
        for config in &self.configs {
            let mut command = Command::new(env!("CARGO"));
            command.args([
                "run",
                "--quiet",
                "--release",
                "-p",
                "mdfe-cli",
                "--",
                "train",
                "--json",
                "--config",
            ]);
            command.arg(config);
            for set in &self.set {
                command.args(["--set", set]);
            }
            let output =
                command.stderr(std::process::Stdio::inherit()).output().context("cannot start cargo")?;
            if !output.status.success() {
                bail!("{} ended with {}", config.display(), output.status);
            }
            let result: serde_json::Value = serde_json::from_slice(&output.stdout)
                .with_context(|| format!("`mdfe train --json` printed no JSON for {}", config.display()))?;
            let score = |metric: &str| result["trained"]["overall"][metric].as_f64().unwrap_or(f64::NAN);
            println!("{:40} {:>8.4} {:>8.4}", config.display(), score("mMP@5"), score("R@1"));
        }
        Ok(())
    }
}
