//! UnED.

use crate::tree::Tree;
use mdfe_data::uned::{protocol, read_split};

fn tree() -> Tree {
    Tree::new()
        .file("info_files/cars/train.json", r#"[{"path": "cars/b.jpg", "class_id": 10}, {"path": "cars/a.jpg", "class_id": [9]}]"#)
        .file("info_files/met/train.json", r#"[{"path": "met/MET/9.jpg", "class_id": [10, 9], "domain": 4}]"#)
        .file("info_files/rp2k/train.json", r#"[{"path": "rp2k/train/一二/1.jpg", "class_id": 0}, {"path": "rp2k/train/二/1.jpg", "class_id": 0}]"#)
        .file("images/rp2k/train/#U4e00#U4e8c/1.jpg", "")
        .file("images/rp2k/train/二/1.jpg", "")
}

#[test]
fn classes_of_domains_follow_each_other_and_stay_apart() {
    let (samples, _) = tree().read("uned", &[("domains", "cars, met")]);
    let expected = [
        "images/cars/b.jpg 10 1 cars",
        "images/cars/a.jpg 9 0 cars",
        // An image of two classes is a sample of both.
        "images/met/MET/9.jpg 10 3 met",
        "images/met/MET/9.jpg 9 2 met",
    ];
    assert_eq!(samples, expected);
}

#[test]
fn escaped_names_are_found_where_the_plain_one_is_missing() {
    let (samples, _) = tree().read("uned", &[("domains", "rp2k")]);
    assert_eq!(
        samples,
        ["images/rp2k/train/#U4e00#U4e8c/1.jpg 0 0 rp2k", "images/rp2k/train/二/1.jpg 0 0 rp2k"]
    );
}

#[test]
fn every_domain_is_needed_unless_some_are_named() {
    let error = tree().read_error("uned", &[]);
    assert_eq!(
        error,
        "ROOT/info_files/sop/train.json is missing; get `uned` from https://cmp.felk.cvut.cz/univ_emb"
    );
    let error = tree().read_error("uned", &[("domains", "inshops")]);
    assert!(error.starts_with("unknown UnED domain `inshops`; known: inshop, "), "{error}");
}

#[test]
fn splits_give_all_classes_of_an_image() {
    let tree =
        tree().file("info_files/met/small_index.json", r#"[{"path": "met/MET/1.jpg", "class_id": []}]"#);
    let images = read_split(tree.root(), "met", "train").unwrap();
    assert_eq!(images[0].classes, [10, 9]);
    let error = read_split(tree.root(), "met", "small_index").unwrap_err().to_string();
    assert!(
        error.ends_with("`met/MET/1.jpg` has an empty list as `class_id`; it needs at least one class"),
        "{error}"
    );
}

#[test]
fn the_protocol_searches_the_index_where_there_is_one() {
    let of = |domain, validation| {
        let p = protocol(domain, validation).unwrap();
        (p.query, p.index, p.excludes_query)
    };
    assert_eq!(of("met", false), ("test", "index", false));
    assert_eq!(of("met", true), ("val", "small_index", false));
    assert_eq!(of("inshop", false), ("test", "index", false));
    assert_eq!(of("gldv2", false), ("test", "index", false));
    assert_eq!(of("food2k", false), ("test", "test", true));
    assert_eq!(of("rp2k", true), ("val", "val", true));
}
