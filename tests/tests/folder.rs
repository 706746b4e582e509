//! The whole path on a user's own folder with a real backbone: extract, train, embed, evaluate, search, export.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use std::path::Path;
use support::{
    backbone, error, features, image_folder, interrupt, json, mdfe, ok, repository, run, start, usage,
    wait_for, weights, write,
};

/// A small training; of 30 classes ten are held out.
const SMALL: &str = "--set backbone.image_size=32 --set train.epochs=3 --set loss.scale=30";

fn train(dir: &Path, more: &str) -> serde_json::Value {
    json(dir, &format!("train --data set {} {SMALL} {more}", backbone()))
}

#[test]
fn the_seed_alone_decides_and_features_are_extracted_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 30, 4);
    let first = train(dir, "--run-dir runs/a");
    for file in ["config.toml", "metrics.jsonl", "loss.svg", "lr.svg", "scores.json", "skipped.jsonl"] {
        assert!(dir.join("runs/a").join(file).exists(), "{file} is missing from the run folder");
    }
    let scores = std::fs::read(dir.join("runs/a/scores.json")).unwrap();
    let mut scores: serde_json::Value = serde_json::from_slice(&scores).unwrap();
    scores["run_dir"] = "runs/a".into();
    assert_eq!(first, scores, "what is printed is what is kept");
    let kept = features(&dir.join("runs/features"));
    let again = run(dir, &format!("train --data set {} {SMALL} --run-dir runs/b", backbone()));
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(said.matches("extraction skipped").count(), 2, "the parts to train on and to test: {said}");
    assert!(kept == features(&dir.join("runs/features")), "features that are there stay as they are");
    let other = train(dir, "--run-dir runs/c --set optimizer.lr=0.1");
    let file = |run: &str, name: &str| std::fs::read(dir.join(run).join(name)).unwrap();
    for name in ["embedder.safetensors", "scores.json"] {
        assert_eq!(file("runs/a", name), file("runs/b", name), "{name}: same seed, same bytes");
        assert_ne!(file("runs/a", name), file("runs/c", name), "{name}: what is trained decides");
    }
    let score = |run: &serde_json::Value| run["sets"][0]["trained"]["overall"]["mAP@5"].as_f64().unwrap();
    assert!(score(&first) < 1.0 && score(&first) != score(&other), "{first}\n{other}");
}

#[test]
fn a_folder_becomes_an_embedder_that_embeds_evaluates_searches_and_exports() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 12, 4);
    train(dir, "--run-dir runs/a");
    let embed = format!("embed --model runs/a --weights {} --input set", weights().display());
    let said = ok(dir, &format!("{embed} --output x.safetensors"));
    assert_eq!(said, "x.safetensors: 48 embeddings of 64 dimensions\n");
    let embeddings = Embeddings::read(&dir.join("x.safetensors")).unwrap();
    assert_eq!(
        (embeddings.len(), embeddings.dim, embeddings.paths.get(0).unwrap()),
        (48, 64, "set/class0/0.png")
    );
    for row in embeddings.values.chunks_exact(64) {
        assert!((row.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5, "embeddings have unit length");
    }

    let export = format!("export --model runs/a --weights {}", weights().display());
    let exported = json(dir, &format!("{export} --standalone --output alone.safetensors"));
    let bytes = std::fs::metadata(dir.join("alone.safetensors")).unwrap().len();
    let expected = serde_json::json!({
        "output": "alone.safetensors", "bytes": bytes, "backbone": "tf_efficientnet_lite0.in1k", "standalone": true
    });
    assert_eq!(exported, expected);
    assert!(usage(dir, &format!("{export} --output small.safetensors")).contains("--standalone"));
    ok(dir, "embed --model alone.safetensors --input set --output y.safetensors");
    assert_eq!(Embeddings::read(&dir.join("y.safetensors")).unwrap().values, embeddings.values);

    let search = "search --model alone.safetensors --index x.safetensors";
    let message = error(dir, &format!("{search} --text cat"));
    assert!(message.contains("has no text tower") && message.contains("--text"), "{message}");
    let search = format!("{search} --query set/class3/1.png");
    let found = json(dir, &format!("{search} --k 3"));
    assert_eq!(found, json(dir, &format!("{search} -k 3")));
    let neighbours = found[0]["neighbours"].as_array().unwrap();
    assert_eq!(neighbours[0]["path"], "set/class3/1.png", "an image is nearest to itself");
    let cosines: Vec<f64> = neighbours.iter().map(|n| n["cosine"].as_f64().unwrap()).collect();
    assert!((cosines[0] - 1.0).abs() < 1e-5 && cosines[1] < 0.9999, "and the others are not: {cosines:?}");
    assert!(cosines.len() == 3 && cosines.is_sorted_by(|a, b| a >= b), "{cosines:?}");

    // Each query's own image is in the index: two with the query's label, one with another.
    write(&dir.join("set/q.csv"), "path,label\nclass1/0.png,a\nclass2/0.png,b\nclass3/0.png,b\n");
    write(&dir.join("set/i.csv"), "path,label\nclass2/0.png,b\nclass1/0.png,a\nclass3/0.png,a\n");
    let scores = json(dir, "evaluate --query set/q.csv --index set/i.csv --model alone.safetensors");
    assert_eq!(scores["overall"]["R@1"], 2.0 / 3.0);

    // Weights that the projection was not trained on are refused.
    let mut bytes = std::fs::read(weights()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    write(&dir.join("other.safetensors"), bytes);
    let message =
        error(dir, "embed --model runs/a --weights other.safetensors --input set --output z.safetensors");
    assert!(message.contains("other.safetensors") && message.contains("trained on"), "{message}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_training_with_130_and_keeps_its_checkpoints() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 3);
    let long = "--set train.epochs=100000 --set train.checkpoint_every=1 --run-dir runs/a --json";
    let line = format!("train --data set {} {} {long}", backbone(), SMALL.replace("epochs=3", "batch=4"));
    let mut child = start(dir, &line);
    let checkpoints = || dir.join("runs/a/checkpoints").read_dir().map_or(0, Iterator::count);
    wait_for(&mut child, || checkpoints() > 0);
    interrupt(&child);
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(130), "{text}");
    assert!(text.contains("stopped; ") && text.contains("--resume") && !text.contains("error"), "{text}");
    assert!(out.stdout.is_empty() && checkpoints() > 0);
    // A run that goes on does not begin again: the steps that are logged go on from those that were.
    let steps = || std::fs::read_to_string(dir.join("runs/a/metrics.jsonl")).unwrap().lines().count();
    let before = steps();
    let mut child = start(dir, &format!("{line} --resume"));
    wait_for(&mut child, || steps() > before);
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
}

#[test]
fn bad_images_are_skipped_listed_and_limited() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 3);
    write(&dir.join("set/class0/text.jpg"), "this is no image");
    let whole = std::fs::read(dir.join("set/class0/0.png")).unwrap();
    write(&dir.join("set/class0/cut.png"), &whole[..whole.len() / 2]);
    let line = format!("extract --data set {} --set backbone.image_size=64", backbone());
    let message = error(dir, &line);
    assert!(message.contains("2 of 20 images are unreadable") && message.contains("--max-bad"), "{message}");
    train(dir, "--run-dir runs/a --max-bad 20");
    let listed = std::fs::read_to_string(dir.join("runs/a/skipped.jsonl")).unwrap();
    // Each may train or be held out; they are listed either way.
    assert!(listed.contains("text.jpg") && listed.contains("cut.png"), "{listed}");
}

