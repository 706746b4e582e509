//! Fine-tuning: a backbone of which the last blocks, or all of it, are variables.
//!
//! candle's autograd sees the variables alone: what is not tuned builds no graph. Everything goes in and out as f32 slices, so that a
//! trainer needs to know no tensor library; the values of the variables are the trainer's.

mod depth;

use crate::{
    Architecture, Backbone, BuildOptions, Error, LoadOptions, Purpose, Result, Weights,
    embedder::other_weights,
    pretrained::{Opened, identify, open},
};
use candle_core::{DType, Device, Tensor, Var};
use depth::Depth;
use mdfe_data::{PreprocessRecord, store::BackboneId};
use std::collections::HashMap;

/// How much of a backbone is tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuned {
    /// Everything.
    All,
    /// What is behind the blocks, and so many of the last blocks of a transformer or stages of a CNN.
    Last(usize),
}

/// A model that is to be tuned, as plain values.
#[derive(Clone, Debug)]
pub struct TunableModel {
    /// Its name, for errors and its identity.
    pub name: String,
    /// What it is.
    pub architecture: Architecture,
    /// Its transform; `size` is that of the pixels it takes.
    pub record: PreprocessRecord,
    /// Device, dtype and output projection; whatever the purpose says, it is built for training.
    pub build: BuildOptions,
}

/// A tensor that is tuned.
struct TunedTensor {
    key: String,
    var: Var,
    /// Steps from the top: 0 behind the blocks.
    below: usize,
}

/// What a trainer must know of a tuned tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TunedParam {
    /// Its key in the weights.
    pub key: String,
    /// Its values before training, row-major.
    pub values: Vec<f32>,
    /// How many blocks lie above it: 0 behind the last block, 1 in the last block, ... for layer-wise learning rates.
    pub below: usize,
}

/// The part of a backbone that is not tuned, on the fused path.
struct Front {
    backbone: Box<dyn Backbone>,
    stages: usize,
}

/// A backbone whose last blocks are variables.
pub struct TunableBackbone {
    model: TunableModel,
    id: BackboneId,
    backbone: Box<dyn Backbone>,
    /// Every tensor that the model reads, the variables among them, by key.
    tensors: HashMap<String, Tensor>,
    tuned: Vec<TunedTensor>,
    /// The same model for inference, whose first stages are taken for those that are not tuned.
    front: Option<Front>,
    /// The features of the last batch with their graph.
    last: Option<Tensor>,
}

impl TunableBackbone {
    /// Loads the backbone `name` and makes variables of what is tuned. Batch norms keep their running statistics.
    ///
    /// # Errors
    /// Those of [`crate::load_backbone`]; [`Error::Invalid`] for more blocks than the model has.
    pub fn load(name: &str, options: &LoadOptions, tuned: Tuned) -> Result<Self> {
        let Opened { row, architecture, record, weights, commit } = open(name, options)?;
        let model =
            TunableModel { name: row.full_name(), architecture, record, build: options.build.clone() };
        let mut backbone = Self::new(model, &weights, tuned)?;
        backbone.id.commit = commit;
        Ok(backbone)
    }

