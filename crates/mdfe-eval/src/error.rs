//! What can go wrong: every input is checked before any work starts.

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a search or an evaluation was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// D = 0.
    #[error("embeddings of 0 dimensions can't be compared; pass their width, D")]
    ZeroDim,
    /// The length of the data is no multiple of D.
    #[error("{len} values are no whole number of rows of {dim}; pass row-major data of shape [rows, {dim}]")]
    Shape {
        /// Number of values passed.
        len: usize,
        /// Row width passed, D.
        dim: usize,
    },
    /// Query and index have different widths.
    #[error("the query has {query} dimensions and the index {index}; embed both with the same model")]
    Dim {
        /// Width of the query, D.
        query: usize,
        /// Width of the index, D.
        index: usize,
    },
    /// No row in the query or in the index.
    #[error("the {what} has no row; pass at least one")]
    Empty {
        /// `query` or `index`.
        what: &'static str,
    },
    /// A value is NaN or infinite.
    #[error("row {row} of the {what} holds {value} at position {position}; every value must be finite")]
    NotFinite {
        /// `query` or `index`.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// The position in the row, from 0.
        position: usize,
        /// `NaN`, `inf` or `-inf`.
        value: f32,
    },
    /// A row is so long that inner products overflow f32.
    #[error("row {row} of the {what} has the length {length:e}, too long for f32 scores; normalise the rows")]
    TooLong {
        /// `query` or `index`.
        what: &'static str,
        /// The row, from 0.
        row: usize,
        /// Its L2 norm.
        length: f64,
    },
    /// k = 0, in a search or a metric.
    #[error("k is 0 in {what}; ask for at least one neighbour")]
    ZeroK {
        /// Where k was given.
        what: String,
    },
    /// Row ids are u32.
    #[error("the index has {rows} rows; a search covers at most 4294967294, split the index")]
    TooManyRows {
        /// Rows of the index, N.
        rows: usize,
    },
    /// Something that belongs to each row has another length.
    #[error("{got} {what} for {rows} rows; pass one for each row")]
    Length {
        /// What was counted, for example `query labels`.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there should be.
        rows: usize,
    },
    /// [`Exclude::SameRow`](crate::Exclude::SameRow) with different row counts.
    #[error(
        "leave-one-out needs the same rows as query and index, here {queries} queries and {index} index rows; \
         give the rows to exclude with `Exclude::Rows`"
    )]
    NotTheSameRows {
        /// Rows of the query, Q.
        queries: usize,
        /// Rows of the index, N.
        index: usize,
    },
    /// A row to exclude does not exist.
    #[error("query {query} excludes index row {row}, but the index has {index} rows")]
    ExcludedRow {
        /// The query's row.
        query: usize,
        /// The index row that was to be excluded.
        row: u32,
        /// Rows of the index, N.
        index: usize,
    },
    /// A domain id has no name.
    #[error(
        "row {row} has the domain {id}, but {names} domains are named; ids are positions in the list of names"
    )]
    UnknownDomain {
        /// The row.
        row: usize,
        /// Its domain id.
        id: i64,
        /// Number of names.
        names: usize,
    },
    /// Domains on one side only, or a scope that needs them.
    #[error("the {what} has no domains; {remedy}")]
    NoDomains {
        /// `query` or `index`.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// Bytes and signs of rows are searched by inner product.
    #[error(
        "rows of bytes or signs are searched by inner product, with at most 65,536 dimensions; search rows of f32 for anything else"
    )]
    InnerProductOnly,
    /// No metric was asked for.
    #[error("no metric was asked for; the default list is `Metric::defaults()`")]
    NoMetrics,
    /// The neighbours were searched with a k smaller than a metric needs.
    #[error("{metric} looks at {needed} neighbours, but the search was for {k}; search with a larger k")]
    TooFewNeighbours {
        /// The metric's name.
        metric: String,
        /// Its k.
        needed: usize,
        /// The search's k.
        k: usize,
    },
    /// A metric name that does not exist.
    #[error("unknown metric `{name}`; known are {}, for example `mMP@5`", crate::metrics::known())]
    UnknownMetric {
        /// The name as given.
        name: String,
    },
}
