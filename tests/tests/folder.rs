//! The whole path on a user's own folder with a real backbone: extract, train, embed, evaluate, search, export.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use std::path::Path;
use support::{error, image_folder, mdfe, ok, repository, run};

fn backbone() -> String {
    let weights = repository().join("data/demo/tf_efficientnet_lite0.safetensors");
    format!("--backbone tf_efficientnet_lite0 --weights {}", weights.display())
}

fn train(dir: &Path, more: &str) -> serde_json::Value {
    let small = "--set backbone.image_size=64 --set train.epochs=3 --set loss.scale=30";
    let line = format!("train --data set {} {small} --json {more}", backbone());
    serde_json::from_str(&ok(dir, &line)).unwrap()
}

#[test]
fn a_folder_becomes_an_embedder_that_embeds_evaluates_searches_and_exports() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 12, 4);
    let first = train(dir, "--run-dir runs/a");
    assert!(first["trained"]["overall"]["mMP@5"].is_number(), "{first}");
    for file in ["config.toml", "metrics.jsonl", "loss.svg", "lr.svg", "scores.json", "skipped.jsonl"] {
        assert!(dir.join("runs/a").join(file).exists(), "{file} is missing from the run folder");
    }
    // Same seed, same bytes; and the features are reused.
    let second = train(dir, "--run-dir runs/b");
    assert_eq!(first["trained"], second["trained"]);
    let read = |run: &str| std::fs::read(dir.join(run).join("embedder.safetensors")).unwrap();
    assert_eq!(read("runs/a"), read("runs/b"));

    let weights = repository().join("data/demo/tf_efficientnet_lite0.safetensors");
    let embed =
        format!("embed --model runs/a --weights {} --input set --output x.safetensors", weights.display());
    ok(dir, &embed);
    let vectors = Embeddings::read(&dir.join("x.safetensors")).unwrap();
    assert_eq!((vectors.len(), vectors.dim, vectors.paths[0].as_str()), (48, 64, "set/class0/0.png"));
    for row in vectors.values.chunks_exact(64) {
        assert!((row.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5, "embeddings have unit length");
    }

    ok(
        dir,
        &format!(
            "export --model runs/a --weights {} --standalone --output alone.safetensors",
            weights.display()
        ),
    );
    ok(dir, "embed --model alone.safetensors --input set --output y.safetensors");
    assert_eq!(Embeddings::read(&dir.join("y.safetensors")).unwrap().values, vectors.values);

    let message = error(dir, "search --model alone.safetensors --index x.safetensors --text cat");
    assert!(message.contains("has no text tower") && message.contains("--text"), "{message}");
    let found = ok(
        dir,
        "search --model alone.safetensors --index x.safetensors --query set/class3/1.png -k 1 --json",
    );
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found[0]["neighbours"][0]["path"], "set/class3/1.png", "an image is nearest to itself");

    std::fs::write(dir.join("set/q.csv"), "path,label\nclass1/0.png,a\nclass2/0.png,b\n").unwrap();
    std::fs::write(dir.join("set/i.csv"), "path,label\nclass1/0.png,a\nclass2/0.png,b\n").unwrap();
    let scores = ok(dir, "evaluate --query set/q.csv --index set/i.csv --model alone.safetensors --json");
    let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
    assert_eq!(scores["overall"]["R@1"], 1.0);

    // Weights that the projection was not trained on are refused.
    let mut bytes = std::fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(dir.join("other.safetensors"), bytes).unwrap();
    let message =
        error(dir, "embed --model runs/a --weights other.safetensors --input set --output z.safetensors");
    assert!(message.contains("other.safetensors") && message.contains("trained on"), "{message}");
}

#[test]
fn bad_images_are_skipped_listed_and_limited() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 3);
    std::fs::write(dir.join("set/class0/text.jpg"), "this is no image").unwrap();
    let whole = std::fs::read(dir.join("set/class0/0.png")).unwrap();
    std::fs::write(dir.join("set/class0/cut.png"), &whole[..whole.len() / 2]).unwrap();
    let line = format!("extract --data set {} --set backbone.image_size=64", backbone());
    let message = error(dir, &line);
    assert!(message.contains("2 of 20 images are unreadable") && message.contains("--max-bad"), "{message}");
    let value = train(dir, "--run-dir runs/a --max-bad 20");
    let listed = std::fs::read_to_string(dir.join("runs/a/skipped.jsonl")).unwrap();
    assert!(value["run_dir"].is_string());
    // Both lie in one class, which may train or be held out; they are listed either way.
    assert!(listed.contains("text.jpg") && listed.contains("cut.png"), "{listed}");
}

#[test]
fn mistakes_end_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 2);
    let contains = |line: &str, parts: &[&str]| {
        let message = error(dir, line);
        for part in parts {
            assert!(message.contains(part), "`mdfe {line}`: {message}");
        }
    };
    contains("train --data nowhere --backbone tf_efficientnet_lite0", &["nowhere", "does not exist"]);
    contains("train --data set", &["--backbone"]);
    contains("train --data set --backbone tf_efficientnet_lite9", &["tf_efficientnet_lite0"]);
    contains("train --data set --backbone vit_base_patch16_siglip_224 --offline", &["--weights"]);
    contains("train --set train.epoch=3", &["train.epoch", "epochs"]);
    contains("train --config none.toml", &["none.toml"]);
    std::fs::create_dir(dir.join("empty")).unwrap();
    contains(&format!("train --data empty {}", backbone()), &["empty"]);
    std::fs::write(dir.join("bad.csv"), "path,class\na.png,1\n").unwrap();
    contains(&format!("train --data bad.csv {}", backbone()), &["bad.csv", "label"]);
    std::fs::write(dir.join("ragged.csv"), "path,label\na.png,1\nb.png\n").unwrap();
    contains(&format!("train --data ragged.csv {}", backbone()), &["ragged.csv", "line 3"]);
    contains(
        "embed --backbone vit_base_patch16_siglip_224 --weights set/class0/0.png --input set --output x",
        &["0.png"],
    );
    let lite = backbone().replace("tf_efficientnet_lite0 ", "vit_base_patch16_siglip_224 ");
    contains(
        &format!("embed {lite} --input set --output x"),
        &["does not fit", "missing", "attn_pool.latent"],
    );
    contains(&format!("embed {} --input set --output no/such/folder/x", backbone()), &["no/such/folder"]);
    // Wrong usage is exit code 2.
    assert_eq!(run(dir, "embed").status.code(), Some(2));
    assert_eq!(mdfe(dir).status().unwrap().code(), Some(2));
}

#[test]
fn the_published_recipe_says_what_it_would_take() {
    let dir = tempfile::tempdir().unwrap();
    let config = repository().join("configs/siglip-so400m_arcface-k3_m4d35k.toml");
    let text = ok(dir.path(), &format!("train --config {} --dry-run", config.display()));
    for part in ["328,400", "34,800", "428", "25,660"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}
