//! Any table of images: a CSV with `path,label` and, where wanted, `domain` and `split`; `labels` in place of `label` for images of
//! several classes, and `x1,y1,x2,y2` for a part of the image.

use super::prelude::*;
use crate::{Domain, DropReason, Dropped, Error, lists::table::Row, members::box_name};
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

/// What stands between the classes of an image in the column `labels`.
const BETWEEN: char = '|';

/// The columns; the class and the box by their positions.
const COLUMNS: [&str; 10] =
    ["path", "label|labels", "label?", "labels?", "domain?", "split?", "x1?", "y1?", "x2?", "y2?"];
const PATH: usize = 0;
const CLASSES: usize = 1;
const LABEL: usize = 2;
const LABELS: usize = 3;
const DOMAIN: usize = 4;
const SPLIT: usize = 5;
const X1: usize = 6;

/// Labels are text. With a `split` column only the rows of one split are read; `*` reads all of them. An image of several classes is a
/// sample of each. Where a row has a box, in pixels of the image, the sample is what it shows, with 2 % of room around it.
fn read(source: &Source<'_>) -> Result<Rows> {
    let options = source.options;
    let file = source.file("a table with the columns `path,label`")?;
    let file = file
        .to_str()
        .ok_or_else(|| Error::Invalid(format!("{}: the option `file` must be UTF-8", file.display())))?;
    let path = source.on_disk(file);
    if !path.is_file() {
        let remedy = "the option `file` is relative to the data folder".to_owned();
        return Err(Error::Missing { path, remedy });
    }
    let wanted = options.split.as_deref().unwrap_or("train");
    let default = source.default_domain();
    let mut domains: HashMap<String, Domain> = HashMap::new();
    let mut rows = Rows::default();
    let mut split_column = true;
    let (mut skipped, mut read_classes, mut skipped_classes) = (0, HashSet::new(), HashSet::new());
    source.load(&[file])?.rows(Format::Csv, COLUMNS, |row| {
        let labels = labels(&row)?;
        split_column = row.has(SPLIT);
        rows.multi_label = row.has(LABELS);
        if split_column && wanted != EVERY_SPLIT && row.text(SPLIT).trim() != wanted {
            skipped += 1;
            skipped_classes.extend(labels.into_iter().map(str::to_owned));
            return Ok(());
        }
        if row.text(PATH).is_empty() || labels.iter().any(|label| label.is_empty()) {
            return Err(row.fault("`path` and `label` must not be empty".to_owned()));
        }
        let domain = match row.text(DOMAIN) {
            "" if row.has(DOMAIN) => {
                return Err(row.fault("`domain` is empty; give it one or drop the column".to_owned()));
            }
            "" => &default,
            name => domains.entry(name.to_owned()).or_insert_with(|| Domain::new(name)),
        };
        let mut path = source.sample("", row.text(PATH));
        path.extend(corners(&row)?.map(box_name));
        for label in labels {
            read_classes.insert(label.to_owned());
            rows.push_text(path.clone(), label, domain);
        }
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

/// The classes of a row: of `label` the one, of `labels` those between the bars.
fn labels<'r, const N: usize>(row: &'r Row<'_, N>) -> Result<Vec<&'r str>> {
    match (row.has(LABEL), row.has(LABELS)) {
        (true, true) => {
            Err(row.fault("the table has both columns `label` and `labels`; keep one".to_owned()))
        }
        (_, true) => Ok(row.text(CLASSES).split(BETWEEN).map(str::trim).collect()),
        _ => Ok(vec![row.text(CLASSES)]),
    }
}

/// The box of a row: all four corners or none.
fn corners<const N: usize>(row: &Row<'_, N>) -> Result<Option<[f64; 4]>> {
    let texts: [&str; 4] = std::array::from_fn(|i| row.text(X1 + i).trim());
    if texts.iter().all(|text| text.is_empty()) {
        return Ok(None);
    }
    let mut corners = [0.0; 4];
    for (corner, text) in corners.iter_mut().zip(texts) {
        let number = text.parse::<f64>().ok().filter(|v| v.is_finite());
        *corner = number.ok_or_else(|| {
            row.fault(format!(
                "a box needs four numbers x1,y1,x2,y2 in pixels, or none; one of them is `{text}`"
            ))
        })?;
    }
    let [x1, y1, x2, y2] = corners;
    if x2 <= x1 || y2 <= y1 {
        return Err(
            row.fault(format!("the box {x1},{y1},{x2},{y2} is empty: x1 < x2 and y1 < y2 are needed"))
        );
    }
    Ok(Some(corners))
}
