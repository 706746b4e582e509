//! RP2K: products on the shelves of shops, one class per SKU.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "rp2k",
        domains: &["packaged_goods"],
        folders: &["rp2k"],
        licence: "see the page; made for research",
        source: "https://www.pinlandata.com/rp2k_dataset",
        tree: &[downloaded(&["train.csv"]), downloaded(&["train/"])],
        min_samples: 3,
        max_samples: Some(100),
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &["train.csv"],
        path: "img_path",
        class: "img_id",
        folder: "train",
        ..ImageList::CSV
    }),
};
