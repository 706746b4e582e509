//! Which loss, with which options: the value that configurations hold.

use crate::{
    AdaCos, AdaFace, ArcFace, CosFace, CurricularFace, DynamicMargin, LiArcFace, NormalizedSoftmax, Result,
    losses::member::Member,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A loss and its options, as configuration files hold them: `{ name = "ArcFace", scale = 30.0, margin = 0.5 }`.
///
/// Missing options take the paper's defaults; an unknown one is an error. `DynM-ArcFace` and `CLAM` are read as `DynamicMargin`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name")]
#[non_exhaustive]
pub enum LossOptions {
    /// Additive angular margin.
    ArcFace(ArcFace),
    /// A margin per class that falls with its size (CLAM).
    #[serde(alias = "DynM-ArcFace", alias = "CLAM")]
    DynamicMargin(DynamicMargin),
    /// A linear function of the angle.
    LiArcFace(LiArcFace),
    /// A scale that follows the training.
    AdaCos(AdaCos),
    /// Hard negatives count more as training goes on.
    CurricularFace(CurricularFace),
    /// A margin that follows the embedding's norm.
    AdaFace(AdaFace),
    /// Additive cosine margin.
    CosFace(CosFace),
    /// No margin.
    NormalizedSoftmax(NormalizedSoftmax),
}

impl Default for LossOptions {
    fn default() -> Self {
        Self::ArcFace(ArcFace::default())
    }
}

impl LossOptions {
    /// The names of all losses, in the order of the variants.
    pub const NAMES: [&'static str; 8] = [
        "ArcFace",
        "DynamicMargin",
        "LiArcFace",
        "AdaCos",
        "CurricularFace",
        "AdaFace",
        "CosFace",
        "NormalizedSoftmax",
    ];

    /// Every loss with its default options, in the order of [`LossOptions::NAMES`].
    pub fn all() -> [Self; 8] {
        [
            Self::ArcFace(Default::default()),
            Self::DynamicMargin(Default::default()),
            Self::LiArcFace(Default::default()),
            Self::AdaCos(Default::default()),
            Self::CurricularFace(Default::default()),
            Self::AdaFace(Default::default()),
            Self::CosFace(Default::default()),
            Self::NormalizedSoftmax(Default::default()),
        ]
    }

    /// Checks the options and builds the rule.
    pub(crate) fn member(&self, num_classes: usize, class_counts: Option<&[u64]>) -> Result<Arc<dyn Member>> {
        macro_rules! checked {
            ($options:expr) => {{
                $options.check()?;
                Ok(Arc::new($options.clone()))
            }};
        }
        match self {
            Self::ArcFace(options) => checked!(options),
            Self::DynamicMargin(options) => {
                options.check()?;
                Ok(Arc::new(options.with_counts(num_classes, class_counts)?))
            }
            Self::LiArcFace(options) => checked!(options),
            Self::AdaCos(options) => checked!(options),
            Self::CurricularFace(options) => checked!(options),
            Self::AdaFace(options) => checked!(options),
            Self::CosFace(options) => checked!(options),
            Self::NormalizedSoftmax(options) => checked!(options),
        }
    }
}
