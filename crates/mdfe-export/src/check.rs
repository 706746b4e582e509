//! What an exported model gives against what the embedder itself gives.

use crate::{Error, Model, Result, run, run_onnx, run_torchscript};
use candle_core::{DType, Device, Tensor};
use mdfe_model::{Backbone, Projection};
use std::path::Path;

/// Images that are compared.
const IMAGES: usize = 2;

/// How far two computations of the same embeddings are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Images that were compared.
    pub images: usize,
    /// The largest difference of two values. Of an embedding it is absolute, because its length is 1; features are compared in shares of
    /// the largest value among them.
    pub largest: f32,
}

/// Made-up pixels and what the embedder makes of them on its own path, to compare with.
pub struct Own {
    pixels: Tensor,
    embeddings: Vec<f32>,
    /// What a difference is measured in.
    unit: f32,
}

impl Own {
    /// The embeddings of `backbone` and `projection`, or the features where there is none, for images of height and width `size`.
    ///
    /// # Errors
    /// What goes wrong in either.
    pub fn new(size: [usize; 2], backbone: &dyn Backbone, projection: Option<&Projection>) -> Result<Self> {
        let [height, width] = size;
        // Waves of several lengths, different in each channel and image; of order 1 as normalised pixels are.
        let value = |i: usize| {
            let (x, y, plane) = (i % width, i / width % height, i / (width * height));
            let (x, y, plane) = (x as f32, y as f32, plane as f32 + 1.0);
            (x * 0.11 * plane).sin() + (y * 0.07 * plane).cos() * (x * y * 0.003).sin()
        };
        let values: Vec<f32> = (0..IMAGES * 3 * height * width).map(value).collect();
        let pixels = Tensor::from_vec(values, (IMAGES, 3, height, width), &Device::Cpu)?;
        let features = backbone.features(&pixels)?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
        let features = features.flatten_all()?.to_vec1::<f32>()?;
        let (embeddings, unit) = match projection {
            Some(projection) => (projection.embed(&features)?, 1.0),
            None => {
                let largest = features.iter().fold(0.0, |most: f32, value| most.max(value.abs()));
                (features, largest.max(f32::MIN_POSITIVE))
            }
        };
        Ok(Self { pixels, embeddings, unit })
    }

    /// Runs the operations of `model` one by one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the two give embeddings of different widths, and what goes wrong in an operation.
    pub fn against(&self, model: &Model) -> Result<Agreement> {
        self.compare(&run(&model.graph, &self.pixels)?)
    }

    /// Reads the ONNX file `path` back and runs its nodes one by one, from the pixels on.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file is not what was to be written, and those of [`Own::against`].
    pub fn against_onnx(&self, path: &Path) -> Result<Agreement> {
        self.compare(&run_onnx(path, &self.pixels)?)
    }

    /// Reads the TorchScript archive or submission `path` back and runs its lines one by one, from the pixels on.
    ///
    /// # Errors
    /// [`Error::Damaged`] when the file is not what was to be written, and those of [`Own::against`].
    pub fn against_torchscript(&self, path: &Path) -> Result<Agreement> {
        self.compare(&run_torchscript(path, &self.pixels)?)
    }

    fn compare(&self, exported: &Tensor) -> Result<Agreement> {
        let exported = exported.flatten_all()?.to_vec1::<f32>()?;
        if self.embeddings.len() != exported.len() {
            let (own, exported) = (self.embeddings.len() / IMAGES, exported.len() / IMAGES);
            return Err(Error::Invalid(format!(
                "the embedder has {own} dimensions, the exported one {exported}"
            )));
        }
        // A NaN on either side is a difference too, which `max` would not see.
        let difference = |(a, b): (&f32, &f32)| if (a - b).is_nan() { f32::INFINITY } else { (a - b).abs() };
        let largest = self.embeddings.iter().zip(&exported).map(difference).fold(0.0, f32::max) / self.unit;
        Ok(Agreement { images: IMAGES, largest })
    }
}
