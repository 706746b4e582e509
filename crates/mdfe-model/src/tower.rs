//! From a family and its weights to a backbone on the path that fits the device: a tower as tensors (any device, differentiable
//! or not) or over packed weights (the CPU's inference path).

use crate::{
    Backbone, BuildOptions, Error, Purpose, Result, Weights,
    blocks::Mode,
    graph::{Graph, GraphOptions, Value},
    ops::Element,
};
use candle_core::{DType, Device, Tensor};
use half::bf16;

/// A tower as tensors.
pub(crate) trait TensorTower: Send + Sync {
    /// `pixels [B, 3, H, W]`, on the weights' device and in their dtype, to `[B, D_in]`.
    fn forward(&self, pixels: &Tensor, mode: Mode) -> Result<Tensor>;

    /// The same as operations, from the pixels of `graph` to the features.
    fn emit(&self, graph: &mut Graph) -> Result<Value>;

    /// [`TensorTower::forward`] from what [`SliceTower::front`] has left; `None` where the family does not go on from there.
    fn forward_from(&self, _front: &Tensor, _stages: usize, _mode: Mode) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// One of its weights, which says where and in what they are.
    fn any_weight(&self) -> &Tensor;
}

/// A tower over packed weights.
pub(crate) trait SliceTower: Send + Sync {
    /// `pixels [B, 3, H, W]`, f32 on the CPU, at least one image, to rows of D_in values.
    fn features(&self, pixels: &Tensor) -> Result<Vec<f32>>;

    /// What leaves its first `stages` stages; `None` where the family does not stop there.
    fn front(&self, _pixels: &Tensor, _stages: usize) -> Result<Option<Tensor>> {
        Ok(None)
    }
}

/// The configuration of a backbone: what makes both forms of its tower from weights.
pub(crate) trait TowerConfig {
    /// The tower as tensors.
    type Tensors: TensorTower + 'static;
    /// The tower over packed weights, its products in `E`.
    type Packed<E: Element>: SliceTower + 'static;

    /// The width of the features.
    fn feature_dim(&self, proj_layer: bool) -> usize;

    /// Reads the tower as tensors. `proj_layer` is whether to read the model's own output projection.
    fn tensors(&self, w: &Weights, proj_layer: bool) -> Result<Self::Tensors>;

    /// Reads and packs the tower, from f32 on the CPU.
    fn packed<E: Element>(&self, w: &Weights, proj_layer: bool) -> Result<Self::Packed<E>>;
}

/// A [`TowerConfig`] whose types are forgotten: what [`crate::Architecture`] asks of each of its kinds.
pub(crate) trait Build {
    /// The width of the features.
    fn feature_dim(&self, proj_layer: bool) -> usize;

    /// The backbone: packed for inference on the CPU, as tensors for training and on other devices.
    ///
    /// # Errors
    /// [`Error::Weights`] when keys or shapes do not fit, [`Error::Invalid`] when the CPU does not compute in the dtype.
    fn build(&self, model: &str, weights: &Weights, options: &BuildOptions) -> Result<Box<dyn Backbone>>;

    /// The tower as operations over images of height and width `size`.
    ///
    /// # Errors
    /// [`Error::Weights`] when keys or shapes do not fit, [`Error::Invalid`] when the images are too small.
    fn graph(&self, model: &str, weights: &Weights, options: &GraphOptions) -> Result<Graph>;

    /// The keys that the tower reads and their shapes, without any weights.
    fn shapes(&self, proj_layer: bool) -> Result<Vec<(String, Vec<usize>)>>;
}

impl<T: TowerConfig> Build for T {
    fn feature_dim(&self, proj_layer: bool) -> usize {
        TowerConfig::feature_dim(self, proj_layer)
    }

