//! A train and a test split with every fault.

use crate::phash::image;
use image::{ImageFormat, RgbImage, imageops};
use mdfe_data::{
    Dataset, ReadOptions,
    curate::{CheckOptions, CheckReport, NearPolicy, Use, check, exclusions},
    read, skipped_csv,
};
use std::path::Path;

fn save(root: &Path, path: &str, image: &RgbImage, format: ImageFormat) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.save_with_format(path, format).unwrap();
}

fn part(root: &Path, split: &str) -> Dataset {
    let mut options = ReadOptions::at(root);
    options.file = Some("list.csv".into());
    options.split = Some(split.to_owned());
    read("csv", &options).unwrap().dataset
}

fn faulty() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let blurred = |w, h| imageops::blur(&image(w, h), 9.0);
    let (a, b, c) =
        (blurred(120, 90), imageops::rotate90(&blurred(160, 120)), imageops::flip_horizontal(&image(97, 61)));
    let png = ImageFormat::Png;
    save(root, "a.png", &a, png);
    save(root, "a_copy.png", &a, png);
    save(root, "a_small.png", &imageops::resize(&a, 60, 45, imageops::FilterType::Triangle), png);
    save(root, "b.png", &b, png);
    save(root, "b_other_class.png", &b, png);
    save(root, "c.png", &c, png);
    save(root, "test/c.png", &c, png);
    save(root, "plain.png", &RgbImage::new(10, 10), png);
    std::fs::write(root.join("broken.jpg"), b"\xff\xd8\xff").unwrap();
    let list = "path,label,split\na.png,1,train\na_copy.png,1,train\na.png,1,train\nb.png,1,train\n\
        b_other_class.png,2,train\nc.png,3,train\nplain.png,3,train\nbroken.jpg,3,train\ngone.jpg,3,train\n\
        test/c.png,3,test\na_small.png,9,test\n";
    std::fs::write(root.join("list.csv"), list).unwrap();
    folder
}

fn report(root: &Path) -> CheckReport {
    check(&[("train", &part(root, "train")), ("test", &part(root, "test"))], &CheckOptions::default(), &())
        .unwrap()
}

fn names(uses: &[Use]) -> Vec<String> {
    uses.iter().map(|u| format!("{} {} {}", u.split, u.path.display(), u.class)).collect()
}

#[test]
fn every_fault_is_found() {
    let folder = faulty();
    let report = report(folder.path());
    assert_eq!((report.images, report.plain), (10, 1));
    assert_eq!(report.unreadable.len(), 2);
    assert_eq!(report.unreadable[1].image.to_string(), "gone.jpg: the image is missing");
    assert_eq!(names(&report.unreadable[1].uses), ["train gone.jpg 3"]);
    let exact: Vec<(Vec<String>, bool, bool)> =
        report.exact.iter().map(|c| (names(&c.uses), c.crosses_classes(), c.crosses_splits())).collect();
    let list = |rows: &[&str]| rows.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        exact,
        [
            (list(&["train a.png 1", "train a.png 1", "train a_copy.png 1"]), false, false),
            (list(&["train b.png 1", "train b_other_class.png 2"]), true, false),
            (list(&["train c.png 3", "test test/c.png 3"]), false, true),
        ]
    );
    assert_eq!(report.near.len(), 1);
    let pair = &report.near[0];
    assert_eq!(names(&pair.second.uses), ["test a_small.png 9"]);
    assert!(pair.crosses_splits() && pair.crosses_classes() && pair.distance <= 4);
    let summary = "10 images\n2 unreadable\n3 contents more than once (1 across classes, 1 across splits)\n\
        1 pairs of near duplicates (1 across classes, 1 across splits)\n1 plain images, not compared by what they show\n";
    assert_eq!(report.summary(), summary);
}

