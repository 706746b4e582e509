//! `mdfe export --format safetensors`: an embedder as one file of mdfe's own.

use crate::{args::Export, commands::model, exit::usage};
use anyhow::{Context, Result, bail};
use mdfe_model::{EmbedderFile, LoadOptions, pretrained, weight_files};
use mdfe_train::pipeline::{RunFolder, Which};
use std::path::Path;

/// Where the backbone's weights are.
fn weights(args: &Export) -> LoadOptions {
    LoadOptions {
        weights: args.files.weights.clone(),
        hub: model::hub(args.files.offline),
        ..LoadOptions::default()
    }
}

/// The embedder of one of a run's checkpoints.
fn checkpoint(args: &Export, which: Which, output: &Path) -> Result<()> {
    let file = RunFolder::export(&args.model, which, &weights(args), output)?;
    let bytes = std::fs::metadata(output)?.len();
    let (shown, megabytes) = (output.display(), bytes as f64 / 1e6);
    let backbone = &file.meta.backbone.name;
    args.results.print(
        &serde_json::json!({ "output": output, "bytes": bytes, "backbone": backbone }),
        &format!("{shown}: {megabytes:.1} MB, an embedder of {backbone}"),
    )
}

pub(super) fn run(args: &Export, output: &Path) -> Result<()> {
    if let Some(which) = args.checkpoint {
        return checkpoint(args, which, output);
    }
    if args.files.weights.is_some() && !args.standalone {
        usage!("--weights go into a standalone file only; add --standalone, or leave them out");
    }
    let file = EmbedderFile::open(&args.model)?;
    let backbone = &file.meta.backbone;
    if args.standalone {
        let options = LoadOptions { revision: backbone.commit.clone(), ..weights(args) };
        let found = weight_files(pretrained(&backbone.name)?, &options);
        let (weights, _) = found.context("cannot find the backbone's weights")?;
        file.save(output, &weights)?;
    } else if file.standalone.is_some() {
        bail!("{} is standalone already; copy it, or export it with --standalone", args.model.display());
    } else {
        file.save(output, &[])?;
    }
    let bytes = std::fs::metadata(output)?.len();
    let place = if args.standalone { "inside" } else { "not inside" };
    let megabytes = bytes as f64 / 1e6;
    args.results.print(
        &serde_json::json!({
            "output": output, "bytes": bytes, "backbone": backbone.name, "standalone": args.standalone
        }),
        &format!("{}: {megabytes:.1} MB, the backbone {} {place}", output.display(), backbone.name),
    )
}
