//! Stores on loopback: images from them, run folders into them, and no credential anywhere.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "support/http.rs"]
mod http;
#[path = "support/s3.rs"]
mod s3;
mod support;

use http::Server;
use mdfe_data::Embeddings;
use s3::{Bucket, KEY_ID, SECRET};
use std::{
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};
use support::{backbone, image, image_folder, mdfe, ok, snapshot, wait_for, write};

const SMALL: &str =
    "--set backbone.image_size=32 --set train.batch=8 --set train.checkpoint_every=1 --set loss.scale=30";

/// The binary, led to the server by its environment alone.
fn asked(server: &Server<Bucket>, dir: &Path, line: &str) -> Command {
    let mut command = mdfe(dir);
    // A user's own settings of stores stay out.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env_remove("HF_HUB_OFFLINE").env("TMPDIR", dir).args(line.split_whitespace());
    for (name, value) in s3::variables(server) {
        command.env(name, value);
    }
    command
}

fn text(out: &Output) -> String {
    let both = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
    let text = String::from_utf8(both).unwrap();
    assert!(!text.contains(SECRET) && !text.contains("panicked"), "{text}");
    text
}

/// Runs it, expects success, and returns all that it said.
fn said(server: &Server<Bucket>, dir: &Path, line: &str) -> String {
    let out = asked(server, dir, line).output().unwrap();
    let text = text(&out);
    assert!(out.status.success(), "{line}: {text}");
    text
}

/// The files below `folder` as objects below `prefix`.
fn objects(folder: &Path, prefix: &str) -> Vec<(String, Vec<u8>)> {
    let files = snapshot(folder).into_iter();
    files.map(|(path, bytes)| (format!("{prefix}/{}", path.display()), bytes)).collect()
}

#[test]
fn a_prefix_embeds_as_the_folder_does_and_a_broken_object_is_an_unreadable_image() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 4);
    write(&dir.join("set/class1/readme.txt"), "no image");
    let server = s3::start(Bucket::with(objects(&dir.join("set"), "bucket/photos/set")));
    server.state().page = 5;
    let embed = format!("embed {} --batch 4", backbone());
    ok(dir, &format!("{embed} --input set --output local.safetensors"));
    server.faults().fail = 3;
    said(&server, dir, &format!("{embed} --input s3://bucket/photos/set --output remote.safetensors"));
    let read = |name: &str| Embeddings::read(&dir.join(name)).unwrap();
    let (local, remote) = (read("local.safetensors"), read("remote.safetensors"));
    assert!(local.values == remote.values && local.labels == remote.labels, "the same images, the same rows");
    assert_eq!(remote.label_name(11).as_deref(), Some("class2"));
    assert_eq!(remote.paths.get(4), Some("s3://bucket/photos/set/class1/0.png"));

    // Lists: one in the store with paths relative to it, one here with addresses.
    let rows: String = (0..4).map(|i| format!("class0/{i}.png,zero\n")).collect();
    server.state().objects.insert("bucket/photos/set/list.csv".into(), format!("path,label\n{rows}").into());
    write(
        &dir.join("list.csv"),
        "path,label\ns3://bucket/photos/set/class0/0.png,zero\nset/class0/1.png,zero\n\
         s3://bucket/photos/set/class0/2.png,zero\ns3://bucket/photos/set/class0/9.png,zero\n",
    );
    said(&server, dir, &format!("{embed} --input s3://bucket/photos/set/list.csv --output list.safetensors"));
    let list = read("list.safetensors");
    assert!(list.values == local.values[..4 * local.dim] && list.label_name(0).as_deref() == Some("zero"));
    assert!(list.domains.is_none());
    server.state().objects.insert("bucket/photos/set/class0/2.png".into(), b"no image".to_vec());
    let line = format!("{embed} --input list.csv --output mixed.safetensors --max-bad 60");
    let log = said(&server, dir, &line);
    let mixed = read("mixed.safetensors");
    assert!(mixed.values == local.values[..2 * local.dim], "{log}");
    for part in [
        "skipped: cannot decode s3://bucket/photos/set/class0/2.png: ",
        "skipped: s3://bucket/photos/set/class0/9.png: it cannot be fetched: there is no such object",
    ] {
        assert!(log.contains(part), "{part}: {log}");
    }
    // Evaluation and single objects fall out of the same.
    let evaluate = format!(
        "evaluate --query s3://bucket/photos/set/list.csv --index local.safetensors --max-bad 60 {}",
        backbone()
    );
    let report = said(&server, dir, &evaluate);
    assert!(report.contains("R@1"), "{report}");
    said(
        &server,
        dir,
        &format!("{embed} --input s3://bucket/photos/set/class0/0.png --output one.safetensors"),
    );
    assert_eq!(read("one.safetensors").len(), 1);
    let url = format!("file://{}", dir.join("set").display());
    said(&server, dir, &format!("{embed} --input {url} --output file.safetensors"));
    assert!(read("file.safetensors").values == local.values);
    let left = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with("mdfe-fetched")));
}