    /// Makes variables of what is tuned of a model with these weights. Batch norms keep their running statistics.
    ///
    /// # Errors
    /// [`Error::Weights`] for weights that do not fit; [`Error::Invalid`] for more blocks than the model has.
    pub fn new(model: TunableModel, weights: &Weights, tuned: Tuned) -> Result<Self> {
        let TunableModel { name, architecture, build, .. } = &model;
        let build = BuildOptions { purpose: Purpose::Training, ..build.clone() };
        let id = identify(name.clone(), architecture, weights, build.proj_layer)?;
        let shapes = architecture.parameter_shapes(build.proj_layer)?;
        let keys: Vec<String> = shapes.into_iter().map(|(key, _)| key).collect();
        let depths: Vec<Depth> = keys.iter().map(|key| Depth::of(key)).collect();
        let blocks =
            depths.iter().filter_map(|depth| if let Depth::Block(n) = depth { Some(n + 1) } else { None });
        let blocks = blocks.max().unwrap_or(0);
        let first = match tuned {
            Tuned::All => 0,
            Tuned::Last(count) if count <= blocks => blocks + 1 - count,
            Tuned::Last(count) => {
                return Err(Error::Invalid(format!(
                    "{name} has {blocks} blocks, of which {count} cannot be tuned; name fewer, or tune all of it"
                )));
            }
        };
        let stored = weights;
        let weights = weights.on(&build.device, build.dtype);
        let (mut tensors, mut variables) = (HashMap::new(), Vec::new());
        for (key, depth) in keys.into_iter().zip(depths) {
            let tensor = weights.get_any(&key)?;
            let steps = depth.steps(blocks);
            // Statistics of batch norms are counted, not trained.
            if steps >= first && !key.contains(".running_") {
                let var = Var::from_tensor(&tensor)?;
                tensors.insert(key.clone(), var.as_tensor().clone());
                variables.push(TunedTensor { key, var, below: blocks + 1 - steps });
            } else {
                tensors.insert(key, tensor);
            }
        }
        let own = Weights::from_tensors(tensors.clone())?;
        let backbone = architecture.build(name, &own, &build)?;
        // Only the CPU has a path that is faster without gradients, and the first stages are frozen only where the stem is.
        let front = if build.device.is_cpu() && first > 0 {
            let inference = BuildOptions { purpose: Purpose::Inference, ..build.clone() };
            let backbone = architecture.build(name, stored, &inference)?;
            Some(Front { backbone, stages: first - 1 })
        } else {
            None
        };
        Ok(Self {
            model: TunableModel { build, ..model },
            id,
            backbone,
            tensors,
            tuned: variables,
            front,
            last: None,
        })
    }

    /// Width of the features, D_in.
    pub fn feature_dim(&self) -> usize {
        self.backbone.feature_dim()
    }

    /// What it was before tuning.
    pub fn id(&self) -> &BackboneId {
        &self.id
    }

    /// What it computes in.
    pub fn dtype(&self) -> DType {
        self.model.build.dtype
    }

    /// The transform of the model, at the size that was asked for.
    pub fn record(&self) -> &PreprocessRecord {
        &self.model.record
    }

    /// What is tuned, with its present values, in the order that [`TunableBackbone::gradients`] keeps.
    ///
    /// # Errors
    /// [`Error::Candle`] from the device.
    pub fn params(&self) -> Result<Vec<TunedParam>> {
        let one = |tuned: &TunedTensor| {
            Ok(TunedParam {
                key: tuned.key.clone(),
                values: values(tuned.var.as_tensor())?,
                below: tuned.below,
            })
        };
        self.tuned.iter().map(one).collect()
    }

    /// Sets the tuned tensor at a position of [`TunableBackbone::params`]; the device holds it in the dtype that the backbone computes
    /// in.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another number of values, [`Error::Candle`] from the device.
    pub fn set(&mut self, position: usize, values: &[f32]) -> Result<()> {
        let tuned = self.tuned.get(position).ok_or_else(|| {
            Error::Invalid(format!("{} tensors are tuned, there is no tensor {position}", self.tuned.len()))
        })?;
        let var = &tuned.var;
        if values.len() != var.elem_count() {
            return Err(Error::Invalid(format!(
                "`{}` has {} values, not {}",
                tuned.key,
                var.elem_count(),
                values.len()
            )));
        }
        let tensor = Tensor::from_slice(values, var.shape(), &Device::Cpu)?;
        Ok(var.set(&tensor.to_device(&self.model.build.device)?.to_dtype(self.model.build.dtype)?)?)
    }

    /// Features `[B, D_in]` of `pixels [B, 3, H, W]`, through differentiable operations; the graph is kept for
    /// [`TunableBackbone::gradients`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for pixels of another size, [`Error::Candle`] from the device.
    pub fn features(&mut self, batch: usize, pixels: Vec<f32>) -> Result<Vec<f32>> {
        let [height, width] = self.model.record.size;
        let pixels = Tensor::from_vec(pixels, (batch, 3, height, width), &self.model.build.device)?;
        let maps = match &self.front {
            Some(Front { backbone, stages }) => backbone.front(&pixels, *stages)?,
            None => None,
        };
        let features = match (maps, &self.front) {
            (Some(maps), Some(front)) => self.backbone.features_with_grad_from(&maps, front.stages)?,
            _ => {
                // A family that does not stop half way: its packed copy is of no use.
                self.front = None;
                self.backbone.features_with_grad(&pixels)?
            }
        };
        let out = values(&features)?;
        self.last = Some(features);
        Ok(out)
    }

