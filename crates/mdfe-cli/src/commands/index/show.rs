//! `mdfe index info` and `mdfe index verify`.

use super::super::columns::columns;
use crate::args::Results;
use anyhow::{Result, bail};
use mdfe_index::{Index, IndexInfo, Rescore};
use std::path::Path;

pub(super) fn info(dir: &Path, results: Results) -> Result<()> {
    let info = Index::open(dir)?.info();
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let stored = match info.rescore {
        Rescore::None => info.dtype.to_string(),
        finer => format!("{}, scored with a copy in {}", info.dtype, finer.name()),
    };
    let embedder = info.embedder.as_ref();
    let embedder = embedder
        .map_or_else(|| "not known".to_owned(), |e| format!("{} ({})", e.name, e.fingerprint.short()));
    let removed = if info.removed > 0 { format!(", {} removed", info.removed) } else { String::new() };
    let mut rows = vec![
        row("rows", format!("{}{removed}", info.rows)),
        row("dimensions", info.dim.to_string()),
        row("stored", stored),
        row("embedder", embedder),
        row("size", format!("{} bytes in {} segments", info.bytes, info.segments)),
        row("labels", info.labels.to_string()),
        row("score", info.score.to_owned()),
        row("search", if info.exact { "exact" } else { "not exact" }.to_owned()),
    ];
    for domain in &info.domains {
        rows.push(row("domain", format!("{}: {} rows", domain.name, domain.rows)));
    }
    let mut lines = columns(&rows);
    lines.extend(recall_line(&info));
    results.print(&info, &lines.join("\n"))
}

/// What a search that is not exact misses.
pub(super) fn recall_line(info: &IndexInfo) -> Option<String> {
    if info.exact {
        return None;
    }
    Some(match info.recall {
        Some(recall) => format!(
            "recall@{} {:.4} against the exact search, measured with {} of {} rows",
            recall.k, recall.recall, recall.queries, recall.rows
        ),
        None => "recall is not known: there is no finer copy to compare with".to_owned(),
    })
}

pub(super) fn verify(dir: &Path, results: Results) -> Result<()> {
    let found = Index::verify(dir)?;
    let mut lines = vec![format!(
        "{}: {} files, {} rows, {} damaged",
        dir.display(),
        found.files,
        found.rows,
        found.faults.len()
    )];
    lines.extend(found.faults.iter().map(|fault| format!("  {}", fault.reason)));
    results.print(&found, &lines.join("\n"))?;
    if !found.faults.is_empty() {
        bail!(
            "{} files are damaged; build the index again, or copy them from a whole one",
            found.faults.len()
        );
    }
    Ok(())
}
