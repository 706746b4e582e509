//! Shopee product matching: offers of an online market, one class per product.

use super::labelled_csv::LabelledCsv;
use crate::registry::info::{DatasetInfo, Expected, downloaded};

const CSV: LabelledCsv =
    LabelledCsv { files: &["train.csv"], columns: ["image", "label_group"], folder: "train_images" };

pub(super) const INFO: DatasetInfo = DatasetInfo {
    key: "shopee",
    domains: &["packaged_goods"],
    folders: &["shopee"],
    licence: "the competition's rules",
    source: "https://www.kaggle.com/competitions/shopee-product-matching/data",
    tree: &[downloaded(&["train.csv"]), downloaded(&["train_images/"])],
    expected: Some(Expected { classes: 11_014, images: 34_250, rounded: false, of: "before min_samples" }),
    min_samples: 3,
    read: |source| CSV.read(source),
    ..DatasetInfo::BLANK
};
