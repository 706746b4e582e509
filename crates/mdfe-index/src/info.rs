//! What an index holds.

use crate::{Dtype, Index, Recall, Rescore};
use mdfe_data::EmbedderId;
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Rows of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DomainInfo {
    /// The domain's name.
    pub name: String,
    /// How many rows it has.
    pub rows: usize,
}

/// What an index holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IndexInfo {
    /// The folder.
    pub path: PathBuf,
    /// Rows that can be found.
    pub rows: usize,
    /// Rows that were removed and still lie in the segments.
    pub removed: usize,
    /// Width of the rows, D.
    pub dim: usize,
    /// How rows are stored.
    pub dtype: Dtype,
    /// The finer copy that decides in the end.
    pub rescore: Rescore,
    /// Which embedder made the rows.
    pub embedder: Option<EmbedderId>,
    /// Files that rows lie in.
    pub segments: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// Different class names.
    pub labels: usize,
    /// The domains in the order of their names; empty where rows have none.
    pub domains: Vec<DomainInfo>,
    /// Whether the search finds what a search over all stored values finds.
    pub exact: bool,
    /// What the score of a hit is.
    pub score: &'static str,
    /// What the search was found to miss when rows were last added, where it is not exact.
    pub recall: Option<Recall>,
}

impl Index {
    /// What it holds.
    pub fn info(&self) -> IndexInfo {
        let manifest = &self.manifest;
        let mut domains: BTreeMap<&str, usize> = BTreeMap::new();
        let mut labels = std::collections::BTreeSet::new();
        for segment in &self.segments {
            let removed = self.removed.among(segment.first, segment.rows);
            let mut counts = vec![0usize; segment.domain_names().len()];
            let mut named = vec![false; segment.label_names().len()];
            let live = |at: &usize| removed.binary_search(&(segment.first + *at as u32)).is_err();
            for at in (0..segment.rows).filter(live) {
                let id = |ids: Option<&[u32]>| ids.and_then(|ids| ids.get(at)).map(|id| *id as usize);
                if let Some(count) = id(segment.domains()).and_then(|id| counts.get_mut(id)) {
                    *count += 1;
                }
                if let Some(named) = id(segment.labels()).and_then(|id| named.get_mut(id)) {
                    *named = true;
                }
            }
            for (name, count) in segment.domain_names().iter().zip(counts).filter(|(_, count)| *count > 0) {
                *domains.entry(name).or_default() += count;
            }
            labels
                .extend(segment.label_names().iter().zip(named).filter(|(_, named)| *named).map(|(n, _)| n));
        }
        let bytes = manifest.files().map(|entry| entry.bytes).sum();
        IndexInfo {
            path: self.dir.clone(),
            rows: self.len(),
            removed: self.removed.len(),
            dim: manifest.dim,
            dtype: manifest.dtype,
            rescore: manifest.rescore,
            embedder: manifest.embedder.clone(),
            segments: self.segments.len(),
            bytes,
            labels: labels.len(),
            domains: domains
                .into_iter()
                .map(|(name, rows)| DomainInfo { name: name.to_owned(), rows })
                .collect(),
            exact: manifest.dtype != Dtype::Binary,
            score: self.score(),
            recall: manifest.recall,
        }
    }

    /// What the score of a hit is.
    fn score(&self) -> &'static str {
        match (self.manifest.dtype, self.manifest.rescore) {
            (Dtype::F32, _) | (_, Rescore::F32) => "cosine",
            (Dtype::F16, _) | (_, Rescore::F16) => "cosine with the row rounded to f16",
            (Dtype::Int8, Rescore::None) => "cosine with the row rounded to int8",
            (Dtype::Binary, Rescore::None) => "equal signs less unequal ones, over D",
        }
    }
}
