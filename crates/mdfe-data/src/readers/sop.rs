//! Stanford Online Products: images of offers on eBay, one class per product.

use super::{
    Rows, Source,
    table::{self, Format},
};
use crate::{
    Result,
    registry::info::{DatasetInfo, Expected, downloaded},
};

const FILE: &str = "Ebay_train.txt";

pub(super) const INFO: DatasetInfo = DatasetInfo {
    key: "sop",
    aliases: &["spo"],
    domains: &["packaged_goods"],
    folders: &["stanford_online_products"],
    licence: "see the page; made for research",
    source: "https://cvgl.stanford.edu/projects/lifted_struct",
    tree: &[downloaded(&[FILE])],
    expected: Some(Expected { classes: 11_318, images: 59_551, rounded: false, of: "before min_samples" }),
    min_samples: 3,
    read,
    ..DatasetInfo::BLANK
};

/// `Ebay_train.txt` is separated by spaces.
fn read(source: &Source<'_>) -> Result<Rows> {
    let list = source.load(&[FILE])?;
    let domain = source.domain();
    let mut rows = Rows::default();
    table::rows(&list.path, &list.bytes, Format::Spaces, ["path", "class_id"], |row| {
        rows.push_number(source.sample("", row.text(0)), row.int(1)?, &domain);
        Ok(())
    })?;
    Ok(rows)
}
