//! `mdfe export`: an embedder for elsewhere.

use super::model;
use crate::{args::Export, console::print_line};
use anyhow::{Context, Result, bail};
use mdfe_model::{EmbedderFile, LoadOptions, pretrained, weight_files};

pub(crate) fn run(args: &Export) -> Result<()> {
    let file = EmbedderFile::open(&args.model)?;
    if !args.standalone {
        if file.standalone.is_some() {
            bail!("{} is standalone already; copy it, or export it with --standalone", args.model.display());
        }
        file.save(&args.output, &[])?;
        return print_line(&format!("{}", args.output.display()));
    }
    let id = &file.meta.backbone;
    let options = LoadOptions {
        weights: args.weights.clone(),
        revision: id.commit.clone(),
        hub: model::hub(args.offline),
        ..LoadOptions::default()
    };
    let (weights, _) =
        weight_files(pretrained(&id.name)?, &options).context("cannot find the backbone's weights")?;
    file.save(&args.output, &weights)?;
    let megabytes = std::fs::metadata(&args.output)?.len() as f64 / 1e6;
    print_line(&format!("{}: {megabytes:.1} MB, the backbone {} inside", args.output.display(), id.name))
}
