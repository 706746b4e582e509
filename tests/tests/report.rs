//! `report.html`: what a run and an evaluation leave for people, read back as the page's script reads it.
#![allow(clippy::unwrap_used)]

mod support;
use serde_json::Value;
use std::{fs, path::Path};
use support::{backbone, image_folder, ok};

/// The data inside a page.
fn data(path: &Path) -> Value {
    let html = fs::read_to_string(path).unwrap();
    let (_, rest) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_run_leaves_a_page_of_what_it_found() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 6);
    let line = format!(
        "train --data set {} --set backbone.image_size=32 --set train.batch=8 --set train.epochs=3 --set valid.classes=0.4 --run-dir run",
        backbone()
    );
    ok(dir, &line);
    let page = data(&dir.join("run/report.html"));
    let scores: Value = serde_json::from_slice(&fs::read(dir.join("run/scores.json")).unwrap()).unwrap();
    let (set, own) = (&page["sets"][0], &scores["sets"][0]);
    for (at, name) in ["raw", "pooled", "trained"].into_iter().enumerate() {
        assert_eq!(set["scored"][at]["overall"], own[name]["overall"], "{name}");
        assert_eq!(set["scored"][at]["intervals"], own[name]["intervals"], "{name}");
        let interval = &own[name]["intervals"]["overall"]["mMP@5"];
        let (low, high) = (interval[0].as_f64().unwrap(), interval[1].as_f64().unwrap());
        let mean = own[name]["overall"]["mMP@5"].as_f64().unwrap();
        assert!(low <= mean && mean <= high, "{name}: {mean} in {interval}");
    }
    // Every card's image is one of the page's thumbnails, and a JPEG.
    let cards = set["cards"]["random"].as_array().unwrap();
    assert!(!cards.is_empty());
    for card in cards {
        let image = page["thumbnails"][card["image"].as_u64().unwrap() as usize].as_str().unwrap();
        assert!(image.starts_with("/9j/"), "{card}: {image:.20}");
        assert!(!card["neighbours"].as_array().unwrap().is_empty());
    }
    let names: Vec<&str> =
        page["curves"].as_array().unwrap().iter().map(|curve| curve["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["loss", "learning rate", "validation: valid/mMP@5"]);
    let appendix = page["appendix"].as_array().unwrap();
    assert!(appendix[0]["value"].as_str().unwrap().contains("image_size = 32"), "{}", appendix[0]);
    // Images that are gone are no reason to fail, and what a second run replaces is the page, too.
    fs::remove_dir_all(dir.join("set")).unwrap();
    let before = fs::read(dir.join("run/report.html")).unwrap();
    image_folder(&dir.join("set"), 6, 6);
    ok(dir, &format!("{line} --overwrite"));
    assert!(fs::read(dir.join("run/report.html")).unwrap() == before, "the same run, the same page");
}

#[test]
fn an_evaluation_leaves_a_page_where_it_is_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 5);
    let line = format!("evaluate --query set {} --report out/page", backbone());
    ok(dir, &line);
    let page = data(&dir.join("out/page/report.html"));
    let set = &page["sets"][0];
    assert_eq!((&set["ranked_by"], set["scored"].as_array().unwrap().len()), (&"mMP@5".into(), 1));
    assert_eq!(set["map"]["points"].as_array().unwrap().len(), 20);
    let card = &set["cards"]["random"][0];
    assert!(card["label"].is_string() && card["path"].as_str().unwrap().starts_with("set/"), "{card}");
    let image = page["thumbnails"][card["image"].as_u64().unwrap() as usize].as_str().unwrap();
    assert!(image.starts_with("/9j/"));
}
