//! RP2K: products on the shelves of shops, one class per SKU.

use super::labelled_csv::LabelledCsv;
use crate::registry::info::{DatasetInfo, downloaded};

const CSV: LabelledCsv =
    LabelledCsv { files: &["train.csv"], columns: ["img_path", "img_id"], folder: "train" };

pub(super) const INFO: DatasetInfo = DatasetInfo {
    key: "rp2k",
    domains: &["packaged_goods"],
    folders: &["rp2k"],
    licence: "see the page; made for research",
    source: "https://www.pinlandata.com/rp2k_dataset",
    tree: &[downloaded(&["train.csv"]), downloaded(&["train/"])],
    min_samples: 3,
    max_samples: Some(100),
    read: |source| CSV.read(source),
    ..DatasetInfo::BLANK
};
