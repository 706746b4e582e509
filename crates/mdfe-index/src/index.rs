//! An index as it was when it was opened.

use crate::{
    Error, IndexOptions, Result, Writer,
    manifest::{self, Manifest},
    removed::Removed,
    segment::Segment,
};
use mdfe_data::EmbedderId;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// How often a reader begins again because a writer was faster.
const ATTEMPTS: usize = 100;

/// An index that is read: what it held when it was opened, whatever is added or removed meanwhile. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Index {
    pub(crate) dir: PathBuf,
    pub(crate) manifest: Arc<Manifest>,
    /// In the order of their ids.
    pub(crate) segments: Vec<Arc<Segment>>,
    pub(crate) removed: Arc<Removed>,
}

/// What is known about a row besides its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFacts<'a> {
    /// The image's path.
    pub path: Option<&'a str>,
    /// The name of its class.
    pub label: Option<&'a str>,
    /// The name of its domain.
    pub domain: Option<&'a str>,
}

impl Index {
    /// Makes an empty index in the folder `dir`, which must not be there or be empty, and returns its writer.
    ///
    /// # Errors
    /// [`Error::Exists`], [`Error::Options`], [`Error::Data`] when the folder cannot be written.
    pub fn create(dir: &Path, options: &IndexOptions) -> Result<Writer> {
        let rescore = options.finer()?;
        let taken = match std::fs::read_dir(dir) {
            // The lock alone is what a refused or killed creation left.
            Ok(entries) => entries.filter_map(|e| e.ok()).any(|e| {
                let name = e.file_name();
                name != crate::writer::LOCK && !mdfe_data::files::is_temporary(&name)
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
            Err(e) => return Err(mdfe_data::Error::io("read", dir)(e).into()),
        };
        if taken {
            return Err(Error::Exists { path: dir.to_path_buf() });
        }
        std::fs::create_dir_all(dir).map_err(mdfe_data::Error::io("create", dir))?;
        let manifest = Manifest::new(options.dim, options.dtype, rescore, options.embedder.clone());
        Writer::create(dir, &manifest)
    }

    /// Opens the index in `dir`.
    ///
    /// # Errors
    /// [`Error::NoIndex`], [`Error::Manifest`], and [`Error::Data`] names the file that is missing or damaged.
    pub fn open(dir: &Path) -> Result<Self> {
        let mut manifest = Manifest::read(dir)?;
        for _ in 0..ATTEMPTS {
            match Self::of(dir, &manifest) {
                Ok(index) => return Ok(index),
                Err(error) => {
                    // A writer may have replaced a file between the manifest and its opening: then the manifest is another one.
                    let now = Manifest::read(dir)?;
                    if now == manifest {
                        return Err(error);
                    }
                    manifest = now;
                }
            }
        }
        Self::of(dir, &manifest)
    }

    /// Opens what a manifest names.
    fn of(dir: &Path, manifest: &Manifest) -> Result<Self> {
        let mut first = 0usize;
        let mut segments = Vec::with_capacity(manifest.segments.len());
        for entry in &manifest.segments {
            segments.push(Arc::new(Segment::open(dir, manifest, entry, first as u32)?));
            first += entry.rows;
        }
        let removed = Arc::new(Removed::open(dir, manifest)?);
        Ok(Self { dir: dir.to_path_buf(), manifest: Arc::new(manifest.clone()), segments, removed })
    }

    /// Whether `path` is the folder of an index.
    pub fn is_at(path: &Path) -> bool {
        path.join(manifest::FILE).is_file()
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Width of the rows, D.
    pub fn dim(&self) -> usize {
        self.manifest.dim
    }

    /// Which embedder made the rows, where it is known.
    pub fn embedder(&self) -> Option<&EmbedderId> {
        self.manifest.embedder.as_ref()
    }

    /// Number of rows that can be found.
    pub fn len(&self) -> usize {
        self.manifest.rows() - self.removed.len()
    }

    /// Whether there is no such row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids of all rows that can be found, in order.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        (0..self.manifest.rows() as u32).filter(|id| !self.removed.contains(*id))
    }

    /// What is known about a row.
    ///
    /// # Errors
    /// [`Error::UnknownRow`] when there is none, or it was removed.
    pub fn facts(&self, row: u32) -> Result<RowFacts<'_>> {
        let (segment, at) = self.place(row)?;
        Ok(RowFacts { path: segment.path(at), label: segment.label(at), domain: segment.domain(at) })
    }

    /// The values that a row is scored with, `[D]`: the stored ones, or the finer copy of bytes and bits where there is one.
    ///
    /// # Errors
    /// [`Error::UnknownRow`] when there is none, or it was removed.
    pub fn vector(&self, row: u32) -> Result<Vec<f32>> {
        let (segment, at) = self.place(row)?;
        let mut out = vec![0.0; self.dim()];
        segment.row(at, &mut out);
        Ok(out)
    }

    /// Refuses what another embedder made; `None` stands for embeddings that do not say.
    ///
    /// # Errors
    /// [`Error::Data`] names both embedders.
    pub fn expect_embedder(&self, id: Option<&EmbedderId>, whose: &str) -> Result<()> {
        match (self.embedder(), id) {
            (Some(own), Some(other)) => Ok(own.expect_same(other, &self.dir.display().to_string(), whose)?),
            _ => Ok(()),
        }
    }

    /// The segment of a row and its position there.
    pub(crate) fn place(&self, row: u32) -> Result<(&Segment, usize)> {
        let at = self.segments.partition_point(|segment| segment.first <= row);
        let segment = at.checked_sub(1).map(|at| &self.segments[at]);
        let segment = segment.filter(|s| ((row - s.first) as usize) < s.rows && !self.removed.contains(row));
        let segment = segment.ok_or(Error::UnknownRow { row })?;
        Ok((segment, (row - segment.first) as usize))
    }
}
