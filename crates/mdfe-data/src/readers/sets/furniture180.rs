//! Furniture-180: pieces of furniture, one class per folder.

use super::prelude::*;

/// The list that preparation makes.
pub(crate) const LIST: &str = "furniture180_train.csv";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "furniture180",
        domains: &["furniture"],
        folders: &["furniture_180"],
        licence: "see the page",
        source: "https://www.kaggle.com/datasets/andreybeyn/qudata-gembed-furniture-180",
        tree: &[prepared(&[LIST])],
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList { files: &[LIST], path: "img_path", class: "label", ..ImageList::CSV }),
};
