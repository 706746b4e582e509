//! The one error of this crate.

use std::path::PathBuf;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong while an experiment is read or trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An experiment file or an override does not fit.
    #[error("{place}: {problem}")]
    Config {
        /// The file, or the override as it was typed.
        place: String,
        /// The key at fault and what fits.
        problem: String,
    },
    /// Experiment files that name each other as `base`.
    #[error("{} is its own base: the chain of `base` files is {chain}; remove one of the links", path.display())]
    BaseCycle {
        /// The file that came up twice.
        path: PathBuf,
        /// The files in order.
        chain: String,
    },
    /// Training data that can't be trained on.
    #[error("{0}")]
    Data(String),
    /// The loss or a weight became NaN or infinite.
    #[error(
        "training diverged at step {step} (learning rate {lr:e}): {reason}; lower optimizer.lr or raise schedule.warmup_epochs, {kept}"
    )]
    Diverged {
        /// The step, counted from 0.
        step: usize,
        /// Its learning rate.
        lr: f64,
        /// What was not finite.
        reason: String,
        /// Which checkpoint remains.
        kept: String,
    },
    /// A checkpoint was written by another experiment.
    #[error("{} was written by another experiment, these keys differ: {keys}; use the same settings or start without --resume", path.display())]
    OtherExperiment {
        /// The checkpoint.
        path: PathBuf,
        /// The keys with both values.
        keys: String,
    },
    /// Nothing to go on from.
    #[error("{} holds no checkpoint to go on from; begin again with --overwrite", path.display())]
    NoCheckpoint {
        /// The folder of checkpoints.
        path: PathBuf,
    },
    /// A run folder that belongs to something else, or is not finished.
    #[error("{}", problem)]
    RunFolder {
        /// The folder.
        path: PathBuf,
        /// What is in the way, and the ways on.
        problem: String,
    },
    /// A checkpoint that can't be read.
    #[error("{} is no checkpoint that this build can read: {reason}; delete it to go on from an older one", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The curves can't be drawn.
    #[error("cannot draw {}: {reason}", path.display())]
    Curve {
        /// The image.
        path: PathBuf,
        /// The drawing library's reason.
        reason: String,
    },
    /// The margin loss refuses its options or input.
    #[error(transparent)]
    Loss(#[from] mdfe_loss::Error),
    /// The evaluation refuses its input.
    #[error(transparent)]
    Eval(#[from] mdfe_eval::Error),
    /// A data file or feature store does not fit.
    #[error(transparent)]
    Store(#[from] mdfe_data::Error),
    /// A projection does not fit.
    #[error(transparent)]
    Model(#[from] mdfe_model::Error),
}

impl Error {
    /// Returns a closure for `map_err` that names what was tried and with which file.
    pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
