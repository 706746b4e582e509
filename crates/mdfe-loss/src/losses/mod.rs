//! The family: one file per loss, one template, one table.
//!
//! A new loss is a file beside these and a line in the table. The file lists its options (`loss_options!`), says what it does with the
//! cosines (`Member`) and, if it remembers something between steps, has a struct for that. `LossOptions`, `LossState`, the names in
//! configurations and in the documentation of the crate follow; the tests ask for reference cases and a line in the README.

pub(crate) mod angle;
mod margin_loss;
pub(crate) mod member;
mod options;
mod registry;

use crate::{Error, Result};
use member::{Classes, ForClasses, Member};
use std::sync::Arc;

pub use margin_loss::MarginLoss;
pub use options::{Interval, LossOption, Takes};

registry::losses! {
    arcface: ArcFace, "Additive angular margin.";
    dynamic_margin: DynamicMargin or "DynM-ArcFace" or "CLAM", "A margin per class that falls with its size (CLAM).";
    li_arcface: LiArcFace, "A linear function of the angle.";
    adacos: AdaCos with AdaCosState, "A scale that follows the training.";
    curricular_face: CurricularFace with CurricularFaceState, "Hard negatives count more as training goes on.";
    adaface: AdaFace with AdaFaceState, "A margin that follows the embedding's norm.";
    cosface: CosFace, "Additive cosine margin.";
    normalized_softmax: NormalizedSoftmax, "No margin.";
}

/// A loss of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossEntry {
    /// The name in configurations, the type's.
    pub name: &'static str,
    /// Other names that are read as it.
    pub aliases: &'static [&'static str],
    /// What it is, in a line.
    pub about: &'static str,
    /// Its options, in the order of the type's fields.
    pub options: &'static [LossOption],
}

impl LossOptions {
    /// The names of all losses, in the order of [`LossOptions::TABLE`].
    pub const NAMES: [&'static str; COUNT] = {
        let mut names = [""; COUNT];
        let mut at = 0;
        while at < COUNT {
            names[at] = Self::TABLE[at].name;
            at += 1;
        }
        names
    };
}

impl Default for LossOptions {
    fn default() -> Self {
        Self::ArcFace(ArcFace::default())
    }
}

impl LossState {
    /// `Ok` if the two are of the same kind.
    pub(crate) fn check_kind(&self, loss: &'static str, wanted: &Self) -> Result<()> {
        if std::mem::discriminant(self) == std::mem::discriminant(wanted) {
            Ok(())
        } else {
            Err(Error::State { loss, found: self.owner() })
        }
    }
}
