//! Tiny ConvNeXt and SAM towers against OpenCLIP and timm (`tests/reference/pretrained/families.py` made the fixtures).

#![allow(clippy::unwrap_used)] // helpers of tests may unwrap as the tests do

mod common;

use candle_core::{DType, Device, Tensor};
use common::{Fixture, check_gradients, difference, handed, variables};
use mdfe_model::{BuildOptions, Purpose, Weights};

/// Features have order 1 and the longest sums have a few hundred products: f32 rounding stays far below this.
const TOLERANCE: f32 = 2e-5;
/// bf16 has 8 significant bits; a handful of blocks with residuals in f32 keeps some of them.
const BF16_TOLERANCE: f32 = 0.06;

const VARIANTS: [&str; 3] = ["convnext_linear", "convnext_mlp", "sam"];

fn open(name: &str) -> Fixture {
    Fixture::open("pretrained/fixtures", name)
}

fn options(proj_layer: bool, purpose: Purpose) -> BuildOptions {
    BuildOptions { proj_layer, purpose, ..BuildOptions::default() }
}

#[test]
fn both_paths_equal_the_reference_at_native_and_other_sizes_with_and_without_projection() {
    for name in VARIANTS {
        let fixture = open(name);
        for (proj_layer, expected) in [(false, "out"), (true, "projected")] {
            let fused = fixture.build(&options(proj_layer, Purpose::Inference));
            let tensors = fixture.build(&options(proj_layer, Purpose::Training));
            for size in ["native", "other"] {
                let (pixels, expected) =
                    (fixture.pixels(size), &fixture.tensors[&format!("{expected}.{size}")]);
                assert_eq!(fused.feature_dim(), expected.dims()[1]);
                let errors = [
                    difference(&fused.features(&pixels).unwrap(), expected),
                    difference(&tensors.features(&pixels).unwrap(), expected),
                    difference(&tensors.features_with_grad(&pixels).unwrap(), expected),
                ];
                assert!(errors.iter().all(|e| *e < TOLERANCE), "{name} {size} {proj_layer}: {errors:?}");
            }
        }
    }
}

#[test]
fn batch_equals_single() {
    for name in VARIANTS {
        let fixture = open(name);
        let backbone = fixture.build(&BuildOptions::default());
        let pixels = fixture.pixels("other");
        let batch = backbone.features(&pixels).unwrap();
        for i in 0..2 {
            let single = backbone.features(&pixels.narrow(0, i, 1).unwrap()).unwrap();
            // The same sums in the same order.
            assert_eq!(difference(&single, &batch.narrow(0, i, 1).unwrap()), 0.0, "{name}");
        }
    }
}

#[test]
fn bf16_stays_within_its_precision() {
    for name in VARIANTS {
        let fixture = open(name);
        let backbone = fixture.build(&BuildOptions { dtype: DType::BF16, ..BuildOptions::default() });
        for size in ["native", "other"] {
            let features = backbone.features(&fixture.pixels(size)).unwrap();
            let error = difference(&features, &fixture.tensors[&format!("out.{size}")]);
            assert!(error < BF16_TOLERANCE, "{name} {size}: {error}");
        }
    }
}

#[test]
fn gradients_equal_pytorchs() {
    for (name, expected) in VARIANTS.into_iter().zip([3, 3, 4]) {
        let fixture = open(name);
        let variables = variables(&fixture.weights());
        let weights = Weights::from_tensors(handed(&variables)).unwrap();
        let backbone = fixture.config.build("tiny", &weights, &options(false, Purpose::Training)).unwrap();
        let features = backbone.features_with_grad(&fixture.pixels("native")).unwrap();
        let checked = check_gradients(name, &fixture.tensors, &variables, &features);
        assert_eq!(checked, expected, "{name}");
    }
}

#[test]
fn an_image_that_is_too_small_is_refused_in_words() {
    for name in VARIANTS {
        let fixture = open(name);
        let backbone = fixture.build(&BuildOptions::default());
        let tiny = Tensor::zeros((1, 3, 3, 30), DType::F32, &Device::Cpu).unwrap();
        let message = backbone.features(&tiny).unwrap_err().to_string();
        assert!(message.contains("3x30"), "{name}: {message}");
    }
}

#[test]
fn a_missing_key_is_listed() {
    for name in VARIANTS {
        let fixture = open(name);
        let mut tensors = fixture.weights();
        let key = tensors.keys().find(|k| k.ends_with("mlp.fc2.bias")).unwrap().clone();
        tensors.remove(&key);
        let weights = Weights::from_tensors(tensors).unwrap();
        let error = fixture.config.build("tiny", &weights, &BuildOptions::default());
        let message = error.err().unwrap().to_string();
        assert!(message.contains("1 missing") && message.contains("mlp.fc2.bias"), "{message}");
    }
}
