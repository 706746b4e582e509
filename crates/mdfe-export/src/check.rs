//! What a graph gives against what the embedder itself gives.

use crate::{Error, Model, Result, run};
use candle_core::{DType, Device, Tensor};
use mdfe_model::{Backbone, Projection};

/// Images that are compared.
const IMAGES: usize = 2;

/// How far two computations of the same embeddings are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Images that were compared.
    pub images: usize,
    /// The largest difference of two values of an embedding of unit length.
    pub largest: f32,
}

/// Runs the operations of `model` one by one on made-up pixels and compares with `backbone` and `projection`, on their own path.
///
/// # Errors
/// [`Error::Invalid`] when the two give embeddings of different widths, and what goes wrong in either.
pub fn check(model: &Model, backbone: &dyn Backbone, projection: &Projection) -> Result<Agreement> {
    let [height, width] = model.record.size;
    // Waves of several lengths, different in each channel and image; of order 1 as normalised pixels are.
    let value = |i: usize| {
        let (x, y, plane) = (i % width, i / width % height, i / (width * height));
        let (x, y, plane) = (x as f32, y as f32, plane as f32 + 1.0);
        (x * 0.11 * plane).sin() + (y * 0.07 * plane).cos() * (x * y * 0.003).sin()
    };
    let values: Vec<f32> = (0..IMAGES * 3 * height * width).map(value).collect();
    let pixels = Tensor::from_vec(values, (IMAGES, 3, height, width), &Device::Cpu)?;
    let features = backbone.features(&pixels)?.to_device(&Device::Cpu)?.to_dtype(DType::F32)?;
    let own = projection.embed(&features.flatten_all()?.to_vec1()?)?;
    let exported = run(&model.graph, &pixels)?.flatten_all()?.to_vec1::<f32>()?;
    if own.len() != exported.len() {
        let (own, exported) = (own.len() / IMAGES, exported.len() / IMAGES);
        return Err(Error::Invalid(format!(
            "the embedder has {own} dimensions, the exported one {exported}"
        )));
    }
    // A NaN on either side is a difference too, which `max` would not see.
    let difference = |(a, b): (&f32, &f32)| if (a - b).is_nan() { f32::INFINITY } else { (a - b).abs() };
    let largest = own.iter().zip(&exported).map(difference).fold(0.0, f32::max);
    Ok(Agreement { images: IMAGES, largest })
}
