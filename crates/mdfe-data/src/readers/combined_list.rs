//! A table of images that lie in the folders of other data sets.

use super::{Rows, Source};
use crate::{Domain, Result, lists::table::Format};
use std::collections::BTreeMap;

/// Domains by the folder of a data set.
pub(super) type DomainsByFolder = BTreeMap<&'static str, Domain>;

/// Which columns of which file.
pub(super) struct CombinedList {
    /// The file.
    pub(super) file: &'static str,
    /// The column with the image's path, which begins with a data set's folder.
    pub(super) path: &'static str,
    /// The column with the class.
    pub(super) class: &'static str,
}

impl CombinedList {
    /// Reads every row. Classes are numbers where all of them are, else text; a domain follows from the first folder of
    /// the path.
    pub(super) fn read(&self, source: &Source<'_>, domains: &DomainsByFolder) -> Result<Rows> {
        let list = source.load(&[self.file])?;
        let columns = [self.path, self.class];
        let mut all_numbers = true;
        list.rows(Format::Csv, columns, |row| {
            all_numbers &= row.int(1).is_ok();
            Ok(())
        })?;
        let mut rows = Rows::default();
        list.rows(Format::Csv, columns, |row| {
            let path = row.text(0).trim_start_matches("./");
            let folder = path.split('/').next().unwrap_or_default();
            let domain = domains.get(folder).ok_or_else(|| {
                let known: Vec<&str> = domains.keys().copied().collect();
                let known = known.join("`, `");
                row.fault(format!("`{path}` begins with no data set's folder; the folders are `{known}`"))
            })?;
            let path = source.sample("", path);
            if all_numbers {
                rows.push_number(path, row.int(1)?, domain);
            } else {
                rows.push_text(path, row.text(1), domain);
            }
            Ok(())
        })?;
        Ok(rows)
    }
}
