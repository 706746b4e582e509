//! Fashion200k: women's clothing from shops, one class per product.

use super::prelude::*;

/// The list that preparation makes.
pub(crate) const LIST: &str = "fashion200k_train.csv";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "fashion200k",
        domains: &["apparel"],
        folders: &["fashion200k"],
        licence: "see the page; made for research",
        source: "https://github.com/xthan/fashion-200k",
        tree: &[optional(&["labels/"]), downloaded(&["women/"]), prepared(&[LIST, "train.csv"])],
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &[LIST, "train.csv"],
        path: "img_path",
        class: "img_id",
        ..ImageList::CSV
    }),
};
