//! `mdfe extract`: data sets into spaces of features.

use super::{
    backbone::Ready,
    experiment::{self, TestSets},
    watch::Watch,
};
use crate::{args::Extract, exit::Stopped, stop};
use anyhow::Result;
use mdfe_data::Dataset;
use mdfe_model::extract::{ExtractOptions, Extraction, Extractor, extract};
use mdfe_train::pipeline::RunObserver;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn run(args: &Extract) -> Result<()> {
    let mut experiment = experiment::resolve(&args.experiment, TestSets::default())?;
    if let Some(dtype) = args.store_dtype {
        experiment.backbone.store_dtype = dtype.into();
    }
    let settings = &args.experiment.settings;
    let data = experiment::read(&experiment)?;
    let ready = Ready::load(&experiment, settings)?;
    let options = ExtractOptions {
        part: args.shard.map(|part| mdfe_model::extract::Part { index: part.index, count: part.of }),
        ..ready.extract_options(&experiment, settings)
    };
    let stop = stop::on_ctrl_c()?;
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    each(data.all(), &ready.extractor(), &options, &stop, |dataset, extraction| {
        rows.push(row(dataset, extraction));
        let state = if extraction.rows.is_some() { "complete" } else { "incomplete" };
        lines.push(format!("{}  {state}", extraction.dir.display()));
    })?;
    args.results.print(&rows, &lines.join("\n"))?;
    if stop.load(Ordering::SeqCst) {
        return Err(
            Stopped("the shards that are whole are kept, run the same command to go on".into()).into()
        );
    }
    Ok(())
}

/// Extracts one data set after the other, until `stop`, with progress; `done` is told what each came to.
pub(super) fn each<'d>(
    datasets: impl Iterator<Item = &'d Dataset>,
    extractor: &Extractor<'_>,
    options: &ExtractOptions,
    stop: &AtomicBool,
    mut done: impl FnMut(&str, &Extraction),
) -> Result<()> {
    let mut watch = Watch::default();
    for dataset in datasets {
        let extraction = extract(extractor, dataset, options, |progress| {
            watch.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        watch.extracted(&dataset.name, &extraction);
        done(&dataset.name, &extraction);
        if stop.load(Ordering::SeqCst) {
            break;
        }
    }
    Ok(())
}

fn row(dataset: &str, extraction: &Extraction) -> serde_json::Value {
    serde_json::json!({
        "dataset": dataset,
        "dir": extraction.dir,
        "computed": extraction.computed,
        "reused": extraction.reused,
        "missing": extraction.missing,
        "skipped": extraction.skipped,
        "complete": extraction.rows.is_some(),
    })
}
