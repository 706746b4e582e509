//! Choices of a recipe, and a vision transformer that is tuned, against PyTorch in f64. See tests/reference/train for where the values come
//! from.
#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests may fail as loudly as tests

mod common;

use common::{Trained, stopped_and_resumed};
use mdfe_data::PreprocessRecord;
use mdfe_model::{
    BuildOptions, Weights,
    tune::{TunableBackbone, TunableModel, Tuned},
};
use mdfe_train::{Checkpoints, MemoryFeatures, Recipe, Trainer, TuneOptions, TunedBackbone};
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::Path;

fn doubles(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn floats(value: &Value) -> Vec<f32> {
    doubles(value).into_iter().map(|v| v as f32).collect()
}

fn labels(value: &Value) -> Vec<u32> {
    doubles(value).into_iter().map(|label| label as u32).collect()
}

fn assert_close(what: &str, found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{what}, value {i}: {found}, not {expected}");
    }
}

/// Projections, clipping, accumulation, averages, groups, nested heads, smoothed labels: twelve steps in f32 against the same in f64.
#[test]
fn choices_train_as_in_pytorch() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/choices.json")).unwrap();
    let dim = fixture["dim"].as_u64().unwrap() as usize;
    let source = MemoryFeatures::new(floats(&fixture["features"]), dim, labels(&fixture["labels"])).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let recipe: Recipe = serde_json::from_value(case["recipe"].clone()).unwrap();
        let trained = Trained::of(Trainer::new(recipe, &source).unwrap(), None);
        let losses: Vec<f32> = trained.losses().iter().map(|&loss| loss as f32).collect();
        assert_close(&format!("{name}, loss"), &losses, &doubles(&case["losses"]), 1e-5);
        let (end, averages) = (case["end"].as_object().unwrap(), case["averages"].as_object().unwrap());
        assert_eq!(trained.state.params.iter().filter(|p| p.is_trained()).count(), end.len(), "{name}");
        for (key, expected) in end {
            assert_close(&format!("{name}, {key}"), trained.state.values(key), &doubles(expected), 1e-5);
        }
        for param in &trained.state.params {
            let expected = averages.get(&param.name).map(doubles).unwrap_or_default();
            assert_close(&format!("{name}, average of {}", param.name), &param.average, &expected, 1e-5);
        }
    }
}

const TUNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tuned.safetensors");

/// The transformer of the fixture.
struct Vit {
    bytes: Vec<u8>,
    record: Value,
}

impl Vit {
    fn open() -> Self {
        let bytes = std::fs::read(TUNED).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let record = serde_json::from_str(&header.metadata().as_ref().unwrap()["tuned"]).unwrap();
        Self { bytes, record }
    }

    fn values(&self, key: &str) -> Vec<f32> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = file.tensor(key).unwrap();
        assert_eq!(tensor.dtype(), safetensors::Dtype::F32, "{key}");
        tensor.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    fn source(&self) -> MemoryFeatures {
        MemoryFeatures::new(self.values("pixels"), 3 * 16 * 16, labels(&self.record["labels"])).unwrap()
    }

    fn recipe(&self) -> Recipe {
        serde_json::from_value(self.record["recipe"].clone()).unwrap()
    }

    fn backbone(&self, tuned: Tuned) -> TunableBackbone {
        let weights = Weights::open_below(Path::new(TUNED), "w.").unwrap();
        let record = PreprocessRecord::plain([16, 16]);
        let architecture = serde_json::from_value(self.record["architecture"].clone()).unwrap();
        let model =
            TunableModel { name: "tiny".into(), architecture, record, build: BuildOptions::default() };
        TunableBackbone::new(model, &weights, tuned).unwrap()
    }
}

fn trainer<'a>(
    recipe: &Recipe,
    source: &'a MemoryFeatures,
    backbone: &'a mut TunableBackbone,
) -> Trainer<'a> {
    let options = TuneOptions { layer_decay: recipe.optimizer.layer_decay };
    let encoder = TunedBackbone::new(backbone, options).unwrap();
    Trainer::with_encoder(recipe.clone(), source, Box::new(encoder), None).unwrap()
}

/// Twenty steps through two blocks in f32 against the same in f64: 1e-4.
#[test]
fn a_tuned_transformer_is_pytorchs_step_for_step() {
    let vit = Vit::open();
    let (recipe, source) = (vit.recipe(), vit.source());
    for (case, tuned, params) in [("last", Tuned::Last(1), 14 + 3), ("all", Tuned::All, 30 + 3)] {
        let mut backbone = vit.backbone(tuned);
        let before = backbone.params().unwrap();
        let trained = Trained::of(trainer(&recipe, &source, &mut backbone), None);
        assert_eq!(trained.state.params.len(), params, "{case}");
        let losses: Vec<f32> = trained.losses().iter().map(|&loss| loss as f32).collect();
        assert_close(&format!("{case}, loss"), &losses, &doubles(&vit.record["losses"][case]), 1e-4);
        for param in &trained.state.params {
            let key = format!("{case}.{}", param.name);
            let expected: Vec<f64> = vit.values(&key).into_iter().map(f64::from).collect();
            assert_close(&key, &param.data, &expected, 1e-4);
        }
        for old in before {
            let key = format!("backbone.{}", old.key);
            assert!(trained.state.values(&key) != old.values, "{key} is tuned");
        }
    }
}

#[test]
fn a_tuned_transformer_resumes_to_the_bytes_of_an_unbroken_training_and_with_the_same_backbone_alone() {
    let vit = Vit::open();
    let (recipe, source, dir) = (vit.recipe(), vit.source(), tempfile::tempdir().unwrap());
    let checkpoints = Checkpoints::new(dir.path(), 2);
    let mut backbone = vit.backbone(Tuned::Last(1));
    let unbroken = Trained::of(trainer(&recipe, &source, &mut backbone), None).state;
    let make = || trainer(&recipe, &source, Box::leak(Box::new(vit.backbone(Tuned::Last(1)))));
    assert!(stopped_and_resumed(make, &checkpoints, 8) == unbroken);
    let mut other = vit.backbone(Tuned::All);
    let message = common::refusal(trainer(&recipe, &source, &mut other).resume_from(&checkpoints));
    assert!(message.contains("data.encoder"), "{message}");
}
