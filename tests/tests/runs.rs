//! Run folders: nothing is destroyed, mixed or begun again in silence, and a kill costs nothing but time.
#![allow(clippy::unwrap_used)]

mod support;
use std::path::Path;
use support::{backbone, error, image_folder, json, ok, run, snapshot, start, wait_for, weights, write};

const SMALL: &str =
    "--set backbone.image_size=32 --set train.batch=8 --set train.checkpoint_every=1 --set loss.scale=30";

fn line(epochs: usize, more: &str) -> String {
    format!("train --data set {} {SMALL} --set train.epochs={epochs} {more}", backbone())
}

/// What is said on stderr by a run that succeeds.
fn said(dir: &Path, line: &str) -> String {
    let out = run(dir, line);
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success(), "{line}: {text}");
    text
}

/// Starts a training and kills it as soon as it has logged `steps` steps and written a checkpoint.
fn kill_after(dir: &Path, line: &str, steps: usize) {
    let mut child = start(dir, line);
    let logged =
        || std::fs::read_to_string(dir.join("runs/a/metrics.jsonl")).map_or(0, |text| text.lines().count());
    let checkpoints = || dir.join("runs/a/checkpoints").read_dir().map_or(0, Iterator::count);
    wait_for(&mut child, || logged() >= steps && checkpoints() > 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn kill_9_and_resume_give_the_bytes_of_an_unbroken_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    ok(dir, &line(400, "--run-dir runs/whole"));
    let killed = line(400, "--run-dir runs/a");
    kill_after(dir, &killed, 20);
    for steps in [200, 500] {
        kill_after(dir, &format!("{killed} --resume"), steps);
    }
    let text = said(dir, &format!("{killed} --resume"));
    assert!(text.contains("resumed at step ") && text.contains(" of 1200"), "{text}");
    let file = |run: &str, name: &str| std::fs::read(dir.join("runs").join(run).join(name)).unwrap();
    for name in ["embedder.safetensors", "scores.json", "checkpoints/checkpoint-00001200.safetensors"] {
        assert!(file("whole", name) == file("a", name), "{name} differs");
    }
    let losses = |run: &str| -> Vec<(u64, f64)> {
        let text = String::from_utf8(file(run, "metrics.jsonl")).unwrap();
        let step = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            (value["step"].as_u64().unwrap(), value["loss"].as_f64().unwrap())
        };
        text.lines().map(step).collect()
    };
    assert_eq!(losses("whole"), losses("a"), "one whole record, line by line");
}

#[test]
fn a_folder_that_is_not_finished_or_not_this_experiments_is_refused_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    kill_after(dir, &line(100_000, "--run-dir runs/a"), 5);
    let before = snapshot(&dir.join("runs/a"));
    let refused = |line: &str, parts: &[&str]| {
        let message = error(dir, line);
        assert!(parts.iter().all(|part| message.contains(part)), "{line}: {message}");
        assert!(snapshot(&dir.join("runs/a")) == before, "{line} changed the folder");
    };
    refused(&line(100_000, "--run-dir runs/a"), &["not finished", "checkpoint-", "--resume", "--overwrite"]);
    refused(&line(9, "--run-dir runs/a"), &["train.epochs (100000 there, 9 here)", "--overwrite"]);
    refused(&line(9, "--run-dir runs/a --resume"), &["train.epochs (100000 there, 9 here)"]);
    refused(&line(100_000, "--run-dir runs/a --resume --set optimizer.lr=0.5"), &["optimizer.lr"]);
    // Other weights of the same width.
    let mut bytes = std::fs::read(weights()).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    write(&dir.join("other.safetensors"), bytes);
    let other = line(100_000, "--run-dir runs/a --resume");
    let other = other.replace(&weights().display().to_string(), "other.safetensors");
    refused(&other, &["backbone.weights"]);
    // The same name, other bytes: only the fingerprint tells.
    write(&dir.join("w.safetensors"), std::fs::read(weights()).unwrap());
    let own = |more: &str| line(100_000, more).replace(&weights().display().to_string(), "w.safetensors");
    let mut child = start(dir, &own("--run-dir runs/w"));
    wait_for(&mut child, || dir.join("runs/w/checkpoints").read_dir().map_or(0, Iterator::count) > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::copy(dir.join("other.safetensors"), dir.join("w.safetensors")).unwrap();
    let message = error(dir, &own("--run-dir runs/w --resume"));
    assert!(message.contains("was trained on the features"), "{message}");
    // A corrected label is another data set, which a resume names.
    std::fs::rename(dir.join("set/class0/0.png"), dir.join("set/class1/9.png")).unwrap();
    refused(&line(100_000, "--run-dir runs/a --resume"), &["class"]);
    std::fs::rename(dir.join("set/class1/9.png"), dir.join("set/class0/0.png")).unwrap();
    // Nothing to go on from, and things that are no run's.
    let message = error(dir, &line(9, "--run-dir runs/none --resume"));
    assert!(message.contains("no run to go on with") && !dir.join("runs/none").exists(), "{message}");
    let message = error(dir, &line(9, "--run-dir set --overwrite"));
    assert!(message.contains("files that are no run's"), "{message}");
}

