//! Tiny models of every ViT variant against timm and OpenCLIP (`tests/reference/backbones/vit.py` made the fixtures).
#![allow(clippy::unwrap_used)]

mod common;

use candle_core::{DType, Device, Tensor};
use common::{Fixture, check_gradients, difference, handed, variables};
use mdfe_model::{Architecture, BuildOptions, Purpose, Weights, families::PoolKind};

/// Features have order 1 and two blocks of sums of 16 to 64 products: f32 rounding stays far below this.
const TOLERANCE: f32 = 2e-5;

const VARIANTS: [&str; 14] = [
    "siglip",
    "siglip_tanh",
    "siglip_gap",
    "dinov2",
    "dinov2_giant",
    "clip_timm",
    "clip",
    "clip_quick",
    "clipa",
    "eva",
    "eva02_enormous",
    "eva02_tiny",
    "eva02_base",
    "eva02_clip",
];

fn open(name: &str) -> Fixture {
    Fixture::open("backbones/fixtures", name)
}

fn distance(fixture: &Fixture, features: &Tensor, expected: &str) -> f32 {
    difference(features, &fixture.tensors[expected])
}

fn training() -> BuildOptions {
    BuildOptions { purpose: Purpose::Training, ..BuildOptions::default() }
}

#[test]
fn every_variant_equals_its_reference_at_native_and_other_sizes() {
    for name in VARIANTS {
        let fixture = open(name);
        let fused = fixture.build(&BuildOptions::default());
        for size in ["native", "other"] {
            let pixels = &fixture.tensors[&format!("in.{size}")];
            let error = distance(&fixture, &fused.features(pixels).unwrap(), &format!("out.{size}"));
            assert!(error < TOLERANCE, "{name} {size}: {error:e}");
        }
    }
}

#[test]
fn differentiable_path_equals_the_reference_too() {
    for name in VARIANTS {
        let fixture = open(name);
        let backbone = fixture.build(&training());
        for size in ["native", "other"] {
            let pixels = &fixture.tensors[&format!("in.{size}")];
            let expected = format!("out.{size}");
            let error = distance(&fixture, &backbone.features_with_grad(pixels).unwrap(), &expected);
            assert!(error < TOLERANCE, "{name} {size}: {error:e}");
            let error = distance(&fixture, &backbone.features(pixels).unwrap(), &expected);
            assert!(error < TOLERANCE, "{name} {size}, fused candle operations: {error:e}");
        }
    }
}

#[test]
fn output_projections_are_kept_on_request() {
    let mut projected = 0;
    for name in VARIANTS {
        let fixture = open(name);
        if !fixture.tensors.contains_key("out.projected") {
            continue;
        }
        projected += 1;
        for options in [BuildOptions::default(), training()] {
            let backbone = fixture.build(&BuildOptions { proj_layer: true, ..options });
            let features = backbone.features(&fixture.tensors["in.native"]).unwrap();
            assert_eq!(features.dim(1).unwrap(), backbone.feature_dim());
            assert_eq!(fixture.config.feature_dim(true), backbone.feature_dim());
            let error = distance(&fixture, &features, "out.projected");
            assert!(error < TOLERANCE, "{name}: {error:e}");
        }
    }
    assert_eq!(projected, 5, "CLIP in three forms, CLIPA and EVA02 enormous have one");
}

#[test]
fn what_cannot_be_built_is_refused() {
    let fixture = open("siglip");
    let weights = Weights::from_tensors(fixture.weights()).unwrap();
    for (dtype, purpose) in [(DType::F64, Purpose::Inference), (DType::BF16, Purpose::Training)] {
        let options = BuildOptions { dtype, purpose, ..BuildOptions::default() };
        let message = fixture.config.build("tiny", &weights, &options).err().unwrap().to_string();
        assert!(message.contains(&format!("not {}", dtype.as_str())), "{message}");
    }
    let mut eva = open("eva").config;
    if let Architecture::Eva(config) = &mut eva {
        config.pool = PoolKind::Map;
    }
    let message = eva.build("tiny", &weights, &BuildOptions::default()).err().unwrap().to_string();
    assert!(message.contains("no attention pooling"), "{message}");
    let none = Tensor::zeros((0, 3, 24, 24), DType::F32, &Device::Cpu).unwrap();
    let message = fixture.build(&BuildOptions::default()).features(&none).unwrap_err().to_string();
    assert!(message.contains("no images"), "{message}");
}

