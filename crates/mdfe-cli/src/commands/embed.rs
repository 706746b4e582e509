//! `mdfe embed`: images to embeddings.

use super::{
    inputs,
    model::{self, BadImages},
};
use crate::args::{Compute, Embed};
use anyhow::Result;
use mdfe_data::{EmbeddingParts, EmbeddingsFormat, Inputs, Published};
use mdfe_model::Embedder;
use std::path::Path;

/// Images that a kill can cost.
const PART_ROWS: usize = 512;

pub(crate) fn run(args: &Embed) -> Result<()> {
    EmbeddingsFormat::of(&args.output)?;
    let inputs = inputs::read(&args.input, args.split.as_deref())?;
    let mut embedder = model::open(&args.model)?;
    if args.features {
        embedder = embedder.without_projection();
    }
    let published = write(&embedder, &inputs, &args.output, &args.model.compute)?;
    let dim = embedder.dim();
    let value = serde_json::json!({
        "output": args.output,
        "rows": published.rows,
        "dim": dim,
        "labels": inputs.label_names.as_slice().len(),
        "skipped": published.skipped,
    });
    let text = format!("{}: {} embeddings of {dim} dimensions", args.output.display(), published.rows);
    args.results.print(&value, &text)
}

/// Embeds `inputs` into the file `output`, going on from what is there of it.
pub(crate) fn write(
    embedder: &Embedder,
    inputs: &Inputs,
    output: &Path,
    compute: &Compute,
) -> Result<Published> {
    let mut parts = EmbeddingParts::open(output, &embedder.embedder_id(), embedder.dim(), inputs, PART_ROWS)?;
    let (total, left) = (inputs.rows.len(), parts.missing().len());
    if left < total {
        tracing::info!("{} of {total} images are embedded already; going on", total - left);
    }
    let missing = parts.missing().to_vec();
    let rows: Vec<_> = missing.iter().map(|&row| &inputs.rows[row]).collect();
    model::embed_each(embedder, &rows, compute, |item, embedding| match embedding {
        Ok(embedding) => Ok(parts.push(missing[item], embedding)?),
        Err(reason) => Ok(parts.skip(missing[item], reason)?),
    })?;
    let skipped = parts.skipped();
    let first = skipped.first().map_or("", |skipped| skipped.reason.as_str());
    model::check_bad(BadImages { count: skipped.len(), total, first }, compute)?;
    Ok(parts.publish()?)
}
