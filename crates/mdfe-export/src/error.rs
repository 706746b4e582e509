//! The one error of this crate.

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why an embedder cannot be exported or checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Weights or shapes that do not fit.
    #[error(transparent)]
    Model(#[from] mdfe_model::Error),
    /// A file that cannot be written or read.
    #[error(transparent)]
    Data(#[from] mdfe_data::Error),
    /// A tensor operation failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// An embedder or an option that does not fit.
    #[error("{0}")]
    Invalid(String),
    /// A written file that does not read back as it should.
    #[error("{file} is damaged: {problem}; export it again")]
    Damaged {
        /// What was read.
        file: String,
        /// What is wrong.
        problem: String,
    },
}
