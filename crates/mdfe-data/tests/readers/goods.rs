//! Products, landmarks, art, furniture and shops.

use crate::tree::Tree;

const BELOW_3: &str = "class has fewer than 3 samples";

#[test]
fn products_10k_drops_classes_of_one_and_two() {
    let csv = "\u{feff}name,class,group\r\n5.jpg,10,0\r\n1.jpg,9,0\r\n2.jpg,9,0\r\n3.jpg,9,1\r\n6.jpg,10,0\r\n7.jpg,10,0\r\n8.jpg,2,3\r\n9.jpg,2,3\r\n4.jpg,0,3\r\n\r\n";
    let tree = Tree::new().file("products-10k/train.csv", csv);
    let (samples, dropped) = tree.read("products_10k", &[]);
    // Class ids are numbers, so 9 comes before 10.
    let expected = [
        "products-10k/train/5.jpg 10 1 packaged_goods",
        "products-10k/train/1.jpg 9 0 packaged_goods",
        "products-10k/train/2.jpg 9 0 packaged_goods",
        "products-10k/train/3.jpg 9 0 packaged_goods",
        "products-10k/train/6.jpg 10 1 packaged_goods",
        "products-10k/train/7.jpg 10 1 packaged_goods",
    ];
    assert_eq!(samples, expected);
    assert_eq!(dropped, [format!("3 samples (2 whole classes): {BELOW_3}")]);
    assert_eq!(
        tree.read("products_10k", &[("min_samples", "0")]).0[8],
        "products-10k/train/4.jpg 0 0 packaged_goods"
    );
}

#[test]
fn gldv2_finds_images_three_folders_deep_and_keeps_at_most_100_of_a_class() {
    let mut csv = "id,landmark_id\n".to_owned();
    for i in 0..101 {
        csv += &format!("aa{i:014x},7\n");
    }
    csv += "0f1e2d3c4b5a6978,138982\n00cba1,138982\n12cba1,138982\n";
    let tree = Tree::new().file("google_landmark_recognition_2021/train.csv", csv);
    let (samples, dropped) = tree.read("gldv2", &[("seed", "3")]);
    assert_eq!(samples.len(), 103);
    assert_eq!(dropped, ["1 samples: class has more than 100 samples"]);
    assert_eq!(
        samples[100..],
        [
            "google_landmark_recognition_2021/train/0/f/1/0f1e2d3c4b5a6978.jpg 138982 1 landmarks",
            "google_landmark_recognition_2021/train/0/0/c/00cba1.jpg 138982 1 landmarks",
            "google_landmark_recognition_2021/train/1/2/c/12cba1.jpg 138982 1 landmarks",
        ]
    );
    assert_eq!(tree.read("gldv2", &[("seed", "3")]).0, samples, "one seed, one draw");
    assert_eq!(tree.read("gldv2", &[("max_samples", "0")]).0.len(), 104);
}

#[test]
fn gldv2_refuses_an_id_that_names_no_folders() {
    let tree =
        Tree::new().file("google_landmark_recognition_2021/train.csv", "id,landmark_id\nabc,1\n../x,1\n");
    let error = tree.read_error("gldv2", &[]);
    assert!(
        error.starts_with("ROOT/google_landmark_recognition_2021/train.csv, line 3: the id is `../x`; "),
        "{error}"
    );
}

#[test]
fn met_art_takes_ids_as_numbers() {
    let json = r#"[{"id": 100, "path": "100/0.jpg", "x": null}, {"id": 20, "path": "20/0.jpg"},
        {"id": 100, "path": "100/1.jpg"}, {"id": 20, "path": "20/0.jpg"}, {"id": 100, "path": "100/2.jpg"},
        {"id": 20, "path": "20/1.jpg"}, {"id": 3, "path": "3/0.jpg"}]"#;
    let tree = Tree::new().file("met_dataset/ground_truth/MET_database.json", json);
    let (samples, dropped) = tree.read("met_art", &[]);
    let expected = [
        "met_dataset/MET/100/0.jpg 100 1 artwork",
        "met_dataset/MET/20/0.jpg 20 0 artwork",
        "met_dataset/MET/100/1.jpg 100 1 artwork",
        "met_dataset/MET/20/0.jpg 20 0 artwork",
        "met_dataset/MET/100/2.jpg 100 1 artwork",
        "met_dataset/MET/20/1.jpg 20 0 artwork",
    ];
    assert_eq!(samples, expected);
    assert_eq!(dropped, [format!("1 samples (1 whole classes): {BELOW_3}")]);
    let tree = Tree::new()
        .file("met_dataset/ground_truth/MET_database.json", "[\n{\"id\": \"x\", \"path\": \"p\"}]");
    assert!(
        tree.read_error("met_art", &[])
            .starts_with("ROOT/met_dataset/ground_truth/MET_database.json, line 2: ")
    );
}

