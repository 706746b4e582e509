//! `cargo xtask prepare-data demo`: the built-in demo's images, from the npm packages of four artists.
//!
//! The pack is a function of the pinned packages, the seed and this code, so that it can be rebuilt byte for byte; the hashes
//! in `SHA256SUMS` say whether it was. The backbone's weights are converted by `tests/reference/demo/convert_efficientnet_lite0.py`
//! and only checked here.

mod artists;
mod catalog;
mod draw;
mod lists;
mod package;
mod sums;

use crate::prepare::Args;
use anyhow::{Context, Result, bail};
use artists::Artist;
use rayon::prelude::*;
use std::path::Path;

/// Side of an image in pixels.
const SIDE: u32 = 64;

/// Builds the pack in `--root` (the repository's `data/demo` to replace the committed one), or with `--check` builds it
/// elsewhere and compares it with what lies there.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.check {
        let fresh = tempfile::tempdir().context("cannot make a temporary folder")?;
        build(fresh.path(), args.seed)?;
        return sums::compare(&args.root, fresh.path());
    }
    std::fs::create_dir_all(&args.root).with_context(|| format!("cannot create {}", args.root.display()))?;
    build(&args.root, args.seed)?;
    sums::write(&args.root)?;
    eprintln!("wrote {}", args.root.display());
    Ok(())
}

fn build(root: &Path, seed: u64) -> Result<()> {
    let packages = tempfile::tempdir().context("cannot make a temporary folder")?;
    let artists = Artist::all(packages.path())?;
    let openmoji = package::find(packages.path(), package::OPENMOJI)?;
    let classes = catalog::choose(&openmoji.join("data/openmoji.json"), &artists, seed)?;
    if classes.is_empty() {
        bail!("the packages have no emoji in common");
    }
    let old = root.join("images");
    if old.exists() {
        std::fs::remove_dir_all(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    classes.par_iter().try_for_each(|class| {
        artists.iter().try_for_each(|artist| -> Result<()> {
            let source =
                artist.image(class).with_context(|| format!("{} has no {}", artist.name, class.code))?;
            let path = root.join(class.path(artist.name));
            let folder = path.parent().context("an image lies in a folder")?;
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
            let bytes =
                draw::image(&source, SIDE).with_context(|| format!("cannot draw {}", source.display()))?;
            std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))
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
