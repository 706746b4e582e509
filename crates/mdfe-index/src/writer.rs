//! Changing an index: one writer at a time, new files first, the manifest last.

mod add;

pub use add::{Added, Existing};

use crate::{
    Error, Index, Result,
    manifest::{FileEntry, Manifest},
    segment::Segment,
};
use mdfe_data::files::{Lock, is_temporary};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// The file that stands for the work of writing.
pub(crate) const LOCK: &str = ".lock";

/// The one writer of an index, for as long as it lives. Readers keep what they have opened; whoever opens the index after a call sees all of
/// it or, where the process was killed, nothing.
#[derive(Debug)]
pub struct Writer {
    index: Index,
    /// The rows of each path, once they were asked for.
    paths: Option<HashMap<String, Vec<u32>>>,
    _lock: Lock,
}

impl Writer {
    /// Opens the index in `dir` for writing and removes what killed writers left. Where another process writes, `waits` is called once, and the
    /// call waits for it.
    ///
    /// # Errors
    /// Those of [`Index::open`].
    pub fn open(dir: &Path, waits: impl FnOnce()) -> Result<Self> {
        // Asked before the lock is made, so that nothing is left in a folder that is no index.
        Manifest::read(dir)?;
        let lock = Lock::take(&dir.join(LOCK), waits)?;
        let index = Index::open(dir)?;
        let writer = Self { index, paths: None, _lock: lock };
        writer.clean()?;
        Ok(writer)
    }

    /// Makes an empty index in a folder that has none.
    pub(crate) fn create(dir: &Path, manifest: &Manifest) -> Result<Self> {
        let lock = Lock::take(&dir.join(LOCK), || ())?;
        if Index::is_at(dir) {
            return Err(Error::Exists { path: dir.to_path_buf() });
        }
        manifest.write(dir)?;
        Ok(Self { index: Index::open(dir)?, paths: None, _lock: lock })
    }

    /// The index as it is now. A clone of it stays as it is.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Removes these rows and every row of these paths, all or none; returns how many.
    ///
    /// # Errors
    /// [`Error::UnknownPath`] for a path that no row has, [`Error::UnknownRow`] for a row that is not there.
    pub fn remove<P: AsRef<str>>(&mut self, paths: &[P], rows: &[u32]) -> Result<usize> {
        if let Some(&row) = rows.iter().find(|row| self.index.place(**row).is_err()) {
            return Err(Error::UnknownRow { row });
        }
        let mut gone = rows.to_vec();
        for path in paths {
            let path = path.as_ref();
            let of = self.paths().get(path).ok_or_else(|| Error::UnknownPath { path: path.to_owned() })?;
            gone.extend_from_slice(of);
        }
        let before = self.index.removed.len();
        let manifest = (*self.index.manifest).clone();
        self.publish(manifest, Vec::new(), &gone)?;
        Ok(self.index.removed.len() - before)
    }

    /// Whether the index holds a row of this path.
    pub fn holds(&mut self, path: &str) -> bool {
        self.paths().contains_key(path)
    }

    /// Measures what the search misses, where it is not exact, and keeps it for [`Index::info`].
    ///
    /// # Errors
    /// Those of [`Index::measure_recall`], and [`Error::Data`] when the disk is full or read-only.
    pub fn measure_recall(&mut self) -> Result<()> {
        let recall = self.index.measure_recall()?;
        if recall != self.index.manifest.recall {
            let manifest = Manifest { recall, ..(*self.index.manifest).clone() };
            manifest.write(&self.index.dir)?;
            self.index.manifest = Arc::new(manifest);
        }
        Ok(())
    }

    /// The rows of each path.
    fn paths(&mut self) -> &HashMap<String, Vec<u32>> {
        let index = &self.index;
        self.paths.get_or_insert_with(|| {
            let mut all: HashMap<String, Vec<u32>> = HashMap::new();
            for segment in &index.segments {
                for at in 0..segment.rows {
                    let id = segment.first + at as u32;
                    if let Some(path) = segment.path(at).filter(|_| !index.removed.contains(id)) {
                        all.entry(path.to_owned()).or_default().push(id);
                    }
                }
            }
            all
        })
    }

    /// Makes the segments, whose files are written, and the removal of rows part of the index, in one step; `manifest` is that of the index
    /// without them.
    fn publish(&mut self, mut manifest: Manifest, segments: Vec<FileEntry>, remove: &[u32]) -> Result<()> {
        let dir = self.index.dir.clone();
        let mut first = manifest.rows();
        let mut opened = self.index.segments.clone();
        for entry in segments {
            opened.push(Arc::new(Segment::open(&dir, &manifest, &entry, first as u32)?));
            first += entry.rows;
            manifest.segments.push(entry);
        }
        let mut removed = Arc::clone(&self.index.removed);
        if !remove.is_empty() {
            removed = Arc::new(removed.with(remove.iter().copied()));
            manifest.removed = Some(removed.write(&dir)?);
        }
        manifest.write(&dir)?;
        let before = self.index.manifest.removed.clone();
        if let Some(paths) = &mut self.paths {
            for segment in &opened[self.index.segments.len()..] {
                for at in 0..segment.rows {
                    if let Some(path) = segment.path(at) {
                        paths.entry(path.to_owned()).or_default().push(segment.first + at as u32);
                    }
                }
            }
            if !remove.is_empty() {
                let gone: HashSet<u32> = remove.iter().copied().collect();
                paths.values_mut().for_each(|rows| rows.retain(|row| !gone.contains(row)));
                paths.retain(|_, rows| !rows.is_empty());
            }
        }
        self.index = Index { dir, manifest: Arc::new(manifest), segments: opened, removed };
        if before.is_some() && before != self.index.manifest.removed {
            self.clean()?;
        }
        Ok(())
    }

    /// Removes files that no manifest names: what killed writers left, and lists of removed rows that were replaced. Readers that have
    /// opened them keep them.
    fn clean(&self) -> Result<()> {
        let dir = &self.index.dir;
        let known: HashSet<&str> = self.index.manifest.files().map(|entry| entry.file.as_str()).collect();
        for entry in std::fs::read_dir(dir).map_err(mdfe_data::Error::io("read", dir))? {
            let path = entry.map_err(mdfe_data::Error::io("read", dir))?.path();
            let name = path.file_name().unwrap_or_default();
            let text = name.to_string_lossy();
            let ours = text.ends_with(".safetensors")
                && (text.starts_with("segment-") || text.starts_with("removed-"));
            if is_temporary(name) || ours && !known.contains(&*text) {
                std::fs::remove_file(&path).map_err(mdfe_data::Error::io("remove", &path))?;
            }
        }
        Ok(())
    }
}
