//! The figures of an experiment: `results/NAME.json`.

use crate::experiment::{Commit, Machine};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What came of an experiment, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// `mdfe-results-1`.
    pub(crate) format: String,
    /// The config, relative to the workspace.
    pub(crate) config: PathBuf,
    /// What the config said.
    pub(crate) digest: String,
    /// Overrides.
    pub(crate) set: Vec<String>,
    /// What was built.
    pub(crate) commit: Commit,
    /// What it ran on.
    pub(crate) machine: Machine,
    /// How long it took.
    pub(crate) seconds: Seconds,
    /// The table, as mdfe writes it.
    pub(crate) table: String,
    /// What mdfe prints as JSON.
    pub(crate) figures: Value,
}

/// How long an experiment took; what was there already took no time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seconds {
    /// The extraction, loading included.
    pub(crate) extract: f64,
    /// Images whose features it computed.
    pub(crate) extracted: u64,
    /// Training and evaluation.
    pub(crate) train: f64,
}

impl Figures {
    pub(crate) const FORMAT: &str = "mdfe-results-1";

    /// Reads `DIR/NAME.json`.
    pub(super) fn read(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!("cannot read {}; `cargo xtask experiment configs/{name}.toml` makes it", path.display())
        })?;
        let figures: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} holds no figures of an experiment", path.display()))?;
        if figures.format != Self::FORMAT {
            bail!("{} has the format {}, this build reads {}", path.display(), figures.format, Self::FORMAT);
        }
        Ok(figures)
    }

    /// Writes `DIR/NAME.json`, NAME being the config's, and returns its path.
    pub(crate) fn write(&self, dir: &Path) -> Result<PathBuf> {
        let stem = self.config.file_stem().context("the config has no name")?.to_string_lossy();
        std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let path = dir.join(format!("{stem}.json"));
        mdfe_data::write_atomically(&path, format!("{}\n", serde_json::to_string_pretty(self)?).as_bytes())?;
        Ok(path)
    }

    /// What the README shows: a run's table as text, a sweep's first one as a table, and below how to make it again.
    pub(super) fn block(&self) -> String {
        let is_row = |line: &&str| line.starts_with('|');
        let rows: Vec<&str> =
            self.table.lines().skip_while(|line| !is_row(line)).take_while(is_row).collect();
        let table = match rows.is_empty() {
            true => {
                let lines: Vec<&str> = self.table.trim_end().lines().map(str::trim_end).collect();
                format!("```text\n{}\n```", lines.join("\n"))
            }
            false => rows.join("\n"),
        };
        let set: String = self.set.iter().map(|set| format!(" --set {set}")).collect();
        let Machine { cpu, cores, simd, .. } = &self.machine;
        let Commit { hash, changed } = &self.commit;
        let changed = if *changed { " with changes" } else { "" };
        format!(
            "{table}\n\n`cargo xtask experiment {}{set}`: commit {}{changed}, {cpu}, {cores} cores, {simd}.",
            self.config.display(),
            hash.get(..10).unwrap_or(hash),
        )
    }
}
