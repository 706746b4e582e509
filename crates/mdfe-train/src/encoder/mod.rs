//! From the values of a batch to features, and gradients back where something of it is trained.
//!
//! An encoder is a file: [`Identity`] for stored features, [`FrozenBackbone`] and [`TunedBackbone`] for pixels.

mod frozen;
mod identity;
mod tuned;

pub use frozen::FrozenBackbone;
pub use identity::Identity;
pub use tuned::{TuneOptions, TunedBackbone};

use crate::{Param, Result};
use mdfe_data::identity::Fingerprint;

/// Turns the values that a [`Source`](crate::Source) pushes into features.
pub trait Encoder {
    /// Width of the features, D_in.
    fn feature_dim(&self) -> usize;

    /// What it is: a checkpoint goes on with the same alone.
    fn fingerprint(&self) -> Fingerprint;

    /// The parameters that are trained, in a fixed order; none of an encoder that stays as it is.
    fn params(&self) -> Vec<Param> {
        Vec::new()
    }

    /// Takes the values that its parameters have now.
    ///
    /// # Errors
    /// Those of the device.
    fn load(&mut self, params: &[Param]) -> Result<()> {
        debug_assert!(params.is_empty(), "a frozen encoder has no parameters");
        Ok(())
    }

    /// Features `[B, D_in]` of the `values` of B samples, written over `features`; `values` may be consumed. An encoder that trains keeps
    /// what [`Encoder::backward`] needs.
    ///
    /// # Errors
    /// Those of the device; [`Error::Data`](crate::Error::Data) for values that it does not take.
    fn encode(&mut self, rows: usize, values: &mut Vec<f32>, features: &mut Vec<f32>) -> Result<()>;

    /// The gradients by its parameters, in their order, for the last batch and `d_features [B, D_in]`; written over `gradients`.
    ///
    /// # Errors
    /// Those of the device.
    fn backward(&mut self, d_features: &[f32], gradients: &mut [Vec<f32>]) -> Result<()> {
        debug_assert!(d_features.is_empty() && gradients.is_empty(), "a frozen encoder has no gradients");
        Ok(())
    }
}
