//! The one error of this crate.

use std::path::{Path, PathBuf};

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while loading or running a model. Every message names the file, key or shape at fault and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor operation failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
    /// Reading images or feature stores failed.
    #[error(transparent)]
    Data(#[from] mdfe_data::Error),
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `read`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Weights whose keys or shapes do not fit the architecture.
    #[error("{} does not fit {model}: {problems}", path.display())]
    Weights {
        /// The weights file.
        path: PathBuf,
        /// The architecture that was asked for.
        model: String,
        /// Missing, unexpected and mis-shaped keys.
        problems: String,
    },
    /// A backbone name that the table of pretrained models does not have.
    #[error("unknown backbone `{name}`; the nearest names are {nearest}; `mdfe backbones list` shows all")]
    UnknownBackbone {
        /// The name that was given.
        name: String,
        /// The known names most like it.
        nearest: String,
    },
    /// A file that could not be had from the hub.
    #[error("cannot fetch {file} of {repo}: {problem}")]
    Hub {
        /// The repository.
        repo: String,
        /// The file in it.
        file: String,
        /// What went wrong, and what to do.
        problem: crate::HubProblem,
    },
    /// An option whose value does not fit.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// A file that does not fit `model`, with what is wrong and what to do.
    pub(crate) fn misfit(path: &Path, model: &str, problems: impl Into<String>) -> Self {
        Self::Weights { path: path.to_path_buf(), model: model.to_owned(), problems: problems.into() }
    }

    /// The error of a system call that was to `action` the file or folder `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_path_buf(), source }
    }
}
