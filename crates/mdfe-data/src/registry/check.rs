//! Is a data set on disk what its reader expects?

use crate::{Dataset, DatasetInfo, Error, Origin, ReadOptions, TreeEntry, readers::Source};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// What lies under a root of one data set.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TreeCheck {
    /// The data set's key.
    pub key: &'static str,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether the folder is there.
    pub present: bool,
    /// Whether the folder is the root itself.
    pub in_root: bool,
    /// The needed files and folders that are not.
    pub missing: Vec<MissingEntry>,
}

/// A file or folder that is not there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MissingEntry {
    /// Its usual name, on disk.
    pub path: PathBuf,
    /// Where it comes from.
    pub origin: Origin,
    /// One sentence: what is missing and where to get it.
    pub message: String,
}

impl TreeCheck {
    /// Whether the reader can work: everything needed is there, made files included.
    pub fn is_ready(&self) -> bool {
        self.present && self.missing.iter().all(|m| m.origin == Origin::Optional)
    }

    /// Whether anything of the set is there: its folder, or, of a set that lies in the root itself, what its reader or
    /// its preparation needs.
    pub fn is_there(&self) -> bool {
        let complete = || self.is_ready() || self.missing.iter().all(|m| m.origin == Origin::Prepared);
        self.present && (!self.in_root || complete())
    }

    /// Whether preparation can work: everything that has to be downloaded is there.
    pub fn is_downloaded(&self) -> bool {
        self.present && self.missing.iter().all(|m| m.origin != Origin::Downloaded)
    }
}

/// Looks for the files and folders of `info` under `root`; writes nothing.
pub fn check_tree(info: &'static DatasetInfo, root: &Path) -> TreeCheck {
    let options = ReadOptions::at(root);
    let source = Source::new(info, &options);
    let folder = source.on_disk("");
    let there = |name: &str| {
        let path = source.on_disk(name);
        if name.ends_with('/') { path.is_dir() } else { path.is_file() }
    };
    let missing = |entry: &TreeEntry| {
        let name = entry.paths.first()?;
        let message = match source.missing(name) {
            Error::Missing { remedy, .. } => {
                format!("{} is missing; {remedy}", source.on_disk(name).display())
            }
            other => other.to_string(),
        };
        Some(MissingEntry { path: source.on_disk(name), origin: entry.origin, message })
    };
    TreeCheck {
        key: info.key,
        present: folder.is_dir(),
        in_root: info.folders.contains(&""),
        missing: info.tree.iter().filter(|e| !e.paths.iter().any(|p| there(p))).filter_map(missing).collect(),
        folder,
    }
}

/// Positions of the samples whose image is not on disk, ascending. Looks at every file, on all cores.
pub fn missing_images(dataset: &Dataset) -> Vec<usize> {
    let samples = dataset.samples.par_iter().enumerate();
    samples.filter(|(_, s)| crate::container(&dataset.root.join(&s.path)).is_none()).map(|(i, _)| i).collect()
}
