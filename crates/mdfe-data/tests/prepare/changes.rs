//! What changed between two preparations: boxes, images, lists; and two at once.

use crate::tree::Tree;
use image::{ImageFormat, Rgb, RgbImage};
use mdfe_data::{Error, prepare};
use std::{collections::BTreeMap, io::Cursor, path::PathBuf};

const ANNOTATIONS: &str = r#"{"images": [{"id": 1, "file_name": "1.bmp"}, {"id": 2, "file_name": "2.bmp"}],
    "annotations": [{"image_id": 1, "category_id": 7, "bbox": [50, 20, 50, 50]},
                    {"image_id": 2, "category_id": 7, "bbox": [50, 20, 50, 50]}]}"#;
/// Corner of both crops: the box and one pixel around it.
const CORNER: [u8; 2] = [49, 19];

/// An image of 200 x 100 whose red and green say where a pixel is and whose blue says which image it is. Every such file has the
/// same size.
fn bitmap(blue: u8) -> Vec<u8> {
    let image = RgbImage::from_fn(200, 100, |x, y| Rgb([x as u8, y as u8, blue]));
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Bmp).unwrap();
    bytes
}

fn food() -> Tree {
    Tree::new()
        .file("fr22_train_v2/annotations.json", ANNOTATIONS)
        .file("fr22_train_v2/images/1.bmp", bitmap(40))
        .file("fr22_train_v2/images/2.bmp", bitmap(200))
}

impl Tree {
    /// The first pixel of the crop of an image.
    fn first_pixel(&self, image: u32) -> [u8; 3] {
        let path = self.root().join(format!("fr22_train_v2/preprocessed_imgs/7/{image}_0.jpg"));
        image::open(path).unwrap().into_rgb8().get_pixel(0, 0).0
    }

    /// Whether that pixel is the one of `corner` and `blue`. JPEG of quality 95 keeps a smooth ramp within 3 of 255.
    fn shows(&self, image: u32, [x, y]: [u8; 2], blue: u8) -> bool {
        let is = self.first_pixel(image);
        is.iter().zip([x, y, blue]).all(|(is, wanted)| is.abs_diff(wanted) <= 3)
    }

    /// Every file but the cache of fingerprints, which knows times.
    fn outcome(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = self.snapshot();
        files.retain(|path, _| !path.ends_with("image-keys.redb"));
        files
    }
}

#[test]
fn images_of_one_size_that_swap_places_are_cut_again() {
    let tree = food();
    tree.prepare("food_rec22");
    assert!(tree.shows(1, CORNER, 40) && tree.shows(2, CORNER, 200));
    let tree =
        tree.file("fr22_train_v2/images/1.bmp", bitmap(200)).file("fr22_train_v2/images/2.bmp", bitmap(40));
    let report = tree.prepare("food_rec22");
    assert_eq!((report.crops_made, report.crops_kept), (2, 0));
    assert!(tree.shows(1, CORNER, 200) && tree.shows(2, CORNER, 40));
    let report = tree.prepare("food_rec22");
    assert_eq!((report.crops_made, report.crops_kept), (0, 2));
}

#[test]
fn a_corrected_box_is_cut_again_and_the_others_are_kept() {
    let tree = food();
    tree.prepare("food_rec22");
    let corrected = ANNOTATIONS.replacen("[50, 20, 50, 50]", "[100, 40, 50, 50]", 1);
    tree.write("fr22_train_v2/annotations.json", &corrected);
    let report = tree.prepare("food_rec22");
    assert_eq!((report.crops_made, report.crops_kept), (1, 1));
    assert!(tree.shows(1, [99, 39], 40) && tree.shows(2, CORNER, 200));
    let fresh = food().file("fr22_train_v2/annotations.json", &corrected);
    fresh.prepare("food_rec22");
    assert!(tree.outcome() == fresh.outcome(), "the tree is that of one run");
}

