//! `mdfe sweep`: every combination with every seed, from one extraction; what is done is never done again.
#![allow(clippy::unwrap_used)]

mod support;
use std::{collections::BTreeMap, fs, path::Path, path::PathBuf, time::SystemTime};
use support::{
    backbone, error, image_folder, interrupt, json, ok, run, snapshot, start, usage, wait_for, weights, write,
};

const SMALL: &str = "--set backbone.image_size=32 --set train.batch=8 --set train.epochs=3";

fn line(more: &str) -> String {
    format!("sweep --data set {} {SMALL} {more}", backbone())
}

/// When each run folder's embedder was written.
fn written(sweep: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let Ok(runs) = fs::read_dir(sweep.join("runs")) else { return BTreeMap::new() };
    let embedder = |entry: fs::DirEntry| {
        let path = entry.path().join("embedder.safetensors");
        let time = path.metadata().ok()?.modified().ok()?;
        Some((path, time))
    };
    runs.filter_map(|entry| embedder(entry.unwrap())).collect()
}

#[test]
fn every_combination_runs_with_every_seed_and_what_does_not_fit_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 6);
    let grid = "--grid loss.margin=0.3,0.5 --grid loss.name=ArcFace,NormalizedSoftmax,CosFace --seeds 2 --output out";
    let found = json(dir, &line(grid));
    let rows = found["rows"].as_array().unwrap();
    let settings = |row: &serde_json::Value| {
        let values =
            row["settings"].as_array().unwrap().iter().map(|s| s["value"].as_str().unwrap().to_owned());
        values.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        rows.iter().map(settings).collect::<Vec<_>>(),
        ["0.3 ArcFace", "0.3 CosFace", "0.5 ArcFace", "0.5 CosFace"]
    );
    let skipped = found["skipped"].as_array().unwrap();
    assert_eq!((skipped.len(), settings(&skipped[0])), (2, "0.3 NormalizedSoftmax".to_owned()));
    assert!(skipped[0]["reason"].as_str().unwrap().contains("margin"), "{}", skipped[0]);
    // A run of the sweep is the run that `mdfe train` makes, byte for byte.
    let own = "--set loss.name=CosFace --set loss.margin=0.5 --set train.seed=1 --run-dir own";
    ok(dir, &line(own).replace("sweep ", "train "));
    let one = dir.join("out/runs/loss.margin-0.5_loss.name-CosFace_seed-1");
    for name in ["embedder.safetensors", "scores.json", "config.toml"] {
        assert_eq!(
            fs::read(one.join(name)).unwrap(),
            fs::read(dir.join("own").join(name)).unwrap(),
            "{name}"
        );
    }
    // Mean and spread are those of the runs' own scores.
    let mmp = |seed: u64| -> f64 {
        let path = dir.join(format!("out/runs/loss.margin-0.5_loss.name-CosFace_seed-{seed}/scores.json"));
        let scores: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        scores["sets"][0]["trained"]["overall"]["mMP@5"].as_f64().unwrap()
    };
    let score = rows[3]["scores"].as_array().unwrap().iter().find(|s| s["metric"] == "mMP@5").unwrap();
    assert_eq!(score["values"], serde_json::json!([mmp(0), mmp(1)]));
    assert!((score["mean"].as_f64().unwrap() - (mmp(0) + mmp(1)) / 2.0).abs() < 1e-12);
    assert!((score["spread"].as_f64().unwrap() - (mmp(0) - mmp(1)).abs() / 2f64.sqrt()).abs() < 1e-12);
    // The second call trains nothing, whatever the number of jobs, and prints and writes the same.
    let before = snapshot(&dir.join("out"));
    let times = written(&dir.join("out"));
    assert_eq!(times.len(), 8);
    assert_eq!(json(dir, &line(&format!("{grid} --jobs 1"))), found);
    assert!(written(&dir.join("out")) == times && snapshot(&dir.join("out")) == before);
    let text = ok(dir, &line(grid));
    let table = fs::read_to_string(dir.join("out/sweep.md")).unwrap();
    assert_eq!(text, format!("{}\nsweep folder: out\n", table.trim_end()));
    assert!(table.contains("| 0.5 | CosFace | ") && table.contains(" ± "), "{table}");
    assert!(fs::read_to_string(dir.join("out/sweep.csv")).unwrap().starts_with("loss.margin,loss.name,set,"));
    assert!(fs::read_to_string(dir.join("out/sweep.svg")).unwrap().contains("0.3, ArcFace"));
    // A larger grid uses what is there.
    let larger = grid.replace("0.3,0.5", "0.3,0.4,0.5");
    ok(dir, &line(&larger));
    let now = written(&dir.join("out"));
    assert_eq!(now.len(), 12);
    assert!(times.iter().all(|(path, time)| now[path] == *time), "a finished run was trained again");
    // Other runs of the same names are refused before anything is done.
    let before = snapshot(&dir.join("out"));
    let message = error(dir, &line(&format!("{grid} --set train.epochs=9")));
    assert!(message.contains("train.epochs (3 there, 9 here)") && message.contains("--output"), "{message}");
    assert!(snapshot(&dir.join("out")) == before);
}

