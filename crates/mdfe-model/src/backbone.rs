//! What every backbone family offers to extraction and training.

use crate::Result;
use candle_core::{DType, Device, Tensor};

/// A vision model that turns pixels into features.
pub trait Backbone: Send + Sync {
    /// The width of the features, D_in.
    fn feature_dim(&self) -> usize;

    /// Features of a batch for inference: `pixels [B, 3, H, W]` (normalised, f32) to `features [B, D_in]` (f32).
    ///
    /// Takes the fused path where the device has one; no gradient flows. Any H and W of at least a patch will do;
    /// positions are resampled to them as timm does.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the pixels have another shape, [`crate::Error::Candle`] from the device.
    fn features(&self, pixels: &Tensor) -> Result<Tensor>;

    /// The same value through differentiable operations only, for fine-tuning.
    ///
    /// # Errors
    /// As [`Backbone::features`]; [`crate::Error::Invalid`] when the backbone was built for inference.
    fn features_with_grad(&self, pixels: &Tensor) -> Result<Tensor>;

    /// What leaves the first `stages` blocks or stages, by the fused path and without a gradient; `None` where the family or the path does
    /// not stop there.
    ///
    /// # Errors
    /// As [`Backbone::features`].
    fn front(&self, _pixels: &Tensor, _stages: usize) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// [`Backbone::features_with_grad`] from what [`Backbone::front`] of a backbone with the same first `stages` has left.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] where the family does not go on from there.
    fn features_with_grad_from(&self, _front: &Tensor, stages: usize) -> Result<Tensor> {
        Err(crate::Error::Invalid(format!("this backbone does not go on from stage {stages}")))
    }
}

/// Where and how a backbone computes.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The device. Default: the CPU.
    pub device: Device,
    /// What weights are held and products are computed in, whatever the file holds: f32 or bf16 on the CPU, f16 too on
    /// other devices. Default: f32.
    pub dtype: DType,
    /// Whether to keep the model's own output projection. Default: false, the method's choice.
    pub proj_layer: bool,
    /// Default: [`Purpose::Inference`].
    pub purpose: Purpose,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { device: Device::Cpu, dtype: DType::F32, proj_layer: false, purpose: Purpose::Inference }
    }
}

/// What a backbone is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Features alone. On the CPU the weights are packed for the fused path and kept in no other form. The default.
    #[default]
    Inference,
    /// Features with gradients too: weights stay tensors (those of [`crate::Weights::from_tensors`] themselves, so that
    /// gradients reach variables), and the fused path is not built, since a packed copy would go stale.
    Training,
}
