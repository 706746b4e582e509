//! Shopee product matching: offers of an online market, one class per product.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "shopee",
        domains: &["packaged_goods"],
        folders: &["shopee"],
        licence: "the competition's rules",
        source: "https://www.kaggle.com/competitions/shopee-product-matching/data",
        tree: &[downloaded(&["train.csv"]), downloaded(&["train_images/"])],
        expected: Some(Expected {
            classes: 11_014,
            images: 34_250,
            rounded: false,
            of: "before min_samples",
        }),
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &["train.csv"],
        path: "image",
        class: "label_group",
        folder: "train_images",
        ..ImageList::CSV
    }),
};