#[test]
fn a_store_that_refuses_or_is_silent_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut png = std::io::Cursor::new(Vec::new());
    image(1).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let server = s3::start(Bucket::with([("bucket/a.png".to_owned(), png.into_inner())]));
    let failed = |line: &str, parts: &[&str]| {
        let line = format!("embed {} --output x.safetensors --input {line}", backbone());
        let out = asked(&server, dir, &line).env("MDFE_REMOTE_RETRIES", "1").output().unwrap();
        let text = text(&out);
        assert!(!out.status.success() && parts.iter().all(|part| text.contains(part)), "{line}: {text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{text}");
    };
    failed("s3://bucket/none/", &["s3://bucket/none/ holds no image"]);
    failed("s3://bucket/none.png", &["s3://bucket/none.png", "there is no such object"]);
    failed("ftp://host/x", &["mdfe knows s3://"]);
    failed("https://host/x.png?X-Amz-Signature=deadbeefdeadbeef", &["carries a token", "https://host/x.png"]);
    failed("http://127.0.0.1:9/folder/", &["no listing"]);
    server.faults().refuse = true;
    failed("s3://bucket/a.png", &["access is denied"]);
    (server.faults().refuse, server.faults().down) = (false, true);
    failed("s3://bucket/a.png", &["s3://bucket/a.png"]);
    assert!(!dir.join("x.safetensors").exists());
}

/// A training that uploads.
fn training(epochs: usize, more: &str) -> String {
    format!(
        "train --data set {} {SMALL} --set train.epochs={epochs} --set train.upload=s3://bucket/runs --run-dir runs/a {more}",
        backbone()
    )
}

/// Says that the store has what the run folder has, byte for byte.
fn expect_whole(server: &Server<Bucket>, run: &Path) {
    let local = snapshot(run);
    let state = server.state();
    for (path, bytes) in local.iter().filter(|(path, _)| *path != Path::new("uploads.json")) {
        let key = format!("bucket/runs/a/{}", path.display());
        assert!(state.objects.get(&key) == Some(bytes), "{key} is not the same");
    }
    assert!(local.len() > 8 && state.uploads.is_empty());
}

/// Says that no file below a folder holds the credential.
fn expect_no_secret(folder: &Path) {
    for (path, bytes) in snapshot(folder) {
        for secret in [SECRET, KEY_ID] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a credential", path.display());
        }
    }
}

#[test]
fn an_upload_survives_failures_stalls_and_a_kill_and_the_run_is_the_one_without() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 5);
    let server = s3::start(Bucket::default());
    (server.faults().fail, server.faults().stall) = (3, 2);
    server.faults().slow = Duration::from_millis(20);
    let mut killed = asked(&server, dir, &training(400, ""));
    let mut child = killed.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // While the first checkpoint is on its way.
    wait_for(&mut child, || !server.seen().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!server.state().objects.contains_key("bucket/runs/a/scores.json"));
    server.faults().slow = Duration::ZERO;
    // A stalled server does not hold the training: its steps end while nothing is answered.
    server.faults().stall = 1;
    let log = said(&server, dir, &format!("{} -vv", training(400, "--resume")));
    assert!(log.contains("resumed at step ") && log.contains("to s3://bucket/runs/a/"), "{log}");
    assert!(!log.contains("were not uploaded"), "{log}");
    expect_whole(&server, &dir.join("runs/a"));
    expect_no_secret(dir);
    // The same training without an upload: the same embedder.
    let plain =
        training(400, "").replace("--set train.upload=s3://bucket/runs", "").replace("runs/a", "runs/plain");
    ok(dir, &plain);
    let embedder =
        |run: &str| std::fs::read(dir.join("runs").join(run).join("embedder.safetensors")).unwrap();
    assert!(embedder("a") == embedder("plain"), "where copies go is no part of an embedder");
    // Nothing is sent twice.
    let puts = || server.seen().iter().filter(|request| request.method == "PUT").count();
    let before = puts();
    let out = asked(&server, dir, "upload runs/a --json").output().unwrap();
    let done: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((done["sent"].as_array().unwrap().len(), puts()), (0, before), "{done}");
}

