//! What a training would take: `mdfe train --dry-run`.

use crate::{ProjectionKind, Recipe};
use serde::Serialize;
use std::fmt;

/// What is known of data and backbone before anything is read or downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// N, images to train on.
    pub images: u64,
    /// C, classes.
    pub classes: u64,
    /// D_in, width of the features.
    pub feature_dim: u64,
    /// Parameters of the backbone.
    pub backbone_parameters: u64,
    /// Bytes of a feature value in the store: 4 for f32, 2 for f16 and bf16.
    pub bytes_per_value: u64,
}

/// What a training would do and need. `Display` is the text of a dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Images.
    pub images: u64,
    /// Classes.
    pub classes: u64,
    /// Passes over the data, the begun one included.
    pub epochs: u64,
    /// Steps in an epoch, the smaller last one included.
    pub steps_per_epoch: u64,
    /// Steps in all.
    pub total_steps: u64,
    /// Parameters of the backbone, frozen.
    pub backbone_parameters: u64,
    /// Parameters of the projection, D_in D + D.
    pub projection_parameters: u64,
    /// Parameters of the centers, C K D; they are not part of the embedder.
    pub center_parameters: u64,
    /// Bytes of the feature store, without its labels and paths.
    pub store_bytes: u64,
    /// Bytes of parameters, their gradients where they are held, the optimizer's moments and one batch; the store is mapped, not loaded.
    pub training_bytes: u64,
    /// Bytes of a checkpoint.
    pub checkpoint_bytes: u64,
}

impl Plan {
    /// Works it out.
    pub fn new(recipe: &Recipe, counts: Counts) -> Self {
        let (dim, batch) = (recipe.projection.embed_dim as u64, recipe.train.batch.max(1) as u64);
        let steps_per_epoch = counts.images.div_ceil(batch);
        let total_steps = recipe.train.total_steps(steps_per_epoch as usize) as u64;
        let projection_parameters = match recipe.projection.kind {
            ProjectionKind::Linear => counts.feature_dim * dim + dim,
            ProjectionKind::Mlp => {
                let hidden = recipe.projection.hidden_dim as u64;
                counts.feature_dim * hidden + hidden + hidden * dim + dim
            }
            ProjectionKind::AvgPool | ProjectionKind::Pca | ProjectionKind::Random | ProjectionKind::None => {
                0
            }
        };
        let center_parameters = counts.classes * recipe.loss.sub_centers as u64 * dim;
        let trained = projection_parameters + center_parameters;
        let kind = recipe.optimizer.name;
        let moments = kind.moments() as u64;
        // The fused step never holds the centers' gradient; the sharpness-aware one holds two of them and the point to come back to.
        let held = if kind.is_sharpness_aware() { 3 * trained } else { projection_parameters };
        let batch_values = batch * (counts.feature_dim + 2 * dim);
        Self {
            images: counts.images,
            classes: counts.classes,
            epochs: total_steps.div_ceil(steps_per_epoch.max(1)),
            steps_per_epoch,
            total_steps,
            backbone_parameters: counts.backbone_parameters,
            projection_parameters,
            center_parameters,
            store_bytes: counts.images * counts.feature_dim * counts.bytes_per_value,
            training_bytes: 4 * (trained * (1 + moments) + held + batch_values),
            checkpoint_bytes: 4 * trained * (1 + moments),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "images      {} of {} classes", grouped(self.images), grouped(self.classes))?;
        let (per_epoch, total) = (grouped(self.steps_per_epoch), grouped(self.total_steps));
        writeln!(f, "steps       {per_epoch} per epoch, {total} in {} epochs", self.epochs)?;
        writeln!(
            f,
            "parameters  {} backbone (frozen) + {} projection + {} centers (training only)",
            millions(self.backbone_parameters),
            millions(self.projection_parameters),
            millions(self.center_parameters)
        )?;
        let checkpoint = bytes(self.checkpoint_bytes);
        writeln!(f, "disk        {} of features, {checkpoint} per checkpoint", bytes(self.store_bytes))?;
        write!(f, "memory      {} for the training, besides the mapped features", bytes(self.training_bytes))
    }
}

/// 328400 as `328,400`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn millions(n: u64) -> String {
    let m = n as f64 / 1e6;
    if m >= 100.0 { format!("{m:.0}M") } else { format!("{m:.2}M") }
}

/// Decimal units: 1 MB is 10^6 bytes.
fn bytes(n: u64) -> String {
    match n as f64 {
        n if n >= 1e9 => format!("{:.2} GB", n / 1e9),
        n => format!("{:.1} MB", n / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_recipe_has_the_published_sizes() {
        let recipe = Recipe::default();
        let counts = Counts {
            images: 328_400,
            classes: 34_800,
            feature_dim: 1152,
            backbone_parameters: 428_000_000,
            bytes_per_value: 4,
        };
        let plan = Plan::new(&recipe, counts);
        // By hand: 328400 / 128 = 2565.6; 1152 * 64 + 64; 34800 * 3 * 64; 328400 * 1152 * 4.
        assert_eq!((plan.steps_per_epoch, plan.total_steps), (2566, 25_660));
        assert_eq!((plan.projection_parameters, plan.center_parameters), (73_792, 6_681_600));
        assert_eq!(plan.store_bytes, 1_513_267_200);
        let text = plan.to_string();
        for part in [
            "328,400 of 34,800",
            "25,660 in 10",
            "428M backbone",
            "0.07M projection",
            "6.68M centers",
            "1.51 GB",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let mut recipe = recipe;
        recipe.train.steps = Some(3000);
        let plan = Plan::new(&recipe, counts);
        assert_eq!((plan.total_steps, plan.epochs), (3000, 2));
        assert!(plan.to_string().contains("3,000 in 2 epochs"), "{plan}");
    }
}
