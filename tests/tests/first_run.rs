//! `mdfe train` without a config: the demo, small here, and what it says to do next.
#![allow(clippy::unwrap_used)]

mod support;
use support::{image_folder, ok, repository, run};

/// The demo at a size that a test can wait for.
const DEMO: &str = "train --set backbone.image_size=32 --set train.epochs=1";

/// The lines that say what to do next, each without what stands before its command.
fn next(stderr: &[u8]) -> Vec<String> {
    let text = String::from_utf8(stderr.to_vec()).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("next, "));
    lines.map(|line| line.split_once(": ").unwrap().1.trim().to_owned()).collect()
}

#[test]
fn the_first_run_ends_with_three_commands_that_work() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let out = run(dir, DEMO);
    let table = String::from_utf8(out.stdout).unwrap();
    assert!(table.contains("383 queries") && table.ends_with("run folder: runs/demo\n"), "{table}");
    let lines = next(&out.stderr);
    assert_eq!(lines.len(), 3, "{lines:?}");
    image_folder(&dir.join("photos"), 3, 4);
    for (line, says) in lines.iter().zip(["", "12 embeddings of 64 dimensions", "run folder: runs/demo-2"]) {
        let (program, words) = line.split_once(' ').unwrap();
        assert_eq!(program, env!("CARGO_BIN_EXE_mdfe-under-test"));
        match says {
            // Its backbone would come from the hub: all but that fits.
            "" => assert!(support::error(dir, words).contains("vit_base_patch16_siglip_224")),
            says => assert!(ok(dir, words).contains(says), "{line}"),
        }
    }
    // Who knows that much already is not told again, nor is a script.
    for line in
        [format!("{DEMO} --json"), format!("{DEMO} --quiet"), "train --config runs/demo/config.toml".into()]
    {
        let out = run(dir, &line);
        assert!(out.status.success() && next(&out.stderr).is_empty(), "{line}");
    }
}

#[test]
fn the_demo_outside_of_its_repository_is_the_same_experiment() {
    let dir = tempfile::tempdir().unwrap();
    let dry = "train --dry-run";
    // But for the two paths into the repository.
    let without_paths = |text: String| -> Vec<String> {
        let here = |line: &&str| !line.starts_with("root = ") && !line.starts_with("weights = ");
        text.lines().filter(here).map(str::to_owned).collect()
    };
    let (elsewhere, at_home) = (ok(dir.path(), dry), ok(&repository(), dry));
    assert_eq!(without_paths(elsewhere), without_paths(at_home.clone()));
    assert_eq!(at_home.lines().count(), without_paths(at_home).len() + 2);
}
