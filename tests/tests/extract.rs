//! `mdfe extract` under fire: killed, on a full disk, split over machines, two at once. What comes out is what one unbroken run gives.
#![allow(clippy::unwrap_used)]

mod support;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};
use support::{backbone, error, features, image_folder, interrupt, json, mdfe, ok, start, wait_for};

/// 40 shards of 4 images.
const SHARDS: usize = 40;

fn line(features: &str) -> String {
    format!(
        "extract --data set {} --batch 4 --features-dir {features} --set backbone.image_size=64 \
         --set backbone.shard_rows=4",
        backbone()
    )
}

/// The one space below a folder of features.
fn space(features: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(features).ok()?.flatten().map(|entry| entry.path());
    entries.find(|path| path.join("space.json").exists())
}

/// The shards that are there, with the time of their writing. A temporary file may be gone before it is looked at.
fn shards(features: &Path) -> BTreeMap<String, SystemTime> {
    let Some(space) = space(features) else { return BTreeMap::new() };
    let names = fs::read_dir(space).unwrap().flatten();
    let shards = names.filter_map(|e| {
        let name = e.file_name().to_string_lossy().into_owned();
        let time = e.metadata().ok()?.modified().ok()?;
        name.ends_with(".safetensors").then_some((name, time))
    });
    shards.collect()
}

#[test]
fn ten_kills_leave_the_bytes_of_one_run_and_no_shard_is_computed_twice() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 16, 10);
    ok(dir, &line("whole"));
    let killed = dir.join("killed");
    let mut kept = BTreeMap::new();
    for kill in 1..=10 {
        let mut child = start(dir, &line("killed"));
        // Each run is killed a few shards later, wherever it is at that moment.
        wait_for(&mut child, || shards(&killed).len() >= kill * 3);
        child.kill().unwrap();
        child.wait().unwrap();
        let now = shards(&killed);
        assert!(now.len() < SHARDS, "it was finished before it could be killed");
        assert!(
            kept.iter().all(|(name, time)| now.get(name) == Some(time)),
            "a whole shard was written again"
        );
        kept = now;
    }
    let said = json(dir, &line("killed"));
    assert!(said[0]["reused"].as_u64().unwrap() >= 30 * 4, "{said}");
    let (whole, killed) = (features(&dir.join("whole")), features(&killed));
    assert_eq!(whole.keys().collect::<Vec<_>>(), killed.keys().collect::<Vec<_>>());
    assert!(whole == killed, "the stores differ");
    assert_eq!(whole.len(), SHARDS + 1);
}

#[test]
fn images_turned_by_their_exif_record_are_a_space_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 2, 2);
    let turned = |features: &str, set: &str| -> bool {
        ok(dir, &format!("{}{set}", line(features)));
        let record = fs::read_to_string(space(&dir.join(features)).unwrap().join("space.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        record["preprocess"]["exif_orientation"] == true
    };
    assert!(!turned("as-stored", ""));
    assert!(turned("turned", " --set transform.exif_orientation=true"));
    assert_ne!(
        space(&dir.join("as-stored")).unwrap().file_name(),
        space(&dir.join("turned")).unwrap().file_name()
    );
}

#[test]
fn parts_of_two_machines_merge_into_the_store_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 8);
    ok(dir, &line("one"));
    ok(dir, &format!("{} --shard 0/2", line("a")));
    ok(dir, &format!("{} --shard 1/2", line("b")));
    let name = space(&dir.join("one")).unwrap();
    let name = name.file_name().unwrap().to_string_lossy();
    let half = json(dir, &format!("merge a/{name} --into all/{name}"));
    assert_eq!((&half["copied"], &half["rows"]), (&4.into(), &16.into()));
    let whole = json(dir, &format!("merge a/{name} b/{name} --into all/{name}"));
    assert_eq!((&whole["copied"], &whole["kept"], &whole["rows"]), (&4.into(), &4.into(), &32.into()));
    // Both machines' rows serve the data set: nothing is left to compute.
    let said = json(dir, &line("all"));
    assert_eq!((&said[0]["computed"], &said[0]["reused"]), (&0.into(), &32.into()));
    let message = error(dir, &format!("merge set --into all/{name}"));
    assert!(message.contains("space.json"), "{message}");
}

