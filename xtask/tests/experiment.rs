//! `cargo xtask experiment` and `results` with a stand-in for mdfe, a script that notes how it was called.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Notes its words in `calls`. Of two extractions each waits until the other has begun.
const MDFE: &str = r#"#!/bin/sh
echo "$*" >> calls
case "$1" in
extract)
  [ -e broken ] && exit 1
  case "$*" in
  *"--shard"*) touch "begun-$$"; i=0
    while [ "$(ls begun-* | wc -l)" -lt 2 ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i + 1)); done
    [ $i -lt 500 ] || exit 1;;
  esac
  echo '[{"dataset": "x", "computed": 5}, {"dataset": "y", "computed": 2}]';;
train) mkdir -p runs/toy; echo 'mMP@5 0.5' > runs/toy/scores.txt; echo '{"sets": []}';;
sweep) mkdir -p runs/losses
  printf '# Sweep\n\nText.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n## By domain\n\n| c |\n| --- |\n' > runs/losses/sweep.md
  echo '{"rows": []}';;
esac
"#;

fn xtask(dir: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).current_dir(dir).args(line.split_whitespace()).output().unwrap()
}

fn ok(dir: &Path, line: &str) -> String {
    let out = xtask(dir, line);
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn error(dir: &Path, line: &str) -> String {
    let out = xtask(dir, line);
    assert_eq!(out.status.code(), Some(1), "{line} should fail");
    String::from_utf8(out.stderr).unwrap()
}

/// A repository with two configs and the stand-in.
fn repository() -> (tempfile::TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().to_path_buf();
    let toy = "[[data.train]]\nkey = 'csv'\nfile = 'a.csv'\n";
    fs::create_dir(dir.join("configs")).unwrap();
    fs::write(dir.join("configs/toy.toml"), toy).unwrap();
    fs::write(
        dir.join("configs/losses.toml"),
        "base = 'toy.toml'\n[sweep]\n[sweep.grid]\nloss.scale = [1, 2]\n",
    )
    .unwrap();
    fs::write(dir.join("mdfe"), MDFE).unwrap();
    fs::set_permissions(dir.join("mdfe"), fs::Permissions::from_mode(0o755)).unwrap();
    for line in ["init -q", "add configs", "-c user.name=a -c user.email=a@b commit -q -m a"] {
        assert!(Command::new("git").current_dir(&dir).args(line.split(' ')).status().unwrap().success());
    }
    (temporary, dir)
}

fn calls(dir: &Path) -> Vec<String> {
    let text = fs::read_to_string(dir.join("calls")).unwrap();
    fs::remove_file(dir.join("calls")).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn figures(dir: &Path, name: &str) -> serde_json::Value {
    let text = fs::read_to_string(dir.join("results").join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_experiment_extracts_on_all_devices_at_once_then_trains_and_keeps_its_figures() {
    let (_temporary, dir) = repository();
    let dir = dir.as_path();
    let said = ok(dir, "experiment configs/toy.toml --mdfe ./mdfe --devices cpu,cuda:1 --set train.epochs=2");
    assert_eq!(said, "mMP@5 0.5\nresults/toy.json\n");
    let mut calls = calls(dir);
    let last = calls.pop().unwrap();
    assert!(last.starts_with("train --config configs/toy.toml --json --device cpu "), "{last}");
    assert!(last.contains("--run-dir runs/toy") && !last.contains("--resume"), "{last}");
    calls.sort_unstable();
    assert_eq!(calls.len(), 2);
    for (call, (device, part)) in calls.iter().zip([("cpu", "0/2"), ("cuda:1", "1/2")]) {
        for words in [
            format!("--device {device} "),
            format!("--shard {part} "),
            "--features-dir runs/features".to_owned(),
            "--set train.epochs=2".to_owned(),
            "--threads ".to_owned(),
        ] {
            assert!(
                call.starts_with("extract --config configs/toy.toml") && call.contains(&words),
                "{words}: {call}"
            );
        }
    }
    let kept = figures(dir, "toy");
    assert_eq!((&kept["seconds"]["extracted"], &kept["table"]), (&14.into(), &"mMP@5 0.5\n".into()));
    assert_eq!(kept["machine"]["devices"], serde_json::json!(["cpu", "cuda:1"]));
    assert!(
        kept["machine"]["cores"].as_u64().unwrap() > 0
            && !kept["machine"]["cpu"].as_str().unwrap().is_empty()
    );
    assert_eq!(
        (kept["commit"]["hash"].as_str().unwrap().len(), &kept["commit"]["changed"]),
        (40, &false.into())
    );
    // A run that was stopped goes on; one without a checkpoint begins again.
    fs::write(dir.join("runs/toy/run.json"), "{\"state\": \"running\"}").unwrap();
    ok(dir, "experiment configs/toy.toml --mdfe ./mdfe");
    assert!(self::calls(dir)[1].contains("--overwrite"));
    fs::create_dir(dir.join("runs/toy/checkpoints")).unwrap();
    fs::write(dir.join("runs/toy/checkpoints/x"), "").unwrap();
    ok(dir, "experiment configs/toy.toml --mdfe ./mdfe");
    let calls = self::calls(dir);
    assert!(calls[1].contains("--resume") && !calls[0].contains("--shard"), "{calls:?}");
    // What fails keeps the figures that are there.
    fs::write(dir.join("broken"), "").unwrap();
    let before = figures(dir, "toy");
    let message = error(dir, "experiment configs/toy.toml --mdfe ./mdfe --devices cpu,cpu");
    assert!(message.contains("configs/toy.toml is not done: the extraction on cpu ended with"), "{message}");
    assert_eq!(self::calls(dir).len(), 2, "nothing is trained");
    assert_eq!(figures(dir, "toy"), before);
    let message = error(dir, "experiment configs/none.toml --mdfe ./mdfe");
    assert!(message.contains("configs/none.toml"), "{message}");
}

#[test]
fn tables_of_a_readme_are_written_from_the_figures_and_stale_ones_are_found() {
    let (_temporary, dir) = repository();
    let dir = dir.as_path();
    ok(dir, "experiment configs/toy.toml configs/losses.toml --mdfe ./mdfe");
    let calls = calls(dir);
    assert!(
        calls[3].starts_with("sweep configs/losses.toml ") && calls[3].contains("--output runs/losses"),
        "{calls:?}"
    );
    let text = "# A\n<!-- results: toy -->\n<!-- /results: toy -->\nand\n<!-- results: losses -->\nold\n<!-- /results: losses -->\nend\n";
    fs::write(dir.join("README.md"), text).unwrap();
    let message = error(dir, "results --check");
    assert!(message.contains("cargo xtask results"), "{message}");
    assert_eq!(fs::read_to_string(dir.join("README.md")).unwrap(), text, "a check writes nothing");
    ok(dir, "results");
    let written = fs::read_to_string(dir.join("README.md")).unwrap();
    assert!(written.starts_with("# A\n<!-- results: toy -->\n```text\nmMP@5 0.5\n```\n\n`cargo xtask experiment configs/toy.toml`: commit "), "{written}");
    assert!(
        written.contains("<!-- results: losses -->\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n`cargo xtask"),
        "{written}"
    );
    assert!(written.ends_with("<!-- /results: losses -->\nend\n"), "{written}");
    ok(dir, "results --check");
    // A table that somebody edited, figures that moved, and a config, or its base, that has changed.
    fs::write(dir.join("README.md"), written.replace("0.5", "0.9")).unwrap();
    assert!(error(dir, "results --check").contains("cargo xtask results"));
    fs::write(dir.join("README.md"), &written).unwrap();
    let kept = fs::read_to_string(dir.join("results/toy.json")).unwrap();
    fs::write(dir.join("results/toy.json"), kept.replace("mMP@5 0.5", "mMP@5 0.6")).unwrap();
    assert!(error(dir, "results --check").contains("cargo xtask results"));
    fs::write(dir.join("results/toy.json"), &kept).unwrap();
    ok(dir, "results --check");
    let config = fs::read_to_string(dir.join("configs/toy.toml")).unwrap();
    fs::write(dir.join("configs/toy.toml"), format!("# A word.\n{config}")).unwrap();
    ok(dir, "results --check");
    fs::write(dir.join("configs/toy.toml"), format!("{config}seed = 3\n")).unwrap();
    let message = error(dir, "results --check");
    assert!(message.contains("cargo xtask experiment configs/toy.toml"), "{message}");
    fs::write(dir.join("configs/toy.toml"), &config).unwrap();
    fs::remove_file(dir.join("results/losses.json")).unwrap();
    let message = error(dir, "results --check");
    assert!(message.contains("results/losses.json") && message.contains("xtask experiment"), "{message}");
}
