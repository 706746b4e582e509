//! Where the image of a path lies.

use super::crop;
use std::path::{Path, PathBuf};

/// Kinds of files that hold images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Archive {
    /// A tar, uncompressed.
    Tar,
    /// A Parquet file.
    Parquet,
}

/// Where an image lies that is no file of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// A part of another image.
    Box { image: PathBuf, corners: [f64; 4] },
    /// A member of a tar.
    Member { tar: PathBuf, name: String },
    /// A row of a Parquet file, from 0.
    Row { table: PathBuf, row: usize },
    /// Nowhere: this is a whole archive.
    Archive(Archive),
}

/// The kind of archive that the name stands for.
pub(crate) fn archive(path: &Path) -> Option<Archive> {
    let ending = path.extension()?;
    let is = |wanted: &str| ending.eq_ignore_ascii_case(wanted);
    match () {
        () if is("tar") => Some(Archive::Tar),
        () if is("parquet") => Some(Archive::Parquet),
        () => None,
    }
}

/// Whether the name is that of a file with images inside: a tar or a Parquet file, or a pattern of them.
pub fn is_archive(path: &Path) -> bool {
    archive(path).is_some()
}

/// The file on disk that holds the image: `path` itself, or the archive or image that it goes on from. `None` where there is none.
pub fn container(path: &Path) -> Option<&Path> {
    path.ancestors().find(|part| part.is_file())
}

/// Where the image of `path` lies; `None` where it is a file of its own, or nothing.
pub(super) fn locate(path: &Path) -> Option<Place> {
    if let Some(corners) = path.file_name().and_then(|name| name.to_str()).and_then(crop::parse) {
        return Some(Place::Box { image: path.parent()?.to_path_buf(), corners });
    }
    let file = container(path)?;
    let inside = path.strip_prefix(file).ok()?;
    let kind = archive(file)?;
    let mut parts = inside.iter().map(|part| part.to_str());
    match kind {
        _ if file == path => Some(Place::Archive(kind)),
        Archive::Tar => Some(Place::Member {
            tar: file.to_path_buf(),
            name: parts.collect::<Option<Vec<_>>>()?.join("/"),
        }),
        Archive::Parquet => {
            let row = parts.next()??.parse().ok()?;
            Some(Place::Row { table: file.to_path_buf(), row })
        }
    }
}
