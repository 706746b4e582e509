//! What a training takes its samples from, and what it trains: each source and stage through the binary, killed at many moments.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use support::{backbone, error, image_folder, json, ok, run, snapshot, start, weights};

const SMALL: &str = "--set backbone.image_size=32 --set train.batch=8 --set train.checkpoint_every_steps=1 --set train.keep=1";

fn line(more: &str) -> String {
    format!("train --data set {} {SMALL} {more}", backbone())
}

/// The sources, each as what the command line says of it, and how many steps it trains.
const SOURCES: [(&str, &str); 4] = [
    ("stored features", "--set train.steps=300"),
    ("cached variants", "--set transform.name=custom --set transform.variants=2 --set train.steps=300"),
    ("augmented images", "--set transform.name=siglip --set train.steps=24"),
    (
        "a tuned backbone",
        "--set transform.name=custom --set backbone.tune=last --set backbone.tune_blocks=1 --set train.steps=12",
    ),
];

/// What a run leaves that depends on what it has learnt.
fn learnt(run: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> = ["embedder.safetensors", "scores.json"].map(PathBuf::from).into();
    let checkpoints = fs::read_dir(run.join("checkpoints")).unwrap();
    files.extend(checkpoints.map(|entry| Path::new("checkpoints").join(entry.unwrap().file_name())));
    files.sort();
    files.into_iter().map(|name| (name.clone(), fs::read(run.join(name)).unwrap())).collect()
}

/// The next of a row of numbers in 0..1 that looks like chance and is the same in every run of the test.
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn ten_kills_at_random_moments_cost_no_source_a_bit() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    for (i, (source, settings)) in SOURCES.into_iter().enumerate() {
        let started = Instant::now();
        ok(dir, &line(&format!("{settings} --features-dir whole-{i} --run-dir whole/{i}")));
        let unbroken = started.elapsed();
        let killed = line(&format!("{settings} --features-dir killed-{i} --run-dir killed/{i}"));
        let record = dir.join(format!("killed/{i}/run.json"));
        let (mut state, mut finished) = (i as u64, false);
        for _ in 0..10 {
            let resume = if record.exists() { " --resume" } else { "" };
            let mut child = start(dir, &format!("{killed}{resume}"));
            // Anywhere: while it loads, extracts, trains, writes a checkpoint or scores.
            let moment = unbroken.mul_f64(chance(&mut state) * 0.7);
            let end = Instant::now() + moment;
            while Instant::now() < end && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            finished = child.try_wait().unwrap().is_some();
            if finished {
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
        }
        if !finished {
            let resume = if record.exists() { " --resume" } else { "" };
            ok(dir, &format!("{killed}{resume}"));
        }
        let (whole, killed) =
            (learnt(&dir.join(format!("whole/{i}"))), learnt(&dir.join(format!("killed/{i}"))));
        for ((name, a), (other, b)) in whole.iter().zip(&killed) {
            assert_eq!(name, other, "{source}");
            assert!(a == b, "{source}: {} differs", name.display());
        }
        assert_eq!(whole.len(), killed.len(), "{source}");
    }
}

#[test]
fn a_probe_and_then_a_tuned_backbone_make_an_embedder_that_stands_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    fs::write(
        dir.join("staged.toml"),
        format!(
            r#"
[[data.train]]
key = "image_folder"
root = "set"
[[data.eval]]
query = {{ key = "image_folder", root = "set" }}
[backbone]
name = "tf_efficientnet_lite0"
weights = "{}"
image_size = 32
[train]
batch = 8
epochs = 5
[[stages]]
[stages.backbone]
tune = "last"
tune_blocks = 1
[stages.transform]
name = "custom"
[stages.optimizer]
name = "AdamW"
lr = 1e-3
[stages.optimizer.backbone]
lr = 1e-4
[stages.train]
epochs = 2
"#,
            weights().display()
        ),
    )
    .unwrap();
    ok(dir, "train --config staged.toml --run-dir runs/staged");
    let metrics = fs::read_to_string(dir.join("runs/staged/metrics.jsonl")).unwrap();
    let steps: Vec<u64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["step"].as_u64().unwrap())
        .collect();
    // 30 images in batches of 8: 4 steps an epoch, 5 and then 2 epochs, counted through.
    assert_eq!(steps, (0..28).collect::<Vec<_>>());
    // The tuned backbone is in the embedder, with a fingerprint of its own; no weights are needed to use it.
    let embed = |model: &str, output: &str| {
        ok(dir, &format!("embed --model {model} --input set --output {output}"));
        Embeddings::read(&dir.join(output)).unwrap().values
    };
    let whole = embed("runs/staged", "a.safetensors");
    assert_eq!(whole.len(), 30 * 64);
    let scores = json(dir, "evaluate --model runs/staged --query set");
    let found = scores["overall"]["mMP@5"].as_f64().unwrap();
    let run: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("runs/staged/scores.json")).unwrap()).unwrap();
    let expected = run["sets"][0]["trained"]["overall"]["mMP@5"].as_f64().unwrap();
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    // The same from the last checkpoint, whose tuned tensors go over the original weights.
    let export = format!(
        "export --model runs/staged --checkpoint last --weights {} --output c.safetensors",
        weights().display()
    );
    ok(dir, &export);
    assert!(embed("c.safetensors", "b.safetensors") == whole, "other embeddings");
    // Over other weights than the run's it would be no checkpoint of it.
    let mut other = fs::read(weights()).unwrap();
    *other.last_mut().unwrap() ^= 1;
    fs::write(dir.join("other.safetensors"), other).unwrap();
    let message = error(
        dir,
        "export --model runs/staged --checkpoint last --weights other.safetensors --output d.safetensors",
    );
    assert!(message.contains("give the right file with --weights"), "{message}");
    assert!(!dir.join("d.safetensors").exists());
    // A stage after a tuned one may not drop what was tuned.
    let dropped =
        fs::read_to_string(dir.join("staged.toml")).unwrap() + "\n[[stages]]\n[stages.train]\nepochs = 1\n";
    fs::write(dir.join("dropped.toml"), dropped).unwrap();
    let message = error(dir, "train --config dropped.toml --run-dir runs/dropped");
    assert!(message.contains("was tuned before") && message.contains("backbone.tune"), "{message}");
}

