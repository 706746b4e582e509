//! Products-10k: photos of retail products, one class per SKU.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "products_10k",
        aliases: &["products-10k"],
        domains: &["packaged_goods"],
        folders: &["products-10k"],
        licence: "non-commercial research and education",
        source: "https://products-10k.github.io",
        tree: &[downloaded(&["train.csv"]), downloaded(&["train/"])],
        expected: Some(Expected { classes: 9_500, images: 141_500, rounded: true, of: "" }),
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &["train.csv"],
        path: "name",
        class: "class",
        folder: "train",
        ..ImageList::CSV
    }),
};