    fn build(&self, model: &str, weights: &Weights, options: &BuildOptions) -> Result<Box<dyn Backbone>> {
        let BuildOptions { device, dtype, proj_layer, purpose } = options;
        let w = weights.on(&Device::Cpu, DType::F32);
        let path = match (device.is_cpu(), purpose, dtype) {
            (true, Purpose::Inference, DType::F32) => {
                Path::Slices(Box::new(self.packed::<f32>(&w, *proj_layer)?))
            }
            (true, Purpose::Inference, DType::BF16) => {
                Path::Slices(Box::new(self.packed::<bf16>(&w, *proj_layer)?))
            }
            (true, Purpose::Training, DType::F32) | (false, ..) => {
                Path::Tensors(Box::new(self.tensors(&weights.on(device, *dtype), *proj_layer)?))
            }
            (true, _, other) => {
                return Err(Error::Invalid(format!(
                    "the CPU infers in f32 or bf16 and trains in f32, not {}; choose another dtype",
                    other.as_str()
                )));
            }
        };
        weights.finish(model)?;
        Ok(Box::new(Tower { feature_dim: TowerConfig::feature_dim(self, *proj_layer), path }))
    }

    fn graph(&self, model: &str, weights: &Weights, options: &GraphOptions) -> Result<Graph> {
        let tower = self.tensors(&weights.on(&Device::Cpu, DType::F32), options.proj_layer)?;
        weights.finish(model)?;
        let mut graph = Graph::new(options.size);
        let features = tower.emit(&mut graph)?;
        graph.set_output(features);
        Ok(graph)
    }

    fn shapes(&self, proj_layer: bool) -> Result<Vec<(String, Vec<usize>)>> {
        let shapes = Weights::shapes_only();
        self.tensors(&shapes, proj_layer)?;
        Ok(shapes.missing())
    }
}

/// A backbone on the path that was chosen when it was built.
struct Tower {
    feature_dim: usize,
    path: Path,
}

enum Path {
    Tensors(Box<dyn TensorTower>),
    Slices(Box<dyn SliceTower>),
}

impl Backbone for Tower {
    fn feature_dim(&self) -> usize {
        self.feature_dim
    }

    fn features(&self, pixels: &Tensor) -> Result<Tensor> {
        if pixels.dims().first() == Some(&0) {
            return Err(Error::Invalid("a batch of no images has no features".to_owned()));
        }
        match &self.path {
            Path::Tensors(tower) => forward(tower.as_ref(), pixels, Mode::Inference),
            Path::Slices(tower) => {
                let pixels = pixels.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
                let features = tower.features(&pixels)?;
                Ok(Tensor::from_vec(features, (pixels.dim(0)?, self.feature_dim), &Device::Cpu)?)
            }
        }
    }

    fn features_with_grad(&self, pixels: &Tensor) -> Result<Tensor> {
        match &self.path {
            Path::Tensors(tower) => forward(tower.as_ref(), pixels, Mode::Training),
            Path::Slices(_) => Err(Error::Invalid(
                "this backbone was built for inference and has no gradients; build it with Purpose::Training"
                    .to_owned(),
            )),
        }
    }

    fn front(&self, pixels: &Tensor, stages: usize) -> Result<Option<Tensor>> {
        match &self.path {
            Path::Slices(tower) => {
                tower.front(&pixels.to_device(&Device::Cpu)?.to_dtype(DType::F32)?, stages)
            }
            Path::Tensors(_) => Ok(None),
        }
    }

    fn features_with_grad_from(&self, front: &Tensor, stages: usize) -> Result<Tensor> {
        let found = match &self.path {
            Path::Tensors(tower) => tower.forward_from(front, stages, Mode::Training)?,
            Path::Slices(_) => None,
        };
        found.ok_or_else(|| no_front(stages))
    }
}

/// For whoever asks a family for what it has not.
fn no_front(stages: usize) -> Error {
    Error::Invalid(format!("this backbone does not go on from stage {stages}"))
}

fn forward(tower: &dyn TensorTower, pixels: &Tensor, mode: Mode) -> Result<Tensor> {
    let weight = tower.any_weight();
    let pixels = pixels.to_device(weight.device())?.to_dtype(weight.dtype())?;
    Ok(tower.forward(&pixels, mode)?.to_dtype(DType::F32)?)
}
