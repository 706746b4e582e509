//! What decoding lost without failing.

use mdfe_data::Notice;
use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Counts the images whose decoding lost something, and remembers the first.
#[derive(Default)]
pub(super) struct Losses(Mutex<(usize, Option<String>)>);

impl Losses {
    pub(super) fn note(&self, path: &Path, notice: Option<Notice>) {
        let Some(notice) = notice else { return };
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.0 += 1;
        noted.1.get_or_insert_with(|| format!("{}: {notice}", path.display()));
    }

    /// One warning for all of them: a data set may hold a million.
    pub(super) fn tell(&self) {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (count, Some(first)) = &*noted {
            tracing::warn!("{count} images are used with a loss, the first of them {first}");
        }
    }
}
