//! Tiny models of every ViT variant against timm and OpenCLIP (`tests/reference/backbones/vit.py` made the fixtures).
#![allow(clippy::unwrap_used)]

use candle_core::{DType, Device, Tensor, Var};
use mdfe_model::{Architecture, Backbone, BuildOptions, Purpose, Weights};
use std::collections::HashMap;

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

struct Fixture {
    architecture: Architecture,
    tensors: HashMap<String, Tensor>,
}

impl Fixture {
    fn open(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/backbones/fixtures");
        let bytes = std::fs::read(format!("{folder}/{name}.safetensors")).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let json = &header.metadata().as_ref().unwrap()["architecture"];
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
        Self { architecture: serde_json::from_str(json).unwrap(), tensors }
    }

    fn weights(&self) -> HashMap<String, Tensor> {
        let own = |(k, v): (&String, &Tensor)| Some((k.strip_prefix("w.")?.to_owned(), v.clone()));
        self.tensors.iter().filter_map(own).collect()
    }

    fn build(&self, options: &BuildOptions) -> Box<dyn Backbone> {
        let weights = Weights::from_tensors(self.weights()).unwrap();
        self.architecture.build("tiny", &weights, options).unwrap()
    }

    fn error(&self, features: &Tensor, expected: &str) -> f32 {
        difference(features, &self.tensors[expected])
    }
}

fn difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

fn training() -> BuildOptions {
    BuildOptions { purpose: Purpose::Training, ..BuildOptions::default() }
}

#[test]
fn every_variant_equals_its_reference_at_native_and_other_sizes() {
    for name in VARIANTS {
        let fixture = Fixture::open(name);
        let fused = fixture.build(&BuildOptions::default());
        for size in ["native", "other"] {
            let pixels = &fixture.tensors[&format!("in.{size}")];
            let error = fixture.error(&fused.features(pixels).unwrap(), &format!("out.{size}"));
            assert!(error < TOLERANCE, "{name} {size}: {error:e}");
        }
    }
}

#[test]
fn differentiable_path_equals_the_reference_too() {
    for name in VARIANTS {
        let fixture = Fixture::open(name);
        let backbone = fixture.build(&training());
        for size in ["native", "other"] {
            let pixels = &fixture.tensors[&format!("in.{size}")];
            let expected = format!("out.{size}");
            let error = fixture.error(&backbone.features_with_grad(pixels).unwrap(), &expected);
            assert!(error < TOLERANCE, "{name} {size}: {error:e}");
            let error = fixture.error(&backbone.features(pixels).unwrap(), &expected);
            assert!(error < TOLERANCE, "{name} {size}, fused candle operations: {error:e}");
        }
    }
}

#[test]
fn output_projections_are_kept_on_request() {
    for name in VARIANTS {
        let fixture = Fixture::open(name);
        if !fixture.tensors.contains_key("out.projected") {
            continue;
        }
        for options in [BuildOptions::default(), training()] {
            let backbone = fixture.build(&BuildOptions { proj_layer: true, ..options });
            let features = backbone.features(&fixture.tensors["in.native"]).unwrap();
            assert_eq!(features.dim(1).unwrap(), backbone.feature_dim());
            assert_eq!(fixture.architecture.feature_dim(true), backbone.feature_dim());
            let error = fixture.error(&features, "out.projected");
            assert!(error < TOLERANCE, "{name}: {error:e}");
        }
    }
}

#[test]
fn a_batch_gives_the_bytes_of_its_images_alone() {
    for name in VARIANTS {
        let fixture = Fixture::open(name);
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
        let fixture = Fixture::open(name);
        let backbone = fixture.build(&BuildOptions { dtype: DType::BF16, ..BuildOptions::default() });
        let features = backbone.features(&fixture.tensors["in.native"]).unwrap();
        // Two blocks of values rounded to 8 bits (2^-9 each, relative): a few per cent at worst, where 16 wide tokens
        // leave little to average over; the direction, which retrieval uses, keeps a cosine above 0.999.
        let error = fixture.error(&features, "out.native");
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
        let fixture = Fixture::open(name);
        let widen = |t: &Tensor| Var::from_tensor(&t.to_dtype(DType::F32).unwrap()).unwrap();
        let variables: HashMap<String, Var> =
            fixture.weights().iter().map(|(k, v)| (k.clone(), widen(v))).collect();
        let tensors = variables.iter().map(|(k, v)| (k.clone(), v.as_tensor().clone())).collect();
        let weights = Weights::from_tensors(tensors).unwrap();
        let backbone = fixture.architecture.build("tiny", &weights, &training()).unwrap();
        let features = backbone.features_with_grad(&fixture.tensors["in.native"]).unwrap();
        let loss = (features * &fixture.tensors["probe"]).unwrap().sum_all().unwrap();
        let grads = loss.backward().unwrap();
        let mut checked = 0;
        for (key, expected) in fixture.tensors.iter().filter_map(|(k, v)| Some((k.strip_prefix("grad.")?, v)))
        {
            let grad = grads
                .get(variables[key].as_tensor())
                .unwrap_or_else(|| panic!("{name}: no gradient for {key}"));
            let scale =
                expected.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            // Sums over 2 images of 36 tokens: 1e-4 of the largest entry is rounding.
            assert!(difference(grad, expected) < 1e-4 * scale.max(1.0), "{name} {key}");
            checked += 1;
        }
        assert_eq!(checked, variables.len(), "{name}");
    }
}

#[test]
fn parameters_are_counted_without_weights() {
    for name in VARIANTS {
        let fixture = Fixture::open(name);
        let stored: usize = fixture.weights().values().map(Tensor::elem_count).sum();
        let head = |(k, v): (String, Tensor)| (k.starts_with("head.") || k == "proj").then(|| v.elem_count());
        let head: usize = fixture.weights().into_iter().filter_map(head).sum();
        assert_eq!(fixture.architecture.parameter_count(true).unwrap(), stored, "{name}");
        assert_eq!(fixture.architecture.parameter_count(false).unwrap(), stored - head, "{name}");
    }
}

#[test]
fn weights_that_do_not_fit_are_listed_and_a_missing_gradient_path_says_why() {
    let fixture = Fixture::open("siglip");
    let mut tensors = fixture.weights();
    tensors.remove("blocks.1.attn.qkv.bias");
    let weights = Weights::from_tensors(tensors).unwrap();
    let error =
        fixture.architecture.build("tiny", &weights, &BuildOptions::default()).err().unwrap().to_string();
    assert!(error.contains("does not fit tiny: 1 missing: `blocks.1.attn.qkv.bias` [48]"), "{error}");
    let backbone = fixture.build(&BuildOptions::default());
    let error = backbone.features_with_grad(&fixture.tensors["in.native"]).unwrap_err().to_string();
    assert!(error.contains("Purpose::Training"), "{error}");
    let small = Tensor::zeros((1, 3, 3, 24), DType::F32, &Device::Cpu).unwrap();
    assert!(backbone.features(&small).unwrap_err().to_string().contains("smaller than a patch"));
}
