//! `mdfe index` and searches of an index folder, through the binary.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use serde_json::{Value, json};
use std::time::Duration;
use support::{backbone, error, image_folder, json, mdfe, ok, run, snapshot, start, usage, wait_for, write};

/// `count` rows of 32 dimensions whose paths begin at `first`, each of its own direction; the domain alternates.
fn rows(first: usize, count: usize) -> Embeddings {
    let value = |i: usize, d: usize| {
        // SplitMix64: no two rows are alike.
        let mut z = ((i * 32 + d) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let ids = first..first + count;
    let paths: Vec<String> = ids.clone().map(|i| format!("p/{i}.jpg")).collect();
    Embeddings {
        values: ids.clone().flat_map(|i| (0..32).map(move |d| value(i, d))).collect(),
        dim: 32,
        labels: Some(ids.clone().map(|i| (i % 5) as i64).collect()),
        domains: Some(ids.map(|i| (i % 2) as i64).collect()),
        domain_names: vec!["cars".into(), "goods".into()],
        paths: paths.iter().map(String::as_str).collect(),
        ..Embeddings::default()
    }
}

fn neighbours(answer: &Value) -> Vec<(String, f64)> {
    let rows = answer["neighbours"].as_array().unwrap();
    rows.iter().map(|n| (n["path"].as_str().unwrap().to_owned(), n["score"].as_f64().unwrap())).collect()
}

#[test]
fn images_become_an_index_that_is_added_to_searched_and_verified() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 3);
    image_folder(&dir.join("more"), 6, 1);
    let model = backbone();
    let built = json(dir, &format!("index build {model} --input set --output index"));
    assert_eq!((&built["rows"], &built["dim"], &built["dtype"]), (&json!(12), &json!(1280), &json!("f32")));
    assert!(!dir.join("index.parts").exists());
    let before = snapshot(&dir.join("index"));
    let message = error(dir, &format!("index build {model} --input set --output index"));
    assert!(message.contains("index is there already") && message.contains("mdfe index add"), "{message}");

    // The same neighbours and scores as in the file that `mdfe embed` writes.
    ok(dir, &format!("embed {model} --input set --output set.safetensors"));
    let search = |index: &str, more: &str| json(dir, &format!("search {model} --index {index} {more}"));
    let queries = "--query set/class1/0.png more/class5 -k 4";
    let (folder, file) = (search("index", queries), search("set.safetensors", queries));
    assert_eq!(folder, file);
    assert_eq!(folder[0]["neighbours"][0]["path"], "set/class1/0.png");
    assert_eq!(folder[0]["neighbours"][0]["label"], "class1");
    assert_eq!(folder[0]["neighbours"][0]["cosine"], folder[0]["neighbours"][0]["score"]);
    assert_eq!(folder[1]["query"], "more/class5/0.png");

    // What is there already is refused whole; nothing changes.
    let add = format!("index add --index index {model} --input");
    let message = error(dir, &format!("{add} more set"));
    assert!(message.contains("12 of the 18 paths already") && message.contains("--existing"), "{message}");
    assert_eq!(snapshot(&dir.join("index")), before);
    let added = json(dir, &format!("{add} more set --existing skip"));
    assert_eq!((&added["added"], &added["existing"], &added["rows"]), (&json!(6), &json!(12), &json!(18)));
    for (path, bytes) in &before {
        let now = std::fs::read(dir.join("index").join(path)).unwrap();
        assert!(path.ends_with("index.json") || &now == bytes, "{} was written again", path.display());
    }
    assert_eq!(search("index", "--query more/class5 -k 1")[0]["neighbours"][0]["path"], "more/class5/0.png");
    assert_eq!(
        search("index", "--query more/class5 --filter label=class1")[0]["neighbours"][0]["label"],
        "class1"
    );

    // Several images are one query where they are taken together: each of two is nearer to it than any other is.
    let pair = "--query set/class0/0.png set/class3/1.png";
    let one = search("index", &format!("{pair} --together -k 2"));
    assert_eq!(one.as_array().unwrap().len(), 1);
    let mut found: Vec<String> = neighbours(&one[0]).into_iter().map(|(path, _)| path).collect();
    found.sort();
    assert_eq!(found, ["set/class0/0.png", "set/class3/1.png"]);
    // What is taken away is not found any more: of the two only the first.
    let less = search("index", &format!("{pair} --minus-image set/class3/1.png -k 18"));
    let last = neighbours(&less[0]).pop().unwrap();
    assert_eq!(less[0]["query"], "set/class0/0.png + set/class3/1.png - set/class3/1.png");
    assert_eq!(neighbours(&less[0])[0].0, "set/class0/0.png");
    assert!(last.1 < 0.9);
    let message = error(
        dir,
        &format!("search {model} --index index --query set/class0/0.png --minus-image set/class0/0.png"),
    );
    assert!(message.contains("cancel each other"), "{message}");
    // A sentence needs a text tower, whatever the index is.
    let message = error(dir, &format!("search {model} --index index --query set/class0/0.png --minus cat"));
    assert!(message.contains("text tower"), "{message}");

    let removed = json(dir, "index remove --index index --path more/class5/0.png more/class4/0.png");
    assert_eq!((&removed["removed"], &removed["rows"]), (&json!(2), &json!(16)));
    assert!(error(dir, "index remove --index index --path more/class5/0.png").contains("more/class5/0.png"));
    assert_ne!(search("index", "--query more/class5 -k 1")[0]["neighbours"][0]["path"], "more/class5/0.png");
    let info = json(dir, "index info --index index");
    assert_eq!((&info["rows"], &info["removed"], &info["labels"]), (&json!(16), &json!(2), &json!(4)));
    assert_eq!(info["embedder"]["name"], "tf_efficientnet_lite0.in1k");
    assert_eq!(json(dir, "index verify --index index")["faults"], json!([]));
}

