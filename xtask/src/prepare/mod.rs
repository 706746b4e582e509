//! `cargo xtask prepare-data KEY... --root DIR`.

use std::path::PathBuf;

/// A data set that is made here rather than downloaded: its key and what makes it.
type Generator = (&'static str, fn(&Args) -> anyhow::Result<()>);

/// The generated data sets; `demo` is one line here.
const GENERATED: &[Generator] = &[];

/// Check, unpack and prepare data sets.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Keys of data sets, `all`, or `demo`.
    #[arg(required = true, value_name = "KEY")]
    pub(crate) keys: Vec<String>,
    /// The folder that holds the data sets.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: PathBuf,
    /// Only look: say what is there and what is missing, and write nothing.
    #[arg(long)]
    pub(crate) check: bool,
    /// Seed of every random draw.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

impl Args {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        for key in &self.keys {
            match GENERATED.iter().find(|(name, _)| name == key) {
                Some((_, generate)) => generate(&self)?,
                None => anyhow::bail!("cannot prepare `{key}` yet (root {}, seed {})", self.root.display(), self.seed),
            }
        }
        Ok(())
    }
}
