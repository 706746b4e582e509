//! What one preparation works with.

use crate::{Progress, readers::Source};

/// One data set to prepare.
pub(super) struct Job<'a> {
    /// The data set on disk.
    pub(super) source: Source<'a>,
    /// Seed of what is drawn.
    pub(super) seed: u64,
    /// Whether lists that somebody else wrote or edited are replaced.
    pub(super) overwrite: bool,
    /// Hears how far the work is.
    pub(super) progress: &'a dyn Progress,
}
