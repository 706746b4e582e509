//! The parts of an experiment.

use super::{BackboneConfig, Choice, DataConfig, Takes, reads, section};
use crate::Recipe;
use mdfe_data::TransformKind;
use serde::{Deserialize, Serialize};

/// An experiment: data, backbone, and how the projection is trained on them.
///
/// Read one with [`Experiment::load`]; the default is the method's defaults without data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Its name, which names the run folder. Default: the file's name.
    pub name: String,
    /// Data sets to train on and to evaluate with.
    pub data: DataConfig,
    /// The frozen model.
    pub backbone: BackboneConfig,
    /// From image to pixels.
    pub transform: TransformConfig,
    /// The evaluation.
    pub eval: EvalConfig,
    /// Trainings that follow, each beginning with what the one before it has learnt: what is written here stands over the experiment
    /// itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<toml::Table>,
    /// Projection, loss, optimizer, schedule and course of the training, as sections of their own.
    #[serde(flatten)]
    pub recipe: Recipe,
}

section! {
    /// From image to pixels.
    pub struct TransformConfig {
        /// Which transform.
        name: TransformKind = TransformKind::Eval, Takes::choice::<TransformKind>();
        /// Variants of a random transform whose features are extracted once, to be trained on in turn; 0 draws anew in every epoch.
        variants: usize = 0, Takes::Count(0);
        /// Whether images are turned as their EXIF record says. Off is timm's way.
        exif_orientation: bool = false, Takes::Flag;
    }
}

section! {
    /// The evaluation.
    pub struct EvalConfig {
        /// Neighbours that mMP@k looks at.
        k: usize = 5, Takes::Count(1);
        /// Seed of what is held out of the training data where there is no test set.
        seed: u64 = 0, Takes::Count(0);
    }
}

impl Choice for TransformKind {
    fn names() -> Vec<&'static str> {
        Self::ALL.iter().map(|kind| kind.name()).collect()
    }

    fn knows(name: &str) -> bool {
        reads::<Self>(name)
    }
}
