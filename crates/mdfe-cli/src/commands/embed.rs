//! `mdfe embed`: images to vectors.

use super::{images, model};
use crate::{
    args::Embed,
    console::{print_json, print_line},
};
use anyhow::Result;
use mdfe_data::Embeddings;

pub(crate) fn run(args: &Embed) -> Result<()> {
    let paths = images::find(&args.input)?;
    let mut embedder = model::open(args.model.as_deref(), &args.backbone, &args.compute)?;
    if args.features {
        embedder = embedder.without_projection();
    }
    let embedded = model::embed(&embedder, &paths, &args.compute)?;
    let out = Embeddings {
        dim: embedder.dim(),
        paths: embedded.rows.iter().map(|&i| paths[i].to_string_lossy().into_owned()).collect(),
        values: embedded.values,
        ..Embeddings::default()
    };
    out.write(&args.output)?;
    if args.json {
        let skipped: Vec<_> = embedded
            .skipped
            .iter()
            .map(|(i, reason)| serde_json::json!({ "path": paths[*i], "reason": reason }))
            .collect();
        return print_json(&serde_json::json!({
            "output": args.output, "rows": out.len(), "dim": out.dim, "skipped": skipped
        }));
    }
    print_line(&format!("{}: {} vectors of {} numbers", args.output.display(), out.len(), out.dim))
}