#[test]
fn a_server_that_is_gone_costs_the_training_nothing_and_upload_finishes_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let server = s3::start(Bucket::default());
    server.faults().down = true;
    let out = asked(&server, dir, &training(3, "")).env("MDFE_UPLOAD_WAIT", "0.2").output().unwrap();
    let log = text(&out);
    assert!(out.status.success() && dir.join("runs/a/embedder.safetensors").exists(), "{log}");
    let line = log.lines().find(|line| line.contains("were not uploaded")).unwrap_or_else(|| panic!("{log}"));
    assert!(
        line.contains("more files") && line.contains("`mdfe upload runs/a s3://bucket/runs` finishes it"),
        "{line}"
    );
    // Another place, and a resume that may name it: where copies go is not part of the experiment.
    let moved = training(3, "").replace("s3://bucket/runs", "s3://bucket/elsewhere");
    assert!(said(&server, dir, &moved).contains("finished; nothing is done again"));
    let failed = asked(&server, dir, "upload runs/a").env("MDFE_REMOTE_RETRIES", "0").output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed).contains("the same command goes on"), "{}", text(&failed));
    server.faults().down = false;
    assert!(said(&server, dir, "upload runs/a s3://bucket/runs").contains("0 were there already"));
    expect_whole(&server, &dir.join("runs/a"));
    expect_no_secret(dir);
    // Begun again, nothing of the old run counts as sent.
    said(&server, dir, &training(2, "--overwrite"));
    expect_whole(&server, &dir.join("runs/a"));
}

#[test]
fn a_credential_in_train_upload_is_refused_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 4);
    let server = s3::start(Bucket::default());
    let refused = |line: &str, parts: &[&str]| {
        let out = asked(&server, dir, line).output().unwrap();
        let text = text(&out);
        assert!(!out.status.success() && parts.iter().all(|part| text.contains(part)), "{line}: {text}");
        assert!(!text.contains(KEY_ID) && !text.contains("hunter2"), "{text}");
        assert!(!dir.join("runs").exists(), "{line}");
    };
    let with = |dest: &str| training(1, "").replace("s3://bucket/runs", dest);
    let reason = "without a user name, password or query: credentials come from the environment";
    refused(
        &with("s3://AKIALOOPBACK7EXAMPLE:hunter2@bucket/x"),
        &["`train.upload` takes an address", reason],
    );
    refused(&with("az://c/x?sig=hunter2hunter2"), &[reason]);
    write(
        &dir.join("c.toml"),
        "[train]\nupload = \"s3://k:hunter2@b/x\"\n[[data.train]]\nkey = \"image_folder\"\nroot = \"set\"\n",
    );
    refused("train --config c.toml", &["c.toml", reason]);
    refused(&with("https://127.0.0.1/x"), &["uploads go to s3://"]);
    refused(&with("ftp://host/x"), &["mdfe knows s3://"]);
    refused("upload set s3://bucket/x", &["set is no run folder"]);
}

#[test]
fn every_run_of_a_sweep_is_uploaded() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let server = s3::start(Bucket::default());
    let line =
        training(1, "--seeds 2 --output sweep").replacen("train", "sweep", 1).replace("--run-dir runs/a", "");
    said(&server, dir, &line);
    let state = server.state();
    let embedders = state.objects.keys().filter(|key| key.ends_with("/embedder.safetensors")).count();
    assert_eq!(embedders, 2, "{:?}", state.objects.keys());
    drop(state);
    expect_no_secret(dir);
}
