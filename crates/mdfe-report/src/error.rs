//! What can go wrong.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The page could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The page.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The page's data could not be made JSON.
    #[error("cannot write the data of a report as JSON: {0}")]
    Data(serde_json::Error),
    /// Something that belongs to each row has another length.
    #[error("`{set}` has {got} {what} for {rows} rows; describe every row")]
    Length {
        /// The test set.
        set: String,
        /// What was counted.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there should be.
        rows: usize,
    },
}
