//! `mdfe datasets`: the machine interface of the readers.
#![allow(clippy::unwrap_used)]

mod support;
use support::{error, image_folder, ok, run};

#[test]
fn list_names_every_key_of_the_method() {
    let dir = tempfile::tempdir().unwrap();
    let rows: serde_json::Value = serde_json::from_str(&ok(dir.path(), "datasets list --json")).unwrap();
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
}

#[test]
fn a_wrong_key_names_the_nearest_and_a_missing_set_its_source() {
    let dir = tempfile::tempdir().unwrap();
    let unknown = error(dir.path(), "datasets show product_10k --root .");
    assert!(unknown.contains("products_10k"), "{unknown}");
    let missing = error(dir.path(), "datasets show products_10k --root .");
    assert!(missing.contains("train.csv"), "{missing}");
    let option = error(dir.path(), "datasets show image_folder --root . --set refined=true");
    assert!(option.contains("refined"), "{option}");
}
