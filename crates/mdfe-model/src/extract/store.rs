//! `mdfe extract`: the features of a data set, into a feature store.

use super::pipeline::{Extractor, PipelineOptions, PipelineTimes, features_of};
use crate::{Error, Result};
use mdfe_data::{
    Dataset,
    store::{FeatureStore, ShardRows, Skipped, StoreDtype, StoreSpec, StoreWriter},
    write_atomically,
};
use std::path::{Path, PathBuf};

/// How a data set is extracted.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtractOptions {
    /// Folder that holds the stores.
    pub parent: PathBuf,
    /// Number format on disk (default f32).
    pub dtype: StoreDtype,
    /// Rows of the listing per shard (default 256): what a stop can cost.
    pub shard_rows: usize,
    /// Batch and threads.
    pub pipeline: PipelineOptions,
    /// Only the shards `i, i + n, i + 2n, ...` of part `(i, n)`, for several machines; `None` for all.
    pub part: Option<(usize, usize)>,
    /// Share of unreadable images, 0 to 1, above which the run stops (default 0.01).
    pub max_bad: f64,
}

impl ExtractOptions {
    /// The defaults, with the stores in `parent`.
    pub fn at(parent: impl Into<PathBuf>) -> Self {
        Self {
            parent: parent.into(),
            dtype: StoreDtype::F32,
            shard_rows: 256,
            pipeline: PipelineOptions::default(),
            part: None,
            max_bad: 0.01,
        }
    }
}

/// How far an extraction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtractProgress {
    /// Images done, those of an earlier run included.
    pub done: usize,
    /// Images of the data set.
    pub total: usize,
}

/// What an extraction did.
pub struct Extraction {
    /// The store, if it is complete; `None` after a stop, or when other parts are missing.
    pub store: Option<FeatureStore>,
    /// The store's folder.
    pub dir: PathBuf,
    /// Images whose features were computed now.
    pub computed: usize,
    /// Images whose features were there from an earlier run.
    pub reused: usize,
    /// Shards that are still missing.
    pub missing_shards: usize,
    /// Where the time went.
    pub times: PipelineTimes,
}

/// Extracts `dataset` into its store, going on from whatever an earlier run left.
///
/// `watch` is told the progress and returns whether to go on; a stop keeps every whole shard.
///
/// # Errors
/// [`Error::Invalid`] when more than `max_bad` of the images are unreadable (they are listed in `unreadable.jsonl` in the
/// store's folder), [`Error::Data`] when the store cannot be written, [`Error::Candle`] from the backbone.
pub fn extract(
    extractor: &Extractor<'_>,
    dataset: &Dataset,
    options: &ExtractOptions,
    mut watch: impl FnMut(ExtractProgress) -> bool,
) -> Result<Extraction> {
    let spec = StoreSpec {
        backbone: extractor.id.clone(),
        preprocess: extractor.preprocess.clone(),
        dtype: options.dtype,
        compute: extractor.dtype.as_str().to_owned(),
        dim: extractor.backbone.feature_dim(),
        shard_rows: options.shard_rows,
    };
    let writer = StoreWriter::open(&options.parent, spec, dataset)?;
    let status = writer.status();
    let mine: Vec<usize> = match options.part {
        None => status.missing.clone(),
        Some((i, n)) if i < n => status.missing.iter().copied().filter(|shard| shard % n == i).collect(),
        Some((i, n)) => {
            return Err(Error::Invalid(format!("part {i}/{n} does not exist; parts count from 0")));
        }
    };
    let rows: Vec<usize> = mine.iter().flat_map(|&shard| writer.range(shard)).collect();
    let paths: Vec<PathBuf> = rows.iter().map(|&r| dataset.root.join(&dataset.samples[r].path)).collect();
    let shard_of = |item: usize| rows[item] / options.shard_rows;
    let is_last = |item: usize| item + 1 == rows.len() || shard_of(item) != shard_of(item + 1);

    let total = dataset.samples.len();
    let reused = status.rows + status.skipped.len();
    let mut bad = status.skipped;
    let (mut shard, mut computed, mut stopped) = (ShardRows::default(), 0, false);
    let times = features_of(extractor, &paths, options.pipeline, is_last, |item, features| {
        match features {
            Ok(features) => {
                shard.features.extend_from_slice(features);
                shard.rows.push(rows[item] as u32);
            }
            Err(reason) => {
                let path = dataset.samples[rows[item]].path.to_string_lossy().into_owned();
                shard.skipped.push(Skipped { path, reason });
                bad.extend(shard.skipped.last().cloned());
            }
        }
        computed += 1;
        if is_last(item) {
            writer.write(shard_of(item), &std::mem::take(&mut shard))?;
            // Once a shard, so that the list names every image of it and not only the first.
            check_bad(&bad, total, options.max_bad, writer.dir())?;
        }
        stopped = !watch(ExtractProgress { done: reused + computed, total });
        Ok(!stopped)
    })?;
    let dir = writer.dir().to_path_buf();
    let missing_shards = writer.missing().len();
    let store = if missing_shards == 0 { Some(writer.finish()?) } else { None };
    Ok(Extraction { store, dir, computed, reused, missing_shards, times })
}

/// Stops when more images are unreadable than allowed, and leaves the list of them.
fn check_bad(bad: &[Skipped], total: usize, max_bad: f64, dir: &Path) -> Result<()> {
    if bad.len() as f64 <= max_bad * total as f64 {
        return Ok(());
    }
    let list = dir.join("unreadable.jsonl");
    let lines: Vec<String> = bad.iter().filter_map(|s| serde_json::to_string(s).ok()).collect();
    write_atomically(&list, (lines.join("\n") + "\n").as_bytes())?;
    let last = bad.last().map(|s| s.reason.clone()).unwrap_or_default();
    Err(Error::Invalid(format!(
        "{} of {total} images are unreadable, more than {} % ({last}); they are listed in {}; mend or exclude them, or raise \
         --max-bad",
        bad.len(),
        max_bad * 100.0,
        list.display()
    )))
}
