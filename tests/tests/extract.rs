//! `mdfe extract` under fire: killed, on a full disk, split over machines. What comes out is the store of one unbroken run.
#![allow(clippy::unwrap_used)]

mod support;
use std::{collections::BTreeMap, fs, path::Path, process::Command, time::SystemTime};
use support::{backbone, error, image_folder, interrupt, json, mdfe, ok, snapshot, start, wait_for};

/// 40 shards of 4 images.
const SHARDS: usize = 40;

fn line(features: &str) -> String {
    format!(
        "extract --data set {} --batch 4 --features-dir {features} --set backbone.image_size=64 \
         --set backbone.shard_rows=4",
        backbone()
    )
}

/// The shards that are there, with the time of their writing. A temporary file may be gone before it is looked at.
fn shards(features: &Path) -> BTreeMap<String, SystemTime> {
    let Some(dir) = fs::read_dir(features).ok().and_then(|mut d| d.next()) else { return BTreeMap::new() };
    let names = fs::read_dir(dir.unwrap().path()).unwrap().flatten();
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
    let (whole, killed) = (snapshot(&dir.join("whole")), snapshot(&killed));
    assert_eq!(whole.keys().collect::<Vec<_>>(), killed.keys().collect::<Vec<_>>());
    assert!(whole == killed, "the stores differ");
    assert_eq!(whole.len(), SHARDS + 1);
}

#[test]
fn parts_of_two_machines_merge_into_the_store_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 8);
    ok(dir, &line("one"));
    ok(dir, &format!("{} --shard 0/2", line("a")));
    ok(dir, &format!("{} --shard 1/2", line("b")));
    let name = fs::read_dir(dir.join("one")).unwrap().next().unwrap().unwrap().file_name();
    let name = name.to_string_lossy();
    let message = error(dir, &format!("merge a/{name} --into all/{name}"));
    assert!(message.contains("lacks 4 shards"), "{message}");
    ok(dir, &format!("merge a/{name} b/{name} --into all/{name}"));
    assert_eq!(snapshot(&dir.join("one")), snapshot(&dir.join("all")));
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
    assert!(errors[0].contains("shard-00000") && errors[0].contains("choose another folder"), "{text}");
    ok(dir, &line("full"));
    assert_eq!(snapshot(&dir.join("full")).len(), 9);
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
    assert_eq!(
        (&said[0]["complete"], &said[0]["missing_shards"]),
        (&false.into(), &(12 - kept.len()).into())
    );
    let said = json(dir, &line("stopped"));
    assert_eq!((&said[0]["complete"], &said[0]["reused"]), (&true.into(), &(4 * kept.len()).into()));
    let now = shards(&stopped);
    assert!(kept.iter().all(|(name, time)| now.get(name) == Some(time)), "a whole shard was written again");
}
