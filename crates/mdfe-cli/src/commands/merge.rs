//! `mdfe merge`: the parts of a space of features into one.

use crate::args::Merge;
use anyhow::{Result, bail};
use mdfe_data::store::merge;

pub(crate) fn run(args: &Merge) -> Result<()> {
    let merged = merge(&args.into, &args.parts)?;
    let rows = merged.store.stored_rows();
    args.results.print(
        &serde_json::json!({
            "dir": args.into,
            "copied": merged.copied,
            "kept": merged.kept,
            "refused": merged.refused,
            "rows": rows,
        }),
        &format!(
            "{}  {rows} rows; {} shards copied, {} there already",
            args.into.display(),
            merged.copied,
            merged.kept
        ),
    )?;
    if let Some(first) = merged.refused.first() {
        bail!(
            "{} shards cannot be trusted and were not copied, the first of them: {}",
            merged.refused.len(),
            first.reason
        );
    }
    Ok(())
}
