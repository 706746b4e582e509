//! What a loss remembers from one training step to the next.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// The state of a loss: saved in checkpoints, restored from them, changed by training steps alone.
///
/// Build it with [`MarginLoss::initial_state`](crate::MarginLoss::initial_state).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "loss")]
#[non_exhaustive]
pub enum LossState {
    /// The loss remembers nothing.
    Stateless,
    /// [`AdaCos`](crate::AdaCos).
    AdaCos {
        /// The present scale s.
        scale: f64,
    },
    /// [`CurricularFace`](crate::CurricularFace).
    CurricularFace {
        /// The moving average t of the target cosine.
        t: f64,
    },
    /// [`AdaFace`](crate::AdaFace).
    AdaFace {
        /// The moving average of the batch's mean embedding norm.
        batch_mean: f64,
        /// The moving average of the batch's standard deviation of the embedding norm.
        batch_std: f64,
    },
}

impl LossState {
    fn owner(&self) -> &'static str {
        match self {
            Self::Stateless => "a stateless loss",
            Self::AdaCos { .. } => "AdaCos",
            Self::CurricularFace { .. } => "CurricularFace",
            Self::AdaFace { .. } => "AdaFace",
        }
    }

    /// `Ok` if the two are of the same kind.
    pub(crate) fn check_kind(&self, loss: &'static str, wanted: &Self) -> Result<()> {
        if std::mem::discriminant(self) == std::mem::discriminant(wanted) {
            Ok(())
        } else {
            Err(Error::State { loss, found: self.owner() })
        }
    }
}
