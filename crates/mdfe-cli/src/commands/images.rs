//! `--input`: files as they are named, folders searched for images.

use anyhow::{Result, bail};
use mdfe_data::{IMAGE_EXTENSIONS, images};
use std::path::PathBuf;

/// The images of `inputs`, in the order given; a folder's in sorted order, its subfolders included.
pub(crate) fn find(inputs: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for input in inputs {
        if input.is_dir() {
            let found = images(input)?;
            if found.is_empty() {
                bail!("{} holds no image ({})", input.display(), IMAGE_EXTENSIONS.join(", "));
            }
            out.extend(found.into_iter().map(|path| input.join(path)));
        } else if input.exists() {
            out.push(input.clone());
        } else {
            bail!("{} does not exist; --input takes images and folders", input.display());
        }
    }
    Ok(out)
}
