//! `mdfe datasets`: the machine interface of the readers.
#![allow(clippy::unwrap_used)]

mod support;
use support::{error, image_folder, json, ok, run, usage, write};

#[test]
fn list_names_every_key_of_the_method() {
    let dir = tempfile::tempdir().unwrap();
    let rows = json(dir.path(), "datasets list");
    let keys: Vec<&str> = rows.as_array().unwrap().iter().map(|r| r["key"].as_str().unwrap()).collect();
    for key in [
        "products_10k",
        "gldv2",
        "deep_fashion",
        "met_art",
        "shopee",
        "hm",
        "rp2k",
        "sop",
        "fashion200k",
        "food_rec22",
        "stanford_cars",
        "deep_fashion2",
        "food101",
        "furniture180",
        "storefronts146",
        "m4d_35k",
    ] {
        assert!(keys.contains(&key), "{key} is not in {keys:?}");
    }
}

#[test]
fn show_prints_one_json_line_per_sample_and_the_counts_on_stderr() {
    let dir = tempfile::tempdir().unwrap();
    image_folder(&dir.path().join("set"), 2, 2);
    let out = run(dir.path(), "datasets show image_folder --root set --set domain=food --jsonl");
    let lines: Vec<serde_json::Value> =
        String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    let expected =
        serde_json::json!({ "path": "class0/0.png", "class": "class0", "label": 0, "domain": "food" });
    assert_eq!(lines[0], expected);
    let counts = String::from_utf8(out.stderr).unwrap();
    assert!(counts.contains("4 samples, 2 classes"), "{counts}");
    let summary = json(dir.path(), "datasets show image_folder --root set --set domain=food");
    let expected = serde_json::json!({
        "name": "image_folder", "samples": 4, "classes": 2, "left_out": [],
        "domains": [{ "name": "food", "samples": 4 }], "class_sizes": [2, 2]
    });
    assert_eq!(summary, expected);
}

#[test]
fn a_wrong_key_names_the_nearest_and_a_missing_set_its_source() {
    let dir = tempfile::tempdir().unwrap();
    let unknown = usage(dir.path(), "datasets show product_10k --root .");
    assert!(unknown.contains("products_10k"), "{unknown}");
    let missing = error(dir.path(), "datasets show products_10k --root .");
    assert!(missing.contains("train.csv"), "{missing}");
    let option = usage(dir.path(), "datasets show image_folder --root . --set refined=true");
    assert!(option.contains("refined"), "{option}");
}

