//! The shape that most data sets have: a CSV with a column for the image and one for a numbered class.

use super::{Rows, Source};
use crate::Result;

/// Which columns of which file, and where the images lie.
pub(super) struct LabelledCsv {
    /// Accepted file names, the first that is there is read.
    pub(super) files: &'static [&'static str],
    /// The column with the image and the column with the class: see [`super::table::rows`].
    pub(super) columns: [&'static str; 2],
    /// Folder of the images, inside the data set's.
    pub(super) folder: &'static str,
}

impl LabelledCsv {
    /// Reads every row; classes are whole numbers.
    pub(super) fn read(&self, source: &Source<'_>) -> Result<Rows> {
        let domain = source.domain();
        let mut rows = Rows::default();
        let mut prefix = None;
        source.load(self.files)?.rows(self.columns, |row| {
            let prefix = *prefix.get_or_insert_with(|| source.prefix(self.folder, row.text(0)));
            rows.push_number(source.sample(prefix, row.text(0)), row.int(1)?, &domain);
            Ok(())
        })?;
        Ok(rows)
    }
}
