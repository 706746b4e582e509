//! A real embedder: what is served are the bits of [`Embedder::embed_each`].

use crate::stub::{Running, floats};
use mdfe_data::PreprocessRecord;
use mdfe_model::{Embedder, LoadOptions, extract::PipelineOptions};
use mdfe_serve::{Model, ServeOptions};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The demo's backbone.
fn embedder() -> Embedder {
    let weights =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/demo/tf_efficientnet_lite0.safetensors");
    let options = LoadOptions { weights: Some(weights), ..LoadOptions::default() };
    Embedder::of_backbone("tf_efficientnet_lite0", options).unwrap()
}

#[test]
fn served_embeddings_are_those_of_the_library_to_the_bit() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..5u8).map(|i| dir.path().join(format!("{i}.png"))).collect();
    for (i, path) in paths.iter().enumerate() {
        let v = |x: u32, y: u32, k: u32| ((x * (3 + k) + y * 5 + i as u32 * 37) % 256) as u8;
        image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([v(x, y, 0), v(x, y, 1), v(x, y, 2)]))
            .save(path)
            .unwrap();
    }
    let embedder = embedder();
    let PreprocessRecord { size, .. } = embedder.preprocess();
    assert!(size[0] > 100, "the published size");
    let expected = embedder.embed(&paths, PipelineOptions::default(), |_| true).unwrap();
    let dim = embedder.dim();
    let model = Arc::new(Model::new("lite", embedder, None));
    let service = Running::start(model, None, ServeOptions { batch: 3, ..ServeOptions::default() });
    // All at once, so that they share batches of other sizes than the library's.
    std::thread::scope(|scope| {
        let service = &service;
        let send =
            move |path: &PathBuf| service.post("/embed", "image/png", &std::fs::read(path).unwrap()).ok();
        let asked: Vec<_> = paths.iter().map(|path| scope.spawn(move || send(path))).collect();
        for (i, thread) in asked.into_iter().enumerate() {
            let served = floats(&thread.join().unwrap()["embeddings"][0]);
            let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&served), bits(&expected.values[i * dim..(i + 1) * dim]), "image {i}");
        }
    });
}
