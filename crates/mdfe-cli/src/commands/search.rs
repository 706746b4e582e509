//! `mdfe search`: the nearest pictures of an index.

use super::{model, pictures, sides::unit_rows};
use crate::{
    args::Search,
    console::{print_json, print_line},
};
use anyhow::{Result, bail};
use mdfe_data::Embeddings;
use mdfe_eval::{Knn, Vectors};

pub(crate) fn run(args: &Search) -> Result<()> {
    let paths = pictures::find(&args.query)?;
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
    let embedded = model::embed(&embedder, &paths, &args.compute)?;
    let mut query = Embeddings { values: embedded.values, dim: index.dim, ..Embeddings::default() };
    unit_rows(&mut query);
    unit_rows(&mut index);
    let knn = Knn { k: args.k, ..Knn::default() };
    let found =
        knn.search(Vectors::new(&query.values, query.dim)?, Vectors::new(&index.values, index.dim)?)?;
    let name = |row: usize| index.paths.get(row).cloned().unwrap_or_else(|| format!("row {row}"));
    let mut results = Vec::new();
    for (i, row) in found.rows().enumerate() {
        let path = paths[embedded.rows[i]].to_string_lossy().into_owned();
        let neighbours: Vec<_> = row.iter().map(|n| (name(n.id as usize), n.score)).collect();
        results.push((path, neighbours));
    }
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
