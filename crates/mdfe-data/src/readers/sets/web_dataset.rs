//! Tars as WebDataset writes them, sharded or alone; images stay in them.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "web_dataset",
        aliases: &["webdataset"],
        domains: &["images"],
        licence: "your own",
        source: "your own tars, given with `file`, such as shards/x-{000..010}.tar",
        options: &["file", "domain"],
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// Images with their classes, as text; shards in the order of the pattern.
fn read(source: &Source<'_>) -> Result<Rows> {
    let file = source.file("tars, such as `shards/x-{000..010}.tar`")?;
    Ok(Listing::read(&source.on_disk(""), file)?.into_rows(&source.default_domain()))
}