#[test]
fn two_processes_fill_one_space_at_once_with_the_features_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 6);
    let line = |features: &str| line(features).replace("shard_rows=4", "shard_rows=5");
    ok(dir, &line("one"));
    let mut both = [start(dir, &line("both")), start(dir, &line("both"))];
    both.iter_mut().for_each(|child| assert!(child.wait().unwrap().success()));
    ok(
        dir,
        &format!(
            "train --data set {} --set backbone.image_size=64 --set train.epochs=2 --features-dir one --run-dir r1",
            backbone()
        ),
    );
    ok(
        dir,
        &format!(
            "train --data set {} --set backbone.image_size=64 --set train.epochs=2 --features-dir both --run-dir r2",
            backbone()
        ),
    );
    for name in ["embedder.safetensors", "scores.json"] {
        assert_eq!(
            fs::read(dir.join("r1").join(name)).unwrap(),
            fs::read(dir.join("r2").join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn spaces_are_listed_verified_and_pruned() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 2, 4);
    ok(dir, &line("f"));
    let listed = json(dir, "features list --features-dir f");
    assert_eq!((&listed[0]["rows"], &listed[0]["uses"][0]["view"]), (&8.into(), &"set".into()));
    ok(dir, "features verify --features-dir f");
    let shard = shards(&dir.join("f")).into_keys().next().unwrap();
    let path = space(&dir.join("f")).unwrap().join(&shard);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let message = error(dir, "features verify --features-dir f");
    assert!(message.contains("1 shards are damaged"), "{message}");
    let message = support::usage(dir, "features prune --features-dir f");
    assert!(message.contains("--unused-days"), "{message}");
    let message = support::usage(dir, "features prune nothing --features-dir f");
    assert!(message.contains("no space `nothing`"), "{message}");
    ok(dir, "features prune --unused-days 3 --features-dir f");
    assert!(path.exists(), "it was used today");
    ok(dir, "features prune --unused-days 0 --dry-run --features-dir f");
    assert!(path.exists());
    ok(dir, "features prune --unused-days 0 --features-dir f");
    assert!(space(&dir.join("f")).is_none());
}

/// A limit on the size of files stands in for a full disk: it fails in the same call, for every user.
#[cfg(unix)]
#[test]
fn a_disk_that_takes_no_more_is_one_sentence_and_what_is_whole_stays() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 8);
    let binary = mdfe(dir);
    let script =
        format!("trap '' XFSZ; ulimit -f 16; exec {} {}", binary.get_program().display(), line("full"));
    let limited = Command::new("sh").arg("-c").arg(script).current_dir(dir).output().unwrap();
    let text = String::from_utf8_lossy(&limited.stderr);
    let errors: Vec<&str> = text.lines().filter(|l| l.starts_with("error: ")).collect();
    assert_eq!((limited.status.code(), errors.len()), (Some(1), 1), "{text}");
    assert!(errors[0].contains(".safetensors") && errors[0].contains("choose another folder"), "{text}");
    ok(dir, &line("full"));
    assert_eq!(features(&dir.join("full")).len(), 9);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_the_same_command_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 8, 6);
    let stopped = dir.join("stopped");
    let mut child = start(dir, &format!("{} --json", line("stopped")));
    wait_for(&mut child, || !shards(&stopped).is_empty());
    interrupt(&child);
    let out = child.wait_with_output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(130), "{text}");
    assert!(text.contains("stopped; ") && !text.contains("error"), "{text}");
    let kept = shards(&stopped);
    assert!((1..12).contains(&kept.len()), "it was stopped on its way");
    let said: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let left = said[0]["missing"].as_u64().unwrap();
    assert_eq!((&said[0]["complete"], 0 < left && left <= 44), (&false.into(), true), "{said}");
    let said = json(dir, &line("stopped"));
    let (reused, computed) = (said[0]["reused"].as_u64().unwrap(), said[0]["computed"].as_u64().unwrap());
    assert_eq!((&said[0]["complete"], reused, computed), (&true.into(), 48 - left, left));
    let now = shards(&stopped);
    assert!(kept.iter().all(|(name, time)| now.get(name) == Some(time)), "a whole shard was written again");
}
