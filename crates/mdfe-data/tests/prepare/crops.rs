//! Food Recognition and DeepFashion2.

use crate::{preparing::image_bytes, tree::Tree};
use mdfe_data::{CropBox, padded_crop};

#[test]
fn a_box_grows_by_two_percent_and_stops_at_the_border() {
    let part = |left, top, width, height| Some(CropBox { top, left, height, width });
    // 100 wide: 2 pixels left and right; 50 high: 1 pixel above and below.
    assert_eq!(padded_crop([10.0, 20.0, 110.0, 70.0], [100, 200]), part(8, 19, 104, 52));
    assert_eq!(padded_crop([0.0, 0.0, 100.0, 50.0], [50, 101]), part(0, 0, 101, 50));
    assert_eq!(padded_crop([-50.0, -50.0, 50.0, 50.0], [200, 40]), part(0, 0, 40, 52));
    // 9.98 and 11.02 round to 10 and 11; 2.5 and 54.5 round to the even 2 and 54.
    assert_eq!(padded_crop([10.0, 3.5, 11.0, 53.5], [60, 40]), part(10, 2, 1, 52));
    // A box of less than a pixel between two pixel borders shows none.
    assert_eq!(padded_crop([10.1, 0.0, 10.3, 10.0], [40, 40]), None);
    assert_eq!(padded_crop([50.0, 0.0, 60.0, 10.0], [40, 40]), None, "outside");
    assert_eq!(padded_crop([10.0, 0.0, 10.0, 10.0], [40, 40]), None, "empty");
    assert_eq!(padded_crop([f64::NAN, 0.0, 10.0, 10.0], [40, 40]), None);
    assert_eq!(padded_crop([0.0, 0.0, f64::INFINITY, 10.0], [40, 40]), None);
}

fn food() -> Tree {
    let annotations = r#"{"categories": [{"id": 9}],
        "images": [{"id": 1, "file_name": "006316.png"}, {"id": 2, "file_name": "gone.jpg"},
                   {"id": 3, "file_name": "corrupt.jpg"}, {"id": 4, "file_name": "../../outside.png"},
                   {"id": 5, "file_name": "unused.png"}],
        "annotations": [
            {"id": 7, "image_id": 1, "category_id": 1085, "bbox": [10, 20, 100, 50], "segmentation": [[1, 2, 3]]},
            {"id": 8, "image_id": 1, "category_id": 1085, "bbox": [0, 0, 50, 50]},
            {"id": 9, "image_id": 1, "category_id": 9, "bbox": [150, 60, 100, 100]},
            {"id": 10, "image_id": 1, "category_id": 9, "bbox": [300, 60, 100, 100]},
            {"id": 11, "image_id": 2, "category_id": 9, "bbox": [1, 1, 5, 5]},
            {"id": 12, "image_id": 3, "category_id": 9, "bbox": [1, 1, 5, 5]},
            {"id": 13, "image_id": 4, "category_id": 9, "bbox": [1, 1, 5, 5]},
            {"id": 14, "image_id": 99, "category_id": 9, "bbox": [1, 1, 5, 5]}]}"#;
    Tree::new()
        .file("fr22_train_v2/annotations.json", annotations)
        .image("fr22_train_v2/images/006316.png", 200, 100)
        .image("outside.png", 50, 50)
        .file("fr22_train_v2/images/corrupt.jpg", &image_bytes(30, 30)[..60])
}

#[test]
fn food_rec22_has_one_file_per_box_also_of_one_category() {
    let tree = food();
    let report = tree.prepare("food_rec22");
    let list = "img_path,label\n\
        preprocessed_imgs/1085/1_0.jpg,1085\n\
        preprocessed_imgs/1085/1_1.jpg,1085\n\
        preprocessed_imgs/9/1_2.jpg,9\n";
    assert_eq!(tree.text("fr22_train_v2/train.csv"), list);
    assert_eq!((report.classes, report.images, report.crops_made, report.crops_kept), (2, 3, 3, 0));
    assert_eq!(tree.counts("food_rec22"), (3, 2));

    let near = |path: &str, [width, height]: [u32; 2], [x, y]: [u8; 2]| {
        let (w, h, [px, py]) = tree.look(&format!("fr22_train_v2/preprocessed_imgs/{path}"));
        assert_eq!((w, h), (width, height), "{path}");
        // JPEG of quality 95 keeps a smooth ramp within 3 of 255.
        assert!(px.abs_diff(x) <= 3 && py.abs_diff(y) <= 3, "{path}: {px} {py}");
    };
    near("1085/1_0.jpg", [104, 52], [8, 19]);
    near("1085/1_1.jpg", [51, 51], [0, 0]);
    near("9/1_2.jpg", [52, 42], [148, 58]); // 2 % of the whole box, cut at the border
}

