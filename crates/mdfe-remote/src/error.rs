//! The one error of this crate.

use std::path::{Path, PathBuf};

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong between this machine and a store. No message holds a credential: what a provider says passes
/// [`Environment::redact`](crate::Environment::redact) first.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that is no address of a store.
    #[error("{shown} is no address of a store: {reason}")]
    Address {
        /// The text, without what may be a secret.
        shown: String,
        /// What does not fit, and what would.
        reason: String,
    },
    /// A store cannot be asked: a setting or a credential is missing.
    #[error("cannot use {location}: {reason}")]
    Setting {
        /// What was to be used.
        location: String,
        /// What is missing, and where it comes from.
        reason: String,
    },
    /// A store refused, failed or was silent, also after the retries.
    #[error("cannot {action} {location}: {reason}")]
    Store {
        /// What was tried.
        action: &'static str,
        /// The object or folder.
        location: String,
        /// The store's reason.
        reason: String,
        /// What became of it.
        outcome: Outcome,
    },
    /// A file of this machine cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file of the run folder is not what it should be.
    #[error(transparent)]
    Data(#[from] mdfe_data::Error),
}

/// How a store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered that there is no such object.
    Missing,
    /// It answered that this is not allowed or not possible: asking again is of no use.
    Refused,
    /// It was not there, was silent or failed: it may do better later.
    Failed,
}

impl Error {
    /// Returns a closure for `map_err` that names what was tried and with which file.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the store answered that there is no such object.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Store { outcome: Outcome::Missing, .. })
    }

    /// Whether the same may go well later.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Store { outcome: Outcome::Failed, .. })
    }
}
