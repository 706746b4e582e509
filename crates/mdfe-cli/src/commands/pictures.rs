//! `--input`: files as they are named, folders searched for pictures.

use anyhow::{Result, bail};
use mdfe_data::{PICTURE_EXTENSIONS, pictures};
use std::path::PathBuf;

/// The pictures of `inputs`, in the order given; a folder's in sorted order, its subfolders included.
pub(crate) fn find(inputs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for input in inputs {
        if input.is_dir() {
            let found = pictures(input)?;
            if found.is_empty() {
                bail!("{} holds no picture ({})", input.display(), PICTURE_EXTENSIONS.join(", "));
            }
            out.extend(found.into_iter().map(|path| input.join(path)));
        } else if input.exists() {
            out.push(input.clone());
        } else {
            bail!("{} does not exist; --input takes pictures and folders", input.display());
        }
    }
    Ok(out)
}
