//! The one error of this crate.

use std::path::{Path, PathBuf};

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while reading data. Every message names the file (and line) at fault and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {source}{}", path.display(), remedy(source))]
    Io {
        /// What was tried, as a verb: `read`, `create`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file that must not be replaced is there already.
    #[error("{} is there already; remove it or choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A prepared list is not the one that preparation wrote: somebody edited or replaced it.
    #[error("{} was changed since `cargo xtask prepare-data` wrote it, and is left as it is; move it aside to keep it, or \
        replace it with `--overwrite`", path.display())]
    Edited {
        /// The list.
        path: PathBuf,
    },
    /// A file that the data set needs is missing.
    #[error("{} is missing; {remedy}", path.display())]
    Missing {
        /// The file or folder that was looked for.
        path: PathBuf,
        /// Where to get it or what to run.
        remedy: String,
    },
    /// A file was read and its content does not fit.
    #[error("{}{}: {reason}", path.display(), line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, where there is one.
        line: Option<u64>,
        /// What does not fit and what would.
        reason: String,
    },
    /// An image cannot be decoded.
    #[error("cannot decode {}: {reason}", path.display())]
    Image {
        /// The image.
        path: PathBuf,
        /// The decoder's reason.
        reason: String,
    },
    /// A name that no data set, transform or option has.
    #[error("unknown {kind} `{name}`; known: {known}")]
    Unknown {
        /// What kind of name: `data set`, `transform`.
        kind: &'static str,
        /// The name that was given.
        name: String,
        /// The known names, nearest first.
        known: String,
    },
    /// An option whose value does not fit.
    #[error("{0}")]
    Invalid(String),
}

impl Error {
    /// Returns a closure for `map_err` that adds what was tried, and with which file, to a system error.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// An [`Error::Unknown`] that lists `known`, the names most like `name` first.
    pub fn unknown<'a>(kind: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<&str> = known.into_iter().collect();
        names.sort_by_key(|k| strsim::damerau_levenshtein(name, k));
        Self::Unknown { kind, name: name.to_owned(), known: names.join(", ") }
    }
}

/// What to do about the system's reasons that have a usual remedy.
fn remedy(source: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match source.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            "; free some space there or choose another folder, what is whole is kept"
        }
        Kind::FileTooLarge => "; raise the limit on file sizes (`ulimit -f`) or choose another folder",
        Kind::ReadOnlyFilesystem | Kind::PermissionDenied => {
            "; check the permissions or choose another folder"
        }
        _ => "",
    }
}