    /// The gradients by the tuned tensors for the batch of the last [`TunableBackbone::features`] and `d_features [B, D_in]`; its graph
    /// is dropped.
    ///
    /// # Errors
    /// [`Error::Invalid`] without such a batch, [`Error::Candle`] from the device.
    pub fn gradients(&mut self, d_features: &[f32]) -> Result<Vec<Vec<f32>>> {
        let features = self.last.take().ok_or_else(|| {
            Error::Invalid("there is no batch to take gradients of; compute its features first".to_owned())
        })?;
        let d = Tensor::from_slice(d_features, features.shape(), &Device::Cpu)?
            .to_device(&self.model.build.device)?;
        let store = (features * d)?.sum_all()?.backward()?;
        let one = |tuned: &TunedTensor| match store.get(tuned.var.as_tensor()) {
            Some(gradient) => values(gradient),
            // Such as a position embedding of a token that is not used.
            None => Ok(vec![0.0; tuned.var.elem_count()]),
        };
        self.tuned.iter().map(one).collect()
    }

    /// The model as it is now, for inference, with every tensor in f32: what an embedder carries.
    ///
    /// # Errors
    /// [`Error::Candle`] from the device.
    pub fn finish(&self) -> Result<FinishedBackbone> {
        let mut tensors = HashMap::new();
        for (key, tensor) in &self.tensors {
            let copy = tensor.detach().to_device(&Device::Cpu)?.to_dtype(DType::F32)?.copy()?;
            tensors.insert(key.clone(), copy);
        }
        let TunableModel { name, architecture, build, .. } = &self.model;
        FinishedBackbone::new(name.clone(), architecture, Weights::from_tensors(tensors)?, build)
    }
}

/// A tuned backbone, ready for inference.
pub struct FinishedBackbone {
    /// The model.
    pub backbone: Box<dyn Backbone>,
    /// What it is now: the fingerprint of its tensors is its own.
    pub id: BackboneId,
    /// Its tensors, f32 on the CPU.
    pub weights: Weights,
}

impl FinishedBackbone {
    fn new(
        name: String,
        architecture: &Architecture,
        weights: Weights,
        build: &BuildOptions,
    ) -> Result<Self> {
        let build = BuildOptions { purpose: Purpose::Inference, ..build.clone() };
        let backbone = architecture.build(&name, &weights, &build)?;
        let id = identify(name, architecture, &weights, build.proj_layer)?;
        Ok(Self { backbone, id, weights })
    }
}

/// The backbone `id` with some of its tensors replaced by `tensors`, key and values of each. It comes from `options.weights`, else from the hub
/// at the commit of `id`.
///
/// # Errors
/// Those of [`crate::load_backbone`]; [`Error::Weights`] for other weights than those of `id`; [`Error::Invalid`] for a key that the model has
/// not, or another number of values.
pub fn overlaid(
    id: &BackboneId,
    options: &LoadOptions,
    tensors: &[(String, &[f32])],
) -> Result<FinishedBackbone> {
    let mut options = options.clone();
    options.build.proj_layer = id.proj_layer;
    options.revision = options.revision.or_else(|| id.commit.clone());
    let Opened { architecture, weights, .. } = open(&id.name, &options)?;
    let found = identify(id.name.clone(), &architecture, &weights, id.proj_layer)?;
    if !found.is_same_model(id) {
        return Err(Error::misfit(weights.path(), "the run", other_weights(id, &found)));
    }
    let mut all = HashMap::new();
    for (key, shape) in architecture.parameter_shapes(id.proj_layer)? {
        all.insert(key.clone(), weights.get(&key, &shape)?);
    }
    for (key, values) in tensors {
        let place = all.get_mut(key).filter(|tensor| tensor.elem_count() == values.len());
        let place = place.ok_or_else(|| {
            let (name, count) = (&id.name, values.len());
            Error::Invalid(format!("{name} has no tensor `{key}` of {count} values to replace"))
        })?;
        *place = Tensor::from_slice(values, place.shape(), &Device::Cpu)?;
    }
    FinishedBackbone::new(id.name.clone(), &architecture, Weights::from_tensors(all)?, &options.build)
}

/// A tensor's values in f32, row-major.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.detach().to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
