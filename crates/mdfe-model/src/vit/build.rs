//! From a family and its weights to a backbone on the path that fits the device.

use super::{
    fused::FusedTower,
    tower::{Family, Tower},
};
use crate::{
    Backbone, Error, Result, Weights,
    backbone::{BuildOptions, Purpose},
    blocks::Mode,
};
use candle_core::{DType, Device, Tensor};
use half::bf16;

/// A vision transformer on the path that was chosen when it was built.
struct Vit {
    feature_dim: usize,
    path: Path,
}

enum Path {
    Tensors(Tower),
    F32(FusedTower<f32>),
    Bf16(FusedTower<bf16>),
}

/// Builds `family`: fused for inference on the CPU, as tensors for training and on other devices.
///
/// # Errors
/// [`Error::Weights`] when keys or shapes do not fit, [`Error::Invalid`] when the CPU does not compute in the dtype.
pub(crate) fn build(
    family: &dyn Family,
    model: &str,
    weights: &Weights,
    options: &BuildOptions,
) -> Result<Box<dyn Backbone>> {
    let BuildOptions { device, dtype, proj_layer, purpose } = options;
    let w = weights.on(&Device::Cpu, DType::F32);
    let path = match (device.is_cpu(), purpose, dtype) {
        (true, Purpose::Inference, DType::F32) => Path::F32(FusedTower::load(family, &w, *proj_layer)?),
        (true, Purpose::Inference, DType::BF16) => Path::Bf16(FusedTower::load(family, &w, *proj_layer)?),
        (true, Purpose::Training, DType::F32) | (false, ..) => {
            Path::Tensors(Tower::load(family, &weights.on(device, *dtype), *proj_layer)?)
        }
        (true, Purpose::Inference, other) => {
            return Err(Error::Invalid(format!(
                "the CPU computes in f32 or bf16, not {other:?}; choose one of them"
            )));
        }
        (true, Purpose::Training, other) => {
            return Err(Error::Invalid(format!("the CPU trains backbones in f32, not {other:?}")));
        }
    };
    weights.finish(model)?;
    Ok(Box::new(Vit { feature_dim: family.feature_dim(*proj_layer), path }))
}

/// The keys that a family reads with their shapes, without any weights.
pub(crate) fn shapes(family: &dyn Family, proj_layer: bool) -> Result<Vec<(String, Vec<usize>)>> {
    let shapes = Weights::shapes_only();
    Tower::load(family, &shapes, proj_layer)?;
    Ok(shapes.missing())
}

impl Backbone for Vit {
    fn feature_dim(&self) -> usize {
        self.feature_dim
    }

    fn features(&self, pixels: &Tensor) -> Result<Tensor> {
        match &self.path {
            Path::Tensors(tower) => Ok(tower.forward(pixels, Mode::Inference)?.to_dtype(DType::F32)?),
            Path::F32(tower) => tower.features(pixels),
            Path::Bf16(tower) => tower.features(pixels),
        }
    }

    fn features_with_grad(&self, pixels: &Tensor) -> Result<Tensor> {
        match &self.path {
            Path::Tensors(tower) => Ok(tower.forward(pixels, Mode::Training)?.to_dtype(DType::F32)?),
            Path::F32(_) | Path::Bf16(_) => Err(Error::Invalid(
                "this backbone was built for inference and has no gradients; build it with Purpose::Training"
                    .to_owned(),
            )),
        }
    }
}
