//! `mdfe extract`: the features of a data set, into a space.

use super::{
    ExtractOptions, ExtractProgress, ExtractStage, Extraction, ImageFile, Part,
    pipeline::{Extractor, PipelineTimes, features_of},
};
use crate::{Error, Result};
use mdfe_data::{
    Dataset, Skipped,
    identity::KeyCache,
    store::{FeatureStore, FeatureView, Resolved, SpaceSpec, SpaceWriter, Use, View, resolve},
    write_atomically,
};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Counted up when the same model gives other bits on the CPU than the revision before.
pub const NUMERICS: u32 = 1;

impl Extractor<'_> {
    /// The space of this extractor's features, stored as `dtype`.
    pub fn space(&self, dtype: mdfe_data::store::StoreDtype) -> SpaceSpec {
        SpaceSpec {
            backbone: self.id.clone(),
            preprocess: self.preprocess.clone(),
            compute: self.dtype.as_str().to_owned(),
            dtype,
            dim: self.backbone.feature_dim(),
            numerics: NUMERICS,
            variant: self.variant,
        }
    }
}

/// Extracts the images of `dataset` that its space does not hold yet.
///
/// `watch` is told the progress and returns whether to go on; a stop keeps every whole shard. An image that cannot be read is tried
/// again by the next run and listed each time.
///
/// # Errors
/// [`Error::Invalid`] for an empty data set, or when more than `max_bad` of the images are unreadable (they are listed in
/// `unreadable-NAME.jsonl` in the space's folder), [`Error::Data`] when the space cannot be written, [`Error::Candle`] from the
/// backbone.
pub fn extract(
    extractor: &Extractor<'_>,
    dataset: &Dataset,
    options: &ExtractOptions,
    mut watch: impl FnMut(ExtractProgress) -> bool,
) -> Result<Extraction> {
    let total = expect_samples(dataset)?;
    let mut writer = SpaceWriter::open(&options.parent, &extractor.space(options.dtype), options.shard_rows)?;
    let dir = writer.dir().to_path_buf();
    let mut out = Extraction {
        rows: None,
        dir: dir.clone(),
        computed: 0,
        reused: 0,
        missing: total,
        skipped: Vec::new(),
        times: PipelineTimes::default(),
    };
    let Some(Resolved { view, skipped }) = resolved(dataset, options, &mut watch) else { return Ok(out) };
    out.skipped = skipped;
    let bad = BadLimit::new(dataset, options, &dir);
    bad.check(&out.skipped)?;

    let missing = FeatureStore::open(&dir)?.missing(&view);
    out.reused = view.len() - missing.len();
    let mine = share(&missing, options.part)?;
    let files: Vec<ImageFile> = mine
        .iter()
        .map(|&row| ImageFile {
            path: dataset.root.join(view.path(row).unwrap_or_default()),
            key: Some(view.key(row)),
        })
        .collect();
    let (reused, mut computed) = (out.reused, 0);
    let mut unreadable = Vec::new();
    let (skipped, mut stopped) = (&mut out.skipped, false);
    out.times = features_of(extractor, &files, options.pipeline, |item, features| {
        match features {
            Ok(features) => {
                let filled = writer.push(view.key(mine[item]), features)?;
                if filled {
                    bad.check(skipped)?;
                }
            }
            Err(reason) => {
                skipped.push(Skipped::new(view.path(mine[item]).unwrap_or_default(), reason));
                unreadable.push(mine[item]);
                // Now and then, so that the list names more than the one image over the limit.
                if unreadable.len().is_multiple_of(options.shard_rows) {
                    bad.check(skipped)?;
                }
            }
        }
        computed += 1;
        stopped = !watch(ExtractProgress { stage: ExtractStage::Compute, done: reused + computed, total });
        Ok(!stopped)
    })?;
    writer.flush()?;
    bad.check(&out.skipped)?;
    out.computed = computed - unreadable.len();
    finish(out, view, &unreadable)
}