#[test]
fn mistakes_end_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 2);
    let has = |message: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| message.contains(part)), "{message}: {parts:?}");
    };
    let fails = |line: &str, parts: &[&str]| has(error(dir, line), parts);
    let misused = |line: &str, parts: &[&str]| has(usage(dir, line), parts);
    fails("train --data nowhere --backbone tf_efficientnet_lite0", &["nowhere", "does not exist"]);
    fails("train --data set --backbone vit_base_patch16_siglip_224 --offline", &["--weights"]);
    fails("train --config none.toml", &["none.toml"]);
    std::fs::create_dir(dir.join("empty")).unwrap();
    fails(&format!("train --data empty {}", backbone()), &["empty"]);
    write(&dir.join("bad.csv"), "path,class\na.png,1\n");
    fails(&format!("train --data bad.csv {}", backbone()), &["bad.csv", "label"]);
    write(&dir.join("ragged.csv"), "path,label\na.png,1\nb.png\n");
    fails(&format!("train --data ragged.csv {}", backbone()), &["ragged.csv", "line 3"]);
    fails(
        "embed --backbone vit_base_patch16_siglip_224 --weights set/class0/0.png --input set --output x",
        &["0.png"],
    );
    let lite = backbone().replace("tf_efficientnet_lite0 ", "vit_base_patch16_siglip_224 ");
    fails(&format!("embed {lite} --input set --output x"), &["does not fit", "missing", "attn_pool.latent"]);
    // A key that does not fit is a failure in a file and wrong usage on the command line.
    write(&dir.join("odd.toml"), "[train]\nepoch = 3\n");
    fails("train --config odd.toml", &["odd.toml", "train.epoch", "epochs"]);
    misused("train --set train.epoch=3", &["train.epoch", "epochs"]);
    misused(&format!("train --data set {} --set train.epochs=some", backbone()), &["train.epochs", "some"]);
    write(&dir.join("good.toml"), "[train]\nepochs = 3\n");
    misused("train --config good.toml --set loss.name=ArcFaces", &["loss.name", "ArcFace"]);
    misused("train --data set", &["--backbone"]);
    misused("train --data set --backbone tf_efficientnet_lite9", &["tf_efficientnet_lite0"]);
    misused("datasets show image_folder --root set --set min_samples=some", &["min_samples"]);
    misused("datasets check image_folder --root set --against sopp", &["sopp", "sop"]);
    misused("embed --input set --output x", &["--model", "--backbone"]);
    misused("embed --model x --proj-layer --input set --output x", &["--proj-layer"]);
    misused(
        &format!("embed {} --device cuda:7 --input set --output x", backbone()),
        &["CUDA", "--device cpu"],
    );
    misused("embed --backbone x --device gpu --input set --output x", &["--device", "cuda:N"]);
    misused("extract --shard 4/4", &["--shard", "0 to 3"]);
    misused("evaluate --query x --k 0", &["--k"]);
    misused("backbones list --family sigclip", &["--family"]);
    misused("embed", &["required"]);
    assert_eq!(mdfe(dir).output().unwrap().status.code(), Some(2), "nothing to do is no success");
    misused("train --index x", &["required"]);
}

#[test]
fn the_published_recipe_says_what_it_would_take() {
    let dir = tempfile::tempdir().unwrap();
    let config = repository().join("configs/siglip-so400m_arcface-k3_m4d35k.toml");
    let text = ok(dir.path(), &format!("train --config {} --dry-run", config.display()));
    for part in ["328,400 of 34,800", "428M backbone", "25,660 in 10"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}