#[test]
fn a_finished_run_prints_its_result_and_overwrite_begins_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let first = json(dir, &line(2, ""));
    let before = snapshot(&dir.join("runs/set"));
    let out = run(dir, &line(2, ""));
    assert!(String::from_utf8_lossy(&out.stderr).contains("finished; nothing is done again"));
    assert!(
        String::from_utf8_lossy(&out.stdout).contains("one image in five of each class"),
        "the protocol is told"
    );
    assert_eq!(json(dir, &line(2, "")), first);
    assert!(snapshot(&dir.join("runs/set")) == before, "the same run is there and stays");
    // Another experiment under the same name takes the next folder, and says so.
    let text = said(dir, &line(3, ""));
    assert!(text.contains("runs/set-2") && dir.join("runs/set-2/scores.json").exists(), "{text}");
    assert!(snapshot(&dir.join("runs/set")) == before);
    // Its speed is no part of an experiment.
    assert_eq!(json(dir, &line(2, "--batch 3")), first);
    ok(dir, &line(3, "--run-dir runs/set --overwrite"));
    assert!(snapshot(&dir.join("runs/set")) != before);
}

#[test]
fn an_image_that_becomes_readable_does_not_change_a_resume() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 6);
    let good = std::fs::read(dir.join("set/class0/1.png")).unwrap();
    write(&dir.join("set/class0/1.png"), &good[..40]);
    let bad = "--max-bad 50";
    ok(dir, &line(300, &format!("--run-dir runs/whole {bad}")));
    kill_after(dir, &line(300, &format!("--run-dir runs/a {bad}")), 20);
    write(&dir.join("set/class0/1.png"), &good);
    ok(dir, &line(300, &format!("--run-dir runs/a {bad} --resume")));
    let file = |run: &str| std::fs::read(dir.join("runs").join(run).join("embedder.safetensors")).unwrap();
    assert_eq!(file("whole"), file("a"));
}

#[test]
fn features_stored_as_f16_train() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let half = "--set backbone.store_dtype=f16";
    let extract = format!("extract --data set {} --set backbone.image_size=32 {half}", backbone());
    assert_eq!(json(dir, &extract)[0]["computed"], 20);
    let said = said(dir, &line(2, half));
    assert_eq!(
        said.matches("extraction skipped").count(),
        3,
        "one extraction serves the training and its tests: {said}"
    );
    let listed = json(dir, "features list");
    assert_eq!((&listed[0]["spec"]["dtype"], &listed[0]["rows"]), (&"f16".into(), &20.into()));
}

#[test]
fn each_test_set_is_scored_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 4);
    // Both lists number their classes from 0, with other images: were they one index, class 0 of one would answer the other.
    let list = |classes: std::ops::Range<usize>| {
        let rows = classes
            .enumerate()
            .flat_map(|(label, class)| (0..4).map(move |i| format!("class{class}/{i}.png,{label}\n")));
        format!("path,label\n{}", rows.collect::<String>())
    };
    write(&dir.join("set/a.csv"), list(0..2));
    write(&dir.join("set/b.csv"), list(2..4));
    write(&dir.join("set/train.csv"), list(0..6));
    let eval = |name: &str| {
        format!("[[data.eval]]\nname = \"{name}\"\nquery = {{ key = \"csv\", file = \"{name}.csv\" }}\n")
    };
    let config = format!(
        "[data]\nroot = \"set\"\n[[data.train]]\nkey = \"csv\"\nfile = \"train.csv\"\n{}{}[backbone]\nname = \"tf_efficientnet_lite0\"\nimage_size = 32\n[train]\nepochs = 2\n",
        eval("a"),
        eval("b")
    );
    write(&dir.join("two.toml"), config);
    let both = json(dir, &format!("train --config two.toml --weights {}", weights().display()));
    let names: Vec<&str> =
        both["sets"].as_array().unwrap().iter().map(|set| set["name"].as_str().unwrap()).collect();
    assert_eq!((names, both["sets"][0]["raw"]["queries"].as_u64()), (vec!["a", "b"], Some(8)));
    let of = |set: usize| both["sets"][set]["raw"]["overall"]["mMP@5"].as_f64().unwrap();
    let mean = both["mean"]["raw"]["mMP@5"].as_f64().unwrap();
    assert!((mean - (of(0) + of(1)) / 2.0).abs() < 1e-12);
    // Alone, a list has the same scores as beside the other.
    let one = std::fs::read_to_string(dir.join("two.toml")).unwrap().replace(&eval("b"), "");
    write(&dir.join("one.toml"), one);
    let alone = json(dir, &format!("train --config one.toml --weights {}", weights().display()));
    assert_eq!(alone["sets"][0]["raw"], both["sets"][0]["raw"]);
    let text = ok(dir, &format!("train --config two.toml --weights {}", weights().display()));
    assert!(text.contains("\nmean ") && text.contains("\na "), "{text}");
}
