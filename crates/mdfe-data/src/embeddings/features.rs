//! The features of a space as a file of embeddings.

use super::{EmbedderId, write::Columns};
use crate::{Result, store::FeatureView};
use std::{
    io::{self, Write},
    path::Path,
};

/// Rows that are in memory at once.
const CHUNK: usize = 1024;

/// Writes the features `[N, D_in]` of a view, with paths, classes and domains, as embeddings of `id`, in the format of the name of
/// `path`. Memory does not follow N x D_in. Returns N.
///
/// # Errors
/// Those of [`super::EmbeddingsFormat::of`], [`crate::Error::Io`] when the disk is full or read-only. `path` is then as it was before.
pub fn write_features(features: &FeatureView, id: &EmbedderId, path: &Path) -> Result<usize> {
    let (view, rows, dim) = (features.view(), features.len(), features.dim());
    let ids = |ids: &[u32]| ids.iter().map(|&id| i64::from(id)).collect::<Vec<i64>>();
    let (labels, domains) = (ids(view.labels()), ids(view.domain_ids()));
    let domain_names: Vec<String> = view.domains().iter().map(|domain| domain.as_str().to_owned()).collect();
    let columns = Columns {
        rows,
        dim,
        // A view of all features of a space knows no classes and no domains.
        labels: Some(&labels[..]).filter(|_| !view.class_names().is_empty()),
        label_names: &view.class_names().iter().map(String::as_str).collect(),
        domains: Some(&domains[..]).filter(|_| !domain_names.is_empty()),
        domain_names: &domain_names,
        paths: &(0..rows).map(|row| view.path(row).unwrap_or_default()).collect(),
        embedder: Some(id),
    };
    columns.write(path, |out: &mut dyn Write| {
        let mut values = Vec::new();
        for start in (0..rows).step_by(CHUNK) {
            let some: Vec<usize> = (start..rows.min(start + CHUNK)).collect();
            values.resize(some.len() * dim, 0.0);
            features.gather(&some, &mut values).map_err(io::Error::other)?;
            values.iter().try_for_each(|v| out.write_all(&v.to_le_bytes()))?;
        }
        Ok(())
    })?;
    Ok(rows)
}
