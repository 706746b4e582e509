//! A file of embeddings (`mdfe embed`) as an index, searched exactly in memory.

use super::{Filter, Hit, NewRow, Searcher};
use crate::{Error, ModelInfo, Result};
use mdfe_data::{Embeddings, tensors::TextColumn};
use mdfe_eval::{Knn, Neighbour, Rows};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

/// Embeddings in memory; every addition writes the file anew beside its place and renames it.
pub struct FileIndex {
    path: PathBuf,
    /// Replaced as a whole, so that a search never waits for an addition.
    loaded: RwLock<Arc<Loaded>>,
    /// Held while rows are added.
    adding: Mutex<()>,
}

/// The file in memory.
struct Loaded {
    /// As they are in the file, which an addition leaves as they are.
    rows: Embeddings,
    /// The same at unit length `[N, D]`, where a row is not.
    unit: Option<Vec<f32>>,
}

impl Loaded {
    fn new(rows: Embeddings) -> Self {
        let mut unit = rows.values.clone();
        unit.chunks_exact_mut(rows.dim.max(1)).for_each(mdfe_model::to_unit);
        let unit = Some(unit).filter(|unit| *unit != rows.values);
        Self { rows, unit }
    }

    /// Rows that are compared, `[N, D]`.
    fn unit(&self) -> &[f32] {
        self.unit.as_deref().unwrap_or(&self.rows.values)
    }
}

impl FileIndex {
    /// Opens the file that `mdfe embed` wrote with the same model.
    ///
    /// # Errors
    /// [`Error::Data`] when it cannot be read, [`Error::Index`] when it holds nothing or is another model's.
    pub fn open(path: &Path, model: &ModelInfo) -> Result<Self> {
        let refuse = |reason: String| Error::Index { path: path.to_path_buf(), reason };
        let rows = Embeddings::read(path)?;
        if rows.is_empty() {
            return Err(refuse("it holds no embeddings".into()));
        }
        if rows.dim != model.dim {
            let (own, wanted) = (rows.dim, model.dim);
            return Err(refuse(format!(
                "it holds embeddings of {own} dimensions, the model makes {wanted}; embed the index with the same model"
            )));
        }
        if let Some(embedder) = &rows.embedder {
            embedder.expect_same(&model.id, &path.display().to_string(), "the model's are")?;
        }
        let loaded = RwLock::new(Arc::new(Loaded::new(rows)));
        Ok(Self { path: path.to_path_buf(), loaded, adding: Mutex::default() })
    }

    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Searcher for FileIndex {
    fn len(&self) -> usize {
        self.loaded().rows.len()
    }

    fn dim(&self) -> usize {
        self.loaded().rows.dim
    }

    fn domains(&self) -> Vec<String> {
        self.loaded().rows.domain_names.clone()
    }

    fn embedding(&self, row: usize) -> Option<Vec<f32>> {
        let loaded = self.loaded();
        loaded.unit().chunks_exact(loaded.rows.dim).nth(row).map(<[f32]>::to_vec)
    }

    fn path(&self, row: usize) -> Option<String> {
        self.loaded().rows.paths.get(row).map(str::to_owned)
    }

    fn search(&self, queries: &[f32], k: usize, filter: &Filter) -> Result<Vec<Vec<Hit>>> {
        let loaded = self.loaded();
        let (rows, unit) = (&loaded.rows, loaded.unit());
        let knn = Knn { k, ..Knn::default() };
        let query = Rows::new(queries, rows.dim)?;
        let kept = kept(rows, filter)?;
        let found = match &kept {
            None => knn.search(query, Rows::new(unit, rows.dim)?)?,
            Some(kept) => {
                let of = |&row: &usize| unit[row * rows.dim..(row + 1) * rows.dim].iter().copied();
                let some: Vec<f32> = kept.iter().flat_map(of).collect();
                knn.search(query, Rows::new(&some, rows.dim)?)?
            }
        };
        let hit = |neighbour: &Neighbour| {
            let row = neighbour.id as usize;
            let row = kept.as_ref().map_or(row, |kept| kept[row]);
            Hit {
                row,
                score: neighbour.score,
                path: rows.paths.get(row).map(str::to_owned),
                label: rows.label_name(row),
                domain: rows.domain_name(row).map(str::to_owned),
            }
        };
        Ok(found.rows().map(|neighbours| neighbours.iter().map(hit).collect()).collect())
    }

    fn add(&self, new: Vec<NewRow>) -> Result<usize> {
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rows = self.loaded().rows.clone();
        let first = rows.len();
        new.into_iter().try_for_each(|row| push(&mut rows, row))?;
        rows.write(&self.path)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Loaded::new(rows));
        Ok(first)
    }
}

