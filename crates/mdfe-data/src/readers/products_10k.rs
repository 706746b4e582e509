//! Products-10k: photos of retail products, one class per SKU.

use super::labelled_csv::LabelledCsv;
use crate::registry::info::{DatasetInfo, Expected, downloaded};

const CSV: LabelledCsv = LabelledCsv { files: &["train.csv"], columns: ["name", "class"], folder: "train" };

pub(super) const INFO: DatasetInfo = DatasetInfo {
    key: "products_10k",
    aliases: &["products-10k"],
    domains: &["packaged_goods"],
    folders: &["products-10k"],
    licence: "non-commercial research and education",
    source: "https://products-10k.github.io",
    tree: &[downloaded(&["train.csv"]), downloaded(&["train/"])],
    expected: Some(Expected { classes: 9_500, images: 141_500, rounded: true, of: "" }),
    min_samples: 3,
    read: |source| CSV.read(source),
    ..DatasetInfo::BLANK
};
