//! From `--model` or `--backbone` to an embedder, and from paths to embeddings.

use super::remote::{self, LocalPart};
use crate::{
    args::{Compute, DeviceName, ModelArgs},
    console::{Progress, downloads},
    device,
    exit::{Stopped, usage},
    stop,
};
use anyhow::{Context, Result, bail};
use mdfe_data::InputRow;
use mdfe_model::{
    BuildOptions, Embedded, Embedder, HubOptions, LoadOptions, embedder_path,
    extract::{ImageFile, PipelineOptions, RowResult},
};
use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
};

/// Loads what `--model` or `--backbone` names.
pub(crate) fn open(args: &ModelArgs) -> Result<Embedder> {
    device::set_threads(&args.compute)?;
    match (&args.model, &args.backbone.backbone) {
        (Some(_), _) if args.backbone.proj_layer => {
            usage!(
                "--proj-layer belongs to --backbone; a trained embedder knows whether its backbone has one"
            )
        }
        (Some(model), _) => {
            Ok(Embedder::open(&path(model, args.backbone.files.offline)?, load_options(args)?)?)
        }
        (None, Some(name)) => Ok(Embedder::of_backbone(name, load_options(args)?)?),
        (None, None) => usage!("name a trained embedder with --model or a backbone with --backbone"),
    }
}

/// The loading options of the command line.
fn load_options(args: &ModelArgs) -> Result<LoadOptions> {
    let dtype = args.compute.dtype.map_or(mdfe_train::Dtype::F32, Into::into);
    Ok(LoadOptions {
        weights: args.backbone.files.weights.clone(),
        revision: args.backbone.revision.clone(),
        hub: hub(args.backbone.files.offline),
        build: BuildOptions {
            device: args.compute.device.open()?,
            dtype: device::candle_dtype(dtype),
            proj_layer: args.backbone.proj_layer,
            ..BuildOptions::default()
        },
        ..LoadOptions::default()
    })
}

/// Where the embedder that the user names lies on this machine; one on the hub is fetched.
pub(crate) fn path(model: &Path, offline: bool) -> Result<PathBuf> {
    Ok(embedder_path(model, &hub(offline))?)
}

/// The hub as the environment describes it, offline where the user says so too; downloads are logged.
pub(crate) fn hub(offline: bool) -> HubOptions {
    let env = HubOptions::from_env();
    HubOptions { offline: offline || env.offline, progress: Some(downloads()), ..env }
}

/// Batch and threads of the command line; a GPU wants larger batches.
pub(crate) fn pipeline(compute: &Compute) -> PipelineOptions {
    let defaults = PipelineOptions::default();
    let batch = if compute.device == DeviceName::Cpu { defaults.batch } else { 64 };
    PipelineOptions {
        batch: compute.batch.unwrap_or(batch),
        threads: compute.threads.unwrap_or(defaults.threads),
    }
}

/// Embeds `rows` with a progress bar; unreadable images are logged, and too many of them are an error.
pub(crate) fn embed(embedder: &Embedder, rows: &[InputRow], compute: &Compute) -> Result<Embedded> {
    let mut out = Embedded::default();
    let all: Vec<&InputRow> = rows.iter().collect();
    embed_each(embedder, &all, compute, |item, embedding| {
        match embedding {
            Ok(embedding) => {
                out.values.extend_from_slice(embedding);
                out.rows.push(item);
            }
            Err(reason) => out.skipped.push((item, reason)),
        }
        Ok(())
    })?;
    let first = out.skipped.first().map_or("", |(_, reason)| reason.as_str());
    check_bad(BadImages { count: out.skipped.len(), total: rows.len(), first }, compute)?;
    Ok(out)
}

/// Images that could not be read.
pub(crate) struct BadImages<'a> {
    pub(crate) count: usize,
    pub(crate) total: usize,
    /// The reason of the first.
    pub(crate) first: &'a str,
}

/// Refuses more unreadable images than `--max-bad` allows.
pub(crate) fn check_bad(bad: BadImages<'_>, compute: &Compute) -> Result<()> {
    let BadImages { count, total, first } = bad;
    if count as f64 * 100.0 > compute.max_bad * total as f64 {
        bail!(
            "{count} of {total} images are unreadable, more than {} %: {first}; remove or mend them, or raise --max-bad",
            compute.max_bad
        );
    }
    Ok(())
}

/// Embeds `rows` with a progress bar and hands each embedding to `sink`, in order, with its position; an unreadable image with the
/// reason, which is also logged.
pub(crate) fn embed_each(
    embedder: &Embedder,
    rows: &[&InputRow],
    compute: &Compute,
    mut sink: impl FnMut(usize, std::result::Result<&[f32], String>) -> Result<()>,
) -> Result<()> {
    let total = rows.len();
    let progress = Progress::new("embedding", total as u64, "images");
    let stop = stop::on_ctrl_c()?;
    let (mut done, mut failure) = (0, None);
    let mut embedded = Ok(());
    for part in remote::parts(rows)? {
        embedded = part.and_then(|part| {
            embed_part(embedder, &part, compute, &mut |embedding| {
                if let Err(reason) = &embedding {
                    tracing::warn!("skipped: {reason}");
                }
                failure = sink(done, embedding).err();
                done += 1;
                progress.update(done as u64, total as u64);
                failure.is_none() && !stop.load(Ordering::SeqCst)
            })
        });
        if embedded.is_err() || failure.is_some() || stop.load(Ordering::SeqCst) {
            break;
        }
    }
    progress.finish();
    embedded.context("cannot embed the images")?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    if stop.load(Ordering::SeqCst) {
        return Err(
            Stopped(format!("{done} of {total} images were done; run the same command to go on")).into()
        );
    }
    Ok(())
}

/// Embeds the files of a part, in order; one that could not be had comes with its reason, and `sink` returns whether to go on.
fn embed_part(
    embedder: &Embedder,
    part: &LocalPart,
    compute: &Compute,
    sink: &mut dyn FnMut(RowResult<'_>) -> bool,
) -> Result<()> {
    let there: Vec<usize> = (0..part.files.len()).filter(|&i| part.files[i].is_ok()).collect();
    let files = part.files.iter().flatten().map(|path| ImageFile { path: path.clone(), key: None });
    let files: Vec<ImageFile> = files.collect();
    let (mut next, mut going) = (0, true);
    embedder.embed_each(&files, pipeline(compute), |item, embedding| {
        while going && next < there[item] {
            going = sink(Err(part.reason(next)));
            next += 1;
        }
        if going {
            going = sink(embedding.map_err(|reason| part.named(there[item], &reason)));
            next += 1;
        }
        Ok(going)
    })?;
    while going && next < part.files.len() {
        going = sink(Err(part.reason(next)));
        next += 1;
    }
    Ok(())
}
