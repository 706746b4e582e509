//! Adding rows.

use super::Writer;
use crate::{Error, Result, combine::unit_rows, manifest::Manifest, segment};
use mdfe_data::Embeddings;
use std::collections::HashSet;

/// Bytes of f32 in a segment, about; a segment is made in memory.
const SEGMENT: usize = 64 << 20;

/// What becomes of rows whose path the index holds already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is added (default).
    #[default]
    Refuse,
    /// The old rows are removed in the same step.
    Replace,
    /// The new rows are left out.
    Skip,
}

/// What [`Writer::add`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Added {
    /// Rows that were added.
    pub added: usize,
    /// Old rows that were removed, because a row with their path was added.
    pub replaced: usize,
    /// Rows that were left out, because the index holds their path.
    pub skipped: usize,
}

impl Writer {
    /// Adds rows, all or none, brought to unit length, with paths, labels and domains where they have some. When this returns they are on
    /// disk. Rows without a path are always added; one path may come several times in `rows`.
    ///
    /// # Errors
    /// [`Error::Dim`], [`Error::Data`] and [`Error::UnknownEmbedder`] for rows of another model, [`Error::NotFinite`], [`Error::Column`],
    /// [`Error::PathsExist`], [`Error::Full`]; [`Error::Data`] also when the disk is full or read-only.
    pub fn add(&mut self, rows: &Embeddings, existing: Existing) -> Result<Added> {
        let manifest = self.checked(rows)?;
        let path = |row: usize| rows.paths.get(row).filter(|path| !path.is_empty());
        let mut added: Vec<usize> = (0..rows.len()).collect();
        let (mut replaced, mut skipped) = (Vec::new(), 0);
        if !rows.paths.is_empty() {
            let known = self.paths();
            let there = |row: &usize| path(*row).is_some_and(|path| known.contains_key(path));
            let count = added.iter().filter(|row| there(row)).count();
            match existing {
                _ if count == 0 => {}
                Existing::Refuse => {
                    let first = added.iter().find(|row| there(row)).and_then(|row| path(*row));
                    let first = first.unwrap_or_default().to_owned();
                    return Err(Error::PathsExist { count, rows: rows.len(), first });
                }
                Existing::Skip => {
                    added.retain(|row| !there(row));
                    skipped = count;
                }
                Existing::Replace => {
                    let paths: HashSet<&str> =
                        added.iter().filter(|row| there(row)).filter_map(|row| path(*row)).collect();
                    replaced = paths.iter().filter_map(|path| known.get(*path)).flatten().copied().collect();
                }
            }
        }
        if manifest.rows() + added.len() >= u32::MAX as usize {
            return Err(Error::Full);
        }
        if added.is_empty() {
            return Ok(Added { skipped, ..Added::default() });
        }
        let mut unit = rows.clone();
        unit_rows(&mut unit.values, unit.dim);
        let step = (SEGMENT / (4 * manifest.dim)).max(1);
        let dir = self.index.dir.clone();
        let mut written = manifest.clone();
        for rows in added.chunks(step) {
            let entry = segment::write(&dir, &written, &unit, rows)?;
            written.segments.push(entry);
        }
        let entries = written.segments.split_off(manifest.segments.len());
        self.publish(manifest, entries, &replaced)?;
        Ok(Added { added: added.len(), replaced: replaced.len(), skipped })
    }

    /// The manifest that the rows belong to: that of the index, with their embedder where it has no rows yet and none was named.
    fn checked(&self, rows: &Embeddings) -> Result<Manifest> {
        let mut manifest = (*self.index.manifest).clone();
        if rows.dim != manifest.dim {
            return Err(Error::Dim { what: "the rows to add have", got: rows.dim, dim: manifest.dim });
        }
        let unknown = |id: &mdfe_data::EmbedderId, with, without| Error::UnknownEmbedder {
            with,
            without,
            name: id.name.clone(),
            fingerprint: id.fingerprint.short(),
        };
        const ROWS: &str = "what is to be added";
        match (&manifest.embedder, &rows.embedder) {
            (None, None) => {}
            (Some(own), Some(other)) => {
                own.expect_same(other, &self.index.dir.display().to_string(), ROWS)?
            }
            (None, Some(id)) if manifest.segments.is_empty() => manifest.embedder = Some(id.clone()),
            (None, Some(id)) => return Err(unknown(id, ROWS, "the index")),
            (Some(id), None) => return Err(unknown(id, "the index", ROWS)),
        }
        let n = rows.len();
        let columns = [
            ("values", Some(rows.values.len()), n * rows.dim),
            ("paths", (!rows.paths.is_empty()).then(|| rows.paths.len()), n),
            ("labels", rows.labels.as_ref().map(Vec::len), n),
            ("domains", rows.domains.as_ref().map(Vec::len), n),
        ];
        for (what, got, expected) in columns {
            if let Some(got) = got.filter(|got| *got != expected) {
                return Err(Error::Column { what, got, rows: n });
            }
        }
        if let Some(at) = rows.values.iter().position(|v| !v.is_finite()) {
            let (row, position) = (at / rows.dim, at % rows.dim);
            let path = rows.paths.get(row).unwrap_or("no path").to_owned();
            return Err(Error::NotFinite { row, path, position, value: rows.values[at] });
        }
        Ok(manifest)
    }
}
