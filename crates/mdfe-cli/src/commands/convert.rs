//! `mdfe convert`: embeddings and features in another format.

use crate::{args::Convert, exit::usage};
use anyhow::{Result, bail};
use mdfe_data::{
    EmbeddingsFile, EmbeddingsFormat,
    store::{FeatureStore, FeatureView, View},
    write_features,
};
use mdfe_model::feature_id;
use std::sync::Arc;

pub(crate) fn run(args: &Convert) -> Result<()> {
    EmbeddingsFormat::of(&args.output)?;
    let (rows, dim) = if args.input.is_dir() { features(args)? } else { embeddings(args)? };
    args.results.print(
        &serde_json::json!({ "output": args.output, "rows": rows, "dim": dim }),
        &format!("{}: {rows} rows of {dim} dimensions", args.output.display()),
    )
}

fn embeddings(args: &Convert) -> Result<(usize, usize)> {
    if args.view.is_some() {
        usage!("--view goes with the folder of a space; {} is a file", args.input.display());
    }
    if is_same_file(args) {
        bail!("{} is both input and output; give another name", args.output.display());
    }
    let file = EmbeddingsFile::open(&args.input)?;
    file.write(&args.output)?;
    Ok((file.len(), file.facts().dim))
}

/// A file that is read while it is replaced would be mixed.
fn is_same_file(args: &Convert) -> bool {
    let canonical = |path: &std::path::Path| path.canonicalize().ok();
    canonical(&args.output).is_some_and(|output| canonical(&args.input) == Some(output))
}

fn features(args: &Convert) -> Result<(usize, usize)> {
    let store = FeatureStore::open(&args.input)?;
    let id = feature_id(store.spec());
    let view = match &args.view {
        Some(path) => View::open(path)?,
        None => store.whole_view(),
    };
    let view = FeatureView::new(Arc::new(store), Arc::new(view))?;
    let rows = write_features(&view, &id, &args.output)?;
    Ok((rows, view.dim()))
}
