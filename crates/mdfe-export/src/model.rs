//! An embedder as one graph: backbone, projection, unit length; or a backbone alone.

use crate::{Error, Result};
use candle_core::{Device, Tensor};
use mdfe_data::{CropMode, PreprocessRecord};
use mdfe_model::{
    Layer, Projection,
    graph::{Graph, Op, Value},
};

/// What an exported model takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// `image`: bytes `[B, 3, H, W]` of any height and width, resized and normalised as the preprocess record says. The default.
    #[default]
    Image,
    /// `pixels`: f32 `[B, 3, h, w]` of the record's size, normalised already.
    Pixels,
}

/// An embedder, ready to be written.
#[derive(Clone, Debug)]
pub struct Model {
    /// From normalised pixels to embeddings `[B, D]` of unit length, or to features.
    pub graph: Graph,
    /// How images become pixels.
    pub record: PreprocessRecord,
    /// What the model takes. Default of [`Model::new`]: images.
    pub input: Input,
    /// What the file says about itself: backbone, fingerprints, training. Default of [`Model::new`]: nothing.
    pub about: serde_json::Value,
}

impl Model {
    /// Puts `projection` behind `backbone`, whose images have the size that `record` says.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the projection takes other features than the backbone gives, or the sizes differ.
    pub fn new(backbone: Graph, projection: &Projection, record: PreprocessRecord) -> Result<Self> {
        let mut model = Self::of_features(backbone, record)?;
        let graph = &mut model.graph;
        let features = graph.output();
        let width = graph.shape(features).last().copied().unwrap_or_default();
        if width != projection.feature_dim() {
            return Err(Error::Invalid(format!(
                "the projection takes {} features and the backbone gives {width}; they are of two models",
                projection.feature_dim()
            )));
        }
        let projected = graph.within("projection", |graph| project(graph, projection, features))?;
        let embedding = graph.normalize(projected);
        graph.set_output(embedding);
        Ok(model)
    }

    /// A backbone alone: its features as they are, of any length.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the backbone's images have another size than `record` makes.
    pub fn of_features(backbone: Graph, record: PreprocessRecord) -> Result<Self> {
        let size = &backbone.shape(backbone.pixels())[2..];
        if size != record.size {
            return Err(Error::Invalid(format!(
                "the backbone takes images of {size:?} and the preprocess record makes {:?}",
                record.size
            )));
        }
        Ok(Self { graph: backbone, record, input: Input::Image, about: serde_json::Value::Null })
    }

    /// Width of the embeddings, D.
    pub fn dim(&self) -> usize {
        self.graph.shape(self.graph.output()).last().copied().unwrap_or_default()
    }

    /// The same with images squashed to the record's size instead of cropped, as the method's 2024 submission did.
    pub fn squashed(mut self) -> Self {
        self.record.crop_mode = CropMode::Squash;
        self.record.crop_fraction = 1.0;
        self
    }

    /// Bytes of the tensors in f32.
    pub fn bytes(&self) -> usize {
        self.graph.constants().iter().map(|constant| 4 * constant.tensor.elem_count()).sum()
    }

    /// How many operations there are, the input and the tensors apart.
    pub fn operations(&self) -> usize {
        let counts = |op: &Op| !matches!(op, Op::Pixels | Op::Constant(_));
        self.graph.nodes().filter(|(_, node)| counts(&node.op)).count()
    }
}

fn project(graph: &mut Graph, projection: &Projection, features: Value) -> mdfe_model::Result<Value> {
    let (inputs, outputs) = (projection.feature_dim(), projection.embed_dim());
    match projection {
        Projection::Linear { weight, bias } => linear(graph, features, weight, bias),
        Projection::Mlp { hidden, last } => {
            let Layer { weight, bias } = hidden;
            let between = graph.within("hidden", |graph| linear(graph, features, weight, bias))?;
            let between = graph.relu(between);
            linear(graph, between, &last.weight, &last.bias)
        }
        Projection::AvgPool { .. } => {
            let mut weight = vec![0.0; inputs * outputs];
            for (d, row) in weight.chunks_exact_mut(inputs).enumerate() {
                let part = &mut row[d * inputs / outputs..((d + 1) * inputs).div_ceil(outputs)];
                let share = 1.0 / part.len() as f32;
                part.fill(share);
            }
            let weight = Tensor::from_vec(weight, (outputs, inputs), &Device::Cpu)?;
            graph.linear(features, &weight, None)
        }
        Projection::Identity { .. } => Ok(features),
    }
}

/// `weight [N, K]` and `bias [N]` as slices.
fn linear(graph: &mut Graph, x: Value, weight: &[f32], bias: &[f32]) -> mdfe_model::Result<Value> {
    let out = bias.len();
    let weight = Tensor::from_slice(weight, (out, weight.len() / out), &Device::Cpu)?;
    let bias = Tensor::from_slice(bias, out, &Device::Cpu)?;
    graph.linear(x, &weight, Some(&bias))
}
