//! An index on disk (`mdfe index`), searched as it is stored and appended to without writing it anew.

use super::{Filter, Hit, NewRow, Searcher};
use crate::{Error, ModelInfo, Result};
use mdfe_data::Embeddings;
use mdfe_eval::Rows;
use mdfe_index::{Existing, Index, Query, Writer};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

/// A folder of `mdfe index build`; an added image takes the place of an earlier one of the same bytes.
pub struct FolderIndex {
    dir: PathBuf,
    model: ModelInfo,
    /// Opened anew after every addition.
    rows: RwLock<Arc<Index>>,
    /// Held while rows are added.
    adding: Mutex<()>,
}

impl FolderIndex {
    /// Opens the folder.
    ///
    /// # Errors
    /// [`Error::Folder`] when it cannot be read or is another model's, [`Error::Index`] when it holds nothing or is of another width.
    pub fn open(dir: &Path, model: &ModelInfo) -> Result<Self> {
        let index = Index::open(dir)?;
        let refuse = |reason: String| Error::Index { path: dir.to_path_buf(), reason };
        if index.is_empty() {
            return Err(refuse("it holds no rows; `mdfe index add` adds some".into()));
        }
        if index.dim() != model.dim {
            let (own, wanted) = (index.dim(), model.dim);
            return Err(refuse(format!(
                "it holds embeddings of {own} dimensions, the model makes {wanted}; embed the index with the same model"
            )));
        }
        index.expect_embedder(Some(&model.id), "the model's are")?;
        Ok(Self {
            dir: dir.to_path_buf(),
            model: model.clone(),
            rows: RwLock::new(Arc::new(index)),
            adding: Mutex::default(),
        })
    }

