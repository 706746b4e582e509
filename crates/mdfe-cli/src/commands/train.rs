//! `mdfe train`: from data and a backbone to an embedder and its scores.

use super::{
    backbone::Ready,
    experiment::{self, TestSets},
    next,
    watch::Watch,
};
use crate::{
    args::{Results, Train},
    console,
    exit::Stopped,
    stop,
};
use anyhow::{Context, Result, bail};
use mdfe_model::pretrained;
use mdfe_train::{
    Counts, Experiment, Plan,
    pipeline::{Run, RunFolder, RunOutcome, table},
};
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Train) -> Result<()> {
    let given = &args.experiment;
    let test = TestSets { query: args.query.as_deref(), index: args.index.as_deref() };
    let experiment = experiment::resolve(given, test)?;
    if args.dry_run {
        return dry_run(&experiment, args.results);
    }
    let mut data = experiment::read(&experiment)?;
    if given.data.is_some() && args.query.is_none() {
        data = experiment::hold_out(data, experiment.recipe.train.seed)?;
    }
    let config = experiment.resolved()?;
    let path = match &args.run_dir {
        Some(path) => path.clone(),
        None => free_folder(&experiment.name, &config),
    };
    let ready = Ready::load(&experiment, given)?;
    let run = Run {
        recipe: experiment.recipe.clone(),
        train: data.train,
        query: data.query,
        index: data.index,
        extractor: ready.extractor(),
        extract: ready.extract_options(&experiment, given),
        k: experiment.eval.k,
        folder: RunFolder::create(path, &config)?,
        resume: args.resume,
    };
    let stop = stop::on_ctrl_c()?;
    let mut watch = Watch::default();
    let outcome = run.go(&mut watch, &stop);
    watch.finish();
    let comparison = match outcome? {
        RunOutcome::Stopped => {
            let kept = "what is done is kept, go on with the same command and --resume";
            return Err(Stopped(kept.into()).into());
        }
        RunOutcome::Finished(comparison) => comparison,
    };
    let mut value = match &comparison {
        Some(comparison) => serde_json::to_value(comparison)?,
        None => serde_json::json!({}),
    };
    value["run_dir"] = serde_json::json!(run.folder.path());
    let mut text = format!("run folder: {}", run.folder.path().display());
    if let Some(comparison) = &comparison {
        let (din, d) = (run.extractor.backbone.feature_dim(), experiment.recipe.projection.embed_dim);
        text = format!("{}\n{text}", table(comparison, din, d, experiment.eval.k));
    }
    args.results.print(&value, &text)?;
    if given.config.is_none() && given.data.is_none() && !args.results.json {
        console::hint(&next::steps(run.folder.path(), experiment.backbone.weights.as_deref()));
    }
    Ok(())
}

/// `runs/NAME`, unless another experiment left its results there; then `runs/NAME-2` and so on.
fn free_folder(name: &str, config: &str) -> PathBuf {
    let taken = |path: &Path| match std::fs::read_to_string(path.join("config.toml")) {
        Ok(other) => other != config,
        Err(_) => path.exists(),
    };
    let first = PathBuf::from(format!("runs/{name}"));
    if !taken(&first) {
        return first;
    }
    let mut number = 2;
    loop {
        let path = PathBuf::from(format!("runs/{name}-{number}"));
        if !taken(&path) {
            return path;
        }
        number += 1;
    }
}

/// Says what a training would take, from the data where it is there and from the data set's known counts where not.
fn dry_run(experiment: &Experiment, results: Results) -> Result<()> {
    let row = pretrained(&experiment.backbone.name)?;
    let projected = experiment.backbone.proj_layer;
    let (mut images, mut classes) = (0, 0);
    for set in &experiment.data.train {
        let (i, c) = match mdfe_data::read(&set.key, &set.read_options(&experiment.data)) {
            Ok(reading) => (reading.dataset.samples.len() as u64, reading.dataset.num_classes() as u64),
            Err(error) => {
                let info = mdfe_data::find(&set.key)?;
                let expected = info.expected.with_context(|| format!("{error}"))?;
                tracing::warn!("{error}; counting with the published {}", expected.sentence());
                (expected.images, expected.classes)
            }
        };
        images += i;
        classes += c;
    }
    if images == 0 {
        bail!("there is nothing to train on: name a data set under [[data.train]], or give --data");
    }
    let (dim, parameters) = match (projected, row.projected_dim, row.projected_parameters) {
        (true, Some(dim), Some(parameters)) => (dim, parameters),
        _ => (row.feature_dim, row.parameters),
    };
    let counts = Counts {
        images,
        classes,
        feature_dim: dim as u64,
        backbone_parameters: parameters,
        bytes_per_value: 4,
    };
    let plan = Plan::new(&experiment.recipe, counts);
    results.print(&plan, &plan.to_string())
}