#[test]
fn what_cannot_be_is_told_before_anything_runs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 4);
    for (more, parts) in [
        ("--grid loss.margn=0.3 --seeds 2", ["loss.margn=0.3", "`loss.margin`"]),
        ("--grid loss.margin=0.3,5", ["loss.margin=5", "pi/2"]),
        ("--grid loss.margin=0.3,0.3", ["loss.margin", "comes twice"]),
        ("--grid loss.margin", ["loss.margin", "KEY=VALUE"]),
        ("--grid backbone.name=a,b", ["backbone.name", "one backbone"]),
        ("--grid train.seed=0,1", ["train.seed", "--seeds"]),
        ("--grid loss.margin=0.3 --set loss.margin=0.4", ["loss.margin", "--set"]),
        ("", ["nothing to vary", "--grid"]),
    ] {
        let message = usage(dir, &line(&format!("{more} --output out")));
        assert!(parts.iter().all(|part| message.contains(part)), "{more}: {message}");
    }
    assert!(!dir.join("out").exists() && !dir.join("runs").exists());
    let message = error(dir, &line("--seeds 2 --output set"));
    assert!(message.contains("class0") && message.contains("--output"), "{message}");
    let text = ok(dir, &line("--grid loss.name=ArcFace,AdaCos --grid loss.margin=0.1 --seeds 4 --dry-run"));
    assert!(text.contains("skipped: loss.name=AdaCos") && text.contains("1 combinations, 4 runs"), "{text}");
}

#[test]
fn a_file_is_a_sweep_that_needs_no_flags() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 4);
    let eval = "[[data.eval]]\nname = 'again'\nquery = { key = 'image_folder', root = 'set' }\n";
    let config = format!(
        "[data]\n[[data.train]]\nkey = 'image_folder'\nroot = 'set'\n{eval}[backbone]\nname = 'tf_efficientnet_lite0'\nimage_size = 32\n\
         weights = '{}'\n[train]\nbatch = 8\n[loss]\nname = 'ArcFace'\nscale = 30.0\n",
        weights().display()
    );
    write(&dir.join("configs/toy.toml"), &config);
    let sweep = "base = 'toy.toml'\n[sweep]\nseeds = 2\nset = ['train.epochs=1']\n[sweep.grid]\nloss.name = ['ArcFace', 'AdaFace']\n";
    write(&dir.join("configs/losses.toml"), sweep);
    // Its features can be there before.
    let extracted = json(dir, "extract --config configs/losses.toml");
    assert_eq!((&extracted[0]["computed"], &extracted[0]["complete"]), (&12.into(), &true.into()));
    let found = json(dir, "sweep configs/losses.toml");
    assert_eq!(
        (&found["output"], &found["seeds"], &found["name"]),
        (&"runs/losses".into(), &2.into(), &"losses".into())
    );
    assert_eq!(found["rows"].as_array().unwrap().len(), 2);
    assert_eq!(found["raw"][0]["set"], "again");
    // Each is the other's business.
    let message = usage(dir, "train --config configs/losses.toml");
    assert!(message.contains("mdfe sweep configs/losses.toml"), "{message}");
    let message = usage(dir, "sweep configs/losses.toml --grid loss.margin=0.3");
    assert!(message.contains("leave --grid out"), "{message}");
    write(&dir.join("configs/bad.toml"), sweep.replace("seeds", "seed"));
    assert!(error(dir, "sweep configs/bad.toml").contains("`seed`"));
    // Runs below a sweep are runs.
    assert_eq!(json(dir, "runs list")["runs"].as_array().unwrap().len(), 4);
    write(&dir.join("configs/none.toml"), config.replace(eval, ""));
    assert!(error(dir, "sweep configs/none.toml --seeds 2").contains("no test set"));
}