#[test]
fn food_rec22_lists_what_it_skips() {
    let tree = food();
    let report = tree.prepare("food_rec22");
    let skipped = Tree::skipped(&report);
    assert_eq!(skipped.len(), 5);
    assert_eq!(skipped[0], "annotations[7]: no entry of `images` has the id 99");
    assert_eq!(
        skipped[1],
        "images/006316.png: the box [300.0, 60.0, 400.0, 160.0] of class 9 is empty or outside the image of 200 x 100"
    );
    assert_eq!(skipped[2], "images/gone.jpg: the image is missing (class 9)");
    assert!(skipped[3].starts_with("images/corrupt.jpg: the image cannot be decoded: "), "{}", skipped[3]);
    assert_eq!(skipped[4], "../../outside.png: `file_name` leads out of the folder `images`");
    assert_eq!(tree.text("fr22_train_v2/prepare-skipped.csv").lines().count(), 6);
}

#[test]
fn food_rec22_takes_a_file_name_that_begins_in_its_own_folder() {
    let json = r#"{"images": [{"id": 1, "file_name": "./a/../1.png"}, {"id": 2, "file_name": "./a/./2.png"}],
        "annotations": [{"image_id": 1, "category_id": 7, "bbox": [1, 1, 5, 5]},
                        {"image_id": 2, "category_id": 7, "bbox": [1, 1, 5, 5]}]}"#;
    let tree = Tree::new()
        .file("fr22_train_v2/annotations.json", json)
        .image("fr22_train_v2/images/1.png", 20, 20)
        .image("fr22_train_v2/images/a/2.png", 20, 20);
    let report = tree.prepare("food_rec22");
    assert_eq!(Tree::skipped(&report), ["./a/../1.png: `file_name` leads out of the folder `images`"]);
    assert_eq!(tree.text("fr22_train_v2/train.csv"), "img_path,label\npreprocessed_imgs/7/2_0.jpg,7\n");
}

#[test]
fn a_killed_preparation_goes_on_to_the_same_tree() {
    let whole = food();
    whole.prepare("food_rec22");
    let killed = food();
    // What a kill leaves: some crops, half a file beside its place, no list.
    killed.prepare("food_rec22");
    let folder = killed.root().join("fr22_train_v2");
    std::fs::remove_file(folder.join("train.csv")).unwrap();
    std::fs::remove_file(folder.join("preprocessed_imgs/1085/1_1.jpg")).unwrap();
    std::fs::write(folder.join("preprocessed_imgs/1085/.mdfe-1_1.jpg.tmp"), b"half").unwrap();
    let report = killed.prepare("food_rec22");
    assert_eq!((report.crops_made, report.crops_kept), (1, 2));
    assert_eq!(killed.snapshot(), whole.snapshot());
    killed.prepare("food_rec22");
    assert_eq!(killed.snapshot(), whole.snapshot());
}

#[test]
fn an_image_that_turns_up_later_is_cut_then() {
    let tree = food();
    tree.prepare("food_rec22");
    let tree =
        tree.image("fr22_train_v2/images/gone.jpg", 20, 20).image("fr22_train_v2/images/corrupt.jpg", 20, 20);
    let report = tree.prepare("food_rec22");
    assert_eq!((report.images, report.crops_made), (5, 2));
    assert_eq!(report.skipped.len(), 3);
}

