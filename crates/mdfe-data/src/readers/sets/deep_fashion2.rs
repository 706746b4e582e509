//! DeepFashion2: garments in shops and on people, one class per pair and style.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "deep_fashion2",
        domains: &["apparel"],
        folders: &["deep_fashion2", "deepfashion2"],
        licence: "non-commercial research, by agreement",
        source: "https://github.com/switchablenorms/DeepFashion2",
        tree: &[
            optional(&["image/"]),
            optional(&["annos/"]),
            prepared(&["preprocessed_imgs/"]),
            prepared(&["train.csv"]),
        ],
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &["train.csv"],
        path: "img_path",
        class: "label",
        classes: Classes::Text,
        ..ImageList::CSV
    }),
};
