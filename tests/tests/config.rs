//! `mdfe config`, and what a dry run says of an experiment.
#![allow(clippy::unwrap_used)]

mod support;
use serde_json::{Value, json};
use std::path::Path;
use support::{error, image_folder, json, ok, repository, run, usage, write};

/// The published training as the 2024 Python code is configured for it.
const PUBLISHED: &str = r#"
MODEL:
  name: "siglip-sovit400m_arcface3_m4d-35k"
  embedding_dim: 64
  cloud_upload: True
  BACKBONE:
    output_dim: 1152
    freeze_backbone: True
    type: "siglip"
    network_arch: "sovit400m"
    model_name: "vit_so400m_patch14_siglip_384"
    weights: ""
    proj_layer: False
  NECK:
    neck_type: "proj_layer"
    dropout: 0.2
  HEAD:
    name: "ArcFace"
    k: 3
    s: 30.0
    m: 0.5
    m_max: 0.0
DATASET:
  names: ["m4d-35k"]
DATALOADER:
  batch_size: 128
  num_workers: 8
TRANSFORM:
  name: "openai-clip"
  size: 384
TRAIN:
  epoch_based: True
  epochs: 10
  save_epoch: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
LOSS:
  name: "CrossEntropyLoss"
OPTIMIZER:
  name: "Adam"
  lr: 2e-2
  weight_decay: 1e-4
  momentum: 0.0
SCHEDULER:
  epoch_based: False
  name: "cosine"
  warmup: "linear"
  warmup_steps: 1
  min_lr: 1e-3
"#;

fn published() -> String {
    repository().join("configs/siglip-so400m_arcface-k3_m4d35k.toml").display().to_string()
}

/// What a command says on stderr while it succeeds.
fn said(dir: &Path, line: &str) -> String {
    let out = run(dir, line);
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{line}: {text}");
    text
}

#[test]
fn keys_are_listed_with_what_they_take_and_mean() {
    let dir = tempfile::tempdir().unwrap();
    let keys = json(dir.path(), "config keys");
    let keys = keys.as_array().unwrap();
    let find = |key: &str| keys.iter().find(|one| one["key"] == key).unwrap_or(&Value::Null);
    let expected = json!({ "key": "optimizer.lr", "takes": "a number from 0 to 1000", "default": "0.02",
                           "meaning": "Learning rate, which schedule and warm-up scale." });
    assert_eq!(*find("optimizer.lr"), expected);
    assert_eq!(find("schedule.min_lr")["default"], Value::Null);
    let text = ok(dir.path(), "config keys");
    for key in keys {
        let (name, meaning) = (key["key"].as_str().unwrap(), key["meaning"].as_str().unwrap());
        let lines = text.lines().zip(text.lines().skip(1));
        let found =
            lines.filter(|(line, next)| line.split(' ').next() == Some(name) && next.contains(meaning));
        assert_eq!(found.count(), 1, "{name}");
    }
}

#[test]
fn an_experiment_is_shown_as_it_is_read_and_reads_as_itself() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(&dir.join("child.toml"), format!("base = '{}'\n[train]\nsteps = 77\n", published()));
    let text = ok(dir, "config show child.toml --set loss.margin=0.3");
    write(&dir.join("shown.toml"), &text);
    assert_eq!(ok(dir, "config show shown.toml --set name=child"), text);
    let shown = json(dir, "config show child.toml --set loss.margin=0.3");
    assert_eq!((&shown["loss"]["margin"], &shown["train"]["steps"]), (&json!(0.3), &json!(77)));
    assert_eq!(shown["optimizer"]["lr"], 0.02);
    assert!(usage(dir, "config show child.toml --set loss.marginn=1").contains("loss.margin"));
    assert!(error(dir, "config show nowhere.toml").contains("nowhere.toml"));
}

#[test]
fn a_dry_run_shows_the_rates_and_the_experiment() {
    let dir = tempfile::tempdir().unwrap();
    let line = format!("train --config {} --dry-run", published());
    let text = ok(dir.path(), &line);
    for part in [
        "learning rate: cosine, linear warm-up of 2566 steps",
        "1.954e-2",
        "\n[optimizer]\n",
        "min_lr = 0.001\n",
    ] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
    // The experiment can be taken out of it.
    let experiment = text.split_once("\nname = ").map(|(_, rest)| format!("name = {rest}")).unwrap();
    write(&dir.path().join("again.toml"), experiment);
    assert_eq!(ok(dir.path(), "train --config again.toml --dry-run"), text);
    let value = json(dir.path(), &line);
    let points = value["learning_rates"]["points"].as_array().unwrap();
    assert_eq!((points.len(), &value["total_steps"]), (10, &json!(25_660)));
    // By hand: (1e-3 + 19e-3 (1 + cos(pi 2565/25660)) / 2) 2566/2566.
    let end = points.iter().find(|point| point["step"] == 2565).unwrap()["lr"].as_f64().unwrap();
    assert!((end - 0.019_535_396_254_563_82).abs() < 1e-12, "{end}");
    assert_eq!(value["experiment"]["schedule"]["min_lr"], 1e-3);
}

