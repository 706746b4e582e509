//! M4D-35k, the method's training set: parts of four data sets in one list.

use super::prelude::*;

/// The combined list, published or made by preparation.
pub(crate) const LIST: &str = "m4d-35k_train.csv";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "m4d_35k",
        aliases: &["m4d-35k"],
        domains: &["packaged_goods", "landmarks", "apparel", "cars"],
        licence: "that of its four parts",
        source: "the pages of products_10k, gldv2, deep_fashion and stanford_cars",
        tree: &[
            optional(&["products-10k/train.csv"]),
            optional(&[
                "google_landmark_recognition_2021/train.csv",
                "google_landmark_recognition_2021/gldv2_train_cls10000.csv",
            ]),
            optional(&["deepfashion/deepfashion_train.json"]),
            optional(&[
                "stanford_cars/sc_refined_train.csv",
                "stanford_cars/sc_train_refined.csv",
                "stanford_cars/refined_train.csv",
            ]),
            prepared(&[LIST]),
        ],
        expected: Some(Expected { classes: 34_800, images: 328_400, rounded: true, of: "" }),
        ..DatasetInfo::BLANK
    },
    list: List::Combined(CombinedList { file: LIST, path: "img_path", class: "label" }),
};
