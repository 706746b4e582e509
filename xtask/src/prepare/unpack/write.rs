//! Members of an archive on disk.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

/// The path of a member inside its folder, or nothing where it leads out of it.
pub(super) fn inside(member: &Path) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for part in member.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!path.as_os_str().is_empty()).then_some(path)
}

/// Writes a member of `size` bytes, unless it is there with that size. It appears whole, by a rename.
pub(super) fn member(target: &Path, size: u64, content: &mut impl Read) -> Result<()> {
    if target.metadata().is_ok_and(|m| m.is_file() && m.len() == size) {
        return Ok(());
    }
    let context = || format!("cannot write {}", target.display());
    let partial = partial(target)?;
    let mut file = io::BufWriter::new(fs::File::create(&partial).with_context(context)?);
    // One byte more than it claims is enough to refuse it: a member that inflates without end does not fill the disk.
    let written = io::copy(&mut content.take(size.saturating_add(1)), &mut file).with_context(context)?;
    file.into_inner().with_context(context)?;
    if written != size {
        fs::remove_file(&partial).with_context(context)?;
        bail!(
            "{} should have {size} bytes and has {}",
            target.display(),
            if written > size { "more" } else { "fewer" }
        );
    }
    fs::rename(&partial, target).with_context(context)
}

/// Writes a small file, whole, by a rename.
pub(super) fn whole(target: &Path, bytes: &[u8]) -> Result<()> {
    let partial = partial(target)?;
    fs::write(&partial, bytes)
        .and_then(|()| fs::rename(&partial, target))
        .with_context(|| format!("cannot write {}", target.display()))
}

/// The file beside `target` that becomes it; the same name in every run, so that leftovers are overwritten.
fn partial(target: &Path) -> Result<PathBuf> {
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    Ok(name.into())
}
