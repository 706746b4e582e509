//! A data set as a list of fingerprints.

use crate::{
    Dataset, Domain, Error, Result,
    identity::{Fingerprint, Fingerprinter},
    tensors::{TensorFile, TensorShape, TextColumn, header},
    write_atomically,
};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// The readable images of a data set in its order: for each the fingerprint of its bytes, class, domain and path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    facts: Facts,
    keys: Vec<Fingerprint>,
    labels: Vec<u32>,
    domain_ids: Vec<u32>,
    paths: TextColumn,
}

/// What is not by row; the metadata of a view's file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Facts {
    format: String,
    name: String,
    class_names: Vec<String>,
    domains: Vec<Domain>,
}

/// The metadata key of a view's file.
const KEY: &str = "mdfe_view";

impl View {
    /// Name and version of the file format.
    pub const FORMAT: &str = "mdfe-view-2";

    /// The view of `dataset` with the fingerprint of each sample's image; samples without one are left out.
    pub fn new(dataset: &Dataset, keys: &[Option<Fingerprint>]) -> Self {
        let mut domains: Vec<Domain> = Vec::new();
        let mut ids: HashMap<Domain, u32> = HashMap::new();
        for sample in &dataset.samples {
            if !ids.contains_key(&sample.domain) {
                ids.insert(sample.domain.clone(), 0);
                domains.push(sample.domain.clone());
            }
        }
        domains.sort();
        (0..).zip(&domains).for_each(|(id, domain)| {
            ids.insert(domain.clone(), id);
        });
        let facts = Facts {
            format: Self::FORMAT.to_owned(),
            name: dataset.name.clone(),
            class_names: dataset.class_names.clone(),
            domains,
        };
        let mut view = Self { facts, ..Self::default() };
        for (sample, key) in dataset.samples.iter().zip(keys) {
            let Some(key) = key else { continue };
            view.keys.push(*key);
            view.labels.push(sample.class);
            view.domain_ids.push(ids.get(&sample.domain).copied().unwrap_or_default());
            view.paths.push(&sample.path.to_string_lossy());
        }
        view
    }

    /// The view of images of which nothing but their fingerprints is known: no classes, no domains, and the fingerprints as paths.
    pub(super) fn of_keys(keys: impl Iterator<Item = Fingerprint>) -> Self {
        let mut view = Self::default();
        view.facts.format = Self::FORMAT.to_owned();
        for key in keys {
            view.keys.push(key);
            view.labels.push(0);
            view.domain_ids.push(0);
            view.paths.push(&key.to_string());
        }
        view
    }

    /// Name of the data set.
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Number of rows, N.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The fingerprint of a row's image.
    pub fn key(&self, row: usize) -> Fingerprint {
        self.keys[row]
    }

    /// Dense class label of each row, `[N]`.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Class names by dense label, `[C]`. A class whose every image was unreadable has no row.
    pub fn class_names(&self) -> &[String] {
        &self.facts.class_names
    }

    /// Domain of each row as a position in [`View::domains`], `[N]`.
    pub fn domain_ids(&self) -> &[u32] {
        &self.domain_ids
    }

    /// The domain names, sorted.
    pub fn domains(&self) -> &[Domain] {
        &self.facts.domains
    }

    /// Path of a row's image, relative to the data set's root; `None` past the end.
    pub fn path(&self, row: usize) -> Option<&str> {
        self.paths.get(row)
    }

    /// The fingerprint: of keys, classes and domains in order. Paths and the data set's name are not part of it: a file that moves
    /// is the same image.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut all = Fingerprinter::new("mdfe view");
        let ints = |values: &[u32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        all.json("class_names", &self.facts.class_names)
            .json("domains", &self.facts.domains)
            .field("keys", &self.key_bytes())
            .field("labels", &ints(&self.labels))
            .field("domain_ids", &ints(&self.domain_ids));
        all.finish()
    }

    /// The rows for which `keep` holds, in order. Classes and domains stay as they are.
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut out = Self { facts: self.facts.clone(), ..Self::default() };
        for row in (0..self.len()).filter(|&row| keep(row)) {
            out.keys.push(self.keys[row]);
            out.labels.push(self.labels[row]);
            out.domain_ids.push(self.domain_ids[row]);
            out.paths.push(self.paths.get(row).unwrap_or_default());
        }
        out
    }

    /// Writes the view's file, the same bytes for the same view.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk is full or read-only.
    pub fn write(&self, path: &Path) -> Result<()> {
        let n = self.len();
        let mut shapes =
            vec![TensorShape::new("labels", Dtype::I64, [n]), TensorShape::new("domains", Dtype::I64, [n])];
        let [ends, text] = self.paths.shapes("paths");
        shapes.extend([ends, TensorShape::new("keys", Dtype::U8, [n, Fingerprint::BYTES]), text]);
        let facts = serde_json::to_string(&self.facts).map_err(|e| Error::Invalid(e.to_string()))?;
        let mut bytes = header(&shapes, &BTreeMap::from([(KEY.to_owned(), facts)]));
        for ids in [&self.labels, &self.domain_ids] {
            bytes.extend(ids.iter().flat_map(|&id| i64::from(id).to_le_bytes()));
        }
        bytes.extend(self.paths.end_bytes());
        bytes.extend(self.key_bytes());
        bytes.extend(self.paths.text_bytes());
        write_atomically(path, &bytes)
    }

    /// Reads a view's file. No image is looked at.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Malformed`] names what does not fit.
    pub fn open(path: &Path) -> Result<Self> {
        let file = TensorFile::open(path)?;
        let facts = file.metadata(KEY).ok_or_else(|| file.fault("is no view of a data set".into()))?;
        let facts: Facts =
            serde_json::from_str(facts).map_err(|e| file.fault(format!("metadata key `{KEY}`: {e}")))?;
        if facts.format != Self::FORMAT {
            let reason = format!("has the format {}, this build reads {}", facts.format, Self::FORMAT);
            return Err(file.fault(reason));
        }
        let n = match file.shape("keys") {
            Some((_, &[n, _])) => n,
            _ => return Err(file.fault("has no tensor `keys` [n, 32]".into())),
        };
        let (keys, _) =
            file.tensor("keys", Dtype::U8, &[n, Fingerprint::BYTES])?.as_chunks::<{ Fingerprint::BYTES }>();
        let ids = |name: &str, limit: usize| -> Result<Vec<u32>> {
            let within = |id: i64| u32::try_from(id).ok().filter(|&id| (id as usize) < limit);
            let ids = file.ints(name, n)?.into_iter().map(within).collect::<Option<Vec<u32>>>();
            ids.ok_or_else(|| file.fault(format!("`{name}` holds an id outside 0..{limit}")))
        };
        let paths = TextColumn::read(&file, "paths", n)?;
        Ok(Self {
            keys: keys.iter().map(|key| Fingerprint::from_bytes(*key)).collect(),
            labels: ids("labels", facts.class_names.len())?,
            domain_ids: ids("domains", facts.domains.len())?,
            paths: paths.ok_or_else(|| file.fault("has no tensor `paths`".into()))?,
            facts,
        })
    }

    fn key_bytes(&self) -> Vec<u8> {
        self.keys.iter().flat_map(|key| *key.as_bytes()).collect()
    }
}
