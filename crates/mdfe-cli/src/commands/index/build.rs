//! `mdfe index build`.

use super::{
    show::recall_line,
    source::{Outcome, Source, parts},
    writer,
};
use crate::args::IndexBuild;
use anyhow::{Context, Result, bail};
use mdfe_index::{Error, Existing, Index, IndexOptions, Writer};

pub(super) fn run(args: &IndexBuild) -> Result<()> {
    if args.output.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: args.output.clone() }.into());
    }
    let source = Source::open(&args.input)?;
    let (dim, embedder) = source.kind();
    let rescore = args.rescore.map(Into::into);
    let options = IndexOptions { dim, dtype: args.store_dtype, rescore, embedder };
    let mut writer = begin(args, &options)?;
    let before = writer.index().len();
    if before > 0 && source.has_nameless() {
        bail!(
            "{} holds an unfinished index, and rows without paths could come into it twice; remove that folder",
            parts(&args.output).display()
        );
    }
    source.check(&mut writer, Existing::Skip)?;
    // What an earlier run has done is skipped, embeddings and images alike.
    let outcome = source.add(&mut writer, Existing::Skip)?;
    if writer.index().is_empty() {
        bail!("nothing could be embedded; there is no index without rows");
    }
    writer.measure_recall()?;
    drop(writer);
    std::fs::rename(parts(&args.output), &args.output).with_context(|| {
        format!("cannot rename {} to {}", parts(&args.output).display(), args.output.display())
    })?;
    print(args, &outcome, before)
}

/// The index that an earlier run has begun, if it is the same, or a new one; in a folder of its own until it is whole.
fn begin(args: &IndexBuild, options: &IndexOptions) -> Result<Writer> {
    let dir = parts(&args.output);
    if !Index::is_at(&dir) {
        return Ok(Index::create(&dir, options)?);
    }
    let writer = writer(&dir)?;
    let info = writer.index().info();
    let rescore = options.rescore.unwrap_or(info.rescore);
    if (info.dim, info.dtype, info.rescore) != (options.dim, options.dtype, rescore)
        || info.embedder != options.embedder
    {
        let embedder = info.embedder.map_or_else(|| "an unknown model".to_owned(), |id| id.name);
        bail!(
            "{} holds an unfinished index of {embedder} in {}; give another --output, or remove that folder",
            dir.display(),
            info.dtype
        );
    }
    Ok(writer)
}

fn print(args: &IndexBuild, outcome: &Outcome, before: usize) -> Result<()> {
    let info = Index::open(&args.output)?.info();
    let mut value = serde_json::to_value(&info)?;
    value["output"] = serde_json::to_value(&args.output)?;
    value["skipped"] = serde_json::to_value(&outcome.skipped)?;
    if before > 0 {
        tracing::info!("{before} rows were there from an earlier run");
    }
    let mut text = format!(
        "{}: {} rows of {} dimensions in {}, {} bytes",
        args.output.display(),
        info.rows,
        info.dim,
        info.dtype,
        info.bytes
    );
    value["existing"] = outcome.added.skipped.into();
    if outcome.added.skipped > 0 {
        text = format!("{text}; {} rows skipped whose path had come before", outcome.added.skipped);
    }
    if let Some(line) = recall_line(&info) {
        text = format!("{text}\n{line}");
    }
    args.results.print(&value, &text)
}
