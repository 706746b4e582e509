//! `cargo xtask prepare-data demo`: the built-in demo's images, from the npm packages of four artists.
//!
//! The pack is a function of the pinned packages, the list of classes and this code, so that it can be rebuilt byte for byte;
//! the hashes in `SHA256SUMS` say whether it was. The backbone's weights are converted by `tests/reference/demo/convert_efficientnet_lite0.py`
//! and only checked here.

mod artists;
mod catalog;
mod draw;
mod lists;
mod package;
mod sums;

use anyhow::{Context, Result};
use artists::Artist;
use mdfe_data::files::write_atomically;
use rayon::prelude::*;
use std::path::Path;

/// Side of an image in pixels.
const SIDE: u32 = 64;

/// Builds the pack in `root` (the repository's `data/demo` to replace the committed one), or with `check` builds it
/// elsewhere and compares it with what lies there.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    if check {
        let fresh = tempfile::tempdir().context("cannot make a temporary folder")?;
        build(fresh.path())?;
        return sums::compare(root, fresh.path());
    }
    build(root)?;
    sums::write(root)?;
    eprintln!("wrote {}", root.display());
    Ok(())
}

fn build(root: &Path) -> Result<()> {
    let packages = tempfile::tempdir().context("cannot make a temporary folder")?;
    let artists = Artist::all(packages.path())?;
    let openmoji = package::find(packages.path(), &package::OPENMOJI)?;
    let classes = catalog::classes(&openmoji.join("data/openmoji.json"))?;
    let old = root.join("images");
    if old.exists() {
        std::fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    classes.par_iter().try_for_each(|class| {
        artists.iter().try_for_each(|artist| -> Result<()> {
            let source =
                artist.image(class).with_context(|| format!("{} has no {}", artist.name, class.code))?;
            let bytes =
                draw::image(&source, SIDE).with_context(|| format!("cannot draw {}", source.display()))?;
            Ok(write_atomically(&root.join(class.path(artist.name)), &bytes)?)
        })
    })?;
    let names: Vec<&str> = artists.iter().map(|a| a.name).collect();
    lists::write(root, &classes, &names)?;
    for artist in &artists {
        artist.copy_licence(&root.join("licences"))?;
    }
    eprintln!("{} classes by {} artists", classes.len(), artists.len());
    Ok(())
}
