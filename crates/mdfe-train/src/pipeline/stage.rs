//! The trainings of a run, one after the other.

use crate::{Dtype, Experiment, ProjectionKind, Recipe, TuneKind};
use mdfe_data::{TransformKind, store::StoreDtype};
use mdfe_model::tune::Tuned;

/// One training of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// How it trains.
    pub recipe: Recipe,
    /// From image to pixels.
    pub transform: TransformKind,
    /// Variants of a random transform whose features are extracted once; 0 for none.
    pub variants: usize,
    /// What of the backbone is trained; `None` for nothing.
    pub tuned: Option<Tuned>,
}

/// Where the samples of a stage come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Features, extracted once.
    Features,
    /// Features of so many variants of every image, each extracted once.
    Variants(usize),
    /// Pixels, in every epoch anew.
    Images,
}

impl Stage {
    /// What an experiment trains, its stages apart.
    pub fn of(experiment: &Experiment) -> Self {
        let tuned = match experiment.backbone.tune {
            TuneKind::None => None,
            TuneKind::Last => Some(Tuned::Last(experiment.backbone.tune_blocks)),
            TuneKind::All => Some(Tuned::All),
        };
        let mut recipe = experiment.recipe.clone();
        // Where copies go is no part of what is learnt, and of what an embedder says of itself.
        recipe.train.upload = None;
        Self { recipe, transform: experiment.transform.name, variants: experiment.transform.variants, tuned }
    }

    /// Whether it needs the features of the training images by the record's transform: to train on them, or to fit components.
    pub(super) fn trains_on_features(&self) -> bool {
        self.origin() == Origin::Features || self.recipe.projection.kind == ProjectionKind::Pca
    }

    /// Whether it needs the features of the images that it is validated on.
    pub(super) fn validates_on_features(&self) -> bool {
        self.origin() != Origin::Images
    }

    /// Where its samples come from.
    pub(super) fn origin(&self) -> Origin {
        match (self.tuned, self.transform.is_random(), self.variants) {
            (None, false, _) => Origin::Features,
            (None, true, variants @ 1..) => Origin::Variants(variants),
            _ => Origin::Images,
        }
    }
}

/// The store's name of a number format.
pub fn store_dtype(dtype: Dtype) -> StoreDtype {
    match dtype {
        Dtype::F32 => StoreDtype::F32,
        Dtype::Bf16 => StoreDtype::Bf16,
        Dtype::F16 => StoreDtype::F16,
    }
}
