//! The images below a folder.

use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Extensions of images, in any case.
pub const IMAGE_EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff"];

/// Whether the name of `path` ends like an image's. Hidden files (`._name.jpg` of some archives) are none.
pub(crate) fn is_image(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
    let extension = path.extension().and_then(|e| e.to_str());
    !hidden && extension.is_some_and(|e| IMAGE_EXTENSIONS.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// Every image below `folder`, at any depth, as paths relative to it, in byte order. Links are followed once.
///
/// # Errors
/// [`Error::Io`] names the folder that cannot be read.
pub fn images(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inside) = open.pop() {
        let here = folder.join(&inside);
        for entry in std::fs::read_dir(&here).map_err(Error::io("read", &here))? {
            let entry = entry.map_err(Error::io("read", &here))?;
            let path = inside.join(entry.file_name());
            let on_disk = entry.path();
            let link = entry.file_type().map_err(Error::io("read", &on_disk))?.is_symlink();
            // A dangling link is no image and no folder; whoever opens a listed image reports what is wrong with it.
            let Ok(kind) = std::fs::metadata(&on_disk) else { continue };
            if kind.is_file() && is_image(&path) {
                found.push(path);
            } else if kind.is_dir() && !is_hidden(&path) && !(link && leads_up(&on_disk, &here)) {
                open.push(path);
            }
        }
    }
    found.sort_unstable_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(found)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."))
}

/// Whether the link `link` in `folder` leads to a folder that contains it, which would never end.
fn leads_up(link: &Path, folder: &Path) -> bool {
    match (link.canonicalize(), folder.canonicalize()) {
        (Ok(target), Ok(folder)) => folder.starts_with(target),
        _ => true,
    }
}
