//! The files below a folder.
//!
//! Each folder is read once, however many links lead to it: links that point at each other would else be walked for ever. What is
//! no link comes first, then links by their depth and name, so that what is found does not depend on the order of the disk.

use super::formats::{self, Kind};
use crate::{Error, Result};
use std::{
    collections::{BTreeSet, HashSet},
    fs::FileType,
    path::{Path, PathBuf},
};

/// What lies below a folder, as paths relative to it, in byte order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundImages {
    /// The images that can be decoded, by their names.
    pub images: Vec<PathBuf>,
    /// Images of formats that are not decoded, with the name of the format.
    pub not_decoded: Vec<(PathBuf, &'static str)>,
    /// Links that lead nowhere and bear an image's name.
    pub dangling: Vec<PathBuf>,
    /// Links to folders that were read under another name, such as one that leads up.
    pub repeated: Vec<PathBuf>,
}

/// Every image below `folder`, at any depth. Links are followed; a folder that several of them lead to is read once.
///
/// # Errors
/// [`Error::Io`] names the folder that cannot be read.
pub fn find_images(folder: &Path) -> Result<FoundImages> {
    let mut found = FoundImages::default();
    walk(folder, |path, what| match (what, formats::kind(&path)) {
        (Entry::File, Kind::Image) => found.images.push(path),
        (Entry::File, Kind::NotDecoded(format)) => found.not_decoded.push((path, format)),
        (Entry::Dangling, Kind::Image | Kind::NotDecoded(_)) => found.dangling.push(path),
        (Entry::Repeated, _) => found.repeated.push(path),
        _ => {}
    })?;
    found.images.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
    found.not_decoded.sort_unstable_by(|(a, _), (b, _)| bytes(a).cmp(bytes(b)));
    found.dangling.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
    found.repeated.sort_unstable_by(|a, b| bytes(a).cmp(bytes(b)));
    Ok(found)
}

/// The images of [`find_images`] alone. What it leaves out is logged.
///
/// # Errors
/// Those of [`find_images`].
pub fn images(folder: &Path) -> Result<Vec<PathBuf>> {
    let found = find_images(folder)?;
    let count = found.not_decoded.len();
    if let Some((path, format)) = found.not_decoded.first() {
        let path = folder.join(path);
        tracing::warn!(
            "{count} images are left out, such as {}: {}",
            path.display(),
            formats::remedy(format)
        );
    }
    for (links, why) in [
        (&found.dangling, "leads nowhere"),
        (&found.repeated, "leads to a folder that is read under another name"),
    ] {
        if let Some(path) = links.first() {
            let count = links.len();
            tracing::warn!(
                "{count} links are left out, such as {}, which {why}",
                folder.join(path).display()
            );
        }
    }
    Ok(found.images)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// What a name below the folder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    File,
    /// A link to a folder that was read already.
    Repeated,
    /// A link to nothing.
    Dangling,
}

/// Hands every file and every link that leads to nothing new to `visit`, by its path relative to `folder`.
fn walk(folder: &Path, mut visit: impl FnMut(PathBuf, Entry)) -> Result<()> {
    let mut seen = HashSet::from([identity(folder)?]);
    let mut folders = vec![PathBuf::new()];
    // By depth first: the shortest name of a folder is the one that people know it by.
    let mut links: BTreeSet<(usize, PathBuf)> = BTreeSet::new();
    loop {
        let Some(inside) = folders.pop() else {
            let Some((_, link)) = links.pop_first() else { return Ok(()) };
            if seen.insert(identity(&folder.join(&link))?) {
                folders.push(link);
            } else {
                visit(link, Entry::Repeated);
            }
            continue;
        };
        let here = folder.join(&inside);
        for entry in std::fs::read_dir(&here).map_err(Error::io("read", &here))? {
            let entry = entry.map_err(Error::io("read", &here))?;
            let path = inside.join(entry.file_name());
            let kind = entry.file_type().map_err(Error::io("read", &entry.path()))?;
            match Target::of(&entry.path(), kind) {
                Target::File => visit(path, Entry::File),
                Target::Nothing => visit(path, Entry::Dangling),
                Target::Folder if formats::is_hidden(&path) => {}
                Target::Folder if kind.is_symlink() => {
                    links.insert((path.components().count(), path));
                }
                // A folder can be mounted at a second place, also inside itself.
                Target::Folder if !seen.insert(identity(&entry.path())?) => {}
                Target::Folder => folders.push(path),
                Target::Other => {}
            }
        }
    }
}

/// What an entry of a folder is once links are followed.
enum Target {
    File,
    Folder,
    Nothing,
    Other,
}

impl Target {
    fn of(path: &Path, kind: FileType) -> Self {
        // Most entries are no links and tell what they are without another call.
        let kind = if kind.is_symlink() { std::fs::metadata(path).map(|m| m.file_type()) } else { Ok(kind) };
        match kind {
            Ok(kind) if kind.is_file() => Self::File,
            Ok(kind) if kind.is_dir() => Self::Folder,
            Ok(_) => Self::Other,
            Err(_) => Self::Nothing,
        }
    }
}

/// What tells a folder from every other, however it is reached.
#[cfg(unix)]
fn identity(folder: &Path) -> Result<[u64; 2]> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(folder).map_err(Error::io("read", folder))?;
    Ok([metadata.dev(), metadata.ino()])
}

#[cfg(not(unix))]
fn identity(folder: &Path) -> Result<PathBuf> {
    folder.canonicalize().map_err(Error::io("read", folder))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn folders_that_link_to_each_other_are_read_once() {
        let root = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d"];
        for name in names {
            std::fs::create_dir(root.path().join(name)).unwrap();
            std::fs::write(root.path().join(name).join("1.png"), b"").unwrap();
        }
        // By following links alone there are 3^40 paths before the system has enough of them.
        for (from, to) in names.iter().flat_map(|from| names.map(|to| (from, to))).filter(|(f, t)| *f != t) {
            symlink(root.path().join(to), root.path().join(from).join(format!("to_{to}"))).unwrap();
        }
        let mut visited = 0;
        walk(root.path(), |path, _| {
            visited += 1;
            assert!(visited <= 4 + 12, "{} is one entry too many", path.display());
        })
        .unwrap();
        assert_eq!(find_images(root.path()).unwrap().images.len(), 4);
        assert_eq!(find_images(root.path()).unwrap().repeated.len(), 12);
    }

    #[test]
    fn a_folder_outside_is_read_under_its_shortest_name_and_links_to_nothing_are_listed() {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir_all(root.path().join("deep/er")).unwrap();
        std::fs::create_dir(outside.path().join("x")).unwrap();
        std::fs::write(outside.path().join("x/1.png"), b"").unwrap();
        for link in ["deep/er/a", "z", "y"] {
            symlink(outside.path(), root.path().join(link)).unwrap();
        }
        symlink("nowhere", root.path().join("gone.jpg")).unwrap();
        symlink("nowhere", root.path().join("gone.txt")).unwrap();
        let found = find_images(root.path()).unwrap();
        assert_eq!(found.images, [PathBuf::from("y/x/1.png")]);
        assert_eq!(found.repeated, [PathBuf::from("deep/er/a"), "z".into()]);
        assert_eq!(found.dangling, [PathBuf::from("gone.jpg")]);
    }
}
