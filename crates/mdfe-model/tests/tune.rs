//! The demo's backbone with variables: the same features, and gradients that hold.
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap as the tests do

use candle_core::{Device, Tensor};
use mdfe_model::{
    LoadOptions, load_backbone,
    tune::{TunableBackbone, Tuned, TunedParam},
};

const NAME: &str = "tf_efficientnet_lite0";
const SIDE: usize = 64;
const BATCH: usize = 2;

fn options() -> LoadOptions {
    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/demo/tf_efficientnet_lite0.safetensors");
    LoadOptions { weights: Some(weights.into()), img_size: Some(SIDE), ..LoadOptions::default() }
}

fn load(tuned: Tuned) -> TunableBackbone {
    TunableBackbone::load(NAME, &options(), tuned).unwrap()
}

/// Smooth images, `[B, 3, H, W]`.
fn pixels() -> Vec<f32> {
    (0..BATCH * 3 * SIDE * SIDE)
        .map(|i| ((i % SIDE) as f32 * 0.21 + (i / SIDE) as f32 * 0.13).sin())
        .collect()
}

/// What weighs the features in a sum, `[B, D_in]`.
fn probe() -> Vec<f32> {
    (0..BATCH * 1280).map(|i| (i as f32 * 0.7).cos()).collect()
}

fn sum(backbone: &mut TunableBackbone) -> f64 {
    let features = backbone.features(BATCH, pixels()).unwrap();
    features.iter().zip(probe()).map(|(f, p)| f64::from(*f) * f64::from(p)).sum()
}

fn gradients(backbone: &mut TunableBackbone) -> Vec<Vec<f32>> {
    backbone.features(BATCH, pixels()).unwrap();
    backbone.gradients(&probe()).unwrap()
}

fn stage_of(param: &TunedParam) -> Option<usize> {
    param.key.strip_prefix("blocks.")?.split('.').next()?.parse().ok()
}

/// Features lie between 0 and 6; the two paths fold norms and sum in other orders, which costs about 1e-5.
#[test]
fn features_are_those_of_the_frozen_backbone_however_much_is_tuned() {
    let loaded = load_backbone(NAME, &options()).unwrap();
    let pixels_of = Tensor::from_vec(pixels(), (BATCH, 3, SIDE, SIDE), &Device::Cpu).unwrap();
    let expected = loaded.backbone.features(&pixels_of).unwrap();
    let expected: Vec<f32> = expected.flatten_all().unwrap().to_vec1().unwrap();
    assert!(expected.iter().any(|value| *value > 0.5), "the images say something");
    for (tuned, first) in [
        (Tuned::Last(0), 7),
        (Tuned::Last(1), 6),
        (Tuned::Last(2), 5),
        (Tuned::Last(3), 4),
        (Tuned::Last(7), 0),
        (Tuned::All, 0),
    ] {
        let mut backbone = load(tuned);
        assert_eq!(backbone.id(), &loaded.id);
        let params = backbone.params().unwrap();
        let stages: Vec<usize> = params.iter().filter_map(stage_of).collect();
        assert_eq!(stages.iter().min().copied().unwrap_or(7), first, "{tuned:?}");
        let has = |key: &str| params.iter().any(|param| param.key == key);
        assert!(
            has("conv_head.weight") && has("bn2.bias") && has("conv_stem.weight") == (tuned == Tuned::All)
        );
        assert!(params.iter().all(|param| !param.key.contains("running_")), "statistics are not trained");
        for param in &params {
            assert_eq!(
                param.below,
                stage_of(param).map_or(
                    if param.key.starts_with("bn1.") || param.key.starts_with("conv_stem") { 8 } else { 0 },
                    |stage| 7 - stage
                ),
                "{}",
                param.key
            );
        }
        // Twice: the second batch must not depend on the first.
        for _ in 0..2 {
            let found = backbone.features(BATCH, pixels()).unwrap();
            let error = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(found.len() == expected.len() && error < 1e-4, "{tuned:?}: {error:e}");
        }
    }
    let message = TunableBackbone::load(NAME, &options(), Tuned::Last(8)).err().unwrap().to_string();
    assert!(message.contains("has 7 blocks, of which 8 cannot be tuned"), "{message}");
}

/// The largest gradient of each of some tensors, against the difference quotient of the whole model. The step moves the sum by 4e-3 to
/// either side, so that its rounding of about 1e-5 is a percent at most, and ReLU6 has little room to bend the curve.
#[test]
fn gradients_are_difference_quotients() {
    let mut backbone = load(Tuned::Last(1));
    let (params, gradients) = (backbone.params().unwrap(), gradients(&mut backbone));
    let mut checked = 0;
    for key in [
        "blocks.6.0.conv_pw.weight",
        "blocks.6.0.bn1.weight",
        "blocks.6.0.conv_dw.weight",
        "blocks.6.0.bn2.bias",
        "blocks.6.0.conv_pwl.weight",
        "blocks.6.0.bn3.bias",
        "conv_head.weight",
    ] {
        let position = params.iter().position(|param| param.key == key).unwrap();
        let (values, gradient) = (&params[position].values, &gradients[position]);
        assert_eq!(values.len(), gradient.len(), "{key}");
        let place =
            (0..gradient.len()).max_by(|a, b| gradient[*a].abs().total_cmp(&gradient[*b].abs())).unwrap();
        let step = 4e-3 / gradient[place].abs();
        let mut at = |offset: f32| {
            let mut moved = values.clone();
            moved[place] += offset;
            backbone.set(position, &moved).unwrap();
            let found = sum(&mut backbone);
            backbone.set(position, values).unwrap();
            found
        };
        let quotient = (at(step) - at(-step)) / (2.0 * f64::from(step));
        let found = f64::from(gradient[place]);
        assert!((quotient - found).abs() < 0.02 * found.abs(), "{key}: {found}, not {quotient}");
        assert!(found.abs() > 0.5, "{key}: {found} tells nothing");
        checked += 1;
    }
    assert_eq!(checked, 7);
}

/// What is frozen in front changes nothing for the gradients behind it.
#[test]
fn gradients_do_not_depend_on_how_much_is_tuned() {
    let of = |tuned| {
        let mut backbone = load(tuned);
        let gradients = gradients(&mut backbone);
        backbone
            .params()
            .unwrap()
            .into_iter()
            .map(|param| param.key)
            .zip(gradients)
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let all = of(Tuned::All);
    for count in 0..3 {
        for (key, gradient) in of(Tuned::Last(count)) {
            let expected = &all[&key];
            let scale = expected.iter().fold(1f32, |a, b| a.max(b.abs()));
            let error = gradient.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 1e-3 * scale, "{key}, the last {count} tuned: {error:e} of {scale}");
        }
    }
}

#[test]
fn gradients_without_a_batch_and_values_of_another_length_are_refused() {
    let mut backbone = load(Tuned::Last(0));
    let message = backbone.gradients(&probe()).unwrap_err().to_string();
    assert!(message.contains("no batch to take gradients of"), "{message}");
    gradients(&mut backbone);
    assert!(backbone.gradients(&probe()).is_err(), "a graph is used once");
    let before = backbone.params().unwrap();
    assert!(backbone.set(0, &[1.0]).is_err() && backbone.set(before.len(), &[1.0]).is_err());
    assert_eq!(backbone.params().unwrap(), before);
}
