//! A backbone of which something is trained.

use super::Encoder;
use crate::{Group, Param, Result};
use mdfe_data::identity::{Fingerprint, Fingerprinter};
use mdfe_model::tune::TunableBackbone;

/// How a backbone is tuned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuneOptions {
    /// Factor on the learning rate from a block to the one below it; 1 for the same rate everywhere (default).
    pub layer_decay: f64,
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self { layer_decay: 1.0 }
    }
}

/// Computes features with gradients; its parameters are the trainer's, in f32.
pub struct TunedBackbone<'a> {
    backbone: &'a mut TunableBackbone,
    params: Vec<Param>,
}

impl<'a> TunedBackbone<'a> {
    /// Trains what `backbone` has as variables.
    ///
    /// # Errors
    /// Those of the device.
    pub fn new(backbone: &'a mut TunableBackbone, options: TuneOptions) -> Result<Self> {
        let tuned = backbone.params()?;
        let param = |tuned: mdfe_model::tune::TunedParam| Param {
            lr_scale: options.layer_decay.powi(tuned.below as i32),
            ..Param::trained(format!("backbone.{}", tuned.key), Group::Backbone, tuned.values)
        };
        Ok(Self { params: tuned.into_iter().map(param).collect(), backbone })
    }
}

impl Encoder for TunedBackbone<'_> {
    fn feature_dim(&self) -> usize {
        self.backbone.feature_dim()
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe encoder");
        let tuned: Vec<(&str, f64)> = self.params.iter().map(|p| (p.name.as_str(), p.lr_scale)).collect();
        all.field("kind", b"tuned backbone")
            .json("backbone", self.backbone.id())
            .json("dtype", &self.backbone.dtype().as_str())
            .json("tuned", &tuned);
        all.finish()
    }

    fn params(&self) -> Vec<Param> {
        self.params.clone()
    }

    fn load(&mut self, params: &[Param]) -> Result<()> {
        for (position, param) in params.iter().enumerate() {
            self.backbone.set(position, &param.data)?;
        }
        Ok(())
    }

    fn encode(&mut self, rows: usize, values: &mut Vec<f32>, features: &mut Vec<f32>) -> Result<()> {
        *features = self.backbone.features(rows, std::mem::take(values))?;
        Ok(())
    }

    fn backward(&mut self, d_features: &[f32], gradients: &mut [Vec<f32>]) -> Result<()> {
        for (gradient, found) in gradients.iter_mut().zip(self.backbone.gradients(d_features)?) {
            *gradient = found;
        }
        Ok(())
    }
}
