//! What the service says about itself, and its page.

use crate::stub::{Running, Stub, guarded, index, png};
use mdfe_serve::ServeOptions;
use serde_json::json;

#[test]
fn it_says_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let options = ServeOptions { token: None, ..guarded(dir.path()) };
    let service = Running::start(Stub::new(true), Some(index(dir.path())), options);
    assert_eq!(service.get("/health").ok()["status"], "ok");
    assert_eq!(service.get("/ready").ok()["status"], "ok");
    let info = service.get("/info").ok();
    assert_eq!((&info["model"], &info["dim"], &info["rows"]), (&json!("stub"), &json!(4), &json!(4)));
    assert_eq!((&info["dimensions"], &info["domains"]), (&json!([2, 4]), &json!(["paint", "light"])));
    assert_eq!((&info["takes_text"], &info["takes_images"]), (&json!(true), &json!(false)));
    assert_eq!(service.get("/v1/models").ok()["data"][0]["id"], "stub");
    let message = service.get("/nowhere").refusal(404, None);
    assert!(message.contains("/nowhere") && message.contains("/search"), "{message}");
    assert!(service.get("/search").refusal(405, None).contains("GET"));
}

#[test]
fn metrics_count_requests_embeddings_and_batches() {
    let dir = tempfile::tempdir().unwrap();
    let service = Running::start(Stub::new(true), Some(index(dir.path())), ServeOptions::default());
    for _ in 0..3 {
        assert_eq!(service.post("/embed", "image/png", &png([1, 1, 1])).status, 200);
    }
    service.get("/made-up-by-somebody");
    let answer = service.get("/metrics");
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    for line in [
        "mdfe_requests_total{route=\"/embed\",status=\"200\"} 3",
        "mdfe_requests_total{route=\"unknown\",status=\"404\"} 1",
        "mdfe_embeddings_total{kind=\"image\"} 3",
        "mdfe_request_seconds_bucket{route=\"/embed\",le=\"+Inf\"} 3",
        "mdfe_batch_size_bucket{le=\"8\"} 3",
        "mdfe_queue_seconds_count 3",
        "mdfe_index_rows 4",
        "mdfe_requests_in_flight 1",
    ] {
        assert!(answer.text().contains(line), "{line} is not in\n{}", answer.text());
    }
}

#[test]
fn the_description_has_every_route() {
    let service = Running::start(Stub::new(true), None, ServeOptions::default());
    let api = service.get("/openapi.json").ok();
    assert!(api["openapi"].as_str().unwrap().starts_with("3."));
    let routes = [
        ("/v1/embeddings", "post"),
        ("/embed", "post"),
        ("/search", "post"),
        ("/index", "post"),
        ("/thumb/{row}", "get"),
        ("/health", "get"),
        ("/ready", "get"),
        ("/info", "get"),
        ("/v1/models", "get"),
        ("/metrics", "get"),
    ];
    for (path, method) in routes {
        assert!(api["paths"][path][method]["responses"].is_object(), "{method} {path}");
    }
    assert_eq!(api["paths"].as_object().unwrap().len(), routes.len());
    let input = &api["components"]["schemas"]["EmbeddingsRequest"]["properties"]["input"];
    assert!(input.to_string().contains("EmbeddingsInput"), "{input}");
    // Every name that is used is described.
    let text = api.to_string();
    for (_, rest) in
        text.match_indices("\"#/components/schemas/").map(|(at, found)| text.split_at(at + found.len()))
    {
        let name = rest.split('"').next().unwrap();
        assert!(api["components"]["schemas"][name].is_object(), "{name}");
    }
}

#[test]
fn the_page_asks_for_nothing_elsewhere() {
    let service = Running::start(Stub::new(true), None, ServeOptions::default());
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = service.get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, kind), "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
        let text = answer.text().replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("//cdn"), "{path}");
        assert!(!text.is_empty(), "{path}");
    }
    // The policy forbids what stands in the page itself.
    let page = service.get("/");
    assert!(
        !page.text().contains("<style")
            && !page.text().contains(" style=")
            && !page.text().contains(" onclick=")
    );
    assert_eq!(
        page.text().matches("<script").count(),
        page.text().matches("<script src=\"/page.js\"").count()
    );
}
