//! The demo's backbone, with the committed weights, against timm (`tests/reference/demo/features.py` made the fixture).

#![allow(clippy::unwrap_used)] // helpers of tests may unwrap as the tests do

mod common;

use candle_core::{DType, Device, Tensor};
use common::{check_gradients, difference, handed, variables};
use mdfe_model::{Architecture, Backbone, BuildOptions, Purpose, Weights, pretrained};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Features lie between 0 and 6 and sums have up to 1,152 products; f32 rounding stays below this.
const TOLERANCE: f32 = 2e-5;
/// bf16 has 8 significant bits, and 50 products lie behind one another; what counts is the direction of the features.
const BF16_COSINE: f32 = 0.999;

const SIZES: [&str; 4] = ["even", "odd", "small", "tiny"];

fn root() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
}

fn weights_path() -> std::path::PathBuf {
    format!("{}/data/demo/tf_efficientnet_lite0.safetensors", root()).into()
}

fn tensors() -> HashMap<String, Tensor> {
    let loaded = candle_core::safetensors::load(weights_path(), &Device::Cpu).unwrap();
    loaded.into_iter().map(|(k, v)| (k, v.to_dtype(DType::F32).unwrap())).collect()
}

fn fixture() -> HashMap<String, Tensor> {
    let path = format!("{}/tests/reference/demo/efficientnet_lite0.safetensors", root());
    let loaded = candle_core::safetensors::load(path, &Device::Cpu).unwrap();
    loaded.into_iter().map(|(k, v)| (k, v.to_dtype(DType::F32).unwrap())).collect()
}

fn architecture() -> Architecture {
    pretrained("tf_efficientnet_lite0").unwrap().architecture().unwrap()
}

fn build(tensors: HashMap<String, Tensor>, purpose: Purpose, dtype: DType) -> Box<dyn Backbone> {
    let options = BuildOptions { purpose, dtype, ..BuildOptions::default() };
    architecture().build("lite0", &Weights::from_tensors(tensors).unwrap(), &options).unwrap()
}

#[test]
fn the_weights_are_what_the_conversion_script_writes() {
    let digest: String =
        Sha256::digest(std::fs::read(weights_path()).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
    let script = format!("{}/tests/reference/demo/convert_efficientnet_lite0.py", root());
    assert!(std::fs::read_to_string(script).unwrap().contains(&digest), "{digest}");
}

#[test]
fn all_paths_equal_timms_features_at_even_and_odd_sizes() {
    let fixture = fixture();
    let weights = Weights::open(&[weights_path()]).unwrap();
    let fused = architecture().build("lite0", &weights, &BuildOptions::default()).unwrap();
    let trained = build(tensors(), Purpose::Training, DType::F32);
    for size in SIZES {
        let (pixels, expected) = (&fixture[&format!("in.{size}")], &fixture[&format!("out.{size}")]);
        let errors = [
            difference(&fused.features(pixels).unwrap(), expected),
            difference(&trained.features(pixels).unwrap(), expected),
            difference(&trained.features_with_grad(pixels).unwrap(), expected),
        ];
        assert!(errors.iter().all(|e| *e < TOLERANCE), "{size}: {errors:?}");
    }
}

#[test]
fn batch_equals_single() {
    let fused = build(tensors(), Purpose::Inference, DType::F32);
    let pixels = &fixture()["in.odd"];
    // More images than one task takes.
    let many = Tensor::cat(&[pixels; 5], 0).unwrap();
    let batch = fused.features(&many).unwrap();
    for i in 0..many.dim(0).unwrap() {
        let single = fused.features(&many.narrow(0, i, 1).unwrap()).unwrap();
        // The same sums in the same order.
        assert_eq!(difference(&single, &batch.narrow(0, i, 1).unwrap()), 0.0);
    }
}

#[test]
fn bf16_keeps_the_direction() {
    let half = build(tensors(), Purpose::Inference, DType::BF16);
    let fixture = fixture();
    for size in ["even", "odd"] {
        let (a, b) =
            (half.features(&fixture[&format!("in.{size}")]).unwrap(), &fixture[&format!("out.{size}")]);
        let dot = |a: &Tensor, b: &Tensor| (a * b).unwrap().sum(1).unwrap().to_vec1::<f32>().unwrap();
        for ((ab, aa), bb) in dot(&a, b).iter().zip(dot(&a, &a)).zip(dot(b, b)) {
            let cosine = ab / (aa * bb).sqrt();
            assert!(cosine > BF16_COSINE, "{size}: {cosine}");
        }
    }
}

#[test]
fn gradients_equal_pytorchs() {
    let fixture = fixture();
    let variables = variables(&tensors());
    let backbone = build(handed(&variables), Purpose::Training, DType::F32);
    let features = backbone.features_with_grad(&fixture["in.even"]).unwrap();
    assert_eq!(check_gradients("lite0", &fixture, &variables, &features), 5);
}

#[test]
fn a_step_of_training_is_seen_by_the_next_pass() {
    let variables = variables(&tensors());
    let backbone = build(handed(&variables), Purpose::Training, DType::F32);
    let pixels = &fixture()["in.small"];
    let before = backbone.features_with_grad(pixels).unwrap();
    for key in ["blocks.3.0.bn2.weight", "conv_head.weight"] {
        let now = backbone.features_with_grad(pixels).unwrap();
        let variable = &variables[key];
        variable.set(&(variable.as_tensor() * 1.5).unwrap()).unwrap();
        let after = backbone.features_with_grad(pixels).unwrap();
        assert!(difference(&now, &after) > 1e-2, "{key}");
    }
    assert!(difference(&before, &backbone.features_with_grad(pixels).unwrap()) > 1e-2);
}

#[test]
fn a_checkpoint_of_timm_may_hold_the_classifier_and_batch_counters() {
    let mut tensors = tensors();
    tensors
        .insert("classifier.weight".to_owned(), Tensor::zeros((10, 1280), DType::F32, &Device::Cpu).unwrap());
    tensors
        .insert("bn1.num_batches_tracked".to_owned(), Tensor::zeros((), DType::F32, &Device::Cpu).unwrap());
    tensors.insert(
        "blocks.1.0.bn3.num_batches_tracked".to_owned(),
        Tensor::zeros((), DType::F32, &Device::Cpu).unwrap(),
    );
    build(tensors, Purpose::Inference, DType::F32);
}

#[test]
fn misfits_are_listed_by_key() {
    let mut tensors = tensors();
    tensors.remove("blocks.2.1.conv_dw.weight");
    tensors.insert("bn2.weight".to_owned(), Tensor::zeros(7, DType::F32, &Device::Cpu).unwrap());
    let weights = Weights::from_tensors(tensors).unwrap();
    let message =
        architecture().build("lite0", &weights, &BuildOptions::default()).err().unwrap().to_string();
    assert!(
        message.contains("blocks.2.1.conv_dw.weight") && message.contains("`bn2.weight` is [7]"),
        "{message}"
    );
}
