//! Furniture-180: pieces of furniture, one class per folder.

use super::labelled_csv::LabelledCsv;
use crate::registry::info::{DatasetInfo, prepared};

/// The list that preparation makes.
pub(crate) const LIST: &str = "furniture180_train.csv";

const CSV: LabelledCsv = LabelledCsv { files: &[LIST], columns: ["img_path", "label"], folder: "" };

pub(crate) const INFO: DatasetInfo = DatasetInfo {
    key: "furniture180",
    domains: &["furniture"],
    folders: &["furniture_180"],
    licence: "see the page",
    source: "https://www.kaggle.com/datasets/andreybeyn/qudata-gembed-furniture-180",
    tree: &[prepared(&[LIST])],
    read: |source| CSV.read(source),
    ..DatasetInfo::BLANK
};