/// The rows that a filter lets through; `None` for all.
fn kept(rows: &Embeddings, filter: &Filter) -> Result<Option<Vec<usize>>> {
    if *filter == Filter::default() {
        return Ok(None);
    }
    let fits = |row: &usize| {
        filter.domain.as_deref().is_none_or(|domain| rows.domain_name(*row) == Some(domain))
            && filter.label.as_deref().is_none_or(|label| rows.label_name(*row).as_deref() == Some(label))
    };
    let kept: Vec<usize> = (0..rows.len()).filter(fits).collect();
    if kept.is_empty() {
        let known = rows.domain_names.join(", ");
        let known = if known.is_empty() { "none, it has no domains".to_owned() } else { known };
        return Err(Error::Rows(format!(
            "no row of the index has what the filter asks for ({}); its domains are: {known}",
            serde_json::to_string(filter).unwrap_or_default()
        )));
    }
    Ok(Some(kept))
}

/// Adds one row in memory; a column is whole or not there.
fn push(rows: &mut Embeddings, new: NewRow) -> Result<()> {
    let misfit =
        |what: &str, remedy: &str| Error::Rows(format!("the rows of the index have {what}; {remedy}"));
    if rows.paths.is_empty() {
        return Err(misfit("no paths", "embed it again with `mdfe embed`, which records them"));
    }
    match (&mut rows.labels, new.label) {
        (None, None) => {}
        (None, Some(_)) => return Err(misfit("no labels", "leave `label` out")),
        (Some(_), None) => return Err(misfit("labels", "give the image's as `label`")),
        (Some(labels), Some(label)) => labels.push(position(&mut rows.label_names, &label)?),
    }
    match (&mut rows.domains, new.domain) {
        (None, None) => {}
        (None, Some(_)) => return Err(misfit("no domains", "leave `domain` out")),
        (Some(_), None) => return Err(misfit("domains", "give the image's as `domain`")),
        (Some(domains), Some(domain)) => {
            let at = rows.domain_names.iter().position(|known| *known == domain).unwrap_or_else(|| {
                rows.domain_names.push(domain);
                rows.domain_names.len() - 1
            });
            domains.push(at as i64);
        }
    }
    rows.paths.push(&new.path);
    rows.values.extend(new.embedding);
    Ok(())
}

