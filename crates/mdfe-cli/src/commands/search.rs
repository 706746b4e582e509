//! `mdfe search`: the nearest images of an index, by image or by sentence.

use super::{images, model, sides::unit_rows};
use crate::{
    args::Search,
    console::{print_json, print_line},
};
use anyhow::{Result, bail};
use mdfe_data::Embeddings;
use mdfe_eval::{Knn, Rows};
use mdfe_model::Embedder;

pub(crate) fn run(args: &Search) -> Result<()> {
    if let Some(blank) = args.text.iter().find(|text| text.trim().is_empty()) {
        bail!("--text {blank:?} holds no word");
    }
    let mut index = Embeddings::read(&args.index)?;
    if index.is_empty() {
        bail!("{} holds no vectors", args.index.display());
    }
    let embedder = model::open(args.model.as_deref(), &args.backbone, &args.compute)?;
    if embedder.dim() != index.dim {
        bail!(
            "{} holds vectors of {} numbers, the model makes {}; embed the index with the same model",
            args.index.display(),
            index.dim,
            embedder.dim()
        );
    }
    let (names, values) = queries(&embedder, args)?;
    let mut query = Embeddings { values, dim: index.dim, ..Embeddings::default() };
    unit_rows(&mut query);
    unit_rows(&mut index);
    let knn = Knn { k: args.k, ..Knn::default() };
    let found = knn.search(Rows::new(&query.values, query.dim)?, Rows::new(&index.values, index.dim)?)?;
    let name = |row: usize| index.paths.get(row).cloned().unwrap_or_else(|| format!("row {row}"));
    let neighbours =
        found.rows().map(|row| row.iter().map(|n| (name(n.id as usize), n.score)).collect::<Vec<_>>());
    let results: Vec<_> = names.into_iter().zip(neighbours).collect();
    if args.json {
        let rows = results.into_iter().map(|(query, found)| {
            let neighbours =
                found.into_iter().map(|(path, cosine)| serde_json::json!({ "path": path, "cosine": cosine }));
            serde_json::json!({ "query": query, "neighbours": neighbours.collect::<Vec<_>>() })
        });
        return print_json(&rows.collect::<Vec<_>>());
    }
    for (query, found) in results {
        print_line(&query)?;
        for (path, cosine) in found {
            print_line(&format!("  {cosine:.4}  {path}"))?;
        }
    }
    Ok(())
}

/// The queries' names and vectors: images first, then sentences.
fn queries(embedder: &Embedder, args: &Search) -> Result<(Vec<String>, Vec<f32>)> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    if !args.text.is_empty() {
        values = embedder.text_encoder(args.tokenizer.as_deref())?.embed(&args.text)?;
    }
    if !args.query.is_empty() {
        let paths = images::find(&args.query)?;
        let embedded = model::embed(embedder, &paths, &args.compute)?;
        names.extend(embedded.rows.iter().map(|&row| paths[row].to_string_lossy().into_owned()));
        values.splice(0..0, embedded.values);
    }
    names.extend(args.text.iter().cloned());
    Ok((names, values))
}
