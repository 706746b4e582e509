//! What depends on where mdfe runs: colours, the instruction set, what is logged, Ctrl-C.
#![allow(clippy::unwrap_used)]

mod support;
use support::{image_folder, mdfe, run};

/// Runs it with one variable more.
fn with(dir: &std::path::Path, (name, value): (&str, &str), line: &str) -> (Option<i32>, String) {
    let out = mdfe(dir).env(name, value).args(line.split_whitespace()).output().unwrap();
    (out.status.code(), String::from_utf8(out.stderr).unwrap())
}

#[test]
fn a_simd_level_that_cannot_be_had_is_refused_and_the_one_in_use_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let (code, text) = with(dir.path(), ("MDFE_SIMD", "avx9"), "datasets list");
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.starts_with("error: MDFE_SIMD is `avx9`; known levels: ") && text.contains("portable"),
        "{text}"
    );
    let (code, text) = with(dir.path(), ("MDFE_SIMD", "portable"), "datasets list -v");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("instruction set: portable"), "{text}");
    let (_, text) = with(dir.path(), ("MDFE_SIMD", "portable"), "datasets list");
    assert_eq!(text, "", "nobody asked");
}

#[test]
fn a_filter_that_cannot_be_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (code, text) = with(dir.path(), ("RUST_LOG", "mdfe=loud=er"), "datasets list");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.starts_with("error: RUST_LOG is `mdfe=loud=er`"), "{text}");
    let (code, text) = with(dir.path(), ("RUST_LOG", "error"), "datasets list -v");
    assert_eq!((code, text.as_str()), (Some(0), ""), "it overrides the flag");
}

#[test]
fn nothing_is_coloured_that_is_not_on_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    image_folder(&dir.path().join("set"), 2, 2);
    let embed = format!("embed -v {} --input set --output x", support::backbone());
    for line in ["--help", "embed", "datasets list -v", &embed] {
        let out = run(dir.path(), line);
        let bytes = [out.stdout, out.stderr].concat();
        assert!(!bytes.is_empty() && !bytes.contains(&0x1b), "{line}: {}", String::from_utf8_lossy(&bytes));
    }
}

#[cfg(unix)]
mod terminal {
    use super::support::{backbone, image_folder, mdfe};
    use std::{fs::File, io::Read, os::fd::OwnedFd, path::Path};

    /// Runs it on a terminal and returns what that shows, control sequences and all.
    fn shown(dir: &Path, no_color: &str, line: &str) -> String {
        let master =
            rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = File::options().read(true).write(true).open(name).unwrap();
        let mut command = mdfe(dir);
        command.env("TERM", "xterm-256color").env("NO_COLOR", no_color).args(line.split_whitespace());
        command.stdin(end.try_clone().unwrap()).stdout(end.try_clone().unwrap()).stderr(end);
        let mut child = command.spawn().unwrap();
        // The other end is closed when nobody holds this one any more.
        drop(command);
        let reader = std::thread::spawn(move || read_all(master));
        assert!(child.wait().unwrap().success(), "{line}");
        reader.join().unwrap()
    }

    /// All that comes until the other end is closed, which Linux tells as an error.
    fn read_all(master: OwnedFd) -> String {
        let (mut file, mut bytes, mut buffer) = (File::from(master), Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = file.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..n]);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a sequence that sets colours or weights (`ESC [ ... m`) is among it.
    fn coloured(text: &str) -> bool {
        text.split("\x1b[")
            .skip(1)
            .any(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'))
    }

    #[test]
    fn no_color_switches_colours_off() {
        let dir = tempfile::tempdir().unwrap();
        image_folder(&dir.path().join("set"), 4, 4);
        let embed = format!("embed {} --batch 1 --threads 1 --input set --output x", backbone());
        for line in ["--help", "datasets list -v", &embed] {
            let plain = shown(dir.path(), "1", line);
            assert!(!plain.trim().is_empty() && !coloured(&plain), "{line}: {plain:?}");
        }
        assert!(shown(dir.path(), "1", &embed).contains("embedding"), "the bar is there");
        // An empty value is as good as none.
        for line in ["--help", "datasets list -v"] {
            let text = shown(dir.path(), "", line);
            assert!(coloured(&text), "{line}: {text:?}");
        }
    }
}
