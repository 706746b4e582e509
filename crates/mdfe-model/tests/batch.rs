//! On the CPU an image's features do not depend on the batch it sits in: feature spaces are filled by runs that were killed, and by
//! several at once, and hold the same bits all the same.

#![allow(clippy::unwrap_used)] // helpers of tests may unwrap as the tests do

use candle_core::{DType, Device, Tensor};
use mdfe_model::{Architecture, BuildOptions, Weights, pretrained};
use mdfe_simd::Level;
use std::{collections::HashMap, path::Path, process::Command};

const NAME: &str = "features_do_not_depend_on_the_batch";
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A model with the size of its input.
struct Model {
    name: String,
    architecture: Architecture,
    weights: HashMap<String, Tensor>,
    /// `[1, 3, H, W]`: the shape is what counts.
    pixels: Tensor,
}

/// Every tiny model that the references have, and the demo's backbone.
fn models() -> Vec<Model> {
    let mut models = Vec::new();
    for folder in ["backbones", "pretrained"] {
        let folder = format!("{ROOT}/tests/reference/{folder}/fixtures");
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|e| e == "safetensors"));
        files.sort();
        models.extend(files.iter().filter_map(|file| tiny(file)));
    }
    let lite0 = format!("{ROOT}/data/demo/tf_efficientnet_lite0.safetensors");
    let loaded = candle_core::safetensors::load(lite0, &Device::Cpu).unwrap();
    models.push(Model {
        name: "tf_efficientnet_lite0".into(),
        architecture: pretrained("tf_efficientnet_lite0").unwrap().architecture().unwrap(),
        weights: loaded.into_iter().map(|(k, v)| (k, v.to_dtype(DType::F32).unwrap())).collect(),
        pixels: Tensor::zeros((1, 3, 64, 64), DType::F32, &Device::Cpu).unwrap(),
    });
    models
}

/// The image tower of a fixture; `None` for those of other things.
fn tiny(file: &Path) -> Option<Model> {
    let bytes = std::fs::read(file).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).ok()?;
    let json = header.metadata().as_ref()?.get("architecture")?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
    let pixels = tensors.get("in.native")?.to_dtype(DType::F32).unwrap();
    let own = |(k, v): (&String, &Tensor)| {
        Some((k.strip_prefix("w.")?.to_owned(), v.to_dtype(DType::F32).unwrap()))
    };
    Some(Model {
        name: file.file_stem()?.to_string_lossy().into_owned(),
        architecture: serde_json::from_str(json).unwrap(),
        weights: tensors.iter().filter_map(own).collect(),
        pixels,
    })
}

/// Eight images without a pattern that they could share.
fn images(shape: &[usize]) -> Tensor {
    let (height, width) = (shape[2], shape[3]);
    let values = (0..8 * 3 * height * width).map(|i| ((i * 7919) % 2003) as f32 / 1001.5 - 1.0);
    Tensor::from_iter(values, &Device::Cpu).unwrap().reshape((8, 3, height, width)).unwrap()
}

#[test]
fn features_do_not_depend_on_the_batch() {
    if std::env::var_os("MDFE_BATCH_LEVEL").is_none() {
        // A level holds for a whole process, so that each gets one of its own.
        let levels = Level::available();
        assert!(!levels.is_empty());
        for level in levels {
            let output = Command::new(std::env::current_exe().unwrap())
                .args([NAME, "--exact"])
                .env("MDFE_SIMD", level.name())
                .env("MDFE_BATCH_LEVEL", level.name())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success() && said.contains("1 passed"), "{level}: {said}");
        }
        return;
    }
    assert_eq!(Level::current().name(), std::env::var("MDFE_BATCH_LEVEL").unwrap());
    let models = models();
    assert!(models.len() > 17, "every family is looked at, not {}", models.len());
    for Model { name, architecture, weights, pixels } in models {
        let images = images(pixels.dims());
        for dtype in [DType::F32, DType::BF16] {
            let weights = Weights::from_tensors(weights.clone()).unwrap();
            let options = BuildOptions { dtype, ..BuildOptions::default() };
            let backbone = architecture.build(&name, &weights, &options).unwrap();
            let features = |first: usize, count: usize| -> Vec<Vec<f32>> {
                let batch = images.narrow(0, first, count).unwrap().contiguous().unwrap();
                backbone.features(&batch).unwrap().to_dtype(DType::F32).unwrap().to_vec2().unwrap()
            };
            let alone: Vec<Vec<f32>> = (0..8).flat_map(|i| features(i, 1)).collect();
            for (first, count) in [(0, 3), (1, 7), (0, 8)] {
                let together = features(first, count);
                for (i, found) in together.iter().enumerate() {
                    let same = found.iter().zip(&alone[first + i]).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "{name} in {dtype:?}: image {} of {count}", first + i);
                }
            }
        }
    }
}