/// Finds the images of `dataset` by their fingerprints and computes nothing; `None` at a stop. Unreadable images are listed and limited as by
/// [`extract`], in `options.parent`.
///
/// # Errors
/// [`Error::Invalid`] for an empty data set, or when more than `max_bad` of the images are unreadable.
pub fn identify(
    dataset: &Dataset,
    options: &ExtractOptions,
    mut watch: impl FnMut(ExtractProgress) -> bool,
) -> Result<Option<Resolved>> {
    expect_samples(dataset)?;
    let found = resolved(dataset, options, &mut watch);
    if let Some(found) = &found {
        BadLimit::new(dataset, options, &options.parent).check(&found.skipped)?;
    }
    Ok(found)
}

/// The number of samples; none is an error.
fn expect_samples(dataset: &Dataset) -> Result<usize> {
    if dataset.samples.is_empty() {
        let (name, root) = (&dataset.name, dataset.root.display());
        return Err(Error::Invalid(format!(
            "the data set {name} under {root} is empty; there is nothing to extract"
        )));
    }
    Ok(dataset.samples.len())
}

fn resolved(
    dataset: &Dataset,
    options: &ExtractOptions,
    watch: &mut impl FnMut(ExtractProgress) -> bool,
) -> Option<Resolved> {
    let (cache, total) = (KeyCache::in_folder(&options.parent), dataset.samples.len());
    resolve(dataset, &cache, options.verify, |done| {
        watch(ExtractProgress { stage: ExtractStage::Identify, done, total })
    })
}

/// Looks the view up in what is there now.
fn finish(mut out: Extraction, view: View, unreadable: &[usize]) -> Result<Extraction> {
    let store = FeatureStore::open(&out.dir)?;
    let bad: HashSet<_> = unreadable.iter().map(|&row| view.key(row)).collect();
    let readable = view.filter(|row| !bad.contains(&view.key(row)));
    out.missing = store.missing(&readable).len();
    if out.missing == 0 {
        Use::record(&out.dir, &readable)?;
        out.rows = Some(FeatureView::new(Arc::new(store), Arc::new(readable))?);
    }
    Ok(out)
}

/// The rows of this machine: every `count`-th by its position in the view, so that the shares do not depend on what is there already.
fn share(missing: &[usize], part: Option<Part>) -> Result<Vec<usize>> {
    match part {
        None => Ok(missing.to_vec()),
        Some(Part { index, count }) if index < count => {
            Ok(missing.iter().copied().filter(|row| row % count == index).collect())
        }
        Some(Part { index, count }) => {
            Err(Error::Invalid(format!("part {index}/{count} does not exist; parts count from 0")))
        }
    }
}

/// File name of the list of a data set's unreadable images.
fn unreadable(dataset: &Dataset) -> String {
    let name: String = dataset.name.chars().take(60).collect();
    let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-', "_");
    format!("unreadable-{name}.jsonl")
}

/// How many images may be unreadable.
struct BadLimit {
    total: usize,
    max_bad: f64,
    list: PathBuf,
}

impl BadLimit {
    /// The limit for a data set, whose list lies in `dir`.
    fn new(dataset: &Dataset, options: &ExtractOptions, dir: &Path) -> Self {
        let (total, list) = (dataset.samples.len(), dir.join(unreadable(dataset)));
        Self { total, max_bad: options.max_bad, list }
    }

    /// Stops when more images are unreadable than allowed, and leaves the list of them.
    fn check(&self, skipped: &[Skipped]) -> Result<()> {
        if skipped.len() as f64 <= self.max_bad * self.total as f64 {
            return Ok(());
        }
        let list: &Path = &self.list;
        let lines: Vec<String> = skipped.iter().filter_map(|s| serde_json::to_string(s).ok()).collect();
        write_atomically(list, (lines.join("\n") + "\n").as_bytes())?;
        let last = skipped.last().map(|s| s.reason.clone()).unwrap_or_default();
        Err(Error::Invalid(format!(
            "{} of {} images are unreadable, more than {} % ({last}); they are listed in {}; mend or exclude them, or raise \
             --max-bad",
            skipped.len(),
            self.total,
            self.max_bad * 100.0,
            list.display()
        )))
    }
}
