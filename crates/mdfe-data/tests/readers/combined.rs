//! M4D-35k, and several data sets at once.

use crate::tree::Tree;
use mdfe_data::Dataset;

#[test]
fn m4d_35k_takes_each_domain_from_the_first_folder() {
    let csv = "img_path,label\nproducts-10k/train/1.jpg,10\ngoogle_landmark_recognition_2021/train/a/b/c/abc.jpg,9\n\
        deepfashion/train/id_1/x.jpg,2\nstanford_cars/cars_train/cars_train/1.jpg,2\n";
    let tree = Tree::new().file("m4d-35k_train.csv", csv);
    let expected = [
        "products-10k/train/1.jpg 10 2 packaged_goods",
        "google_landmark_recognition_2021/train/a/b/c/abc.jpg 9 1 landmarks",
        "deepfashion/train/id_1/x.jpg 2 0 apparel",
        "stanford_cars/cars_train/cars_train/1.jpg 2 0 cars",
    ];
    assert_eq!(tree.read("m4d_35k", &[]).0, expected);
    assert_eq!(tree.read("m4d-35k", &[]).0, expected, "an alias in circulation");
}

#[test]
fn m4d_35k_labels_are_text_where_one_of_them_is() {
    let csv = "img_path,label\nshopee/1.jpg,10\nshopee/2.jpg,9\nshopee/3.jpg,14_8\n";
    let tree = Tree::new().file("m4d-35k_train.csv", csv);
    let expected = [
        "shopee/1.jpg 10 0 packaged_goods",
        "shopee/2.jpg 9 2 packaged_goods",
        "shopee/3.jpg 14_8 1 packaged_goods",
    ];
    assert_eq!(tree.read("m4d_35k", &[]).0, expected);
}

#[test]
fn m4d_35k_refuses_a_folder_that_no_data_set_has() {
    let tree = Tree::new().file("m4d-35k_train.csv", "img_path,label\nnowhere/1.jpg,1\n");
    let error = tree.read_error("m4d_35k", &[]);
    let start = "ROOT/m4d-35k_train.csv, line 2: `nowhere/1.jpg` begins with no data set's folder; the folders are `deep_fashion2`";
    assert!(error.starts_with(start), "{error}");
}

#[test]
fn labels_of_the_second_data_set_follow_those_of_the_first() {
    let tree = Tree::new().file("a/x/1.png", "").file("a/y/1.png", "").file("b/x/1.png", "");
    let read = |folder: &str, domain: &str| {
        let mut options = mdfe_data::ReadOptions::at(tree.root().join(folder));
        options.domain = Some(domain.to_owned());
        mdfe_data::read("image_folder", &options).unwrap().dataset
    };
    let both = Dataset::concat(vec![read("a", "one"), read("b", "two")]);
    assert_eq!(both.name, "image_folder+image_folder");
    assert_eq!(both.class_names, ["x", "y", "x"]);
    let classes: Vec<(u32, &str)> = both.samples.iter().map(|s| (s.class, s.domain.as_str())).collect();
    assert_eq!(classes, [(0, "one"), (1, "one"), (2, "two")]);
    // The roots differ, so paths hold them.
    assert!(both.samples.iter().all(|s| both.root.join(&s.path).is_file()));
    assert_eq!(both.class_counts(), [1, 1, 1]);
    let same = Dataset::concat(vec![read("a", "one"), read("a", "one")]);
    assert_eq!((same.root, same.samples[3].path.to_str()), (tree.root().join("a"), Some("y/1.png")));
}
