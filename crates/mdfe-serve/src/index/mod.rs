//! What is searched: a trait, so that every kind of index plugs in, and the two kinds there are.

mod file;
mod folder;

pub use file::FileIndex;
pub use folder::FolderIndex;

use crate::Result;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which rows may be found; all of them by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Rows of this domain alone.
    pub domain: Option<String>,
    /// Rows of this label alone.
    pub label: Option<String>,
}

/// One neighbour.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Hit {
    /// Its row in the index, counted from 0.
    pub row: usize,
    /// Cosine to the query, 1 for the same direction.
    pub score: f32,
    /// Path of its image, as the index has it.
    pub path: Option<String>,
    /// Its class.
    pub label: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
}

/// A row to add.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRow {
    /// The embedding `[D]`.
    pub embedding: Vec<f32>,
    /// Path of its image.
    pub path: String,
    /// Its class.
    pub label: Option<String>,
    /// Its domain.
    pub domain: Option<String>,
}

/// An index at work. Any number of threads search while one adds.
pub trait Searcher: Send + Sync {
    /// Number of rows, N.
    fn len(&self) -> usize;

    /// Whether there is no row.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Width of a row, D.
    fn dim(&self) -> usize;

    /// The names of the domains, in the index's order; empty where it has none.
    fn domains(&self) -> Vec<String>;

    /// Embedding `[D]` of a row, of unit length.
    fn embedding(&self, row: usize) -> Option<Vec<f32>>;

    /// Path of a row's image.
    fn path(&self, row: usize) -> Option<String>;

    /// The `k` nearest rows of every query that `filter` lets through, the best first. `queries [Q, D]` are of unit length.
    ///
    /// # Errors
    /// [`crate::Error::Rows`] for a domain or label that no row has, [`crate::Error::Search`] for values that are not finite.
    fn search(&self, queries: &[f32], k: usize, filter: &Filter) -> Result<Vec<Vec<Hit>>>;

    /// Adds rows, all or none; when it returns they are on disk. Returns the first one's number.
    ///
    /// # Errors
    /// [`crate::Error::Rows`] for rows that do not fit, [`crate::Error::Data`] when they cannot be written.
    fn add(&self, rows: Vec<NewRow>) -> Result<usize>;
}
