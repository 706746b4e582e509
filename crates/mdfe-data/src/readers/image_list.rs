//! The shape that most data sets have: a table with one row per image, a column for its path and one for its class.

use super::{Rows, Source};
use crate::{Result, lists::table::Format};

/// Which columns of which file, and where the images lie. [`ImageList::CSV`] is the base for constants.
pub(super) struct ImageList {
    /// Accepted file names; the first that is there is read.
    pub(super) files: &'static [&'static str],
    /// How rows are written (default: comma separated).
    pub(super) format: Format,
    /// The column with the image's path, such as `image` or `path|file`: see [`crate::lists::table::rows`].
    pub(super) path: &'static str,
    /// The column with the class, named the same way.
    pub(super) class: &'static str,
    /// What the classes are (default: whole numbers).
    pub(super) classes: Classes,
    /// Folder of the images inside the data set's (default: that itself).
    pub(super) folder: &'static str,
}

/// How the ids of classes are read, and so in which order labels follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Classes {
    /// Whole numbers, which sort as numbers.
    Numbers,
    /// Text, which sorts by its bytes.
    Text,
}

impl ImageList {
    /// The defaults, without a file and columns.
    pub(super) const CSV: Self =
        Self { files: &[], format: Format::Csv, path: "", class: "", classes: Classes::Numbers, folder: "" };

    /// Reads every row.
    pub(super) fn read(&self, source: &Source<'_>) -> Result<Rows> {
        let domain = source.domain();
        let mut rows = Rows::default();
        let mut prefix = None;
        source.load(self.files)?.rows(self.format, [self.path, self.class], |row| {
            let prefix = *prefix.get_or_insert_with(|| source.prefix(self.folder, row.text(0)));
            let path = source.sample(prefix, row.text(0));
            match self.classes {
                Classes::Numbers => rows.push_number(path, row.int(1)?, &domain),
                Classes::Text => rows.push_text(path, row.text(1), &domain),
            }
            Ok(())
        })?;
        Ok(rows)
    }
}