#[test]
fn the_list_of_faults_is_one_that_readers_leave_out() {
    let folder = faulty();
    let root = folder.path();
    let report = report(root);
    let list = exclusions(&report, "train", NearPolicy::default());
    let lines: Vec<String> = list.iter().map(ToString::to_string).collect();
    assert!(lines[0].starts_with("broken.jpg: the image cannot be decoded: "), "{}", lines[0]);
    let expected = [
        "gone.jpg: the image is missing",
        "a_copy.png: the same file as a.png",
        "b.png: the same file has the classes 1 and 2",
        "b_other_class.png: the same file has the classes 1 and 2",
        "c.png: the same file is in test: test/c.png",
        "a.png: looks like a_small.png (test)",
    ];
    assert_eq!(lines[1..], expected);
    assert_eq!(exclusions(&report, "train", NearPolicy::Keep).len(), 6, "a.png stays");

    std::fs::write(root.join("exclude.csv"), skipped_csv(&list).unwrap()).unwrap();
    let mut options = ReadOptions::at(root);
    options.set("file", "list.csv").unwrap();
    options.set("exclude", "exclude.csv").unwrap();
    let reading = read("csv", &options).unwrap();
    let left: Vec<&Path> = reading.dataset.samples.iter().map(|s| s.path.as_path()).collect();
    assert_eq!(left, [Path::new("plain.png")]);
    // `a.png` is named by two rows, and both go; classes 1 and 2 have nothing left.
    assert_eq!(reading.dropped[1].to_string(), "8 samples (2 whole classes): in the exclusion list");
}

#[test]
fn a_distance_that_no_band_can_find_is_refused() {
    let options = CheckOptions { max_distance: 9, ..CheckOptions::default() };
    let error = check(&[], &options, &()).unwrap_err().to_string();
    assert_eq!(error, "max_distance = 9 is too far for a 64-bit hash; use 0 to 8");
    assert!(check(&[], &CheckOptions { max_distance: 8, ..options }, &()).is_ok());
}

#[test]
fn an_image_of_several_classes_is_label_noise_only_where_images_have_one() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let png = ImageFormat::Png;
    let (a, b) = (imageops::blur(&image(120, 90), 9.0), imageops::flip_horizontal(&image(97, 61)));
    for (path, image) in
        [("met/1.png", &a), ("met/2.png", &b), ("met/2_again.png", &b), ("met/2_other.png", &b)]
    {
        save(root, &format!("images/{path}"), image, png);
    }
    let split = r#"[{"path": "met/1.png", "class_id": [10, 9]}, {"path": "met/2.png", "class_id": [7, 8]},
        {"path": "met/2_again.png", "class_id": [8, 7]}]"#;
    std::fs::create_dir_all(root.join("info_files/met")).unwrap();
    std::fs::write(root.join("info_files/met/train.json"), split).unwrap();
    let uned = |root: &Path| {
        let mut options = ReadOptions::at(root);
        options.set("domains", "met").unwrap();
        let dataset = read("uned", &options).unwrap().dataset;
        check(&[("train", &dataset)], &CheckOptions::default(), &()).unwrap()
    };
    let report = uned(root);
    let excluded = |report: &CheckReport| {
        let list = exclusions(report, "train", NearPolicy::LeaksAndClasses);
        list.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(report.exact.len(), 1);
    assert_eq!(
        names(&report.exact[0].uses),
        ["train images/met/2.png 7, 8", "train images/met/2_again.png 7, 8"]
    );
    assert!(!report.exact[0].crosses_classes());
    assert_eq!(excluded(&report), ["images/met/2_again.png: the same file as images/met/2.png"]);

    // Two files that disagree about their classes are noise here as well.
    let more = split.replace("[8, 7]}", r#"[8, 7]}, {"path": "met/2_other.png", "class_id": 7}"#);
    std::fs::write(root.join("info_files/met/train.json"), more).unwrap();
    let report = uned(root);
    assert!(report.exact[0].crosses_classes());
    assert_eq!(excluded(&report)[0], "images/met/2.png: the same file has the classes 7, 8 and 7");

    // A list of one class per image that gives an image two is wrong about it.
    std::fs::write(
        root.join("list.csv"),
        "path,label,split\nimages/met/1.png,1,train\nimages/met/1.png,2,train\n",
    )
    .unwrap();
    let report = check(&[("train", &part(root, "train"))], &CheckOptions::default(), &()).unwrap();
    assert_eq!(excluded(&report), ["images/met/1.png: the same file has the classes 1 and 2"]);
}
