//! Food Recognition 2022: meals photographed by users of an app, cut into one image per dish.

use super::prelude::*;

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "food_rec22",
        domains: &["food"],
        folders: &["fr22_train_v2"],
        licence: "the challenge's terms",
        source: "https://www.aicrowd.com/challenges/food-recognition-benchmark-2022",
        tree: &[
            optional(&["images/"]),
            optional(&["annotations.json"]),
            prepared(&["preprocessed_imgs/"]),
            prepared(&["train.csv"]),
        ],
        expected: Some(Expected { classes: 498, images: 76_491, rounded: false, of: "boxes of release 2.0" }),
        ..DatasetInfo::BLANK
    },
    list: List::Images(ImageList {
        files: &["train.csv"],
        path: "img_path",
        class: "label",
        ..ImageList::CSV
    }),
};
