//! The toolchain that is pinned is the one that the crates ask for.

/// The value behind `key = "` in a TOML text.
fn value<'t>(text: &'t str, key: &str) -> &'t str {
    let line = text.lines().find(|line| line.starts_with(key)).unwrap();
    line.split('"').nth(1).unwrap()
}

#[test]
fn rust_version_is_the_pinned_toolchain() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let (workspace, pinned) = (read("Cargo.toml"), read("rust-toolchain.toml"));
    let wanted = value(&workspace, "rust-version");
    // `1.95` asks for any 1.95; the pin names the release.
    assert_eq!(value(&pinned, "channel").rsplit_once('.').unwrap().0, wanted);
    for entry in std::fs::read_dir(root.join("crates")).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert!(text.contains("rust-version.workspace = true"), "{}", manifest.display());
    }
}
