//! Running the binary and making small inputs.
#![allow(clippy::unwrap_used, dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary, in a folder of its own and with nothing of the user's environment that mdfe reads.
pub(crate) fn mdfe(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mdfe-under-test"));
    command.current_dir(dir).env("HF_HOME", dir.join("hf")).env("HF_HUB_OFFLINE", "1");
    for key in ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_CACHE", "RUST_LOG"] {
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

/// Runs it, expects exit code 1 and one line that starts with `error: `, and returns that line.
pub(crate) fn error(dir: &Path, line: &str) -> String {
    let out = run(dir, line);
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "`mdfe {line}` should fail with 1: {text}");
    let errors: Vec<&str> = text.lines().filter(|l| l.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 1, "`mdfe {line}` should print one error: {text}");
    assert!(!text.contains("panicked"), "{text}");
    errors[0].to_owned()
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
