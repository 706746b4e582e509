//! `mdfe extract`: data sets into feature stores.

use super::{
    backbone::Ready,
    experiment::{self, Given},
    watch::Watch,
};
use crate::{
    args::{Dtype, Extract},
    console::{print_json, print_line},
    stop,
};
use anyhow::{Context, Result, bail};
use mdfe_data::store::StoreDtype;
use mdfe_model::extract::{ExtractOptions, extract};
use mdfe_train::pipeline::RunObserver;
use std::sync::atomic::Ordering;

pub(crate) fn run(args: &Extract) -> Result<()> {
    let given = Given {
        config: args.config.as_deref(),
        set: &args.set,
        data: args.data.as_deref(),
        query: None,
        index: None,
        backbone: &args.backbone,
        compute: &args.compute,
    };
    let experiment = experiment::resolve(&given)?;
    let data = experiment::read(&experiment)?;
    let ready = Ready::load(&experiment, &args.backbone, &args.compute)?;
    let parent = args.features_dir.clone().unwrap_or_else(|| super::FEATURES_DIR.into());
    let options = ExtractOptions {
        dtype: match args.store_dtype {
            Dtype::F32 => StoreDtype::F32,
            Dtype::F16 => StoreDtype::F16,
            Dtype::Bf16 => StoreDtype::Bf16,
        },
        pipeline: ready.pipeline,
        shard_rows: experiment.backbone.shard_rows,
        part: args.shard.as_deref().map(part).transpose()?,
        max_bad: args.compute.max_bad / 100.0,
        ..ExtractOptions::at(parent)
    };
    let stop = stop::on_ctrl_c()?;
    let mut watch = Watch::default();
    let mut rows = Vec::new();
    for dataset in data.train.iter().chain(&data.query).chain(&data.index) {
        let extraction = extract(&ready.extractor(), dataset, &options, |progress| {
            watch.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        watch.extracted(&dataset.name, &extraction);
        rows.push(serde_json::json!({
            "dataset": dataset.name,
            "dir": extraction.dir,
            "computed": extraction.computed,
            "reused": extraction.reused,
            "missing_shards": extraction.missing_shards,
            "complete": extraction.store.is_some(),
        }));
        if !args.json {
            let state = if extraction.store.is_some() { "complete" } else { "incomplete" };
            print_line(&format!("{}  {state}", extraction.dir.display()))?;
        }
        if stop.load(Ordering::SeqCst) {
            bail!("stopped; the shards that are whole are kept, run the same command to go on");
        }
    }
    if args.json { print_json(&rows) } else { Ok(()) }
}

/// `0/4` as (0, 4).
fn part(text: &str) -> Result<(usize, usize)> {
    let fits = |(i, n): (&str, &str)| Some((i.parse().ok()?, n.parse().ok()?));
    let part: Option<(usize, usize)> = text.split_once('/').and_then(fits);
    let part = part.with_context(|| format!("--shard {text} is not I/N, such as 0/4"))?;
    if part.0 >= part.1 {
        bail!("--shard {text}: parts count from 0 to {}", part.1.saturating_sub(1));
    }
    Ok(part)
}
