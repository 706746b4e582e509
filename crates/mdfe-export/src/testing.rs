//! The model of the writers' unit tests.
#![allow(clippy::unwrap_used)] // helpers of tests may fail as loudly as tests

use crate::Model;
use candle_core::{Device, Tensor};
use mdfe_data::{CropMode, Interpolation, PreprocessRecord};
use mdfe_model::{
    Projection,
    graph::{BATCH, Graph},
};

/// A linear layer over 4 x 4 pixels, two features.
pub(crate) fn model(crop_mode: CropMode, interpolation: Interpolation) -> Model {
    let mut graph = Graph::new([4, 4]);
    let pixels = graph.pixels();
    let flat = graph.reshape(pixels, &[BATCH, 48]).unwrap();
    let weight = Tensor::arange(0f32, 96.0, &Device::Cpu).unwrap().reshape((2, 48)).unwrap();
    let features = graph.within("a.b", |g| g.linear(flat, &weight, None)).unwrap();
    graph.set_output(features);
    let record = PreprocessRecord {
        size: [4, 4],
        mean: [0.5; 3],
        std: [0.25; 3],
        interpolation,
        crop_mode,
        crop_fraction: 1.0,
        fill: 7,
        exif_orientation: false,
    };
    Model::new(graph, &Projection::Identity { feature_dim: 2 }, record).unwrap()
}
