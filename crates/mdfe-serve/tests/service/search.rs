//! `/search` and `/thumb`.

use crate::stub::{COLOURS, Running, Stub, data_uri, floats, index, png};
use mdfe_serve::ServeOptions;
use serde_json::{Value, json};

fn start(dir: &std::path::Path) -> Running {
    let options = ServeOptions { root: dir.to_path_buf(), ..ServeOptions::default() };
    Running::start(Stub::new(true), Some(index(dir)), options)
}

fn rows(answer: &Value) -> Vec<u64> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["row"].as_u64().unwrap()).collect()
}

#[test]
fn an_image_a_sentence_a_vector_and_a_row_find_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let red = png([255, 0, 0]);
    let raw = service.post("/search?k=2", "image/png", &red).ok();
    assert_eq!(rows(&raw), [0, 3]);
    let hit = &raw["hits"][1];
    assert_eq!(
        (&hit["path"], &hit["label"], &hit["domain"]),
        (&json!("3.png"), &json!("red"), &json!("light"))
    );
    let cosine: f32 =
        Stub::expected([255, 0, 0]).iter().zip(Stub::expected(COLOURS[3])).map(|(a, b)| a * b).sum();
    assert!((hit["score"].as_f64().unwrap() as f32 - cosine).abs() < 1e-6);
    assert_eq!(floats(&raw["embedding"]), Stub::expected([255, 0, 0]));
    for query in [
        json!({ "image": data_uri(&red) }),
        json!({ "text": "red" }),
        // Of any length: it is a direction that is looked for.
        json!({ "vector": Stub::expected([255, 0, 0]).iter().map(|v| v * 3.0).collect::<Vec<_>>() }),
    ] {
        let mut query = query;
        query["k"] = json!(2);
        assert_eq!(rows(&service.json("/search", &query).ok()), [0, 3], "{query}");
    }
    assert_eq!(rows(&service.json("/search", &json!({ "row": 0, "k": 2 })).ok())[0], 3, "not itself");
    assert_eq!(rows(&service.json("/search", &json!({ "row": 0 })).ok()).len(), 3, "all others, with k = 5");
}

#[test]
fn filters_keep_what_they_name() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    let ask = |filter: Value| service.json("/search", &json!({ "text": "red", "filter": filter }));
    assert_eq!(rows(&ask(json!({ "domain": "light" })).ok()), [3, 2]);
    assert_eq!(rows(&ask(json!({ "label": "green" })).ok()), [1]);
    assert_eq!(rows(&service.post("/search?domain=paint&label=red", "image/png", &png([9, 9, 9])).ok()), [0]);
    let message = ask(json!({ "domain": "sound" })).refusal(400, None);
    assert!(message.contains("sound") && message.contains("paint, light"), "{message}");
    assert!(ask(json!({ "price": 3 })).refusal(400, None).contains("price"));
}

#[test]
fn queries_that_do_not_fit_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let service = start(dir.path());
    for (query, status, says) in [
        (json!({}), 400, "give one of"),
        (json!({ "text": "red", "row": 0 }), 400, "give one of"),
        (json!({ "text": "loud" }), 400, "no colour"),
        (json!({ "text": " " }), 400, "no word"),
        (json!({ "row": 4 }), 404, "no row 4, it has 4"),
        (json!({ "row": -1 }), 400, "-1"),
        (json!({ "vector": [1.0] }), 400, "1 values, the index has 4"),
        (json!({ "vector": [0, 0, 0, 0] }), 400, "no direction"),
        (json!({ "vector": [1e39, 0, 0, 0] }), 400, "out of range"),
        (json!({ "text": "red", "k": 0 }), 400, "1 to 1000"),
        (json!({ "text": "red", "k": 1001 }), 400, "1 to 1000"),
        (json!({ "image": "http://x.org/a.png" }), 400, "fetches no URL"),
        (json!({ "image": "red" }), 400, "no data: URI"),
        (json!({ "query": "red" }), 400, "unknown field"),
    ] {
        let answer = service.json("/search", &query);
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        let message = answer.value()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(says), "{query}: {message}");
    }
    assert_eq!(service.post("/search?k=x", "image/png", &png([9, 9, 9])).status, 400);
    assert_eq!(service.post("/search?size=2", "image/png", &png([9, 9, 9])).status, 400);
    service.post("/search", "text/plain", b"red").refusal(415, None);
    // Nothing is dropped in silence.
    let message = service.json("/search?k=3", &json!({ "text": "red" })).refusal(400, None);
    assert!(message.contains("k=3") && message.contains("body"), "{message}");
    for path in ["/embed?k=3", "/v1/embeddings?dimensions=2"] {
        assert_eq!(service.json(path, &json!({ "input": "red" })).status, 400, "{path}");
    }
}

#[test]
fn thumbnails_are_small_jpegs_of_indexed_files_alone() {
    let dir = tempfile::tempdir().unwrap();
    let big = image::RgbImage::from_pixel(900, 300, image::Rgb([250, 0, 0]));
    let service = start(dir.path());
    big.save(dir.path().join("0.png")).unwrap();
    let answer = service.get("/thumb/0?size=90");
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"));
    let small = image::load_from_memory(&answer.body).unwrap().into_rgb8();
    assert_eq!(small.dimensions(), (90, 30));
    assert!(small.get_pixel(40, 15).0[0] > 240, "of that image");
    let whole = image::load_from_memory(&service.get("/thumb/1").body).unwrap();
    assert_eq!((whole.width(), whole.height()), (12, 10), "never enlarged");
    service.get("/thumb/4").refusal(404, None);
    for bad in ["/thumb/x", "/thumb/-1", "/thumb/0?size=1", "/thumb/0?size=5000", "/thumb/0?path=/etc/passwd"]
    {
        assert_eq!(service.get(bad).status, 400, "{bad}");
    }
    assert_eq!(service.get("/thumb/..%2F..%2Fetc").status, 400);
    std::fs::remove_file(dir.path().join("2.png")).unwrap();
    assert!(service.get("/thumb/2").refusal(404, None).contains("--root"));
    std::fs::write(dir.path().join("3.png"), "no image").unwrap();
    service.get("/thumb/3").refusal(400, Some("invalid_image"));
}

#[test]
fn without_an_index_there_is_nothing_to_search() {
    let service = Running::start(Stub::new(true), None, ServeOptions::default());
    service.json("/search", &json!({ "text": "red" })).refusal(404, Some("no_index"));
    service.get("/thumb/0").refusal(404, Some("no_index"));
    service.post("/index", "image/png", &png([1, 1, 1])).refusal(404, Some("no_index"));
}
