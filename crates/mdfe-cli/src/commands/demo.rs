//! The demo as something to serve: its run, trained if need be, and an index of its images.

use super::{embed, experiment, inputs, model, train};
use crate::{
    args::{Cli, Command, Compute},
    device,
};
use anyhow::{Result, bail};
use clap::Parser;
use mdfe_data::Embeddings;
use mdfe_model::Embedder;
use mdfe_train::Experiment;
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// File of the index in the demo's run folder.
const INDEX: &str = "index.safetensors";

/// What is served of the demo.
pub(crate) struct Demo {
    pub(crate) embedder: Embedder,
    pub(crate) index: PathBuf,
}

/// Trains the demo and embeds its images, as far as `runs/demo` does not hold them.
pub(crate) fn ready(set: &[String], compute: &Compute) -> Result<Demo> {
    // Once for all that follows, which therefore asks for no number of threads.
    device::set_threads(compute)?;
    let overrides = set.iter().flat_map(|pair| ["--set", pair]);
    let line = ["mdfe", "train"].into_iter().chain(overrides);
    let Command::Train(mut args) = Cli::try_parse_from(line)?.command else {
        bail!("the demo is a training")
    };
    args.experiment.settings.compute.device = compute.device;
    let experiment = experiment::resolve(&args.experiment, experiment::TestSets::default())?;
    let (folder, _) = train::trained(&args, &experiment)?;

    let mut line: Vec<OsString> =
        vec!["mdfe".into(), "embed".into(), "--input=.".into(), "--output=.".into()];
    line.extend(["--model".into(), folder.path().into()]);
    if let Some(weights) = &experiment.backbone.weights {
        line.extend(["--weights".into(), weights.into()]);
    }
    let Command::Embed(mut args) = Cli::try_parse_from(line)?.command else { bail!("its index is embedded") };
    args.model.compute = Compute { threads: None, ..compute.clone() };
    let embedder = model::open(&args.model)?;
    let index = folder.path().join(INDEX);
    if !is_of(&index, &embedder) {
        let inputs = inputs::read(&lists(&experiment), None)?;
        tracing::info!("embedding the {} images of the demo", inputs.rows.len());
        embed::write(&embedder, &inputs, &index, compute)?;
    }
    Ok(Demo { embedder, index })
}

/// Whether a file holds embeddings of this embedder.
fn is_of(index: &Path, embedder: &Embedder) -> bool {
    let read = Embeddings::read(index).ok().and_then(|rows| rows.embedder);
    read.is_some_and(|id| id.fingerprint == embedder.embedder_id().fingerprint)
}

/// The lists of all images of the experiment.
fn lists(experiment: &Experiment) -> Vec<PathBuf> {
    let test = experiment.data.eval.iter().flat_map(|set| std::iter::once(&set.query).chain(&set.index));
    let sets = experiment.data.train.iter().chain(test);
    sets.filter_map(|set| set.options.file.as_ref()).map(|file| experiment.data.root.join(file)).collect()
}
