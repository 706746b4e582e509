//! What all runs on the same data and backbone share.

use super::{
    backbone::Ready,
    experiment::{self, Data, TestSets},
    model,
};
use crate::args::{ExperimentArgs, Settings};
use anyhow::Result;
use mdfe_model::extract::{ExtractOptions, Extractor};
use mdfe_train::{
    Counts, Experiment,
    pipeline::{Run, RunFolder, Stage, WarmStart},
};
use std::path::Path;

/// The data sets, read, and the backbone, loaded.
pub(super) struct Shared {
    data: Data,
    ready: Ready,
}

impl Shared {
    /// Reads and loads what `experiment` names; of the user's own data without a test set a part is held out.
    pub(super) fn load(experiment: &Experiment, given: &ExperimentArgs, test: TestSets<'_>) -> Result<Self> {
        let mut data = experiment::read(experiment)?;
        if given.data.is_some() && test.query.is_none() {
            data = experiment::hold_out(data, experiment.eval.seed)?;
        }
        Ok(Self { data, ready: Ready::load(experiment, &given.settings)? })
    }

    /// The run of an experiment on them.
    pub(super) fn run(
        &self,
        experiment: &Experiment,
        settings: &Settings,
        folder: RunFolder,
    ) -> Result<Run<'_>> {
        let mut data = self.data.clone();
        let valid = experiment::validation(&mut data, &experiment.recipe.valid)?;
        Ok(Run {
            stages: experiment.trainings()?.iter().map(Stage::of).collect(),
            config: experiment.resolved()?,
            experiment: serde_json::to_value(experiment)?,
            train: data.train,
            valid,
            test: data.test,
            extractor: self.ready.extractor(),
            backbone: self.ready.source(),
            extract: self.extract_options(experiment, settings),
            k: experiment.eval.k,
            folder,
            start: experiment
                .recipe
                .train
                .init
                .as_deref()
                .map(|init| warm_start(init, settings))
                .transpose()?,
        })
    }

    /// The data sets.
    pub(super) fn data(&self) -> &Data {
        &self.data
    }

    /// The backbone with everything that decides its features.
    pub(super) fn extractor(&self) -> Extractor<'_> {
        self.ready.extractor()
    }

    /// Where the features are stored, and how they are extracted.
    pub(super) fn extract_options(&self, experiment: &Experiment, settings: &Settings) -> ExtractOptions {
        self.ready.extract_options(experiment, settings)
    }

    /// The size of the training.
    pub(super) fn counts(&self) -> Counts {
        let sum = |of: fn(&mdfe_data::Dataset) -> usize| self.data.train.iter().map(of).sum::<usize>() as u64;
        Counts {
            images: sum(|dataset| dataset.samples.len()),
            classes: sum(mdfe_data::Dataset::num_classes),
            feature_dim: self.ready.extractor().backbone.feature_dim() as u64,
            backbone_parameters: 0,
            bytes_per_value: 4,
        }
    }
}

/// What a run begins with; the lineage has the name that the user gave.
fn warm_start(init: &Path, settings: &Settings) -> Result<WarmStart> {
    let mut start = WarmStart::open(&model::path(init, settings.backbone.files.offline)?)?;
    start.lineage.from = init.display().to_string();
    Ok(start)
}