#[test]
fn a_run_that_fails_is_listed_and_the_rest_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 4);
    let grid = line("--grid loss.margin=0.3,0.5 --seeds 2 --output out");
    let whole = json(dir, &grid);
    // One run is to go on from a checkpoint that is damaged, another was never begun.
    let damaged = dir.join("out/runs/loss.margin-0.5_seed-1");
    let record = fs::read_to_string(damaged.join("run.json")).unwrap();
    write(&damaged.join("run.json"), record.replace("\"finished\"", "\"running\""));
    for checkpoint in fs::read_dir(damaged.join("checkpoints")).unwrap() {
        write(&checkpoint.unwrap().path(), "no checkpoint");
    }
    fs::remove_dir_all(dir.join("out/runs/loss.margin-0.5_seed-0")).unwrap();
    let out = run(dir, &grid);
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{text}");
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("error: 1 of 4 runs failed") && last.contains("no checkpoint that"), "{text}");
    let table = String::from_utf8(out.stdout).unwrap();
    assert!(table.contains("## Failed") && table.contains("loss.margin=0.5 seed 1 (runs/"), "{table}");
    let found: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(dir.join("out/sweep.json")).unwrap()).unwrap();
    assert_eq!(found["rows"][0], whole["rows"][0]);
    assert_eq!(found["rows"][1]["runs"], serde_json::json!([whole["rows"][1]["runs"][0]]));
    assert_eq!(found["failed"][0]["seed"], 1);
}

#[test]
fn two_at_once_in_one_folder_train_each_run_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let line = line("--grid loss.margin=0.3,0.5 --seeds 2 --set train.epochs=50 --output out");
    let both = [start(dir, &line), start(dir, &line)];
    let outs = both.map(|child| child.wait_with_output().unwrap());
    let said = outs.each_ref().map(|out| String::from_utf8_lossy(&out.stderr).into_owned());
    assert!(outs.iter().all(|out| out.status.success()), "{said:?}");
    assert_eq!(outs[0].stdout, outs[1].stdout);
    assert_eq!(said.iter().filter(|text| text.contains("4 of 4 runs are left")).count(), 1, "{said:?}");
    assert!(said.iter().any(|text| text.contains("this one waits")), "{said:?}");
}

#[cfg(unix)]
#[test]
fn a_sweep_that_is_stopped_or_killed_goes_on_to_the_same_table() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    let grid = |output: &str| {
        line(&format!(
            "--grid loss.margin=0.2,0.3,0.4,0.5 --seeds 3 --set train.epochs=150 --output {output}"
        ))
    };
    ok(dir, &grid("whole"));
    let stopped = dir.join("stopped");
    let mut child = start(dir, &grid("stopped"));
    wait_for(&mut child, || written(&stopped).len() >= 2);
    interrupt(&child);
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(130), "{text}");
    assert!(text.contains("of 12 runs have ended") && !text.contains("error"), "{text}");
    let kept = written(&stopped);
    assert!(kept.len() < 12, "it was finished before it could be stopped");
    let mut child = start(dir, &grid("stopped"));
    wait_for(&mut child, || written(&stopped).len() >= kept.len() + 2);
    child.kill().unwrap();
    child.wait().unwrap();
    ok(dir, &grid("stopped"));
    let now = written(&stopped);
    assert!(kept.iter().all(|(path, time)| now[path] == *time), "a finished run was trained again");
    for name in ["sweep.json", "sweep.md", "sweep.csv", "sweep.svg"] {
        assert!(
            fs::read(dir.join("whole").join(name)).unwrap() == fs::read(stopped.join(name)).unwrap(),
            "{name}"
        );
    }
    for path in now.keys() {
        let whole = dir.join("whole").join(path.strip_prefix(&stopped).unwrap());
        assert!(fs::read(whole).unwrap() == fs::read(path).unwrap(), "{}", path.display());
    }
}
