//! `mdfe index add` and `mdfe index remove`.

use super::{source::Source, writer};
use crate::args::{IndexAdd, IndexRemove};
use anyhow::Result;

pub(super) fn run(args: &IndexAdd) -> Result<()> {
    // Asked before a model is loaded.
    drop(mdfe_index::Index::open(&args.index.index)?);
    let source = Source::open(&args.input)?;
    let mut writer = writer(&args.index.index)?;
    let existing = args.existing.into();
    source.check(&mut writer, existing)?;
    let outcome = source.add(&mut writer, existing)?;
    writer.measure_recall()?;
    let added = outcome.added;
    let mut text = format!("{}: {} rows added", args.index.index.display(), added.added);
    for (count, what) in [(added.replaced, "old rows replaced"), (added.skipped, "skipped, they were there")]
    {
        if count > 0 {
            text = format!("{text}, {count} {what}");
        }
    }
    let rows = writer.index().len();
    let value = serde_json::json!({
        "index": args.index.index,
        "added": added.added,
        "replaced": added.replaced,
        "existing": added.skipped,
        "rows": rows,
        "skipped": outcome.skipped,
    });
    args.results.print(&value, &format!("{text}; {rows} in all"))
}

pub(super) fn remove(args: &IndexRemove) -> Result<()> {
    let mut writer = writer(&args.index.index)?;
    let removed = writer.remove(&args.path, &args.row)?;
    let rows = writer.index().len();
    let value = serde_json::json!({ "index": args.index.index, "removed": removed, "rows": rows });
    let text = format!("{}: {removed} rows removed; {rows} are left", args.index.index.display());
    args.results.print(&value, &text)
}
