//! `SHA256SUMS`: the hash of every file of the pack, in the form that `sha256sum --check` reads.

use anyhow::{Context, Result, bail};
use mdfe_data::files::write_atomically;
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

const FILE: &str = "SHA256SUMS";

/// Writes the hashes of every file below `root`.
pub(super) fn write(root: &Path) -> Result<()> {
    let mut text = String::new();
    for file in files(root)? {
        text += &format!("{}  {}\n", hash(&root.join(&file))?, file.display());
    }
    Ok(write_atomically(&root.join(FILE), text.as_bytes())?)
}

/// Compares everything in `root` with its `SHA256SUMS`; returns how many files that are.
fn verify(root: &Path) -> Result<usize> {
    let path = root.join(FILE);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut listed = HashSet::new();
    for line in text.lines() {
        let (sum, file) = line.split_once("  ").with_context(|| format!("{}: `{line}`", path.display()))?;
        if hash(&root.join(file))? != sum {
            bail!("{} is not the file that {FILE} lists", root.join(file).display());
        }
        listed.insert(PathBuf::from(file));
    }
    match files(root)?.into_iter().find(|file| !listed.contains(file)) {
        Some(file) => bail!("{} is not in {FILE}", root.join(file).display()),
        None => Ok(listed.len()),
    }
}

/// Compares a freshly built pack with the one in `root`, and everything in `root` with its `SHA256SUMS`.
pub(super) fn compare(root: &Path, fresh: &Path) -> Result<()> {
    let listed = verify(root)?;
    let rebuilt = files(fresh)?;
    for file in &rebuilt {
        if hash(&fresh.join(file))? != hash(&root.join(file))? {
            bail!("{} differs from what the packages give", root.join(file).display());
        }
    }
    let kept: Vec<PathBuf> = files(&root.join("images"))?;
    let built: Vec<PathBuf> = files(&fresh.join("images"))?;
    if kept != built {
        bail!("{} holds other images than the packages give", root.join("images").display());
    }
    eprintln!("{listed} files are as {FILE} lists them; {} rebuilt files agree byte for byte", rebuilt.len());
    Ok(())
}

/// Every file below `root`, relative and sorted; the list of hashes itself is left out.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![root.to_path_buf()];
    let mut out = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            // Links are not followed: the pack has none, and one to a folder cannot be hashed, which says so.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != FILE) {
                out.push(path.strip_prefix(root)?.to_path_buf());
            }
        }
    }
    out.sort();
    Ok(out)
}

fn hash(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_pack_is_what_its_sums_say() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/demo"));
        let classes = include_str!("classes.csv").lines().count() - 1;
        assert!(verify(root).unwrap() > 4 * classes);
    }

    #[test]
    fn an_edited_and_an_unlisted_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::write(root.join("a.txt"), "a").unwrap();
        write(root).unwrap();
        assert_eq!(verify(root).unwrap(), 1);
        std::fs::write(root.join("b.txt"), "b").unwrap();
        assert!(verify(root).unwrap_err().to_string().ends_with("b.txt is not in SHA256SUMS"));
        std::fs::write(root.join("a.txt"), "edited").unwrap();
        assert!(
            verify(root).unwrap_err().to_string().ends_with("a.txt is not the file that SHA256SUMS lists")
        );
    }
}
