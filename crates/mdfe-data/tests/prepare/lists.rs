//! Lists: folders, detection lists, the development kit, GLDv2 and M4D-35k.

use crate::tree::Tree;
use mdfe_data::{Error, PrepareOptions, prepare};

#[test]
fn folders_are_classes_in_byte_order_by_their_whole_path() {
    let tree = Tree::new()
        .file("storefronts_146/apple/1.jpg", "")
        .file("storefronts_146/Apple Store/2.JPG", "")
        .file("storefronts_146/Apple Store/iTunes/3.webp", "")
        .file("storefronts_146/Zara, \"new\"/4.png", "")
        .file("storefronts_146/Zara, \"new\"/notes.txt", "")
        .file("storefronts_146/loose.jpg", "");
    let report = tree.prepare("storefronts146");
    let list = "img_path,label\n\
        Apple Store/2.JPG,0\n\
        Apple Store/iTunes/3.webp,1\n\
        \"Zara, \"\"new\"\"/4.png\",2\n\
        apple/1.jpg,3\n";
    assert_eq!(tree.text("storefronts_146/storefronts146_train.csv"), list);
    assert_eq!((report.classes, report.images), (4, 4));
    assert_eq!(Tree::skipped(&report), ["loose.jpg: the image lies outside every class folder"]);
    let before = tree.snapshot();
    tree.prepare("storefronts146");
    assert_eq!(tree.snapshot(), before);
}

#[test]
fn a_published_list_is_kept_and_reported() {
    let tree = Tree::new()
        .file("furniture_180/a/1.jpg", "")
        .file("furniture_180/furniture180_train.csv", "img_path,label\na/1.jpg,7\n");
    let report = tree.prepare("furniture180");
    assert!(report.written.is_empty() && report.kept.len() == 1 && report.notes.len() == 1);
    assert_eq!(tree.text("furniture_180/furniture180_train.csv"), "img_path,label\na/1.jpg,7\n");
}

#[test]
fn fashion200k_takes_every_training_row_and_no_test_row() {
    let tree = Tree::new()
        .file("fashion200k/labels/dress_train_detect_all.txt", "women/dresses/d/51727804/51727804_0.jpeg\t0.9\tblue \"dress, long\nwomen/dresses/d/51727804/51727804_0.jpeg\t0.9\tagain\n")
        .file("fashion200k/labels/dress_test_detect_all.txt", "women/dresses/d/1/1_0.jpeg\t0.9\tx\n")
        .file("fashion200k/labels/Jacket_train_detect_all.txt", "\u{feff}women/jackets/j/900/900_1.jpeg\t0.1\t\r\n");
    let report = tree.prepare("fashion200k");
    let list = "img_path,img_id\n\
        women/jackets/j/900/900_1.jpeg,900\n\
        women/dresses/d/51727804/51727804_0.jpeg,51727804\n\
        women/dresses/d/51727804/51727804_0.jpeg,51727804\n";
    assert_eq!(tree.text("fashion200k/fashion200k_train.csv"), list);
    assert_eq!((report.classes, report.images), (2, 3));
}

#[test]
fn fashion200k_names_the_line_that_does_not_fit() {
    let tree = Tree::new()
        .file("fashion200k/labels/a_train_detect_all.txt", "women/d/1/1.jpeg\t0\tx\nwomen/d/1/1.jpeg\n");
    let error = tree.try_prepare("fashion200k").unwrap_err().to_string();
    assert!(
        error.ends_with(
            "a_train_detect_all.txt, line 2: a row is a path, a score and a caption, separated by tabs"
        ),
        "{error}"
    );
}

#[test]
fn stanford_cars_list_comes_from_the_development_kit() {
    let expected = "index,x1,y1,x2,y2,Label,image\n\
        0,39,116,569,375,14,00001.jpg\n\
        1,36,116,868,587,3,00002.jpg\n\
        2,85,109,60100,381,196,00003.jpg\n";
    let kits = [
        include_bytes!("../fixtures/cars_plain.mat").as_slice(),
        include_bytes!("../fixtures/cars_compressed.mat"),
    ];
    for kit in kits {
        let tree = Tree::new().file("stanford_cars/devkit/cars_train_annos.mat", kit);
        let report = tree.prepare("stanford_cars");
        assert_eq!((report.classes, report.images), (3, 3));
        assert_eq!(tree.text("stanford_cars/sc_train.csv"), expected);
    }
}

#[test]
fn a_missing_download_names_itself_and_its_source() {
    let tree = Tree::new();
    let error = tree.try_prepare("food_rec22").unwrap_err();
    assert!(matches!(error, Error::Missing { .. }));
    assert!(error.to_string().ends_with(
        "get `food_rec22` from https://www.aicrowd.com/challenges/food-recognition-benchmark-2022"
    ));
    let tree = tree.file("stanford_cars/x", "");
    let error = tree.try_prepare("stanford_cars").unwrap_err().to_string();
    assert!(
        error.contains("stanford_cars/devkit/cars_train_annos.mat is missing; get `stanford_cars` from"),
        "{error}"
    );
}

