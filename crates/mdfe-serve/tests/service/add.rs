//! `POST /index`, and the token.

use crate::stub::{Answer, FAIL, Request, Running, Stub, TOKEN, data_uri, guarded, index, png};
use mdfe_serve::ServeOptions;
use serde_json::{Value, json};
use std::path::Path;

fn send(service: &Running, path: &str, kind: &str, body: &[u8]) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("content-type", kind), ("authorization", bearer.as_str())];
    service.send(Request { method: "POST", path, headers: &headers, body })
}

fn add(service: &Running, body: &Value) -> Answer {
    send(service, "/index", "application/json", body.to_string().as_bytes())
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map(|entries| entries.count()).unwrap_or(0)
}

#[test]
fn added_images_are_found_shown_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let service = Running::start(Stub::new(true), Some(index(dir.path())), guarded(dir.path()));
    let (violet, teal) = (png([200, 0, 200]), png([0, 200, 200]));
    let items = json!({ "items": [
        { "image": data_uri(&violet), "label": "violet", "domain": "paint" },
        { "image": data_uri(&teal), "label": "teal", "domain": "light" },
    ] });
    let answer = add(&service, &items).ok();
    assert_eq!(answer["rows"], json!([4, 5]));
    let raw = send(&service, "/index?label=gray&domain=paint", "image/png", &png([90, 90, 90])).ok();
    assert_eq!(raw["rows"], json!([6]));
    let path = answer["paths"][0].as_str().unwrap();
    assert_eq!(std::fs::read(path).unwrap(), violet, "the image itself is kept");
    let found = send(&service, "/search?k=1", "image/png", &violet).ok();
    assert_eq!((&found["hits"][0]["row"], &found["hits"][0]["label"]), (&json!(4), &json!("violet")));
    let bearer = format!("Bearer {TOKEN}");
    let thumb = Request {
        method: "GET",
        path: "/thumb/4",
        headers: &[("authorization", bearer.as_str())],
        body: &[],
    };
    assert_eq!(service.send(thumb).status, 200);
    drop(service);
    let rows = mdfe_data::Embeddings::read(&dir.path().join("index.safetensors")).unwrap();
    assert_eq!((rows.len(), rows.label_name(5).as_deref(), rows.paths.get(4)), (7, Some("teal"), Some(path)));
}

#[test]
fn a_refusal_adds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let service = Running::start(Stub::new(true), Some(index(dir.path())), guarded(dir.path()));
    let before = std::fs::read(dir.path().join("index.safetensors")).unwrap();
    let good = json!({ "image": data_uri(&png([9, 9, 9])), "label": "red", "domain": "paint" });
    for (bad, says) in [
        (json!({ "image": data_uri(&png([9, 0, 9])), "label": "red" }), "`domain`"),
        (json!({ "image": data_uri(&png([9, 0, 9])), "domain": "paint" }), "`label`"),
        (json!({ "image": data_uri(b"no image"), "label": "red", "domain": "paint" }), "no JPEG"),
        (
            json!({ "image": data_uri(&png(FAIL)), "label": "red", "domain": "paint" }),
            "the colour that fails",
        ),
        (json!({ "image": "https://x.org/a.png", "label": "red", "domain": "paint" }), "fetches no URL"),
        (json!({ "image": "a.png", "label": "red", "domain": "paint" }), "no data: URI"),
        (json!({ "image": data_uri(&png([9, 0, 9])), "path": "/etc/passwd" }), "unknown field `path`"),
    ] {
        let answer = add(&service, &json!({ "items": [good, bad] }));
        assert_eq!(answer.status, 400, "{}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
        assert_eq!(files(&dir.path().join("added")), 0, "{says}");
    }
    assert_eq!(add(&service, &json!({ "items": [] })).status, 400);
    assert!(std::fs::read(dir.path().join("index.safetensors")).unwrap() == before);
}

#[test]
fn without_the_token_nothing_is_told_and_nothing_added() {
    let dir = tempfile::tempdir().unwrap();
    let service = Running::start(Stub::new(true), Some(index(dir.path())), guarded(dir.path()));
    for (method, path) in [
        ("POST", "/v1/embeddings"),
        ("POST", "/embed"),
        ("POST", "/search"),
        ("POST", "/index"),
        ("GET", "/thumb/0"),
        ("GET", "/info"),
        ("GET", "/v1/models"),
        ("GET", "/metrics"),
    ] {
        for shown in ["", "Bearer", "Bearer wrong", "Basic open-sesame", "open-sesame"] {
            let headers = [("authorization", shown), ("content-type", "application/json")];
            let answer = service.send(Request { method, path, headers: &headers, body: b"{}" });
            answer.refusal(401, Some("invalid_api_key"));
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{path}");
        }
    }
    for open in ["/", "/page.css", "/page.js", "/icon.svg", "/health", "/ready", "/openapi.json"] {
        assert_eq!(service.get(open).status, 200, "{open}");
    }
}

#[test]
fn nobody_adds_to_a_service_without_a_token() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServeOptions { token: None, ..guarded(dir.path()) };
    let service = Running::start(Stub::new(true), Some(index(dir.path())), options);
    let message = service.post("/index?label=a&domain=b", "image/png", &png([9, 9, 9])).refusal(403, None);
    assert!(message.contains("MDFE_SERVE_TOKEN"), "{message}");
    assert_eq!(service.json("/search", &json!({ "text": "red" })).status, 200);
}