/// Where a class stands among the names, at the end if it is new; without names a class is its own number.
fn position(names: &mut TextColumn, label: &str) -> Result<i64> {
    if names.is_empty() {
        return label.parse().map_err(|_| {
            Error::Rows(format!("the classes of the index are whole numbers, and `label` is {label:?}"))
        });
    }
    let known = names.iter().position(|known| known == label);
    if known.is_none() {
        names.push(label);
    }
    Ok(known.unwrap_or(names.len() - 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_data::{EmbedderId, PreprocessRecord, identity::Fingerprint};

    fn info(dim: usize) -> ModelInfo {
        ModelInfo {
            name: "tiny".into(),
            id: EmbedderId { fingerprint: Fingerprint::of(b"tiny"), name: "tiny".into() },
            dim,
            prefixes: Vec::new(),
            takes_text: false,
            preprocess: PreprocessRecord::plain([8, 8]),
        }
    }

    /// Three rows of two classes and domains; the last is longer than one.
    fn sample() -> Embeddings {
        Embeddings {
            values: vec![1.0, 0.0, 0.6, 0.8, 0.0, 3.0],
            dim: 2,
            labels: Some(vec![0, 1, 0]),
            label_names: ["cup", "mug"].into_iter().collect(),
            domains: Some(vec![0, 0, 1]),
            domain_names: vec!["photo".into(), "sketch".into()],
            paths: ["a.png", "b.png", "c.png"].into_iter().collect(),
            embedder: Some(info(2).id),
        }
    }

    fn open(dir: &Path, rows: &Embeddings) -> Result<FileIndex> {
        let path = dir.join("index.safetensors");
        rows.write(&path).unwrap();
        FileIndex::open(&path, &info(2))
    }

    #[test]
    fn neighbours_come_with_what_is_known_of_their_row() {
        let dir = tempfile::tempdir().unwrap();
        let index = open(dir.path(), &sample()).unwrap();
        let all = Filter::default();
        let hits = index.search(&[0.0, 1.0], 9, &all).unwrap().remove(0);
        let rows: Vec<_> = hits.iter().map(|hit| (hit.row, hit.score)).collect();
        assert_eq!(rows, [(2, 1.0), (1, 0.8), (0, 0.0)], "cosines, whatever the length");
        let first = &hits[0];
        assert_eq!(
            (first.path.as_deref(), first.label.as_deref(), first.domain.as_deref()),
            (Some("c.png"), Some("cup"), Some("sketch"))
        );
        let photo = Filter { domain: Some("photo".into()), label: Some("mug".into()) };
        let hits = index.search(&[0.0, 1.0], 9, &photo).unwrap().remove(0);
        assert_eq!(hits.iter().map(|hit| hit.row).collect::<Vec<_>>(), [1]);
        let none = Filter { domain: Some("film".into()), label: None };
        let message = index.search(&[0.0, 1.0], 9, &none).unwrap_err().to_string();
        assert!(message.contains("film") && message.contains("photo, sketch"), "{message}");
    }

    #[test]
    fn added_rows_are_found_and_on_disk_and_those_that_do_not_fit_change_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let index = open(dir.path(), &sample()).unwrap();
        let row = |label: Option<&str>, domain: Option<&str>| NewRow {
            embedding: vec![-1.0, 0.0],
            path: "d.png".into(),
            label: label.map(str::to_owned),
            domain: domain.map(str::to_owned),
        };
        let path = dir.path().join("index.safetensors");
        let before = std::fs::read(&path).unwrap();
        for (label, domain, says) in [(None, Some("photo"), "`label`"), (Some("cup"), None, "`domain`")] {
            let good = row(Some("cup"), Some("photo"));
            let message = index.add(vec![good, row(label, domain)]).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
            assert!(std::fs::read(&path).unwrap() == before && index.len() == 3);
        }
        assert_eq!(
            index.add(vec![row(Some("jug"), Some("photo")), row(Some("mug"), Some("film"))]).unwrap(),
            3
        );
        for index in [&index, &FileIndex::open(&path, &info(2)).unwrap()] {
            let hit = index.search(&[-1.0, 0.0], 1, &Filter::default()).unwrap().remove(0).remove(0);
            assert_eq!(
                (hit.row, hit.label.as_deref(), hit.domain.as_deref()),
                (3, Some("jug"), Some("photo"))
            );
            assert_eq!((index.len(), index.path(4).as_deref()), (5, Some("d.png")));
            assert_eq!(index.domains(), ["photo", "sketch", "film"]);
        }
        let kept = Embeddings::read(&path).unwrap();
        assert_eq!(kept.values[..6], sample().values, "what was there keeps its length, and its bits");
    }

    #[test]
    fn another_models_rows_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let message = |rows: &Embeddings| open(dir.path(), rows).err().unwrap().to_string();
        let other = EmbedderId { fingerprint: Fingerprint::of(b"other"), name: "other".into() };
        let wide = Embeddings { values: vec![1.0; 6], dim: 3, ..Embeddings::default() };
        assert!(
            message(&Embeddings { embedder: Some(other), ..sample() }).contains("embed both with the same")
        );
        assert!(message(&wide).contains("3 dimensions, the model makes 2"));
    }
}
