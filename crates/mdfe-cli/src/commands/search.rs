//! `mdfe search`: the nearest images of an index, by image or by sentence.

use super::{
    inputs, model,
    sides::{expect_embedder, unit_rows},
};
use crate::{args::Search, exit::usage};
use anyhow::{Result, bail};
use mdfe_data::Embeddings;
use mdfe_eval::{Knn, Rows};
use mdfe_model::Embedder;

pub(crate) fn run(args: &Search) -> Result<()> {
    if let Some(blank) = args.text.iter().find(|text| text.trim().is_empty()) {
        usage!("--text {blank:?} holds no word");
    }
    let mut index = Embeddings::read(&args.index)?;
    if index.is_empty() {
        bail!("{} holds no embeddings", args.index.display());
    }
    let embedder = model::open(&args.model)?;
    if embedder.dim() != index.dim {
        bail!(
            "{} holds embeddings of {} dimensions, the model makes {}; embed the index with the same model",
            args.index.display(),
            index.dim,
            embedder.dim()
        );
    }
    expect_embedder(&index, &args.index, &embedder.embedder_id())?;
    let (names, values) = queries(&embedder, args)?;
    let mut query = Embeddings { values, dim: index.dim, ..Embeddings::default() };
    unit_rows(&mut query);
    unit_rows(&mut index);
    let knn = Knn { k: args.neighbours.k, ..Knn::default() };
    let found = knn.search(Rows::new(&query.values, query.dim)?, Rows::new(&index.values, index.dim)?)?;
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for (query, found) in names.into_iter().zip(found.rows()) {
        lines.push(query.clone());
        let mut neighbours = Vec::new();
        for neighbour in found {
            let (row, cosine) = (neighbour.id as usize, neighbour.score);
            let path = index.paths.get(row).map_or_else(|| format!("row {row}"), str::to_owned);
            lines.push(format!("  {cosine:.4}  {path}"));
            neighbours.push(serde_json::json!({ "path": path, "cosine": cosine }));
        }
        rows.push(serde_json::json!({ "query": query, "neighbours": neighbours }));
    }
    args.results.print(&rows, &lines.join("\n"))
}

/// The queries' names and embeddings: images first, then sentences.
fn queries(embedder: &Embedder, args: &Search) -> Result<(Vec<String>, Vec<f32>)> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    if !args.text.is_empty() {
        values = embedder.text_encoder(args.tokenizer.as_deref())?.embed(&args.text)?;
    }
    if !args.query.is_empty() {
        let inputs = inputs::read(&args.query, None)?;
        let embedded = model::embed(embedder, &inputs.rows, &args.model.compute)?;
        names.extend(embedded.rows.iter().map(|&row| inputs.rows[row].file.to_string_lossy().into_owned()));
        values.splice(0..0, embedded.values);
    }
    names.extend(args.text.iter().cloned());
    Ok((names, values))
}