#[test]
fn projections_without_training_are_scored_and_saved() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    for kind in ["pool", "pca", "random"] {
        let embed_dim = "--set projection.embed_dim=16";
        let scores = json(dir, &line(&format!("--zero-shot {kind} {embed_dim} --run-dir runs/{kind}")));
        let set = &scores["sets"][0];
        assert!(set["trained"]["overall"]["mMP@5"].as_f64().unwrap() > 0.0, "{scores}");
        if kind == "pool" {
            assert_eq!(set["trained"], set["pooled"], "pooling is pooling");
        }
        ok(
            dir,
            &format!(
                "embed --model runs/{kind} --weights {} --input set --output {kind}.safetensors",
                weights().display()
            ),
        );
    }
    // The projection is no training: it has no steps.
    assert_eq!(fs::read_to_string(dir.join("runs/pca/metrics.jsonl")).unwrap(), "");
}

#[test]
fn a_training_begins_with_what_another_has_learnt_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    ok(dir, &line("--set train.steps=40 --run-dir runs/first"));
    let loss = |name: &str| {
        let text = fs::read_to_string(dir.join("runs").join(name).join("metrics.jsonl")).unwrap();
        serde_json::from_str::<Value>(text.lines().next().unwrap()).unwrap()["loss"].as_f64().unwrap()
    };
    ok(dir, &line("--set train.steps=40 --init runs/first --run-dir runs/second"));
    assert!(loss("second") < 0.8 * loss("first"), "{} after {}", loss("second"), loss("first"));
    let record: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("runs/second/run.json")).unwrap()).unwrap();
    assert_eq!(record["lineage"]["from"], "runs/first");
    let text = ok(dir, "runs show runs/second");
    assert!(text.contains("runs/first"), "{text}");
    // An embedder will do; one that does not fit is refused.
    ok(dir, &line("--set train.steps=4 --init runs/first/embedder.safetensors --run-dir runs/third"));
    let message = error(
        dir,
        &line(
            "--set train.steps=4 --set projection.embed_dim=7 --init runs/first/embedder.safetensors --run-dir runs/fourth",
        ),
    );
    assert!(message.contains("nothing of runs/first/embedder.safetensors fits"), "{message}");
    assert!(!dir.join("runs/fourth").exists(), "a refusal begins nothing");
    let before = snapshot(&dir.join("runs/third"));
    let unfit = "--set train.steps=4 --set projection.embed_dim=7 --init runs/first/embedder.safetensors";
    error(dir, &line(&format!("{unfit} --overwrite --run-dir runs/third")));
    assert!(snapshot(&dir.join("runs/third")) == before, "a refusal removed a run");
}

#[test]
fn validation_keeps_the_best_checkpoint_and_ends_a_training_that_has_stopped_learning() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 12, 5);
    let settings =
        "--set valid.classes=0.3 --set valid.every_steps=2 --set valid.patience=3 --set train.steps=4000";
    let out = run(dir, &line(&format!("{settings} --run-dir runs/valid")));
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success() && said.contains("held out to validate (valid.seed 0)"), "{said}");
    let metrics = fs::read_to_string(dir.join("runs/valid/metrics.jsonl")).unwrap();
    let lines: Vec<Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let scores: Vec<f64> = lines
        .iter()
        .filter(|line| line["name"] == "valid/mMP@5")
        .map(|line| line["value"].as_f64().unwrap())
        .collect();
    let best = scores.iter().copied().fold(0.0, f64::max);
    let since = scores.iter().rev().take_while(|score| **score < best).count();
    assert!(scores.len() < 1000, "it ended early");
    assert!(since >= 3 || scores.iter().rev().take(3).all(|score| *score == best), "{scores:?}");
    assert!(dir.join("runs/valid/checkpoints/best.safetensors").exists());
    assert!(dir.join("runs/valid/valid.svg").exists());
    for which in ["best", "last"] {
        ok(dir, &format!("export --model runs/valid --checkpoint {which} --output {which}.safetensors"));
    }
    let (best, own) = (
        fs::read(dir.join("best.safetensors")).unwrap(),
        fs::read(dir.join("runs/valid/embedder.safetensors")).unwrap(),
    );
    let tail = 64 * 1280 * 4;
    assert!(
        best[best.len() - tail..] == own[own.len() - tail..],
        "the embedder is that of the best checkpoint"
    );
    let message = error(dir, "export --model runs/valid --checkpoint 123456 --output x.safetensors");
    assert!(message.contains("holds no checkpoint"), "{message}");
}
