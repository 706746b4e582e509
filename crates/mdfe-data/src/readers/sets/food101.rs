//! Food-101: dishes, one class per kind. Its test list, whose labels were cleaned by hand, is the training data.

use super::prelude::*;
use crate::lists::json::Pairs;

const FILE: &str = "meta/test.json";

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "food101",
        domains: &["food"],
        folders: &["food-101"],
        licence: "see the page; images belong to their authors, made for research",
        source: "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101",
        tree: &[downloaded(&[FILE]), downloaded(&["images/"])],
        expected: Some(Expected { classes: 101, images: 25_250, rounded: false, of: "" }),
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// `{class: [name, ...]}`, where a name is `class/number`.
fn read(source: &Source<'_>) -> Result<Rows> {
    let classes: Pairs<Vec<String>> = source.load(&[FILE])?.json()?;
    let domain = source.domain();
    let mut rows = Rows::default();
    for (class, names) in &classes.0 {
        for name in names {
            rows.push_text(source.sample("images", &format!("{name}.jpg")), class, &domain);
        }
    }
    Ok(rows)
}