/// For each key: a file of its miniature tree, what is in it, and the first sample that `show --jsonl` must print.
#[rustfmt::skip]
const MINIATURES: [(&str, &str, &str, &str); 17] = [
    ("products_10k", "products-10k/train.csv", "\u{feff}name,class,group\r\n5.jpg,10,0\r\n1.jpg,9,0\r\n",
        r#"{"path":"products-10k/train/5.jpg","class":"10","label":1,"domain":"packaged_goods"}"#),
    ("gldv2", "google_landmark_recognition_2021/train.csv", "id,landmark_id\n00cba1,138982\n",
        r#"{"path":"google_landmark_recognition_2021/train/0/0/c/00cba1.jpg","class":"138982","label":0,"domain":"landmarks"}"#),
    ("deep_fashion", "deepfashion/deepfashion_train.json", r#"{"DRESSES": {"id_00000002": ["train/id_00000002/c.jpg"]}}"#,
        r#"{"path":"deepfashion/train/id_00000002/c.jpg","class":"id_00000002","label":0,"domain":"apparel"}"#),
    ("met_art", "met_dataset/ground_truth/MET_database.json", r#"[{"id": 100, "path": "100/0.jpg"}, {"id": 20, "path": "20/0.jpg"}]"#,
        r#"{"path":"met_dataset/MET/100/0.jpg","class":"100","label":1,"domain":"artwork"}"#),
    ("shopee", "shopee/train.csv", "posting_id,image,image_phash,title,label_group\nt,a.jpg,0,\"Tas, \"\"Baru\"\"\nx\",249114794\n",
        r#"{"path":"shopee/train_images/a.jpg","class":"249114794","label":0,"domain":"packaged_goods"}"#),
    ("hm", "hm_personalized_fashion/articles.csv", "article_id,product_code,prod_name,detail_desc\n0108775015,0108775,Top,\"a, b\"\n",
        r#"{"path":"hm_personalized_fashion/images/010/0108775015.jpg","class":"0108775","label":0,"domain":"apparel"}"#),
    ("rp2k", "rp2k/train.csv", "img_path,img_id\na b/1.jpg,0\n",
        r#"{"path":"rp2k/train/a b/1.jpg","class":"0","label":0,"domain":"packaged_goods"}"#),
    ("sop", "stanford_online_products/Ebay_train.txt", "image_id class_id super_class_id path\n1 1 1 bicycle_final/11_0.JPG\n",
        r#"{"path":"stanford_online_products/bicycle_final/11_0.JPG","class":"1","label":0,"domain":"packaged_goods"}"#),
    ("fashion200k", "fashion200k/fashion200k_train.csv", "img_path,img_id\nwomen/d/52/52_0.jpeg,52\n",
        r#"{"path":"fashion200k/women/d/52/52_0.jpeg","class":"52","label":0,"domain":"apparel"}"#),
    ("food_rec22", "fr22_train_v2/train.csv", "img_path,label\npreprocessed_imgs/1026/a_0.jpg,1026\n",
        r#"{"path":"fr22_train_v2/preprocessed_imgs/1026/a_0.jpg","class":"1026","label":0,"domain":"food"}"#),
    ("stanford_cars", "stanford_cars/sc_train.csv", "x1,y1,x2,y2,Class,image\n1,2,3,4,14,a.jpg\n1,2,3,4,3,b.jpg\n",
        r#"{"path":"stanford_cars/cars_train/a.jpg","class":"14","label":1,"domain":"cars"}"#),
    ("deep_fashion2", "deepfashion2/train.csv", "img_path,label\npreprocessed_imgs/1_1/a.jpg,1_1\n",
        r#"{"path":"deepfashion2/preprocessed_imgs/1_1/a.jpg","class":"1_1","label":0,"domain":"apparel"}"#),
    ("food101", "food-101/meta/test.json", r#"{"waffles": ["waffles/1061270"], "Apple_pie": ["Apple_pie/1011328"]}"#,
        r#"{"path":"food-101/images/waffles/1061270.jpg","class":"waffles","label":1,"domain":"food"}"#),
    ("furniture180", "furniture_180/furniture180_train.csv", "img_path,label\nB/1.JPG,0\n",
        r#"{"path":"furniture_180/B/1.JPG","class":"0","label":0,"domain":"furniture"}"#),
    ("storefronts146", "storefronts_146/storefronts146_train.csv", "img_path,label\nb/2.webp,1\n",
        r#"{"path":"storefronts_146/b/2.webp","class":"1","label":0,"domain":"storefronts"}"#),
    ("m4d_35k", "m4d-35k_train.csv", "img_path,label\nproducts-10k/train/1.jpg,10\n",
        r#"{"path":"products-10k/train/1.jpg","class":"10","label":0,"domain":"packaged_goods"}"#),
    ("uned", "info_files/cars/train.json", r#"[{"path": "cars/b.jpg", "class_id": 10}]"#,
        r#"{"path":"images/cars/b.jpg","class":"10","label":0,"domain":"cars"}"#),
];

#[test]
fn every_key_is_shown_from_its_miniature_tree() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("data");
    // `hm` and `stanford_cars` look for their images.
    write(&root.join("hm_personalized_fashion/images/010/0108775015.jpg"), "");
    write(&root.join("stanford_cars/cars_train/a.jpg"), "");
    for (_, path, text, _) in MINIATURES {
        write(&root.join(path), text);
    }
    for (key, _, _, expected) in MINIATURES {
        let extra = if key == "uned" { "--set domains=cars" } else { "" };
        let lines =
            ok(dir.path(), &format!("datasets show {key} --root data --jsonl --set min_samples=0 {extra}"));
        assert_eq!(lines.lines().next(), Some(expected), "{key}");
        ok(dir.path(), &format!("datasets show {key} --root data --set min_samples=0 {extra}"));
    }
    let rows = json(dir.path(), "datasets list --root data");
    for key in rows.as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()) {
        let own = ["image_folder", "csv", "web_dataset", "parquet"].contains(&key);
        assert!(own || MINIATURES.iter().any(|m| m.0 == key), "{key} has no miniature tree");
    }
}
