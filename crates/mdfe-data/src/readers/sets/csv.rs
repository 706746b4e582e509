//! Any table of images: a CSV with `path,label` and, where wanted, `domain` and `split`.

use super::prelude::*;
use crate::{Domain, DropReason, Dropped, Error};
use std::collections::{HashMap, HashSet};

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "csv",
        domains: &["images"],
        licence: "your own",
        source: "your own table, given with `file`",
        options: &["file", "domain", "split"],
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// The split that stands for all of them.
const EVERY_SPLIT: &str = "*";

/// Labels are text. With a `split` column only the rows of one split are read; `*` reads all of them.
fn read(source: &Source<'_>) -> Result<Rows> {
    let options = source.options;
    let file = options.file.as_deref().and_then(|f| f.to_str()).ok_or_else(|| {
        Error::Invalid(
            "data set `csv` needs the option `file`: a table with the columns `path,label`".to_owned(),
        )
    })?;
    let path = source.on_disk(file);
    if !path.is_file() {
        let remedy = "the option `file` is relative to the data folder".to_owned();
        return Err(Error::Missing { path, remedy });
    }
    let wanted = options.split.as_deref().unwrap_or("train");
    let default = options.domain.as_deref().map_or_else(|| source.domain(), Domain::new);
    let mut domains: HashMap<String, Domain> = HashMap::new();
    let mut rows = Rows::default();
    let mut split_column = true;
    let (mut skipped, mut read_classes, mut skipped_classes) = (0, HashSet::new(), HashSet::new());
    source.load(&[file])?.rows(Format::Csv, ["path", "label", "domain?", "split?"], |row| {
        split_column = row.has(3);
        if split_column && wanted != EVERY_SPLIT && row.text(3).trim() != wanted {
            skipped += 1;
            skipped_classes.insert(row.text(1).to_owned());
            return Ok(());
        }
        if row.text(0).is_empty() || row.text(1).is_empty() {
            return Err(row.fault("`path` and `label` must not be empty".to_owned()));
        }
        let domain = match row.text(2) {
            "" if row.has(2) => {
                return Err(row.fault("`domain` is empty; give it one or drop the column".to_owned()));
            }
            "" => &default,
            name => domains.entry(name.to_owned()).or_insert_with(|| Domain::new(name)),
        };
        read_classes.insert(row.text(1).to_owned());
        rows.push_text(source.sample("", row.text(0)), row.text(1), domain);
        Ok(())
    })?;
    if options.split.is_some() && wanted != EVERY_SPLIT && !split_column {
        let reason =
            format!("has no column `split`; leave the option `split = {wanted}` out or add the column");
        return Err(Error::Malformed { path, line: Some(1), reason });
    }
    let classes = skipped_classes.difference(&read_classes).count();
    rows.note(Dropped { reason: DropReason::OtherSplit, samples: skipped, classes });
    Ok(rows)
}