#[test]
fn another_models_embeddings_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 2, 1);
    let mut one = rows(0, 20);
    let id = |name: &str| mdfe_data::EmbedderId {
        fingerprint: mdfe_data::identity::Fingerprint::of(name.as_bytes()),
        name: name.to_owned(),
    };
    one.embedder = Some(id("first"));
    one.write(&dir.join("one.safetensors")).unwrap();
    let two = Embeddings { embedder: Some(id("second")), ..rows(20, 20) };
    two.write(&dir.join("two.safetensors")).unwrap();
    rows(40, 20).write(&dir.join("three.safetensors")).unwrap();
    ok(dir, "index build --input one.safetensors --output index");
    let before = snapshot(&dir.join("index"));
    for (file, says) in [("two", "second"), ("three", "does not say which model")] {
        let message = error(dir, &format!("index add --index index --input {file}.safetensors"));
        assert!(
            message.contains(says) && message.contains("first") && message.contains("same model"),
            "{message}"
        );
    }
    let message = error(dir, "search --index index --vector two.safetensors");
    assert!(message.contains("two.safetensors") && message.contains("same model"), "{message}");
    let message = error(dir, &format!("index add --index index {} --input set", backbone()));
    assert!(message.contains("tf_efficientnet_lite0") && message.contains("same model"), "{message}");
    assert_eq!(snapshot(&dir.join("index")), before);
    assert!(usage(dir, "index add --index index --input set").contains("--model"));
    assert!(error(dir, "index info --index set").contains("mdfe index build"));
}

#[test]
fn embeddings_are_stored_as_asked_and_searched_by_embedding() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    rows(0, 3_000).write(&dir.join("all.safetensors")).unwrap();
    rows(100, 3).write(&dir.join("query.safetensors")).unwrap();
    let search = |index: &str, more: &str| {
        json(dir, &format!("search --index {index} --vector query.safetensors {more}"))
    };
    let exact = search("all.safetensors", "");
    let mut sizes = Vec::new();
    for (name, flags) in [
        ("f32", "--store-dtype f32"),
        ("fine", "--store-dtype int8 --rescore f32"),
        ("f16", "--store-dtype f16"),
        ("int8", "--store-dtype int8 --rescore none"),
        ("signs", "--store-dtype binary"),
    ] {
        let built = ok(dir, &format!("index build --input all.safetensors --output {name} {flags}"));
        assert_eq!(built.contains("recall@5 0."), name == "signs", "what is not exact says so: {built}");
        let info = json(dir, &format!("index info --index {name}"));
        assert_eq!(info["exact"], name != "signs");
        sizes.push(info["bytes"].as_u64().unwrap());
        let found = search(name, "");
        let first = |answers: &Value| answers[1]["neighbours"][0]["path"].clone();
        assert_eq!(first(&found), first(&exact), "{name}");
        if ["f32", "fine"].contains(&name) {
            assert_eq!(found, exact, "{name}");
        }
    }
    assert!(sizes[3] < sizes[2] && sizes[2] < sizes[0] && sizes[0] < sizes[1], "{sizes:?}");
    let info = ok(dir, "index info --index signs");
    assert!(info.contains("not exact") && info.contains("binary, scored with a copy in f16"), "{info}");
    assert!(
        usage(dir, "index build --input all.safetensors --output x --rescore f16")
            .contains("int8 and binary")
    );
    assert!(usage(dir, "index build --input all.safetensors --output x --store-dtype int4").contains("int4"));

    let cars = search("int8", "--filter domain=cars -k 9");
    let domains: Vec<&Value> =
        cars[0]["neighbours"].as_array().unwrap().iter().map(|n| &n["domain"]).collect();
    assert_eq!(domains, vec!["cars"; 9]);
    let message = usage(dir, "search --index f32 --vector query.safetensors --filter domain=boats");
    assert!(message.contains("boats") && message.contains("cars, goods"), "{message}");
    assert!(
        usage(dir, "search --index f32 --vector query.safetensors --filter size=9").contains("domain, label")
    );
    let message = usage(dir, "search --index all.safetensors --vector query.safetensors --fold 0.98");
    assert!(message.contains("mdfe index build --input all.safetensors"), "{message}");
    for index in ["f32", "all.safetensors"] {
        let none = ok(dir, &format!("search --index {index} --vector query.safetensors --min-score 1.5"));
        assert_eq!(none.matches("no match").count(), 3, "{none}");
        let own = search(index, "--min-score 0.9999");
        assert_eq!((&own[0]["match"], own[0]["neighbours"].as_array().unwrap().len()), (&json!(true), 1));
    }
    let folded = ok(dir, "search --index f32 --vector query.safetensors --fold 0.0 -k 2");
    assert!(folded.contains("near duplicates)"), "{folded}");
}

