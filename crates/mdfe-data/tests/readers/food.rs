//! Dishes.

use crate::tree::Tree;

#[test]
fn food101_reads_its_test_list() {
    let json = r#"{"waffles": ["waffles/1061270", "waffles/1082032"], "Apple_pie": ["Apple_pie/1011328"]}"#;
    let tree = Tree::new().file("food-101/meta/test.json", json).file("food-101/meta/train.json", "{}");
    let expected = [
        "food-101/images/waffles/1061270.jpg waffles 1 food",
        "food-101/images/waffles/1082032.jpg waffles 1 food",
        "food-101/images/Apple_pie/1011328.jpg Apple_pie 0 food",
    ];
    assert_eq!(tree.read("food101", &[]).0, expected);
}

#[test]
fn food_rec22_keeps_single_samples() {
    let csv = "img_path,label\npreprocessed_imgs/1026/a_0.jpg,1026\npreprocessed_imgs/50/a_1.jpg,50\n";
    let tree = Tree::new().file("fr22_train_v2/train.csv", csv);
    let expected = [
        "fr22_train_v2/preprocessed_imgs/1026/a_0.jpg 1026 1 food",
        "fr22_train_v2/preprocessed_imgs/50/a_1.jpg 50 0 food",
    ];
    assert_eq!(tree.read("food_rec22", &[]).0, expected);
}

#[test]
fn food_rec22_before_preparation_says_what_to_run() {
    let tree = Tree::new().file("fr22_train_v2/annotations.json", "{}");
    assert_eq!(
        tree.read_error("food_rec22", &[]),
        "ROOT/fr22_train_v2/train.csv is missing; make it with `cargo xtask prepare-data food_rec22 --root ROOT`"
    );
}
