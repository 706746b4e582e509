//! The one error of this crate.

use std::path::PathBuf;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why an index cannot be opened, changed or searched. A refusal changes nothing on disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the index, or what is to be added.
    #[error(transparent)]
    Data(#[from] mdfe_data::Error),
    /// The search refuses its input.
    #[error(transparent)]
    Search(#[from] mdfe_eval::Error),
    /// There is no index.
    #[error("{} is no index (it has no index.json); `mdfe index build` makes one", path.display())]
    NoIndex {
        /// The folder.
        path: PathBuf,
    },
    /// There is an index, or something else, already.
    #[error("{} is there already; add to it (`mdfe index add`), or remove it or choose another name", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest is of another format, or no manifest at all.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What does not fit and what to do.
        reason: String,
    },
    /// Options that contradict each other.
    #[error("{0}")]
    Options(String),
    /// Rows of another width.
    #[error("{what} {got} dimensions, the index {dim}; embed both with the same model")]
    Dim {
        /// What has them: `the rows to add have`, `the query has`.
        what: &'static str,
        /// Its width.
        got: usize,
        /// The index's, D.
        dim: usize,
    },
    /// One side says which model made its embeddings, the other does not.
    #[error(
        "{with} says that {name} ({fingerprint}) made its embeddings, and {without} does not say which model did; embed both with the same model"
    )]
    UnknownEmbedder {
        /// The side that says it.
        with: &'static str,
        /// The side that does not.
        without: &'static str,
        /// The embedder's name.
        name: String,
        /// The embedder's fingerprint, shortened.
        fingerprint: String,
    },
    /// A value that is NaN or infinite.
    #[error(
        "row {row} of what is to be added ({path}) holds {value} at position {position}; every value must be finite"
    )]
    NotFinite {
        /// The row, from 0.
        row: usize,
        /// Its path; `no path` where it has none.
        path: String,
        /// The position in the row, from 0.
        position: usize,
        /// `NaN`, `inf` or `-inf`.
        value: f32,
    },
    /// Columns of another length than the rows.
    #[error("what is to be added has {got} {what} for {rows} rows; give one for each row, or none")]
    Column {
        /// Which column.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The number of rows.
        rows: usize,
    },
    /// Paths that the index holds already.
    #[error(
        "the index holds {count} of the {rows} paths already, {first} for one; replace or skip them (`--existing replace`, `--existing skip`)"
    )]
    PathsExist {
        /// How many.
        count: usize,
        /// Of how many.
        rows: usize,
        /// The first.
        first: String,
    },
    /// A path that no row has.
    #[error("the index holds no row of {path}; paths are those that `mdfe search` shows")]
    UnknownPath {
        /// The path.
        path: String,
    },
    /// A row that does not exist or was removed.
    #[error("the index has no row {row}")]
    UnknownRow {
        /// The row's id.
        row: u32,
    },
    /// A filter value that no row has.
    #[error("no row of the index has the {what} `{name}`; known: {known}")]
    UnknownName {
        /// `domain` or `label`.
        what: &'static str,
        /// The value.
        name: String,
        /// What there is, shortened.
        known: String,
    },
    /// The index holds no row that can be found.
    #[error("{} holds no rows; `mdfe index add` adds some", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Queries that cancel each other.
    #[error("the queries add up to nothing: they cancel each other; leave one out")]
    NothingLeft,
    /// More rows than ids.
    #[error("an index holds at most {} rows; begin a second one", u32::MAX - 1)]
    Full,
}
