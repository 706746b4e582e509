//! The one error of this crate. What a client did wrong is an answer, not an error: see `api/reply.rs`.

use std::{net::SocketAddr, path::PathBuf};

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while a service starts, runs or searches.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; choose another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system refuses threads or sockets.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried, as a verb.
        action: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A token that cannot be one.
    #[error("{from} holds no token: {reason}")]
    Token {
        /// The file or environment variable.
        from: String,
        /// What does not fit, and what would.
        reason: String,
    },
    /// An index that does not fit the model.
    #[error("{}: {reason}", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// What does not fit and what to do.
        reason: String,
    },
    /// Rows or a query that an index cannot take; the client is told.
    #[error("{0}")]
    Rows(String),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] mdfe_model::Error),
    /// A file of embeddings cannot be read or written.
    #[error(transparent)]
    Data(#[from] mdfe_data::Error),
    /// An index on disk cannot be read, changed or searched.
    #[error(transparent)]
    Folder(#[from] mdfe_index::Error),
    /// The search failed.
    #[error(transparent)]
    Search(#[from] mdfe_eval::Error),
}
