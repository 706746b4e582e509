//! Which optimizer, with which options.

use serde::{Deserialize, Serialize};

/// The optimizers, by the names that configs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OptimizerKind {
    /// Gradient descent with momentum, `torch.optim.SGD`.
    #[serde(alias = "sgd")]
    SGD,
    /// Adam with L2 weight decay in the gradient, `torch.optim.Adam` (Kingma and Ba, 1412.6980).
    #[serde(alias = "adam")]
    Adam,
    /// Adam with decoupled weight decay, `torch.optim.AdamW` (Loshchilov and Hutter, 1711.05101).
    #[serde(alias = "adamw")]
    AdamW,
    /// Sharpness-aware minimisation (Foret et al., 2010.01412) around Adam.
    #[serde(rename = "SAM_Adam", alias = "sam_adam")]
    SamAdam,
    /// Sharpness-aware minimisation around AdamW.
    #[serde(rename = "SAM_AdamW", alias = "sam_adamw")]
    SamAdamW,
}

impl OptimizerKind {
    /// The names, for messages.
    pub const NAMES: [&'static str; 5] = ["SGD", "Adam", "AdamW", "SAM_Adam", "SAM_AdamW"];

    /// Whether each step takes the gradient at the worst point nearby.
    pub fn is_sharpness_aware(self) -> bool {
        matches!(self, Self::SamAdam | Self::SamAdamW)
    }
}

/// An optimizer and its options; defaults are those of `torch.optim`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerOptions {
    /// Which one. Default `Adam`.
    pub name: OptimizerKind,
    /// Learning rate at the top of the schedule. Default 1e-2.
    pub lr: f64,
    /// Weight decay. Default 0.
    pub weight_decay: f64,
    /// `SGD`: momentum, 0 to 1. Default 0.9.
    pub momentum: f64,
    /// Adam's family: decay of both moments. Default 0.9 and 0.999.
    pub betas: [f64; 2],
    /// Adam's family: added to the root of the second moment. Default 1e-8.
    pub eps: f64,
    /// `SAM_*`: radius of the neighbourhood, by the L2 norm over all parameters. Default 0.05.
    pub rho: f64,
}

impl Default for OptimizerOptions {
    fn default() -> Self {
        Self {
            name: OptimizerKind::Adam,
            lr: 1e-2,
            weight_decay: 0.0,
            momentum: 0.9,
            betas: [0.9, 0.999],
            eps: 1e-8,
            rho: 0.05,
        }
    }
}
