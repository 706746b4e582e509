//! From `--model` or `--backbone` to an embedder, and from paths to vectors.

use crate::{
    args::{BackboneArgs, Compute, Dtype},
    console::{Progress, downloads},
    device, stop,
};
use anyhow::{Context, Result, bail};
use mdfe_model::{BuildOptions, Embedded, Embedder, HubOptions, LoadOptions, extract::PipelineOptions};
use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

/// Loads what `--model` or `--backbone` names.
pub(crate) fn open(model: Option<&Path>, backbone: &BackboneArgs, compute: &Compute) -> Result<Embedder> {
    device::set_threads(compute)?;
    let options = load_options(backbone, compute)?;
    match (model, &backbone.backbone) {
        (Some(path), _) => Ok(Embedder::open(path, options)?),
        (None, Some(name)) => Ok(Embedder::of_backbone(name, options)?),
        (None, None) => bail!("name a trained embedder with --model or a backbone with --backbone"),
    }
}

/// The loading options of the command line.
pub(crate) fn load_options(backbone: &BackboneArgs, compute: &Compute) -> Result<LoadOptions> {
    Ok(LoadOptions {
        weights: backbone.weights.clone(),
        revision: backbone.revision.clone(),
        hub: hub(backbone.offline),
        build: BuildOptions {
            device: device::device(&compute.device)?,
            dtype: device::dtype(compute.dtype.unwrap_or(Dtype::F32)),
            proj_layer: backbone.proj_layer,
            ..BuildOptions::default()
        },
        ..LoadOptions::default()
    })
}

/// The hub as the environment describes it, offline where the user says so too; downloads are logged.
pub(crate) fn hub(offline: bool) -> HubOptions {
    let env = HubOptions::from_env();
    HubOptions { offline: offline || env.offline, progress: Some(downloads()), ..env }
}

/// Batch and threads of the command line; a GPU wants larger batches.
pub(crate) fn pipeline(compute: &Compute) -> PipelineOptions {
    let defaults = PipelineOptions::default();
    let batch = if compute.device == "cpu" { defaults.batch } else { 64 };
    PipelineOptions {
        batch: compute.batch.unwrap_or(batch),
        threads: compute.threads.unwrap_or(defaults.threads),
    }
}

/// Embeds `paths` with a progress bar; unreadable images are logged, and too many of them are an error.
pub(crate) fn embed(embedder: &Embedder, paths: &[PathBuf], compute: &Compute) -> Result<Embedded> {
    let total = paths.len() as u64;
    let progress = Progress::new("embedding", total, "images");
    let stop = stop::on_ctrl_c()?;
    let embedded = embedder.embed(paths, pipeline(compute), |done| {
        progress.update(done as u64, total);
        !stop.load(Ordering::SeqCst)
    });
    progress.finish();
    let embedded = embedded.context("cannot embed the images")?;
    if stop.load(Ordering::SeqCst) {
        bail!("stopped after {} of {total} images; nothing was written", embedded.rows.len());
    }
    for (_, reason) in &embedded.skipped {
        tracing::warn!("skipped: {reason}");
    }
    let bad = embedded.skipped.len();
    if bad as f64 * 100.0 > compute.max_bad * paths.len() as f64 {
        let first = &embedded.skipped[0].1;
        bail!(
            "{bad} of {total} images are unreadable, more than {} %: {first}; remove or mend them, or raise --max-bad",
            compute.max_bad
        );
    }
    Ok(embedded)
}