/// GLDv2 with 5 classes of 1, 2, 3, 10 and 12 images.
fn landmarks(tree: Tree) -> Tree {
    let mut csv = "id,landmark_id\n".to_owned();
    for (class, size) in [(1, 1), (2, 2), (3, 3), (10, 10), (12, 12)] {
        (0..size).for_each(|i| csv += &format!("{class:03x}{i:013x},{class}\n"));
    }
    tree.file("google_landmark_recognition_2021/train.csv", csv)
}

#[test]
fn gldv2_draws_classes_of_three_and_at_most_ten_images_of_each() {
    let tree = landmarks(Tree::new());
    let report = tree.prepare("gldv2");
    assert_eq!((report.classes, report.images), (3, 23));
    let list = tree.text("google_landmark_recognition_2021/gldv2_train_cls10000.csv");
    assert!(
        list.starts_with("id,landmark_id\n0030000000000000,3\n0030000000000001,3\n0030000000000002,3\n00a"),
        "{list}"
    );
    assert_eq!(list.lines().filter(|l| l.ends_with(",12")).count(), 10);

    let drawn = |seed| {
        let tree = landmarks(Tree::new());
        let root = tree.root().to_path_buf();
        prepare("gldv2", &PrepareOptions { root, seed, ..PrepareOptions::default() }, &()).unwrap();
        tree.text("google_landmark_recognition_2021/gldv2_train_cls10000.csv")
    };
    assert_eq!(drawn(5), list, "one seed, one list");
    assert_ne!(drawn(6), list, "another seed, another draw");
}

fn four_parts() -> Tree {
    landmarks(Tree::new())
        .file("products-10k/train.csv", "name,class,group\n1.jpg,7,0\n2.jpg,7,0\n3.jpg,7,0\n4.jpg,9,0\n")
        .file(
            "deepfashion/deepfashion_train.json",
            r#"{"g": {"id_9": ["train/id_9/1.jpg", "train/id_9/2.jpg", "train/id_9/3.jpg"]}}"#,
        )
        .file("stanford_cars/refined_train.csv", "Label,image\n3_1,1.jpg\n3_1,2.jpg\n3_1,3.jpg\n3_2,4.jpg\n")
}

#[test]
fn m4d_35k_joins_its_four_parts_under_dense_labels() {
    let published = "id,landmark_id\nabcd,77\nabce,5\n";
    let tree = four_parts().file("google_landmark_recognition_2021/gldv2_train_cls10000.csv", published);
    let report = tree.prepare("m4d_35k");
    let list = "img_path,label\n\
        products-10k/train/1.jpg,0\n\
        products-10k/train/2.jpg,0\n\
        products-10k/train/3.jpg,0\n\
        google_landmark_recognition_2021/train/a/b/c/abcd.jpg,2\n\
        google_landmark_recognition_2021/train/a/b/c/abce.jpg,1\n\
        deepfashion/train/id_9/1.jpg,3\n\
        deepfashion/train/id_9/2.jpg,3\n\
        deepfashion/train/id_9/3.jpg,3\n\
        stanford_cars/cars_train/1.jpg,4\n\
        stanford_cars/cars_train/2.jpg,4\n\
        stanford_cars/cars_train/3.jpg,4\n";
    assert_eq!(tree.text("m4d-35k_train.csv"), list);
    assert_eq!((report.classes, report.images), (5, 11));
    assert_eq!(tree.counts("m4d_35k"), (11, 5));
}

#[test]
fn m4d_35k_draws_its_landmarks_where_no_list_is_there() {
    let tree = four_parts();
    let report = tree.prepare("m4d_35k");
    assert_eq!((report.classes, report.images), (6, 32));
    let first = tree.snapshot();
    std::fs::remove_file(tree.root().join("m4d-35k_train.csv")).unwrap();
    tree.prepare("m4d_35k");
    assert_eq!(tree.snapshot(), first);
}

#[test]
fn m4d_35k_uses_a_published_list_as_it_is() {
    let list = "img_path,label\nproducts-10k/train/1.jpg,5\n";
    let tree = Tree::new().file("m4d-35k_train.csv", list);
    let report = tree.prepare("m4d_35k");
    assert_eq!((report.classes, report.images, report.kept.len()), (1, 1, 1));
    assert_eq!(tree.text("m4d-35k_train.csv"), list);
}

#[test]
fn m4d_35k_names_the_part_that_is_missing() {
    let tree = four_parts();
    std::fs::remove_file(tree.root().join("stanford_cars/refined_train.csv")).unwrap();
    let error = tree.try_prepare("m4d_35k").unwrap_err().to_string();
    assert!(error.contains("sc_refined_train.csv is missing; get `stanford_cars` from"), "{error}");
}