#[test]
fn the_published_python_config_is_the_published_experiment() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(&dir.join("lp.yaml"), PUBLISHED);
    let said = said(dir, "config import lp.yaml --output lp.toml");
    for (key, reason) in [
        ("MODEL.cloud_upload = true", "train.upload"),
        ("MODEL.BACKBONE.network_arch = \"sovit400m\"", "run names"),
        ("MODEL.HEAD.m_max = 0.0", "ArcFace does not use it"),
        ("DATALOADER.num_workers = 8", "--threads"),
        ("OPTIMIZER.momentum = 0.0", "Adam does not use it"),
    ] {
        let line = said.lines().find(|line| line.contains(&format!("not carried over: {key}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{key} is not in: {said}");
    }
    assert_eq!(said.matches("not carried over").count(), 5, "{said}");
    // But for the seed, the names and the checkpoints it is the experiment of this repository.
    let (mut theirs, mut ours) =
        (json(dir, "config show lp.toml"), json(dir, &format!("config show {}", published())));
    for experiment in [&mut theirs, &mut ours] {
        experiment["name"] = "".into();
        for key in ["seed", "checkpoint_every", "keep"] {
            experiment["train"][key] = 0.into();
        }
    }
    assert_eq!(theirs, ours);
    assert_eq!(json(dir, "config show lp.toml")["train"]["keep"], 10);
}

#[test]
fn an_imported_config_trains_under_a_dry_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let text = "SEED: 7\nTRAIN: {epochs: 4}\nscheduler: {warmup: None, name: cosine}\nOPTIMIZER: {name: SAM_AdamW, lr: 1e-2}\n\
                MODEL:\n  HEAD: {name: DynM-ArcFace, k: 2}\nDATALOADER: {batch_size: 8}\n";
    write(&dir.join("their.yaml"), text);
    let toml = ok(dir, "config import their.yaml");
    assert!(
        toml.starts_with("# Imported from their.yaml") && toml.contains("[loss]\nname = \"DynamicMargin\""),
        "{toml}"
    );
    write(&dir.join("their.toml"), &toml);
    let plan = json(dir, "train --config their.toml --dry-run");
    // M4D-35k is not here: its published size.
    assert_eq!((&plan["total_steps"], &plan["experiment"]["train"]["seed"]), (&json!(41_050 * 4), &json!(7)));
    // And on data that is here, with everything else as imported.
    image_folder(&dir.join("set"), 6, 4);
    write(
        &dir.join("mine.toml"),
        "base = 'their.toml'\n[[data.train]]\nkey = 'image_folder'\nroot = 'set'\n",
    );
    let plan = ok(dir, "train --config mine.toml --dry-run");
    assert!(plan.contains("24 of 6 classes") && plan.contains("3 per epoch, 12 in 4 epochs"), "{plan}");
    assert_eq!(json(dir, "config import their.yaml")["left"], json!([]));
}

#[test]
fn an_import_that_does_not_fit_says_so_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(&dir.join("kept.toml"), "kept");
    for (text, parts) in [
        ("MODEL: [1", &["bad.yaml is no YAML file", "line"][..]),
        ("SEED: 1\nSEED: 2\n", &["bad.yaml", "`SEED` stands twice"]),
        ("- 1\n- 2\n", &["bad.yaml: it holds no key", "MODEL"]),
        ("OPTIMIZER: {name: Lion}\n", &["bad.yaml: `OPTIMIZER.name` is \"Lion\"", "SAM_AdamW"]),
        ("DATASET: {names: [sopp]}\n", &["bad.yaml: `DATASET.names`", "sop"]),
    ] {
        write(&dir.join("bad.yaml"), text);
        let message = error(dir, "config import bad.yaml --output new.toml");
        assert!(parts.iter().all(|part| message.contains(part)), "{text}: {message}");
        assert!(!dir.join("new.toml").exists());
    }
    write(&dir.join("good.yaml"), "SEED: 1\n");
    assert!(error(dir, "config import good.yaml --output kept.toml").contains("kept.toml is there already"));
    assert_eq!(std::fs::read_to_string(dir.join("kept.toml")).unwrap(), "kept");
    assert!(error(dir, "config import nowhere.yaml").contains("nowhere.yaml"));
}