#[test]
fn a_killed_add_leaves_the_index_as_it_was_or_as_it_becomes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    rows(0, 100).write(&dir.join("first.safetensors")).unwrap();
    rows(100, 40_000).write(&dir.join("more.safetensors")).unwrap();
    rows(5, 1).write(&dir.join("query.safetensors")).unwrap();
    ok(dir, "index build --input first.safetensors --output index --store-dtype int8");
    let add = "index add --index index --input more.safetensors --existing skip";
    let started = std::time::Instant::now();
    ok(dir, "index build --input more.safetensors --output whole --store-dtype int8");
    let whole = started.elapsed();
    let mut killed = 0;
    for step in 0..24 {
        let mut child = start(dir, add);
        std::thread::sleep(whole * step / 20);
        child.kill().unwrap();
        child.wait().unwrap();
        let info = json(dir, "index info --index index");
        let done = info["rows"] == json!(40_100);
        assert!(done || info["rows"] == json!(100), "all or nothing: {info}");
        let found = json(dir, "search --index index --vector query.safetensors -k 1");
        assert_eq!(found[0]["neighbours"][0]["path"], "p/5.jpg");
        assert_eq!(json(dir, "index verify --index index")["faults"], json!([]));
        if done {
            break;
        }
        killed += 1;
    }
    assert!(killed > 3, "it was killed before it was done, again and again");
    ok(dir, add);
    assert_eq!(json(dir, "index info --index index")["rows"], 40_100);
    let names: Vec<String> =
        snapshot(&dir.join("index")).into_keys().map(|p| p.display().to_string()).collect();
    let segments = names.iter().filter(|name| name.starts_with("segment-")).count();
    assert_eq!((segments, names.len()), (2, 4), "what the killed ones left is gone: {names:?}");
}

#[test]
fn a_killed_build_is_no_index_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 1, 1);
    let image = std::fs::read(dir.join("set/class0/0.png")).unwrap();
    // More than one part of 512.
    for i in 0..600 {
        write(&dir.join(format!("many/{i}.png")), &image);
    }
    rows(0, 9).write(&dir.join("bare.safetensors")).unwrap();
    let line = format!("index build {} --batch 64 --input many --output index", backbone());
    let mut child = start(dir, &line);
    let manifest = dir.join("index.parts/index.json");
    let has_rows = || std::fs::read_to_string(&manifest).is_ok_and(|text| text.contains("segment-"));
    wait_for(&mut child, has_rows);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.join("index").exists(), "what is not whole is no index");
    let message = error(dir, "index build --input bare.safetensors --output index");
    assert!(message.contains("index.parts") && message.contains("unfinished"), "{message}");
    let out = run(dir, &line);
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.success() && text.contains("512 rows were there"), "{text}");
    let info = json(dir, "index info --index index");
    assert_eq!((&info["rows"], &info["segments"]), (&json!(600), &json!(2)));
    assert!(!dir.join("index.parts").exists());
    let same = json(dir, &format!("search {} --index index --query many/7.png --fold 0.98 -k 3", backbone()));
    assert_eq!(same[0]["neighbours"].as_array().unwrap().len(), 1, "all images are one");
    assert_eq!(same[0]["neighbours"][0]["folded"].as_array().unwrap().len(), 599);
}

#[test]
fn searches_go_on_while_rows_are_added() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    rows(0, 100).write(&dir.join("all.safetensors")).unwrap();
    ok(dir, "index build --input all.safetensors --output index");
    for i in 1..9 {
        rows(i * 100, 100).write(&dir.join(format!("{i}.safetensors"))).unwrap();
    }
    // Two writers at once: one waits for the other, and nothing is lost.
    let adds: Vec<_> = (1..9)
        .map(|i| {
            let line = format!("index add --index index --input {i}.safetensors");
            mdfe(dir).args(line.split(' ')).stdout(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let mut last = 100;
    for _ in 0..20 {
        let now = json(dir, "index info --index index")["rows"].as_u64().unwrap();
        assert!(now >= last && now.is_multiple_of(100), "{now} after {last}");
        json(dir, "search --index index --vector all.safetensors -k 1");
        last = now;
        std::thread::sleep(Duration::from_millis(5));
    }
    for mut add in adds {
        assert!(add.wait().unwrap().success());
    }
    assert_eq!(json(dir, "index info --index index")["rows"], 900);
    assert_eq!(json(dir, "index verify --index index")["faults"], json!([]));
}
