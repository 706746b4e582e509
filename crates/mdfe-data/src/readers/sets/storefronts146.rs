//! Storefronts-146: fronts of shops, one class per chain.

use super::prelude::*;

/// The list that preparation makes.
pub(crate) const LIST: &str = "storefronts146_train.csv";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "storefronts146",
        domains: &["storefronts"],
        folders: &["storefronts_146"],
        licence: "see the page",
        source: "https://www.kaggle.com/datasets/kerrit/storefront-146",
        tree: &[prepared(&[LIST])],
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList { files: &[LIST], path: "img_path", class: "label", ..ImageList::CSV }),
};
