//! `cargo xtask prepare-data KEY... --root DIR`: looks at what was downloaded, unpacks archives, makes lists and crops,
//! and reports counts next to the expected ones.

mod progress;
mod say;
mod set;
mod unpack;

use anyhow::{Result, bail};
use mdfe_data::{DatasetInfo, PrepareOptions, datasets, find};
use say::say;
use std::path::{Path, PathBuf};

/// Check, unpack and prepare data sets.
///
/// Nothing is downloaded: most sets need an account of your own. What is missing is named, with the page to get it
/// from. Can be killed and started again at any time. Lists that you edited or put there are not replaced.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Keys of data sets (`mdfe datasets list`), `all` for every one that is there, or `demo`.
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// The folder that holds the data sets.
    #[arg(long, value_name = "DIR")]
    root: PathBuf,
    /// Only look: say what is there and what is missing, every image included, and write nothing.
    #[arg(long)]
    check: bool,
    /// Seed of every random draw.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Make lists anew over published, drawn and edited ones, which are kept otherwise.
    #[arg(long, conflicts_with = "check")]
    overwrite: bool,
}

/// Prepares the data set `key` under `root`, if it is one that needs that; nothing of the user's is replaced.
pub(crate) fn prepare(key: &str, root: &Path) -> Result<()> {
    let info = find(key)?;
    if info.tree.is_empty() {
        return Ok(());
    }
    set::prepare(info, &PrepareOptions { root: root.to_path_buf(), seed: 0, overwrite: false })
}

impl Args {
    pub(crate) fn run(self) -> Result<()> {
        let mut failures = Vec::new();
        for key in &self.keys {
            let result = match key.as_str() {
                // Made here rather than downloaded.
                "demo" => crate::demo::run(&self.root, self.check),
                "all" => self.all(&mut failures),
                _ => self.one(find(key)?),
            };
            if let Err(error) = result {
                failures.push(format!("{key}: {error:#}"));
            }
        }
        match failures.len() {
            0 => Ok(()),
            n => bail!("{n} not ready:\n  {}", failures.join("\n  ")),
        }
    }

    /// Every data set whose folder is there; the others are listed with where to get them.
    fn all(&self, failures: &mut Vec<String>) -> Result<()> {
        let downloadable = || datasets().iter().copied().filter(|info| !info.tree.is_empty());
        let (there, absent): (Vec<&'static DatasetInfo>, Vec<_>) =
            downloadable().partition(|info| set::is_there(info, &self.root));
        for info in absent {
            say(format!("{}: not there; get it from {}", info.key, info.source))?;
        }
        if there.is_empty() {
            bail!(
                "no data set lies under {}; `mdfe datasets list` says what belongs there",
                self.root.display()
            );
        }
        for info in there {
            if let Err(error) = self.one(info) {
                failures.push(format!("{}: {error:#}", info.key));
            }
        }
        Ok(())
    }

    fn one(&self, info: &'static DatasetInfo) -> Result<()> {
        if info.tree.is_empty() {
            bail!("`{}` reads your own images and needs no preparation", info.key);
        }
        if self.check {
            return set::check(info, &self.root);
        }
        set::prepare(
            info,
            &PrepareOptions { root: self.root.clone(), seed: self.seed, overwrite: self.overwrite },
        )
    }
}
