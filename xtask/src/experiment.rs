//! `cargo xtask experiment`: from a config to figures that are kept: build, prepare the data, extract on every device, train, evaluate.

mod build;
mod extract;
mod machine;

use crate::{
    prepare,
    results::{Config, Figures, Seconds},
};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

pub(crate) use machine::{Commit, Machine};

/// Run experiments from data to figures, and keep these in `results/`.
///
/// For each config: builds mdfe (with CUDA or Metal when a device asks for it), prepares its data sets, extracts with one process per device, trains
/// and evaluates, or sweeps where the config has a `[sweep]` section. `cargo xtask results` writes the figures into the README.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Experiment or sweep files, such as `configs/demo.toml`.
    #[arg(required = true, value_name = "CONFIG")]
    configs: Vec<PathBuf>,
    /// Override applied to every config, `key=value`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One process extracts on each of these, all into one space of features; the first also trains.
    #[arg(long, value_name = "DEVICE,...", value_delimiter = ',', default_value = "cpu")]
    devices: Vec<String>,
    /// Cargo profile that mdfe is built with.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Use this binary instead of building one.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    mdfe: Option<PathBuf>,
    /// Folder of the spaces of features.
    #[arg(long, value_name = "DIR", default_value = "runs/features")]
    features_dir: PathBuf,
    /// Folder of the run folders.
    #[arg(long, value_name = "DIR", default_value = "runs")]
    runs: PathBuf,
    /// Folder that gets CONFIG.json with the figures.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
}

/// One config, ready to run.
struct Job<'a> {
    args: &'a Args,
    mdfe: &'a Path,
    config: &'a Config,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let configs = self.configs.iter().map(|path| Config::read(path)).collect::<Result<Vec<_>>>()?;
        let mdfe = match &self.mdfe {
            Some(path) => path.clone(),
            None => build::mdfe(&self.profile, &self.devices)?,
        };
        for config in &configs {
            let job = Job { args: &self, mdfe: &mdfe, config };
            job.run().with_context(|| format!("{} is not done", config.path.display()))?;
        }
        Ok(())
    }
}

impl Job<'_> {
    fn run(&self) -> Result<()> {
        for set in &self.config.sets {
            prepare::prepare(&set.key, &set.root)?;
        }
        let started = Instant::now();
        let extracted = extract::on_every_device(self)?;
        let extract = started.elapsed().as_secs_f64();
        let started = Instant::now();
        let figures = self.train()?;
        let train = started.elapsed().as_secs_f64();
        let run = self.run_dir();
        let table =
            ["scores.txt", "sweep.md"].iter().find_map(|name| std::fs::read_to_string(run.join(name)).ok());
        let table = table.with_context(|| format!("{} holds no table", run.display()))?;
        let figures = Figures {
            format: Figures::FORMAT.to_owned(),
            config: self.config.path.clone(),
            digest: self.config.digest.clone(),
            set: self.args.set.clone(),
            commit: machine::commit()?,
            machine: Machine::this(&self.args.devices),
            seconds: Seconds { extract, extracted, train },
            table,
            figures,
        };
        let path = figures.write(&self.args.results)?;
        println!("{}\n{}", figures.table.trim_end(), path.display());
        Ok(())
    }

    /// Trains and evaluates, or sweeps; what is finished is used and what is not goes on. Returns what mdfe prints as JSON.
    fn train(&self) -> Result<Value> {
        let run = self.run_dir();
        let mut command =
            self.mdfe(if self.config.is_sweep { "sweep" } else { "train" }, &self.args.devices[0]);
        if self.config.is_sweep {
            command.arg("--output").arg(&run);
        } else {
            command.arg("--run-dir").arg(&run);
            let record = std::fs::read_to_string(run.join("run.json")).ok();
            let record = record.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            let is_running = record.is_some_and(|record| record["state"] == "running");
            let checkpoints =
                run.join("checkpoints").read_dir().is_ok_and(|mut files| files.next().is_some());
            match (is_running, checkpoints) {
                (true, true) => drop(command.arg("--resume")),
                // Nothing was learnt before it was stopped.
                (true, false) => drop(command.arg("--overwrite")),
                (false, _) => {}
            }
        }
        let output = command.stderr(Stdio::inherit()).output().context("cannot start mdfe")?;
        if !output.status.success() {
            bail!("{:?} ended with {}", command, output.status);
        }
        serde_json::from_slice(&output.stdout).context("mdfe printed no JSON")
    }

    /// The run folder, or the sweep's.
    fn run_dir(&self) -> PathBuf {
        self.args.runs.join(&self.config.name)
    }

    /// A command of mdfe on this config, with JSON.
    fn mdfe(&self, name: &str, device: &str) -> Command {
        let mut command = Command::new(self.mdfe);
        command.arg(name);
        // A sweep's config is its subject; to the others it is a flag.
        if name != "sweep" {
            command.arg("--config");
        }
        command.arg(&self.config.path).args(["--json", "--device", device]);
        command.arg("--features-dir").arg(&self.args.features_dir);
        for set in &self.args.set {
            command.args(["--set", set]);
        }
        command
    }
}
