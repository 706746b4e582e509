//! Archives that lie in a data set's folder, or beside it under its name.
//!
//! Members are written whole by a rename, and one that is there with the same bytes is not written again, so a killed
//! run goes on. A finished archive leaves a small note beside itself with the fingerprint of its content. Two runs on one data set
//! wait for each other. Members that lead out of the folder and links are refused and listed.

mod members;
mod tar;
mod zip;

use anyhow::{Context, Result};
use mdfe_data::{
    DatasetInfo,
    files::{self, Lock, WriteOptions},
    identity::KeyCache,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// How an archive is packed.
#[derive(Clone, Copy)]
enum Packing {
    Zip,
    Tar,
    TarGz,
}

/// An archive of a data set.
struct Archive {
    path: PathBuf,
    packing: Packing,
    /// The data set's folder below the root.
    folder: &'static str,
}

/// Whether an archive of the set is under `root`.
pub(super) fn has_archive(info: &DatasetInfo, root: &Path) -> bool {
    archives(info, root).is_ok_and(|found| !found.is_empty())
}

/// Unpacks every archive of the set that is not unpacked yet; returns a line on each.
pub(super) fn unpack_all(info: &DatasetInfo, root: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for Archive { path: archive, packing, folder } in archives(info, root)? {
        let name = archive.strip_prefix(root).unwrap_or(&archive).display().to_string();
        let note = note_path(&archive);
        let state = state(&archive)?;
        let done = || fs::read_to_string(&note).is_ok_and(|there| there == state);
        if done() {
            continue;
        }
        let lock = root.join(format!(".mdfe-unpack-{}.lock", info.key));
        let _lock =
            Lock::take(&lock, || eprintln!("{}: waiting for another run that unpacks here", info.key))?;
        if done() {
            continue;
        }
        let context = || format!("cannot unpack {name}");
        let unpacked = match packing {
            Packing::Zip => {
                zip::unpack(&archive, |first| target(root, folder, first)).with_context(context)?
            }
            Packing::Tar => {
                let file = fs::File::open(&archive).with_context(context)?;
                tar::unpack(file, |first| target(root, folder, first)).with_context(context)?
            }
            Packing::TarGz => {
                let file = fs::File::open(&archive).with_context(context)?;
                let plain = flate2::read::MultiGzDecoder::new(file);
                tar::unpack(plain, |first| target(root, folder, first)).with_context(context)?
            }
        };
        files::write(&note, &WriteOptions::RESTARTABLE, state.as_bytes())?;
        lines.push(format!("unpacked {name}: {} files", unpacked.files));
        lines.extend(unpacked.refused.iter().map(|member| format!("refused from {name}: {member}")));
    }
    Ok(lines)
}

/// Archives inside the set's folder, and those beside it that bear its name, in byte order.
fn archives(info: &DatasetInfo, root: &Path) -> Result<Vec<Archive>> {
    let mut found = Vec::new();
    for &folder in info.folders.iter().filter(|f| !f.is_empty()) {
        for (place, inside) in [(root.join(folder), true), (root.to_path_buf(), false)] {
            // A folder that is not there holds no archive.
            for entry in fs::read_dir(&place).into_iter().flatten() {
                let path = entry.with_context(|| format!("cannot read {}", place.display()))?.path();
                let Some((stem, packing)) = split_name(&path) else { continue };
                if path.is_file() && (inside || stem.eq_ignore_ascii_case(folder)) {
                    found.push(Archive { path, packing, folder });
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn split_name(path: &Path) -> Option<(&str, Packing)> {
    let name = path.file_name()?.to_str()?;
    let endings = [
        (".zip", Packing::Zip),
        (".tar", Packing::Tar),
        (".tar.gz", Packing::TarGz),
        (".tgz", Packing::TarGz),
    ];
    endings.into_iter().find_map(|(ending, packing)| {
        let cut = name.len().checked_sub(ending.len()).filter(|cut| *cut > 0)?;
        let (stem, rest) = name.split_at_checked(cut)?;
        (rest.eq_ignore_ascii_case(ending) && !stem.starts_with('.')).then_some((stem, packing))
    })
}

/// Members whose first folder is the set's own go beside it, others into it.
fn target(root: &Path, folder: &str, first_member: &Path) -> PathBuf {
    if first_member.starts_with(folder) { root.to_path_buf() } else { root.join(folder) }
}

fn note_path(archive: &Path) -> PathBuf {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    archive.with_file_name(format!(".{name}.unpacked"))
}

/// What the note of an unpacked archive says: a replaced archive is unpacked again. An archive that has not changed is not read
/// for it again.
fn state(archive: &Path) -> Result<String> {
    let cache = archive.parent().map_or_else(KeyCache::disabled, KeyCache::in_folder);
    let found = cache.fingerprints(&[archive.to_path_buf()], false, |_| true).pop().flatten();
    let key = found.with_context(|| format!("cannot read {}", archive.display()))??;
    Ok(format!("{key}\n"))
}