    fn rows(&self) -> Arc<Index> {
        Arc::clone(&self.rows.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ids are numbers of 32 bits; no row has a larger one.
fn id(row: usize) -> Option<u32> {
    u32::try_from(row).ok()
}

/// What a client can mend is told to the client.
fn told(error: mdfe_index::Error) -> Error {
    use mdfe_index::Error as Problem;
    match error {
        Problem::UnknownName { .. } | Problem::Dim { .. } | Problem::NotFinite { .. } => {
            Error::Rows(error.to_string())
        }
        other => other.into(),
    }
}

impl Searcher for FolderIndex {
    fn len(&self) -> usize {
        self.rows().len()
    }

    fn dim(&self) -> usize {
        self.rows().dim()
    }

    fn domains(&self) -> Vec<String> {
        self.rows().info().domains.into_iter().map(|domain| domain.name).collect()
    }

    fn embedding(&self, row: usize) -> Option<Vec<f32>> {
        self.rows().vector(id(row)?).ok()
    }

    fn path(&self, row: usize) -> Option<String> {
        self.rows().facts(id(row)?).ok()?.path.map(str::to_owned)
    }

    fn search(&self, queries: &[f32], k: usize, filter: &Filter) -> Result<Vec<Vec<Hit>>> {
        let index = self.rows();
        let filter = mdfe_index::Filter {
            domains: filter.domain.iter().cloned().collect(),
            labels: filter.label.iter().cloned().collect(),
        };
        let query = Query { k, filter, ..Query::new(Rows::new(queries, index.dim())?) };
        let hit = |hit: mdfe_index::Hit| Hit {
            row: hit.row as usize,
            score: hit.score,
            path: hit.path,
            label: hit.label,
            domain: hit.domain,
        };
        let found = index.search(&query).map_err(told)?;
        Ok(found.into_iter().map(|hits| hits.into_iter().map(hit).collect()).collect())
    }

    fn add(&self, rows: Vec<NewRow>) -> Result<usize> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let count = rows.len();
        let rows = columns(rows, &self.model)?;
        let waits = || tracing::info!("another process writes {}; waiting", self.dir.display());
        let mut writer = Writer::open(&self.dir, waits)?;
        writer.add(&rows, Existing::Replace).map_err(told)?;
        let index = writer.index().clone();
        drop(writer);
        // New rows have the highest ids, in the order given.
        let last = index.ids().last().map_or(0, |id| id as usize);
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
        Ok(last + 1 - count)
    }
}

/// The rows of one request, of which all have a label or none, and so with domains.
fn columns(rows: Vec<NewRow>, model: &ModelInfo) -> Result<Embeddings> {
    let (mut labels, mut domains) = (mdfe_data::Names::default(), mdfe_data::Names::default());
    let mut all = Embeddings { dim: model.dim, embedder: Some(model.id.clone()), ..Embeddings::default() };
    let (mut label_ids, mut domain_ids) = (Vec::new(), Vec::new());
    for row in &rows {
        all.values.extend_from_slice(&row.embedding);
        all.paths.push(&row.path);
        label_ids.extend(row.label.as_deref().map(|name| i64::from(labels.position(name))));
        domain_ids.extend(row.domain.as_deref().map(|name| i64::from(domains.position(name))));
    }
    let column = |what: &str, ids: Vec<i64>| match ids.len() {
        0 => Ok(None),
        n if n == rows.len() => Ok(Some(ids)),
        n => Err(Error::Rows(format!(
            "{n} of the {} images have a {what}; give one to each, or to none",
            rows.len()
        ))),
    };
    all.labels = column("label", label_ids)?;
    all.domains = column("domain", domain_ids)?;
    all.label_names = labels.as_slice().iter().map(String::as_str).collect();
    all.domain_names = domains.as_slice().to_vec();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_data::{EmbedderId, PreprocessRecord, identity::Fingerprint};
    use mdfe_index::IndexOptions;

    fn model(name: &str) -> ModelInfo {
        ModelInfo {
            name: name.into(),
            id: EmbedderId { fingerprint: Fingerprint::of(name.as_bytes()), name: name.into() },
            dim: 2,
            prefixes: Vec::new(),
            takes_text: false,
            preprocess: PreprocessRecord::plain([8, 8]),
        }
    }

    fn row(embedding: [f32; 2], path: &str, label: Option<&str>) -> NewRow {
        let label = label.map(str::to_owned);
        NewRow { embedding: embedding.to_vec(), path: path.into(), label, domain: Some("photo".into()) }
    }

    #[test]
    fn rows_are_added_found_and_kept_and_the_same_image_takes_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("index");
        let model_ = model("tiny");
        let options = IndexOptions { embedder: Some(model_.id.clone()), dim: 2, ..IndexOptions::default() };
        drop(Index::create(&dir, &options).unwrap());
        assert!(FolderIndex::open(&dir, &model_).err().unwrap().to_string().contains("holds no rows"));
        let first = columns(vec![row([1.0, 0.0], "a.png", Some("cup"))], &model_).unwrap();
        Writer::open(&dir, || ()).unwrap().add(&first, Existing::Refuse).unwrap();

        let index = FolderIndex::open(&dir, &model_).unwrap();
        let two = vec![row([0.0, 1.0], "b.png", Some("mug")), row([-1.0, 0.0], "c.png", Some("jug"))];
        assert_eq!(index.add(two).unwrap(), 1);
        assert_eq!(index.add(vec![row([0.0, -1.0], "a.png", Some("bowl"))]).unwrap(), 3);
        let mixed = vec![row([0.0, 1.0], "d.png", Some("mug")), row([0.0, 1.0], "e.png", None)];
        assert!(index.add(mixed).unwrap_err().to_string().contains("1 of the 2 images have a label"));
        for index in [&index, &FolderIndex::open(&dir, &model_).unwrap()] {
            assert_eq!((index.len(), index.path(2).as_deref(), index.path(0)), (3, Some("c.png"), None));
            let hits = index.search(&[0.0, -1.0], 9, &Filter::default()).unwrap().remove(0);
            assert_eq!(
                (hits.len(), hits[0].row, hits[0].label.as_deref(), index.embedding(3)),
                (3, 3, Some("bowl"), Some(vec![0.0, -1.0]))
            );
            let film = Filter { domain: Some("film".into()), label: None };
            let error = index.search(&[0.0, -1.0], 1, &film).unwrap_err();
            assert!(matches!(&error, Error::Rows(message) if message.contains("photo")), "{error}");
        }
        assert!(
            FolderIndex::open(&dir, &model("other")).err().unwrap().to_string().contains("the same model")
        );
    }
}
