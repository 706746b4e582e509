//! Fine-tuning: a backbone of which the last blocks, or all of it, are variables.
//!
//! candle's autograd sees the variables alone: what is not tuned builds no graph. Everything goes in and out as f32 slices, so that a
//! trainer needs to know no tensor library; the values of the variables are the trainer's.

mod depth;

use crate::{
    Backbone, BuildOptions, Error, LoadOptions, Purpose, Result, Weights,
    pretrained::{Pretrained, backbone_id, weight_files},
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

/// A backbone whose last blocks are variables.
pub struct TunableBackbone {
    pretrained: &'static Pretrained,
    id: BackboneId,
    record: PreprocessRecord,
    build: BuildOptions,
    backbone: Box<dyn Backbone>,
    /// Every tensor that the model reads, the variables among them, by key.
    tensors: HashMap<String, Tensor>,
    tuned: Vec<TunedTensor>,
    /// The features of the last batch with their graph.
    last: Option<Tensor>,
}

impl TunableBackbone {
    /// Loads the backbone `name` and makes variables of what is tuned. Batch norms keep their running statistics.
    ///
    /// # Errors
    /// Those of [`crate::load_backbone`]; [`Error::Invalid`] for more blocks than the model has.
    pub fn load(name: &str, options: &LoadOptions, tuned: Tuned) -> Result<Self> {
        let row = crate::pretrained(name)?;
        let (files, commit) = weight_files(row, options)?;
        let weights = Weights::open(&files)?;
        let id = BackboneId { commit, ..backbone_id(row, &weights, options.build.proj_layer)? };
        let mut record = row.preprocess.clone();
        if let Some(side) = options.img_size {
            record.size = [side, side];
        }
        let build = BuildOptions { purpose: Purpose::Training, ..options.build.clone() };
        Self::of_weights(Origin { row, id, record, build }, &weights, tuned)
    }

    fn of_weights(origin: Origin, weights: &Weights, tuned: Tuned) -> Result<Self> {
        let Origin { row, id, record, build } = origin;
        let shapes = row.architecture()?.parameter_shapes(build.proj_layer)?;
        let keys: Vec<String> = shapes.into_iter().map(|(key, _)| key).collect();
        let depths: Vec<Depth> = keys.iter().map(|key| Depth::of(key)).collect();
        let blocks =
            depths.iter().filter_map(|depth| if let Depth::Block(n) = depth { Some(n + 1) } else { None });
        let blocks = blocks.max().unwrap_or(0);
        let first = match tuned {
            Tuned::All => 0,
            Tuned::Last(count) if count <= blocks => blocks + 1 - count,
            Tuned::Last(count) => {
                let name = row.full_name();
                return Err(Error::Invalid(format!(
                    "{name} has {blocks} blocks, of which {count} cannot be tuned; name fewer, or tune all of it"
                )));
            }
        };
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
        let backbone = row.architecture()?.build(&row.full_name(), &own, &build)?;
        Ok(Self { pretrained: row, id, record, build, backbone, tensors, tuned: variables, last: None })
    }

    /// Width of the features, D_in.
    pub fn feature_dim(&self) -> usize {
        self.backbone.feature_dim()
    }

    /// What it was before tuning.
    pub fn id(&self) -> &BackboneId {
        &self.id
    }

    /// The transform of the model, at the size that was asked for.
    pub fn record(&self) -> &PreprocessRecord {
        &self.record
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
        Ok(var.set(&tensor.to_device(&self.build.device)?.to_dtype(self.build.dtype)?)?)
    }

    /// Features `[B, D_in]` of `pixels [B, 3, H, W]`, through differentiable operations; the graph is kept for
    /// [`TunableBackbone::gradients`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for pixels of another size, [`Error::Candle`] from the device.
    pub fn features(&mut self, batch: usize, pixels: Vec<f32>) -> Result<Vec<f32>> {
        let [height, width] = self.record.size;
        let pixels = Tensor::from_vec(pixels, (batch, 3, height, width), &self.build.device)?;
        let features = self.backbone.features_with_grad(&pixels)?;
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
        let d =
            Tensor::from_slice(d_features, features.shape(), &Device::Cpu)?.to_device(&self.build.device)?;
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
        let weights = Weights::from_tensors(tensors)?;
        let id = backbone_id(self.pretrained, &weights, self.build.proj_layer)?;
        let build = BuildOptions { purpose: Purpose::Inference, ..self.build.clone() };
        let backbone =
            self.pretrained.architecture()?.build(&self.pretrained.full_name(), &weights, &build)?;
        Ok(FinishedBackbone { backbone, id, weights })
    }
}

/// Where a backbone comes from.
struct Origin {
    row: &'static Pretrained,
    id: BackboneId,
    record: PreprocessRecord,
    build: BuildOptions,
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

/// A tensor's values in f32, row-major.
fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.detach().to_device(&Device::Cpu)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
