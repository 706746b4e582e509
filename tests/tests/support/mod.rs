//! Running the binary and making small inputs.
#![allow(clippy::unwrap_used, dead_code)]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

/// The binary, in a folder of its own and with nothing of the user's environment that mdfe reads.
pub(crate) fn mdfe(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfe-under-test"));
    command.current_dir(dir).env("HF_HOME", dir.join("hf")).env("HF_HUB_OFFLINE", "1");
    for key in ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_CACHE", "RUST_LOG", "NO_COLOR", "CLICOLOR_FORCE"] {
        command.env_remove(key);
    }
    command
}

/// Runs it with the words of `line` (paths without blanks) and returns what it printed.
pub(crate) fn run(dir: &Path, line: &str) -> Output {
    mdfe(dir).args(line.split_whitespace()).output().unwrap()
}

/// Runs it and returns stdout; a failure shows stderr.
pub(crate) fn ok(dir: &Path, line: &str) -> String {
    let out = run(dir, line);
    assert!(out.status.success(), "`mdfe {line}`: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Runs it with `--json` and returns what it printed.
pub(crate) fn json(dir: &Path, line: &str) -> serde_json::Value {
    serde_json::from_str(&ok(dir, &format!("{line} --json"))).unwrap()
}

/// Runs it, expects exit code 1 (failed) and one line that starts with `error: `, and returns that line.
pub(crate) fn error(dir: &Path, line: &str) -> String {
    ends_with(1, dir, line)
}

/// As [`error`], for exit code 2: wrong usage.
pub(crate) fn usage(dir: &Path, line: &str) -> String {
    ends_with(2, dir, line)
}

fn ends_with(code: i32, dir: &Path, line: &str) -> String {
    let out = run(dir, line);
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(code), "`mdfe {line}` should end with {code}: {text}");
    let errors: Vec<&str> = text.lines().filter(|l| l.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "`mdfe {line}` should print one error: {text}");
    assert!(!text.contains("panicked"), "{text}");
    errors[0].to_owned()
}

/// Starts it with the words of `line`, its output kept.
pub(crate) fn start(dir: &Path, line: &str) -> Child {
    let mut command = mdfe(dir);
    command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a running process has got as far as `is`.
pub(crate) fn wait_for(child: &mut Child, is: impl Fn() -> bool) {
    while !is() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it got so far");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ctrl-C, for one process.
#[cfg(unix)]
pub(crate) fn interrupt(child: &Child) {
    let id = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
}

/// Every file below `root`: its path there and its bytes.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                files.insert(path.strip_prefix(root).unwrap().to_path_buf(), bytes);
            }
        }
    }
    files
}

/// The shards and records below a folder of features: all that is the same in two equal extractions.
pub(crate) fn features(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = snapshot(root);
    files.retain(|path, _| {
        let is_shard = path.extension().is_some_and(|e| e == "safetensors");
        is_shard || path.file_name().is_some_and(|name| name == "space.json")
    });
    files
}

/// Writes a file and the folders above it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The demo's backbone, as flags.
pub(crate) fn backbone() -> String {
    format!("--backbone tf_efficientnet_lite0 --weights {}", weights().display())
}

/// The weights of the demo's backbone.
pub(crate) fn weights() -> PathBuf {
    repository().join("data/demo/tf_efficientnet_lite0.safetensors")
}

/// The repository's root.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A 40 x 30 image whose colours depend on `seed`.
pub(crate) fn image(seed: u32) -> image::RgbImage {
    image::RgbImage::from_fn(40, 30, |x, y| {
        let v = |k: u32| ((x * (3 + k + seed % 5) + y * (5 + seed % 7) + seed * 37 + k * 80) % 256) as u8;
        image::Rgb([v(0), v(1), v(2)])
    })
}

/// An image folder with `classes` classes of `per_class` images.
pub(crate) fn image_folder(root: &Path, classes: u32, per_class: u32) {
    for class in 0..classes {
        let folder = root.join(format!("class{class}"));
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..per_class {
            image(class * 100 + i).save(folder.join(format!("{i}.png"))).unwrap();
        }
    }
}
