//! DeepFashion, consumer-to-shop: one class per garment, worn and in the shop.

use super::prelude::*;
use crate::lists::json::Pairs;

const FILE: &str = "deepfashion_train.json";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "deep_fashion",
        domains: &["apparel"],
        folders: &["deepfashion"],
        licence: "non-commercial research, by agreement",
        source: "http://mmlab.ie.cuhk.edu.hk/projects/DeepFashion/Consumer2ShopRetrieval.html",
        tree: &[downloaded(&[FILE])],
        expected: Some(Expected { classes: 14_300, images: 100_400, rounded: true, of: "" }),
        min_samples: 3,
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// `{group: {item id: [path, ...]}}`; an item in two groups is one class.
fn read(source: &Source<'_>) -> Result<Rows> {
    let groups: Pairs<Pairs<Vec<String>>> = source.load(&[FILE])?.json()?;
    let domain = source.domain();
    let mut rows = Rows::default();
    for (item, paths) in groups.0.iter().flat_map(|(_, items)| &items.0) {
        for path in paths {
            rows.push_text(source.sample("", path), item, &domain);
        }
    }
    Ok(rows)
}
