//! `mdfe merge`: the parts of a feature store into one.

use crate::{
    args::Merge,
    console::{print_json, print_line},
};
use anyhow::{Result, bail};
use mdfe_data::store::merge;

pub(crate) fn run(args: &Merge) -> Result<()> {
    let merged = merge(&args.into, &args.parts)?;
    let rows = merged.store.as_ref().map(|store| store.len());
    if args.json {
        print_json(&serde_json::json!({
            "dir": args.into,
            "copied": merged.copied,
            "missing_shards": merged.missing,
            "rows": rows,
        }))?;
    } else if let Some(rows) = rows {
        print_line(&format!(
            "{}  complete, {rows} rows; {} shards copied",
            args.into.display(),
            merged.copied
        ))?;
    }
    if let Some(first) = merged.missing.first() {
        bail!(
            "{} lacks {} shards, the first of them {first}: run `mdfe extract --shard` for them, or name the store that has them",
            args.into.display(),
            merged.missing.len()
        );
    }
    Ok(())
}
