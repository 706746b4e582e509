//! `mdfe config keys | show | import`.

#[cfg(feature = "full")]
mod import;
#[cfg(feature = "full")]
mod yaml;

use super::experiment::usage_of_set;
use crate::args::{Config, Results, Show};
use anyhow::Result;
use mdfe_train::{Experiment, config_keys};

pub(crate) fn run(command: &Config) -> Result<()> {
    match command {
        Config::Keys { results } => keys(*results),
        Config::Show(args) => show(args),
        #[cfg(feature = "full")]
        Config::Import(args) => import::run(args),
    }
}

fn keys(results: Results) -> Result<()> {
    let keys = config_keys();
    let width = keys.iter().map(|key| key.key.len()).max().unwrap_or(0);
    let lines = keys.iter().map(|key| {
        let default = key.default.as_deref().unwrap_or("-");
        format!("{:width$}  {default}\n    {} It takes {}.", key.key, key.meaning, key.takes)
    });
    let text = format!("{:width$}  default\n{}", "key", lines.collect::<Vec<_>>().join("\n"));
    results.print(&keys, &text)
}

fn show(args: &Show) -> Result<()> {
    let experiment = Experiment::load(&args.config, &args.set).map_err(usage_of_set)?;
    args.results.print(&experiment, experiment.resolved()?.trim_end())
}