#[test]
fn shopee_titles_may_hold_commas_quotes_and_line_breaks() {
    let csv = "posting_id,image,image_phash,title,label_group\n\
        train_1,0000a68812bc7e98c42888dfb1c07da0.jpg,94974f937d4c2433,\"Tas, \"\"Baru\"\"\nmurah\",249114794\n\
        train_2,b.jpg,0,plain \" quote,249114794\n\
        train_3,c.jpg,0,,249114794\n";
    let tree = Tree::new().file("shopee/train.csv", csv);
    let (samples, dropped) = tree.read("shopee", &[]);
    let expected = [
        "shopee/train_images/0000a68812bc7e98c42888dfb1c07da0.jpg 249114794 0 packaged_goods",
        "shopee/train_images/b.jpg 249114794 0 packaged_goods",
        "shopee/train_images/c.jpg 249114794 0 packaged_goods",
    ];
    assert_eq!(samples, expected);
    assert!(dropped.is_empty());
}

#[test]
fn rp2k_keeps_at_most_100_of_a_class() {
    let mut csv = "img_path,img_id\n".to_owned();
    for i in 0..101 {
        csv += &format!("a b/{i}.jpg,0\n");
    }
    let tree = Tree::new().file("rp2k/train.csv", csv);
    let (samples, dropped) = tree.read("rp2k", &[]);
    assert_eq!(samples.len(), 100);
    assert!(
        samples.iter().all(|s| s.starts_with("rp2k/train/a b/") && s.ends_with(".jpg 0 0 packaged_goods"))
    );
    assert_eq!(dropped, ["1 samples: class has more than 100 samples"]);
}

#[test]
fn a_list_whose_paths_hold_the_folder_already_is_read_as_well() {
    let csv = "img_path,img_id\ntrain/a/1.jpg,0\ntrain/a/2.jpg,0\n";
    let tree = Tree::new().file("rp2k/train.csv", csv);
    assert_eq!(tree.read("rp2k", &[("min_samples", "0")]).0[0], "rp2k/train/a/1.jpg 0 0 packaged_goods");
    let tree = tree.file("rp2k/train/train/a/1.jpg", "");
    assert_eq!(
        tree.read("rp2k", &[("min_samples", "0")]).0[0],
        "rp2k/train/train/a/1.jpg 0 0 packaged_goods"
    );
}

#[test]
fn sop_is_separated_by_spaces() {
    let txt = "image_id class_id super_class_id path\n1 1 1 bicycle_final/11_0.JPG\n2 1 1 bicycle_final/11_1.JPG\n\
        3 1 1 bicycle_final/11_2.JPG\n4 2 1 bicycle_final/22_0.JPG\n";
    let tree = Tree::new().file("stanford_online_products/Ebay_train.txt", txt);
    let expected = [
        "stanford_online_products/bicycle_final/11_0.JPG 1 0 packaged_goods",
        "stanford_online_products/bicycle_final/11_1.JPG 1 0 packaged_goods",
        "stanford_online_products/bicycle_final/11_2.JPG 1 0 packaged_goods",
    ];
    assert_eq!(tree.read("sop", &[]).0, expected);
    assert_eq!(tree.read("spo", &[]).0, expected, "an alias in circulation");
    let tree = Tree::new()
        .file("stanford_online_products/Ebay_train.txt", "image_id class_id super_class_id path\n1 1\n");
    assert_eq!(
        tree.read_error("sop", &[]),
        "ROOT/stanford_online_products/Ebay_train.txt, line 2: has 2 fields, the header has 4; every row needs as \
         many as the header"
    );
}

#[test]
fn furniture180_has_no_minimum_and_storefronts146_has_one() {
    let csv = "img_path,label\nB/1.JPG,0\nb/2.webp,1\nb/3.webp,1\nb/4.webp,1\n";
    let tree = Tree::new()
        .file("furniture_180/furniture180_train.csv", csv)
        .file("storefronts_146/storefronts146_train.csv", csv);
    assert_eq!(
        tree.read("furniture180", &[]).0[..2],
        ["furniture_180/B/1.JPG 0 0 furniture", "furniture_180/b/2.webp 1 1 furniture"]
    );
    assert_eq!(tree.read("storefronts146", &[]).0[0], "storefronts_146/b/2.webp 1 0 storefronts");
}
