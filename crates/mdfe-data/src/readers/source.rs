//! One data set on disk: what its reader works with.

use super::{
    ReadOptions,
    info::{DatasetInfo, Origin},
};
use crate::{
    Domain, Error, Result,
    lists::{json, table},
};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A data set under a root, with the options it is read with.
pub(crate) struct Source<'a> {
    pub(crate) info: &'static DatasetInfo,
    pub(crate) options: &'a ReadOptions,
    /// The data set's folder, relative to the root.
    pub(crate) folder: PathBuf,
}

/// A file in memory.
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

impl<'a> Source<'a> {
    /// The data set `info` under `options.root`; of several accepted folder names the first that is there.
    pub(crate) fn new(info: &'static DatasetInfo, options: &'a ReadOptions) -> Self {
        let there = info.folders.iter().find(|f| options.root.join(f).is_dir());
        let folder = there.or(info.folders.first()).map(PathBuf::from).unwrap_or_default();
        Self { info, options, folder }
    }

    /// The data set's first domain.
    pub(crate) fn domain(&self) -> Domain {
        Domain::new(self.info.domains.first().copied().unwrap_or("images"))
    }

    /// The domain of samples without one of their own: that of the options, or the data set's.
    pub(crate) fn default_domain(&self) -> Domain {
        self.options.domain.as_deref().map_or_else(|| self.domain(), Domain::new)
    }

    /// The option `file`, which names what is read, as `what` says.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is not given.
    pub(crate) fn file(&self, what: &str) -> Result<&'a Path> {
        let missing =
            || Error::Invalid(format!("data set `{}` needs the option `file`: {what}", self.info.key));
        self.options.file.as_deref().ok_or_else(missing)
    }

    /// The error where the data set's own folder is not there.
    pub(crate) fn absent(&self) -> Error {
        Error::Missing { path: self.on_disk(""), remedy: self.get() }
    }

    /// Where the data set comes from, as an instruction.
    fn get(&self) -> String {
        format!("get `{}` from {}", self.info.key, self.info.source)
    }

    /// A path inside the data set, on disk.
    pub(crate) fn on_disk(&self, path: impl AsRef<Path>) -> PathBuf {
        self.options.root.join(&self.folder).join(path)
    }

    /// The sample path (relative to the root) of `path` inside `prefix` inside the data set.
    pub(crate) fn sample(&self, prefix: &str, path: &str) -> PathBuf {
        let mut joined = self.folder.join(prefix);
        joined.push(path.trim_start_matches("./"));
        joined
    }

    /// `folder`, or nothing where the paths of an annotation file already begin with it.
    ///
    /// Lists of both kinds circulate. A path that begins with the folder is taken as complete, unless the image
    /// lies in a folder of the same name inside it.
    pub(crate) fn prefix<'f>(&self, folder: &'f str, first: &str) -> &'f str {
        let complete =
            first.trim_start_matches("./").strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        if complete && !self.on_disk(folder).join(first).is_file() { "" } else { folder }
    }

    /// Reads the first of `names` that is there.
    ///
    /// # Errors
    /// [`Error::Missing`] names the first and says where it comes from.
    pub(crate) fn load(&self, names: &[&str]) -> Result<Loaded> {
        for name in names {
            let path = self.on_disk(name);
            match std::fs::read(&path) {
                Ok(bytes) => return Ok(Loaded { path, bytes }),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(Error::io("read", &path)(e)),
            }
        }
        Err(self.missing(names.first().copied().unwrap_or_default()))
    }

    /// The error for a file of this data set that is not there.
    pub(crate) fn missing(&self, name: &str) -> Error {
        let entry = self.info.tree.iter().find(|e| e.paths.contains(&name));
        let made = entry.is_some_and(|e| e.origin == Origin::Prepared);
        let remedy = if made && self.on_disk("").is_dir() {
            let key = self.info.key;
            format!("make it with `cargo xtask prepare-data {key} --root {}`", self.options.root.display())
        } else {
            self.get()
        };
        Error::Missing { path: self.on_disk(name), remedy }
    }
}

impl Loaded {
    /// The rows of a table: see [`table::rows`].
    pub(crate) fn rows<const N: usize>(
        &self,
        format: table::Format,
        columns: [&str; N],
        each: impl FnMut(table::Row<'_, N>) -> Result<()>,
    ) -> Result<()> {
        table::rows(&self.path, &self.bytes, format, columns, each)
    }

    /// The file as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        json::parse(&self.path, &self.bytes)
    }
}
