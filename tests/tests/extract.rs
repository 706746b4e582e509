//! `mdfe extract` under fire: killed, on a full disk, split over machines. What comes out is the store of one unbroken run.
#![allow(clippy::unwrap_used)]

mod support;
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};
use support::{error, image_folder, mdfe, ok, repository};

/// 40 shards of 4 images.
const SHARDS: usize = 40;

fn line(features: &str) -> String {
    let weights = repository().join("data/demo/tf_efficientnet_lite0.safetensors");
    format!(
        "extract --data set --backbone tf_efficientnet_lite0 --weights {} --batch 4 --features-dir {features} \
         --set backbone.image_size=64 --set backbone.shard_rows=4",
        weights.display()
    )
}

/// The one store below `features`: file names and bytes.
fn store(features: &Path) -> BTreeMap<String, Vec<u8>> {
    let dir = fs::read_dir(features).unwrap().next().unwrap().unwrap().path();
    let files = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    files.map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), fs::read(p).unwrap())).collect()
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
        let words = line("killed");
        let mut child = mdfe(dir).args(words.split_whitespace()).stderr(Stdio::null()).spawn().unwrap();
        // Each run is killed a few shards later, wherever it is at that moment.
        while shards(&killed).len() < kill * 3 {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
            std::thread::sleep(Duration::from_millis(2));
        }
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
    let said: serde_json::Value =
        serde_json::from_str(&ok(dir, &format!("{} --json", line("killed")))).unwrap();
    assert!(said[0]["reused"].as_u64().unwrap() >= 30 * 4, "{said}");
    let (whole, killed) = (store(&dir.join("whole")), store(&killed));
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
    assert_eq!(store(&dir.join("one")), store(&dir.join("all")));
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
    assert_eq!(store(&dir.join("full")).len(), 9);
}
