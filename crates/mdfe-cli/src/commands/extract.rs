//! `mdfe extract`: data sets into spaces of features.

use super::{
    backbone::Ready,
    experiment::{self, TestSets},
    watch::Watch,
};
use crate::{args::Extract, exit::Stopped, stop};
use anyhow::Result;
use mdfe_model::extract::{ExtractOptions, Extraction, extract};
use mdfe_train::pipeline::RunObserver;
use std::sync::atomic::Ordering;

pub(crate) fn run(args: &Extract) -> Result<()> {
    let mut experiment = experiment::resolve(&args.experiment, TestSets::default())?;
    if let Some(dtype) = args.store_dtype {
        experiment.backbone.store_dtype = dtype.into();
    }
    let data = experiment::read(&experiment)?;
    let ready = Ready::load(&experiment, &args.experiment)?;
    let options = ExtractOptions {
        part: args.shard.map(|part| mdfe_model::extract::Part { index: part.index, count: part.of }),
        ..ready.extract_options(&experiment, &args.experiment)
    };
    let stop = stop::on_ctrl_c()?;
    let mut watch = Watch::default();
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for dataset in data.all() {
        let extraction = extract(&ready.extractor(), dataset, &options, |progress| {
            watch.extracting(&dataset.name, progress);
            !stop.load(Ordering::SeqCst)
        })?;
        watch.extracted(&dataset.name, &extraction);
        rows.push(row(&dataset.name, &extraction));
        let state = if extraction.rows.is_some() { "complete" } else { "incomplete" };
        lines.push(format!("{}  {state}", extraction.dir.display()));
        if stop.load(Ordering::SeqCst) {
            break;
        }
    }
    args.results.print(&rows, &lines.join("\n"))?;
    if stop.load(Ordering::SeqCst) {
        return Err(
            Stopped("the shards that are whole are kept, run the same command to go on".into()).into()
        );
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
