//! A backbone with two forms of one tower: tensors (any device, differentiable or not) and slices over packed weights (the
//! CPU's inference path).

use crate::{Backbone, BuildOptions, Error, Purpose, Result, Weights, blocks::Mode};
use candle_core::{DType, Device, Tensor};
use half::bf16;

/// A tower as tensors.
pub(crate) trait TensorTower: Send + Sync {
    /// `pixels [B, 3, H, W]`, on the weights' device and in their dtype, to `[B, D_in]`.
    fn forward(&self, pixels: &Tensor, mode: Mode) -> Result<Tensor>;

    /// One of its weights, which says where and in what they are.
    fn any_weight(&self) -> &Tensor;
}

/// A tower over packed weights.
pub(crate) trait SliceTower: Send + Sync {
    /// `pixels [B, 3, H, W]`, f32 on the CPU, to rows of D_in values.
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>>;
}

/// How a family makes both forms from its weights.
pub(crate) trait DualFamily {
    /// The width of the features.
    fn feature_dim(&self, proj_layer: bool) -> usize;

    /// The tensor form.
    fn tensors(&self, w: &Weights, proj_layer: bool) -> Result<Box<dyn TensorTower>>;

    /// The packed form, in f32.
    fn packed_f32(&self, w: &Weights, proj_layer: bool) -> Result<Box<dyn SliceTower>>;

    /// The packed form, in bf16.
    fn packed_bf16(&self, w: &Weights, proj_layer: bool) -> Result<Box<dyn SliceTower>>;
}

struct Dual {
    feature_dim: usize,
    path: Path,
}

enum Path {
    Tensors(Box<dyn TensorTower>),
    Slices(Box<dyn SliceTower>),
}

/// Builds `family`: packed for inference on the CPU, as tensors for training and on other devices.
///
/// # Errors
/// [`Error::Weights`] when keys or shapes do not fit, [`Error::Invalid`] when the CPU does not compute in the dtype.
pub(crate) fn build(
    family: &dyn DualFamily,
    model: &str,
    weights: &Weights,
    options: &BuildOptions,
) -> Result<Box<dyn Backbone>> {
    let BuildOptions { device, dtype, proj_layer, purpose } = options;
    let w = weights.on(&Device::Cpu, DType::F32);
    let path = match (device.is_cpu(), purpose, dtype) {
        (true, Purpose::Inference, DType::F32) => Path::Slices(family.packed_f32(&w, *proj_layer)?),
        (true, Purpose::Inference, DType::BF16) => Path::Slices(family.packed_bf16(&w, *proj_layer)?),
        (true, Purpose::Training, DType::F32) | (false, ..) => {
            Path::Tensors(family.tensors(&weights.on(device, *dtype), *proj_layer)?)
        }
        (true, _, other) => {
            return Err(Error::Invalid(format!(
                "the CPU infers in f32 or bf16 and trains in f32, not {other:?}; choose another `--dtype`"
            )));
        }
    };
    weights.finish(model)?;
    Ok(Box::new(Dual { feature_dim: family.feature_dim(*proj_layer), path }))
}

/// The keys that a family reads and their shapes.
pub(crate) fn shapes(family: &dyn DualFamily, proj_layer: bool) -> Result<Vec<(String, Vec<usize>)>> {
    let shapes = Weights::shapes_only();
    family.tensors(&shapes, proj_layer)?;
    Ok(shapes.missing())
}

impl Dual {
    fn tensors(&self, tower: &dyn TensorTower, pixels: &Tensor, mode: Mode) -> Result<Tensor> {
        let weight = tower.any_weight();
        let pixels = pixels.to_device(weight.device())?.to_dtype(weight.dtype())?;
        Ok(tower.forward(&pixels, mode)?.to_dtype(DType::F32)?)
    }
}

impl Backbone for Dual {
    fn feature_dim(&self) -> usize {
        self.feature_dim
    }

    fn features(&self, pixels: &Tensor) -> Result<Tensor> {
        match &self.path {
            Path::Tensors(tower) => self.tensors(tower.as_ref(), pixels, Mode::Inference),
            Path::Slices(tower) => {
                let pixels = pixels.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
                let features = tower.features(&pixels)?;
                Ok(Tensor::from_vec(features, (pixels.dim(0)?, self.feature_dim), &Device::Cpu)?)
            }
        }
    }

    fn features_with_grad(&self, pixels: &Tensor) -> Result<Tensor> {
        match &self.path {
            Path::Tensors(tower) => self.tensors(tower.as_ref(), pixels, Mode::Training),
            Path::Slices(_) => Err(Error::Invalid(
                "this backbone was built for inference and has no gradients; build it with Purpose::Training"
                    .to_owned(),
            )),
        }
    }
}

/// The number type of the CPU's bf16 path, named once.
pub(crate) type Half = bf16;