fn fashion() -> Tree {
    let item = |style: u32, name: &str, corners: &str| {
        format!(
            r#"{{"style": {style}, "category_name": "{name}", "bounding_box": {corners}, "segmentation": [[1]]}}"#
        )
    };
    let one = item(1, "skirt", "[10, 10, 20, 20]");
    let plain = item(0, "long sleeve top", "[10, 20, 110, 70]");
    let marked = item(2, "long sleeve top", "[10, 20, 110, 70]");
    let again = item(2, "long sleeve top", "[0, 0, 50, 50]");
    let many: Vec<String> =
        (1..=10).map(|n| format!(r#""item{n}": {}"#, if n == 1 { &plain } else { &marked })).collect();
    Tree::new()
        .file(
            "deepfashion2/annos/000001.json",
            format!(r#"{{"source": "shop", "pair_id": 12, "item1": {one}}}"#),
        )
        .file(
            "deepfashion2/annos/000002.json",
            format!(
                r#"{{"item2": {marked}, "item1": {plain}, "item3": {again}, "pair_id": 3, "source": "user"}}"#
            ),
        )
        .file("deepfashion2/annos/000003.json", format!(r#"{{"item1": {plain}, "pair_id": 3}}"#))
        .file("deepfashion2/annos/000004.json", format!(r#"{{"pair_id": 7, {}}}"#, many.join(", ")))
        .file("deepfashion2/annos/000005.json", format!(r#"{{"item1": {one}, "pair_id": 8}}"#))
        .image("deepfashion2/image/000001.jpg", 40, 30)
        .image("deepfashion2/image/000002.jpg", 200, 100)
        .image("deepfashion2/image/000003.jpg", 200, 100)
        .image("deepfashion2/image/000004.jpg", 200, 100)
}

#[test]
fn deep_fashion2_cuts_only_where_there_is_more_than_one_item() {
    let tree = fashion();
    let report = tree.prepare("deep_fashion2");
    let mut list = "img_path,label\n\
        preprocessed_imgs/skirt/12_1/000001_1.jpg,12_1\n\
        preprocessed_imgs/long sleeve top/3_2/000002_2.jpg,3_2\n\
        preprocessed_imgs/long sleeve top/3_2/000002_3.jpg,3_2\n"
        .to_owned();
    for item in 2..=10 {
        list += &format!("preprocessed_imgs/long sleeve top/7_2/000004_{item}.jpg,7_2\n");
    }
    assert_eq!(tree.text("deepfashion2/train.csv"), list);
    let whole = tree.snapshot();
    let made = "deepfashion2/preprocessed_imgs/skirt/12_1/000001_1.jpg";
    assert_eq!(whole[&std::path::PathBuf::from(made)], image_bytes(40, 30), "used whole, byte for byte");
    assert_eq!(tree.look("deepfashion2/preprocessed_imgs/long sleeve top/3_2/000002_2.jpg").0, 104);
    assert_eq!(tree.look("deepfashion2/preprocessed_imgs/long sleeve top/3_2/000002_3.jpg").0, 51);
    assert_eq!(Tree::skipped(&report), ["image/000005.jpg: the image is missing (class 8_1)"]);
    assert_eq!(tree.counts("deep_fashion2"), (9, 1), "the reader's minimum leaves 7_2");
}

#[test]
fn deep_fashion2_refuses_a_category_that_leads_out_and_names_a_broken_file() {
    let json =
        r#"{"pair_id": 1, "item1": {"style": 1, "category_name": "../x", "bounding_box": [0, 0, 1, 1]}}"#;
    let tree = Tree::new().file("deep_fashion2/annos/1.json", json).image("deep_fashion2/image/1.jpg", 5, 5);
    let report = tree.prepare("deep_fashion2");
    assert_eq!(
        Tree::skipped(&report),
        ["annos/1.json: item1: `category_name` is `../x`, which names no folder"]
    );
    let tree = tree.file("deep_fashion2/annos/2.json", "{\"pair_id\": 1,\n\"item1\": 3}");
    let error = tree.try_prepare("deep_fashion2").unwrap_err().to_string();
    assert!(error.contains("deep_fashion2/annos/2.json, line 2: "), "{error}");
}

#[test]
fn a_set_that_was_prepared_elsewhere_is_used_as_it_is() {
    let list = "img_path,label\npreprocessed_imgs/9/a.jpg,9\n";
    let tree = Tree::new().file("fr22_train_v2/train.csv", list).file("deep_fashion2/train.csv", list);
    for key in ["food_rec22", "deep_fashion2"] {
        assert_eq!(tree.prepare(key).kept.len(), 1);
    }
    assert_eq!(tree.text("fr22_train_v2/train.csv"), list);
}
