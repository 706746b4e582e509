//! Fashion200k: women's clothing from shops, one class per product.

use super::labelled_csv::LabelledCsv;
use crate::registry::info::{DatasetInfo, downloaded, optional, prepared};

/// The list that preparation makes.
pub(crate) const LIST: &str = "fashion200k_train.csv";

const CSV: LabelledCsv =
    LabelledCsv { files: &[LIST, "train.csv"], columns: ["img_path", "img_id"], folder: "" };

pub(crate) const INFO: DatasetInfo = DatasetInfo {
    key: "fashion200k",
    domains: &["apparel"],
    folders: &["fashion200k"],
    licence: "see the page; made for research",
    source: "https://github.com/xthan/fashion-200k",
    tree: &[optional(&["labels/"]), downloaded(&["women/"]), prepared(&[LIST, "train.csv"])],
    min_samples: 3,
    read: |source| CSV.read(source),
    ..DatasetInfo::BLANK
};