#[test]
fn a_whole_image_of_the_same_size_is_copied_again() {
    let item =
        r#"{"pair_id": 1, "item1": {"style": 1, "category_name": "skirt", "bounding_box": [0, 0, 9, 9]}}"#;
    let tree =
        Tree::new().file("deep_fashion2/annos/1.json", item).file("deep_fashion2/image/1.jpg", bitmap(1));
    tree.prepare("deep_fashion2");
    let tree = tree.file("deep_fashion2/image/1.jpg", bitmap(2));
    assert_eq!(tree.prepare("deep_fashion2").crops_made, 1);
    let copy = tree.root().join("deep_fashion2/preprocessed_imgs/skirt/1_1/1_1.jpg");
    assert_eq!(std::fs::read(copy).unwrap(), bitmap(2));
}

#[test]
fn a_torn_crop_and_a_damaged_record_are_made_anew() {
    let whole = food();
    whole.prepare("food_rec22");
    let record = "fr22_train_v2/prepare-crops.jsonl";
    let crop = "fr22_train_v2/preprocessed_imgs/7/1_0.jpg";
    let torn = food();
    torn.prepare("food_rec22");
    torn.write(crop, &whole.snapshot()[&PathBuf::from(crop)][..100]);
    assert_eq!(torn.prepare("food_rec22").crops_made, 1);
    assert!(torn.outcome() == whole.outcome());
    let text = torn.text(record);
    torn.write(record, &text[..text.len() - 20]);
    assert_eq!(torn.prepare("food_rec22").crops_made, 1);
    assert!(torn.outcome() == whole.outcome());
    std::fs::remove_file(torn.root().join(record)).unwrap();
    assert_eq!(torn.prepare("food_rec22").crops_made, 2, "nobody knows what they show");
    assert!(torn.outcome() == whole.outcome());
}

#[test]
fn a_crop_outlives_its_image_but_not_a_correction_of_its_box() {
    let tree = food();
    tree.prepare("food_rec22");
    std::fs::remove_dir_all(tree.root().join("fr22_train_v2/images")).unwrap();
    let report = tree.prepare("food_rec22");
    assert_eq!((report.crops_kept, report.skipped.len(), report.notes.len()), (2, 0, 0));
    let corrected = ANNOTATIONS.replacen("[50, 20, 50, 50]", "[100, 40, 50, 50]", 1);
    tree.write("fr22_train_v2/annotations.json", corrected);
    let report = tree.prepare("food_rec22");
    assert_eq!(report.crops_kept, 1);
    assert_eq!(Tree::skipped(&report), ["images/1.bmp: the image is missing (class 7)"]);
    // Crops of before there was a record, and no image to make them anew from.
    std::fs::remove_file(tree.root().join("fr22_train_v2/prepare-crops.jsonl")).unwrap();
    let report = tree.prepare("food_rec22");
    assert_eq!(report.crops_kept, 2);
    let note = "2 crops are used as they are: their images cannot be read, and what they were cut from is not recorded";
    assert_eq!(report.notes, [note]);
}

#[test]
fn the_fingerprints_of_images_are_remembered() {
    let tree = food();
    // A file counts as settled two seconds after its last change.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    tree.prepare("food_rec22");
    assert!(tree.root().join("fr22_train_v2/image-keys.redb").is_file());
    assert_eq!(tree.prepare("food_rec22").crops_kept, 2);
}

#[test]
fn an_edited_list_is_refused_before_any_work_and_overwritten_where_that_is_asked_for() {
    let list = "fr22_train_v2/train.csv";
    let tree = food();
    tree.prepare("food_rec22");
    let made = tree.text(list);
    let edited = made.replace("preprocessed_imgs/7/2_0.jpg,7\n", "");
    tree.write(list, &edited);
    tree.write(
        "fr22_train_v2/annotations.json",
        ANNOTATIONS.replacen("[50, 20, 50, 50]", "[9, 9, 50, 50]", 1),
    );
    let before = tree.outcome();
    let error = tree.try_prepare("food_rec22").unwrap_err();
    assert!(matches!(error, Error::Edited { .. }));
    assert_eq!(
        tree.anonymous(&error.to_string()),
        "ROOT/fr22_train_v2/train.csv was changed since `cargo xtask prepare-data` wrote it, and is left as it is; move it aside \
         to keep it, or replace it with `--overwrite`"
    );
    assert!(tree.outcome() == before, "a refusal changes nothing");
    let report = tree.overwrite("food_rec22");
    assert_eq!((report.written.len(), report.crops_made), (1, 1));
    assert_eq!(tree.text(list), made);
    tree.prepare("food_rec22");
}

