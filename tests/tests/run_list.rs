//! `mdfe runs`: runs are listed, shown and compared, and nothing that lies among them stops it.
#![allow(clippy::unwrap_used)]

mod support;
use support::{backbone, error, image_folder, json, ok, write};

fn line(more: &str) -> String {
    format!("train --data set {} --set backbone.image_size=32 --set train.batch=8 {more}", backbone())
}

#[test]
fn runs_are_listed_shown_and_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    assert_eq!(ok(dir, "runs list"), "no runs in runs\n");
    assert!(error(dir, "runs list runs").contains("cannot read runs"));
    image_folder(&dir.join("set"), 4, 5);
    ok(dir, &line("--set train.epochs=2 --run-dir runs/first"));
    ok(dir, &line("--set train.epochs=3 --set loss.name=CosFace --run-dir runs/more/second"));
    // The newest first, whatever the names.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(90);
    std::fs::File::options()
        .append(true)
        .open(dir.join("runs/first/run.json"))
        .unwrap()
        .set_modified(later)
        .unwrap();
    // What is nobody's run: features, a folder of the user's own, and runs that are damaged or of another build.
    write(&dir.join("runs/photos/a/b.txt"), "x");
    write(&dir.join("runs/half/run.json"), "{\"format\"");
    let record = std::fs::read_to_string(dir.join("runs/first/run.json")).unwrap();
    write(&dir.join("runs/old/run.json"), record.replace("mdfe-run-2", "mdfe-run-1"));
    write(&dir.join("runs/mixed/run.json"), &record);
    write(&dir.join("runs/mixed/scores.json"), "no json");

    let listed = json(dir, "runs list");
    let runs = listed["runs"].as_array().unwrap();
    let dirs: Vec<&str> = runs.iter().map(|run| run["dir"].as_str().unwrap()).collect();
    assert_eq!(dirs, ["runs/first", "runs/more/second"]);
    let scores = json(dir, &line("--set train.epochs=2 --run-dir runs/first"));
    for (key, value) in [
        ("state", serde_json::json!("finished")),
        ("name", "set".into()),
        ("backbone", "tf_efficientnet_lite0".into()),
        ("loss", "ArcFace".into()),
        ("step", 4.into()),
        ("total_steps", 4.into()),
    ] {
        assert_eq!(runs[0][key], value, "{key}");
    }
    assert_eq!(runs[0]["scores"], scores["sets"][0]["trained"]["overall"]);
    assert!(runs[0]["scores"]["mMP@5"].is_f64() && runs[0]["date"].as_u64().unwrap() > 1_700_000_000);
    let others = listed["others"].as_array().unwrap();
    let reason = |name: &str| {
        let no = others.iter().find(|no| no["dir"] == format!("runs/{name}")).unwrap();
        no["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(others.len(), 5);
    assert!(reason("features").contains("mdfe features list"), "{}", reason("features"));
    assert!(reason("photos").contains("no run.json"), "{}", reason("photos"));
    assert!(reason("half").contains("not the record of a run"), "{}", reason("half"));
    assert!(reason("old").contains("mdfe-run-1"), "{}", reason("old"));
    assert!(reason("mixed").contains("scores.json holds no scores"), "{}", reason("mixed"));
    let text = ok(dir, "runs list");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].split_whitespace().take(4).collect::<Vec<_>>(), ["run", "name", "state", "steps"]);
    assert!(lines[1].starts_with("runs/first ") && lines[1].contains(" 4/4 "), "{text}");
    assert!(text.contains("runs/photos: no run: "), "{text}");
    // A run folder itself.
    assert_eq!(json(dir, "runs list runs/more/second")["runs"][0], runs[1]);

    let shown = json(dir, "runs show runs/first");
    assert_eq!(shown["config"]["train"]["epochs"], 2);
    assert_eq!(shown["all_scores"]["sets"], scores["sets"]);
    assert!(shown["samples_per_s"].as_f64().unwrap() > 0.0 && shown.get("lineage").is_none());
    let files: Vec<&str> =
        shown["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert!(
        files.contains(&"embedder.safetensors") && files.contains(&"views/train-0.safetensors"),
        "{files:?}"
    );
    let text = ok(dir, "runs show runs/first");
    for part in
        ["finished, 4/4 steps", "samples/s", "one image in five", "epochs = 2", "embedder.safetensors"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(error(dir, "runs show runs/photos").contains("no run.json"));

    let diff = json(dir, "runs diff runs/first runs/more/second");
    let keys = |part: &str| {
        let of =
            |d: &serde_json::Value| (d["key"].as_str().unwrap().to_owned(), d["a"].clone(), d["b"].clone());
        diff[part].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert!(keys("config").contains(&("loss.name".to_owned(), "ArcFace".into(), "CosFace".into())));
    assert!(keys("config").contains(&("train.epochs".to_owned(), 2.into(), 3.into())));
    assert!(keys("config").iter().all(|(key, ..)| key.starts_with("loss.") || key.starts_with("train.")));
    assert!(keys("data").is_empty(), "the same features of the same images");
    assert!(keys("speed").iter().any(|(key, ..)| key == "samples_per_s"));
    let text = ok(dir, "runs diff runs/first runs/more/second");
    assert!(
        text.contains("loss.name") && text.contains("CosFace") && !text.contains("optimizer.lr"),
        "{text}"
    );
    assert_eq!(ok(dir, "runs diff runs/first runs/first"), "the two runs do not differ\n");
    assert!(error(dir, "runs diff runs/first runs/none").contains("runs/none"));
}
