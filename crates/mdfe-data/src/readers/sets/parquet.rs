//! Parquet files with images, as Hugging Face data sets keep them; images stay in them.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "parquet",
        domains: &["images"],
        licence: "your own",
        source: "your own Parquet files, given with `file`, such as data/train-*.parquet",
        options: &["file", "domain"],
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// Images with their classes, as text; files in the order of the pattern.
fn read(source: &Source<'_>) -> Result<Rows> {
    let file = source.file("Parquet files, such as `data/train-*.parquet`")?;
    Ok(Listing::read(&source.on_disk(""), file)?.into_rows(&source.default_domain()))
}