#[test]
fn a_list_of_ours_follows_the_data_and_one_of_the_user_is_kept() {
    let list = "fr22_train_v2/train.csv";
    let tree = food();
    tree.prepare("food_rec22");
    tree.write(
        "fr22_train_v2/annotations.json",
        ANNOTATIONS.replacen("\"category_id\": 7", "\"category_id\": 8", 1),
    );
    assert_eq!(tree.prepare("food_rec22").written.len(), 1);
    let made = tree.text(list);
    assert!(made.contains("preprocessed_imgs/8/1_0.jpg,8\n"), "{made}");

    let users = food().file(list, "img_path,label\npreprocessed_imgs/7/1_0.jpg,mine\n");
    let before = users.text(list);
    let report = users.prepare("food_rec22");
    assert!(report.written.is_empty() && report.kept.len() == 1);
    assert_eq!(users.text(list), before);
    let note = users.anonymous(&report.notes[0]);
    assert!(
        note.starts_with("ROOT/fr22_train_v2/train.csv is not what the data gives; it was kept, replace it"),
        "{note}"
    );
    users.overwrite("food_rec22");
    assert_eq!(users.text(list).lines().count(), 3);
}

#[test]
fn lists_of_folders_are_refused_and_overwritten_by_the_same_rule() {
    let list = "furniture_180/furniture180_train.csv";
    let tree = Tree::new().file("furniture_180/a/1.jpg", "").file("furniture_180/b/2.jfif", "");
    tree.prepare("furniture180");
    let tree = tree.file("furniture_180/b/3.jpg", "").file("furniture_180/b/4.heic", "");
    let report = tree.prepare("furniture180");
    assert_eq!((report.written.len(), report.images), (1, 3));
    assert_eq!(Tree::skipped(&report), ["b/4.heic: HEIC is not decoded; convert to JPEG or PNG"]);
    tree.write(list, "img_path,label\na/1.jpg,0\n");
    assert!(matches!(tree.try_prepare("furniture180"), Err(Error::Edited { .. })));
    tree.overwrite("furniture180");
    assert_eq!(tree.text(list), "img_path,label\na/1.jpg,0\nb/2.jfif,1\nb/3.jpg,1\n");
}

#[test]
fn two_preparations_at_once_give_what_one_gives() {
    let annotation = |id| format!(r#"{{"image_id": {id}, "category_id": 7, "bbox": [50, 20, 50, 50]}}"#);
    let image = |id| format!(r#"{{"id": {id}, "file_name": "{id}.bmp"}}"#);
    let join = |one: &dyn Fn(u8) -> String| (0..60).map(one).collect::<Vec<_>>().join(", ");
    let json = format!(r#"{{"images": [{}], "annotations": [{}]}}"#, join(&image), join(&annotation));
    let food = || {
        let tree = Tree::new().file("fr22_train_v2/annotations.json", &json);
        (0..60).fold(tree, |tree, id| tree.file(&format!("fr22_train_v2/images/{id}.bmp"), bitmap(id)))
    };
    let (alone, shared) = (food(), food());
    alone.prepare("food_rec22");
    let options = shared.options();
    let reports: Vec<_> = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| prepare("food_rec22", &options, &()).unwrap()));
        both.map(|thread| thread.join().unwrap()).into()
    });
    let mut made = [reports[0].crops_made, reports[1].crops_made];
    made.sort_unstable();
    assert_eq!(made, [0, 60], "one works, the other waits and finds it done");
    assert!(reports.iter().all(|report| report.images == 60));
    assert!(shared.outcome() == alone.outcome());
}
