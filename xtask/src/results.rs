//! `cargo xtask results`: the figures of experiments, from `results/` into the README.

mod config;
mod figures;
mod readme;

pub(crate) use config::Config;
pub(crate) use figures::{Figures, Seconds};

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Write the tables of the README from `results/`, between `<!-- results: NAME -->` and `<!-- /results: NAME -->`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a table is not that of its figures, or its config has changed since.
    #[arg(long)]
    check: bool,
    /// File with the tables.
    #[arg(long, value_name = "FILE", default_value = "README.md")]
    readme: PathBuf,
    /// Folder of the figures.
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        if self.check {
            return compare(&self.readme, &self.results);
        }
        let text = readme::read(&self.readme)?;
        let written = readme::filled(&text, &self.results)?;
        if written != text {
            mdfe_data::write_atomically(&self.readme, written.as_bytes())?;
            println!("{} has the tables of {}", self.readme.display(), self.results.display());
        }
        stale_configs(&written, &self.results)
    }
}

/// What `xtask ci` asks: the tables of the README are those of `results/`, and these are of the configs as they are.
pub(crate) fn check() -> Result<()> {
    compare(Path::new("README.md"), Path::new("results"))
}

fn compare(readme: &Path, results: &Path) -> Result<()> {
    let text = readme::read(readme)?;
    if readme::filled(&text, results)? != text {
        bail!(
            "tables of {} are not those of {}: run `cargo xtask results`",
            readme.display(),
            results.display()
        );
    }
    stale_configs(&text, results)
}

/// Fails for a table whose config has changed since its figures were made.
fn stale_configs(text: &str, results: &Path) -> Result<()> {
    for name in readme::names(text)? {
        let figures = Figures::read(results, &name)?;
        let now = Config::read(&figures.config)?.digest;
        if now != figures.digest {
            let config = figures.config.display();
            bail!("{config} has changed since {name}.json was made: run `cargo xtask experiment {config}`");
        }
    }
    Ok(())
}
