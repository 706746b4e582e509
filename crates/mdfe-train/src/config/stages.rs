//! The stages of an experiment: trainings one after the other.

use super::{BackboneConfig, Experiment, Field, Takes, TransformConfig, load::finish, merge::merge};
use crate::{
    Error, LossConfig, OptimizerOptions, ProjectionOptions, Result, Schedule, TrainOptions, ValidOptions,
};
use toml::Table;

/// The sections that a stage may have of its own.
pub(super) fn keys() -> Vec<Field> {
    let section = |name, keys, meaning: &'static str| Field::new(name, Takes::Section(keys), meaning);
    vec![
        section("backbone", BackboneConfig::keys, "What of the backbone is tuned in this stage."),
        section("transform", TransformConfig::keys, "From image to pixels in this stage."),
        section("projection", ProjectionOptions::keys, "Dropout in this stage."),
        section("loss", LossConfig::keys, "The loss of this stage."),
        section("optimizer", OptimizerOptions::keys, "The optimizer of this stage."),
        section("schedule", Schedule::keys, "The learning rate's course in this stage."),
        section("train", TrainOptions::keys, "Epochs and batch of this stage."),
        section("valid", ValidOptions::keys, "How often this stage is validated."),
    ]
}

impl Experiment {
    /// The trainings of this experiment in order, each as an experiment without stages: itself, then each of its stages over it.
    ///
    /// # Errors
    /// [`Error::Config`] for a stage that does not fit.
    pub fn trainings(&self) -> Result<Vec<Self>> {
        let first = Self { stages: Vec::new(), ..self.clone() };
        let bad = |problem: String| Error::Config { place: "[[stages]]".to_owned(), problem };
        let under: Table =
            first.resolved()?.parse().map_err(|e: toml::de::Error| bad(e.message().to_owned()))?;
        let mut all = vec![first];
        for (i, stage) in self.stages.iter().enumerate() {
            let mut table = under.clone();
            merge(&mut table, stage.clone());
            all.push(finish(table, &[], &format!("stage {} of [[stages]]", i + 1), &self.name)?);
        }
        Ok(all)
    }
}