#[test]
fn a_batch_gives_the_bytes_of_its_images_alone() {
    for name in VARIANTS {
        let fixture = open(name);
        for dtype in [DType::F32, DType::BF16] {
            let backbone = fixture.build(&BuildOptions { dtype, ..BuildOptions::default() });
            let pixels = &fixture.tensors["in.native"];
            let both = backbone.features(pixels).unwrap();
            let single = backbone.features(&pixels.narrow(0, 1, 1).unwrap()).unwrap();
            assert_eq!(difference(&both.narrow(0, 1, 1).unwrap(), &single), 0.0, "{name} {dtype:?}");
        }
    }
}

#[test]
fn bf16_stays_within_its_rounding() {
    for name in VARIANTS {
        let fixture = open(name);
        let backbone = fixture.build(&BuildOptions { dtype: DType::BF16, ..BuildOptions::default() });
        let features = backbone.features(&fixture.tensors["in.native"]).unwrap();
        // Two blocks of values rounded to 8 bits (2^-9 each, relative): a few per cent at worst, where 16 wide tokens
        // leave little to average over; the direction, which retrieval uses, keeps a cosine above 0.999.
        let error = distance(&fixture, &features, "out.native");
        assert!(error < 0.15, "{name}: {error}");
        let expected = &fixture.tensors["out.native"];
        let dot = |a: &Tensor, b: &Tensor| (a * b).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        let cosine = dot(&features, expected) / (dot(&features, &features) * dot(expected, expected)).sqrt();
        assert!(cosine > 0.999, "{name}: {cosine}");
    }
}

#[test]
fn gradients_equal_pytorchs() {
    for name in ["siglip", "eva02_clip"] {
        let fixture = open(name);
        let variables = variables(&fixture.weights());
        let weights = Weights::from_tensors(handed(&variables)).unwrap();
        let backbone = fixture.config.build("tiny", &weights, &training()).unwrap();
        let features = backbone.features_with_grad(&fixture.tensors["in.native"]).unwrap();
        let checked = check_gradients(name, &fixture.tensors, &variables, &features);
        assert_eq!(checked, variables.len(), "{name}");
    }
}

#[test]
fn parameters_are_counted_without_weights() {
    for name in VARIANTS {
        let fixture = open(name);
        let stored: usize = fixture.weights().values().map(Tensor::elem_count).sum();
        let head = |(k, v): (String, Tensor)| (k.starts_with("head.") || k == "proj").then(|| v.elem_count());
        let head: usize = fixture.weights().into_iter().filter_map(head).sum();
        assert_eq!(fixture.config.parameter_count(true).unwrap(), stored, "{name}");
        assert_eq!(fixture.config.parameter_count(false).unwrap(), stored - head, "{name}");
    }
}

#[test]
fn weights_that_do_not_fit_are_listed_and_a_missing_gradient_path_says_why() {
    let fixture = open("siglip");
    let mut tensors = fixture.weights();
    tensors.remove("blocks.1.attn.qkv.bias");
    let weights = Weights::from_tensors(tensors).unwrap();
    let error = fixture.config.build("tiny", &weights, &BuildOptions::default()).err().unwrap().to_string();
    assert!(error.contains("does not fit tiny: 1 missing: `blocks.1.attn.qkv.bias` [48]"), "{error}");
    let backbone = fixture.build(&BuildOptions::default());
    let error = backbone.features_with_grad(&fixture.tensors["in.native"]).unwrap_err().to_string();
    assert!(error.contains("Purpose::Training"), "{error}");
    let small = Tensor::zeros((1, 3, 3, 24), DType::F32, &Device::Cpu).unwrap();
    assert!(backbone.features(&small).unwrap_err().to_string().contains("smaller than a patch"));
}
