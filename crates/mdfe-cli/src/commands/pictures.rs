//! `--input`: files as they are named, folders searched for pictures.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

const EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"];

/// The pictures of `inputs`, in the order given; a folder's in sorted order, its subfolders included.
pub(crate) fn find(inputs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for input in inputs {
        if input.is_dir() {
            let before = out.len();
            walk(input, &mut out)?;
            if out.len() == before {
                bail!("{} holds no picture ({})", input.display(), EXTENSIONS.join(", "));
            }
        } else if input.exists() {
            out.push(input.clone());
        } else {
            bail!("{} does not exist; --input takes pictures and folders", input.display());
        }
    }
    Ok(out)
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = || format!("cannot read the folder {}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        entries.push(entry.with_context(cannot)?.path());
    }
    entries.sort();
    for path in entries {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if path.is_dir() {
            walk(&path, out)?;
        } else if extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str())) {
            out.push(path);
        }
    }
    Ok(())
}
