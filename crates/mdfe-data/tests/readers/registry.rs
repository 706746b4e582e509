//! The list of data sets and the check of a tree.

use crate::tree::Tree;
use mdfe_data::{Origin, check_tree, datasets, find, list, list_text, missing_images};
use std::collections::HashSet;

#[test]
fn keys_that_users_know_stay_and_no_name_means_two_data_sets() {
    let keys = "products_10k gldv2 deep_fashion met_art shopee hm rp2k sop fashion200k food_rec22 stanford_cars \
        deep_fashion2 food101 furniture180 storefronts146 m4d_35k uned image_folder csv";
    for key in keys.split_whitespace().chain(["products-10k", "spo", "m4d-35k"]) {
        assert!(find(key).is_ok(), "{key} is in users' configs");
    }
    let names: Vec<&str> = datasets().iter().flat_map(|d| d.aliases.iter().copied().chain([d.key])).collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
}

#[test]
fn defaults_are_those_of_the_table() {
    let limits = |key: &str| find(key).map(|d| (d.min_samples, d.max_samples)).unwrap();
    for key in [
        "products_10k",
        "deep_fashion",
        "met_art",
        "shopee",
        "hm",
        "sop",
        "fashion200k",
        "stanford_cars",
        "deep_fashion2",
        "storefronts146",
    ] {
        assert_eq!(limits(key), (3, None), "{key}");
    }
    for key in ["food_rec22", "food101", "furniture180", "m4d_35k", "uned", "image_folder", "csv"] {
        assert_eq!(limits(key), (0, None), "{key}");
    }
    assert_eq!((limits("gldv2"), limits("rp2k")), ((3, Some(100)), (3, Some(100))));
}

#[test]
fn a_check_names_what_is_missing_and_where_to_get_it() {
    let tree = Tree::new().file("food-101/images/x/1.jpg", "");
    let check = check_tree(find("food101").unwrap(), tree.root());
    assert!(check.present && !check.is_ready() && !check.is_downloaded());
    assert_eq!(check.missing.len(), 1);
    assert_eq!(check.missing[0].origin, Origin::Downloaded);
    let message = check.missing[0].message.replace(tree.root().to_str().unwrap(), "ROOT");
    assert_eq!(
        message,
        "ROOT/food-101/meta/test.json is missing; get `food101` from https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101"
    );
}

#[test]
fn the_list_says_what_is_ready_and_what_has_to_be_prepared() {
    let tree = Tree::new()
        .file("food-101/images/x/1.jpg", "")
        .file("food-101/meta/test.json", "{}")
        .file("furniture_180/a/1.jpg", "")
        .file("rp2k/train.csv", "");
    let rows = list(Some(tree.root()));
    let status = |key: &str| rows.iter().find(|r| r.key == key).and_then(|r| r.status).unwrap();
    assert_eq!(status("food101"), "ready");
    assert_eq!(status("furniture180"), "to prepare");
    assert_eq!(status("rp2k"), "incomplete");
    assert_eq!(status("shopee"), "absent");
    assert_eq!((status("uned"), status("m4d_35k")), ("absent", "absent"));
    let text = list_text(&rows);
    assert!(text.contains("food101 [ready]\n  domain   food\n"), "{text}");
    assert!(text.contains("  expected about 34,800 classes, 328,400 images\n"), "{text}");
    assert!(list(None).iter().all(|r| r.status.is_none()));
}

#[test]
fn missing_images_are_found_by_position() {
    let tree = Tree::new().file("t.csv", "path,label\na.jpg,1\nb.jpg,1\nc.jpg,2\n").file("b.jpg", "");
    let reading = tree.try_read("csv", &[("file", "t.csv")]).unwrap();
    assert_eq!(missing_images(&reading.dataset), [0, 2]);
}
