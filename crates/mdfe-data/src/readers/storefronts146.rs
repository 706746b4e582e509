//! Storefronts-146: fronts of shops, one class per chain.

use super::labelled_csv::LabelledCsv;
use crate::registry::info::{DatasetInfo, prepared};

/// The list that preparation makes.
pub(crate) const LIST: &str = "storefronts146_train.csv";

const CSV: LabelledCsv = LabelledCsv { files: &[LIST], columns: ["img_path", "label"], folder: "" };

pub(crate) const INFO: DatasetInfo = DatasetInfo {
    key: "storefronts146",
    domains: &["storefronts"],
    folders: &["storefronts_146"],
    licence: "see the page",
    source: "https://www.kaggle.com/datasets/kerrit/storefront-146",
    tree: &[prepared(&[LIST])],
    min_samples: 3,
    read: |source| CSV.read(source),
    ..DatasetInfo::BLANK
};
