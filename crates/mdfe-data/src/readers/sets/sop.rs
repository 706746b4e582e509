//! Stanford Online Products: images of offers on eBay, one class per product.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "sop",
        aliases: &["spo"],
        domains: &["packaged_goods"],
        folders: &["stanford_online_products"],
        licence: "see the page; made for research",
        source: "https://cvgl.stanford.edu/projects/lifted_struct",
        tree: &[downloaded(&["Ebay_train.txt"])],
        expected: Some(Expected {
            classes: 11_318,
            images: 59_551,
            rounded: false,
            of: "before min_samples",
        }),
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &["Ebay_train.txt"],
        path: "path",
        class: "class_id",
        format: Format::Spaces,
        ..ImageList::CSV
    }),
};
