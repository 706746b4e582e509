//! Whatever `mdfe config keys` says a config may choose runs from a config file, also as a stage after another, and leaves a record of it.
#![allow(clippy::unwrap_used)]

mod support;
use serde_json::Value;
use std::{fs, path::Path};
use support::{image_folder, json, ok, weights};

/// The sections whose choices are what a training is made of.
const SECTIONS: [&str; 7] = [
    "backbone.tune",
    "transform.name",
    "projection.kind",
    "loss.name",
    "optimizer.name",
    "schedule.",
    "train.sampler",
];

/// Every choice of those sections: the key and one of its values.
fn choices(dir: &Path) -> Vec<(String, String)> {
    let keys = json(dir, "config keys");
    let mut all = Vec::new();
    for key in keys.as_array().unwrap() {
        let (name, takes) = (key["key"].as_str().unwrap(), key["takes"].as_str().unwrap());
        if let Some(values) = takes.strip_prefix("one of ")
            && SECTIONS.iter().any(|section| name.starts_with(section))
        {
            all.extend(values.split(", ").map(|value| (name.to_owned(), value.to_owned())));
        }
    }
    all
}

/// A config with `more` at its end.
fn config(more: &str) -> String {
    format!(
        r#"
data.train = [{{ key = "image_folder", root = "set" }}]
data.eval = [{{ query = {{ key = "image_folder", root = "set" }} }}]
backbone.name = "tf_efficientnet_lite0"
backbone.weights = "{}"
backbone.image_size = 32
backbone.tune_blocks = 1
projection.embed_dim = 8
train.batch = 8
train.steps = 3
schedule.warmup_epochs = 0.5
{more}"#,
        weights().display()
    )
}

/// The steps that a run has on record, with finite losses.
fn steps(run: &Path) -> usize {
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    let losses =
        metrics.lines().filter_map(|line| serde_json::from_str::<Value>(line).unwrap()["loss"].as_f64());
    losses.inspect(|loss| assert!(loss.is_finite())).count()
}

#[test]
fn every_choice_of_a_config_trains_and_is_scored() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let choices = choices(dir);
    for (key, least) in SECTIONS.iter().zip([3, 5, 6, 8, 5, 5, 3]) {
        let found = choices.iter().filter(|(name, _)| name.starts_with(key)).count();
        assert!(found >= least, "{found} choices of {key}");
    }
    let more = [("transform.variants", "2"), ("train.accumulate", "2"), ("loss.label_smoothing", "0.1")];
    let more = more.map(|(key, value)| (key.to_owned(), value.to_owned()));
    for (i, (key, value)) in choices.into_iter().chain(more).enumerate() {
        let what = format!("{key} = {value}");
        let quoted = if value.parse::<f64>().is_ok() { value.clone() } else { format!("\"{value}\"") };
        let augmented = if key == "transform.variants" { "transform.name = \"custom\"\n" } else { "" };
        fs::write(dir.join("choice.toml"), config(&format!("{augmented}{key} = {quoted}\n"))).unwrap();
        let run = format!("runs/{i}");
        ok(dir, &format!("train --config choice.toml --features-dir features --run-dir {run}"));
        let run = dir.join(run);
        // What trains nothing has no steps.
        let trains =
            !(key == "projection.kind" && ["avgpool", "pca", "random", "none"].contains(&value.as_str()));
        assert!(!trains || steps(&run) == 3, "{what}: {} steps", steps(&run));
        let scores: Value = serde_json::from_slice(&fs::read(run.join("scores.json")).unwrap()).unwrap();
        assert!(scores["sets"][0]["trained"]["overall"]["mMP@5"].is_f64(), "{what}: {scores}");
        let resolved = fs::read_to_string(run.join("config.toml")).unwrap();
        let last = key.rsplit('.').next().unwrap();
        assert!(resolved.contains(&format!("{last} = {quoted}")), "{what} is not in {resolved}");
    }
}

#[test]
fn stages_choose_anew() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let stages = r#"
[[stages]]
optimizer.name = "SAM_AdamW"
schedule.name = "none"
loss.name = "CosFace"
train.sampler = "class"
train.steps = 2
[[stages]]
transform = { name = "siglip", variants = 2 }
train.steps = 2
[[stages]]
transform.name = "custom"
backbone.tune = "last"
schedule.warmup = "exponential"
train.steps = 2
"#;
    fs::write(dir.join("stages.toml"), config(stages)).unwrap();
    ok(dir, "train --config stages.toml --run-dir run");
    assert_eq!(steps(&dir.join("run")), 3 + 2 + 2 + 2);
}
