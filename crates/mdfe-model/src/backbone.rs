//! What every backbone family offers to extraction and training.

use crate::Result;
use candle_core::Tensor;

/// A vision model that turns pixels into features.
pub trait Backbone: Send + Sync {
    /// The width of the features, D_in.
    fn feature_dim(&self) -> usize;

    /// Features of a batch for inference: `pixels [B, 3, H, W]` (normalised, f32) to `features [B, D_in]` (f32).
    ///
    /// Takes the fused path where the device has one; no gradient flows.
    fn features(&self, pixels: &Tensor) -> Result<Tensor>;

    /// The same value through differentiable operations only, for fine-tuning.
    fn features_with_grad(&self, pixels: &Tensor) -> Result<Tensor>;
}
