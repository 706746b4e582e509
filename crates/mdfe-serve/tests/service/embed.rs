//! `/v1/embeddings` and `/embed`.

use crate::stub::{FAIL, PANIC, Running, Stub, data_uri, floats, png};
use base64::{Engine, prelude::BASE64_STANDARD};
use mdfe_serve::ServeOptions;
use serde_json::json;

fn start(takes_text: bool) -> Running {
    Running::start(Stub::new(takes_text), None, ServeOptions::default())
}

#[test]
fn one_input_and_several_are_embedded_in_order_as_openai_answers() {
    let service = start(true);
    let red = data_uri(&png([255, 0, 0]));
    let answer = service.json("/v1/embeddings", &json!({ "model": "stub", "input": red, "user": "me" })).ok();
    assert_eq!((&answer["object"], &answer["model"]), (&json!("list"), &json!("stub")));
    assert_eq!(answer["usage"], json!({ "prompt_tokens": 0, "total_tokens": 0 }));
    assert_eq!(answer["data"][0]["object"], "embedding");
    assert_eq!(floats(&answer["data"][0]["embedding"]), Stub::expected([255, 0, 0]));
    let inputs = json!({ "input": ["blue", red, data_uri(&png([0, 9, 0]))] });
    let answer = service.json("/v1/embeddings", &inputs).ok();
    for (at, colour) in [[0, 0, 255], [255, 0, 0], [0, 9, 0]].into_iter().enumerate() {
        assert_eq!(answer["data"][at]["index"], at);
        assert_eq!(floats(&answer["data"][at]["embedding"]), Stub::expected(colour), "{at}");
    }
}

#[test]
fn base64_holds_the_same_f32_in_little_endian() {
    let service = start(true);
    let answer = service.json("/v1/embeddings", &json!({ "input": "red", "encoding_format": "base64" })).ok();
    let bytes = BASE64_STANDARD.decode(answer["data"][0]["embedding"].as_str().unwrap()).unwrap();
    let (values, rest) = bytes.as_chunks::<4>();
    let values: Vec<f32> = values.iter().map(|value| f32::from_le_bytes(*value)).collect();
    assert_eq!((values, rest.len()), (Stub::expected([255, 0, 0]), 0));
}

#[test]
fn dimensions_are_those_that_were_trained_for_at_unit_length() {
    let service = start(true);
    let ask = |dimensions: usize| {
        service.json("/v1/embeddings", &json!({ "input": "red", "dimensions": dimensions }))
    };
    let mut prefix = Stub::expected([255, 0, 0])[..2].to_vec();
    mdfe_model::normalize(&mut prefix);
    assert_eq!(floats(&ask(2).ok()["data"][0]["embedding"]), prefix);
    assert_eq!(floats(&ask(4).ok()["data"][0]["embedding"]).len(), 4);
    let message = ask(3).refusal(400, None);
    assert!(message.contains("embeddings of 2, 4") && message.contains("nested_dims"), "{message}");
    assert_eq!(ask(0).status, 400);
}

#[test]
fn what_does_not_fit_is_refused_and_the_field_named() {
    let service = start(false);
    let refused = |body: serde_json::Value, status: u16, code: Option<&str>, says: &str| {
        let answer = service.json("/v1/embeddings", &body);
        let message = answer.refusal(status, code);
        assert!(message.contains(says), "{body}: {message}");
        answer.value()["error"]["param"].clone()
    };
    let red = data_uri(&png([255, 0, 0]));
    refused(json!({ "input": "a red mug" }), 400, Some("no_text"), "takes no sentences");
    for url in ["http://example.org/a.jpg", "HTTPS://example.org/a.jpg", "file:///etc/passwd", "ftp://x/y"] {
        refused(json!({ "input": url }), 400, Some("no_url"), "fetches no URL");
    }
    let at = refused(
        json!({ "input": [red, "data:image/png;base64,AAAA"] }),
        400,
        Some("invalid_image"),
        "no JPEG",
    );
    assert_eq!(at, "input[1]");
    let cut = data_uri(&png([9, 9, 9])[..40]);
    assert_eq!(refused(json!({ "input": cut }), 400, Some("invalid_image"), "cannot be decoded"), "input");
    refused(json!({ "input": "data:image/png,raw" }), 400, Some("invalid_image"), "base64");
    refused(json!({ "input": [] }), 400, None, "1 to 2048");
    refused(json!({ "input": vec!["x"; 2049] }), 400, None, "2049 inputs");
    refused(json!({ "input": [1, 2] }), 400, None, "token ids");
    refused(json!({ "input": [[1]] }), 400, None, "token ids");
    refused(json!({ "input": 7 }), 400, None, "a text or a list");
    refused(json!({ "inputs": red }), 400, None, "unknown field `inputs`");
    refused(json!({}), 400, None, "missing field `input`");
    refused(
        json!({ "input": red, "model": "gpt" }),
        404,
        Some("model_not_found"),
        "this service has \"stub\"",
    );
    let at = refused(json!({ "input": red, "encoding_format": "hex" }), 400, None, "base64");
    assert_eq!(at, "encoding_format");
    let message = service.post("/v1/embeddings", "application/json", b"{").refusal(400, None);
    assert!(message.contains("JSON"), "{message}");
    service.post("/v1/embeddings", "text/plain", b"{}").refusal(415, None);
}

#[test]
fn images_come_as_they_are_or_in_a_form() {
    let service = start(false);
    let answer = service.post("/embed", "image/png", &png([0, 0, 90])).ok();
    assert_eq!((&answer["dim"], &answer["model"]), (&json!(4), &json!("stub")));
    assert_eq!(floats(&answer["embeddings"][0]), Stub::expected([0, 0, 90]));
    // The content decides about the format, not the name of its type.
    assert_eq!(service.post("/embed", "application/octet-stream", &png([0, 0, 90])).ok(), answer);

    let mut form = Vec::new();
    for (name, colour) in [("a", [10, 0, 0]), ("b", [0, 20, 0])] {
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}.png\"\r\n\r\n"
        );
        form.extend(head.as_bytes());
        form.extend(png(colour));
        form.extend(b"\r\n");
    }
    form.extend(b"--XX--\r\n");
    let kind = "multipart/form-data; boundary=XX";
    let answer = service.post("/embed", kind, &form).ok();
    assert_eq!(floats(&answer["embeddings"][0]), Stub::expected([10, 0, 0]));
    assert_eq!(floats(&answer["embeddings"][1]), Stub::expected([0, 20, 0]));

    assert!(service.post("/embed", kind, b"--XX--\r\n").refusal(400, None).contains("no image"));
    assert!(service.post("/embed", kind, &form[..90]).refusal(400, None).contains("form cannot be read"));
    assert_eq!(service.post("/embed", "multipart/form-data", &form).status, 400);
    let curl = service.post("/embed", "application/x-www-form-urlencoded", &png([0, 0, 90]));
    assert!(curl.refusal(415, None).contains("image/jpeg"));
    service.post("/embed", "image/png", b"").refusal(400, Some("invalid_image"));
}

#[test]
fn a_failing_image_costs_itself_and_not_its_batch() {
    let stub = Stub::new(false);
    let service = Running::start(stub.clone(), None, ServeOptions::default());
    let send = |colour: [u8; 3]| service.post("/embed", "image/png", &png(colour));
    // The first is at the model; the rest become one batch.
    stub.shut(true);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| send([7, 7, 7]));
        stub.wait_for_batches(1);
        let good = scope.spawn(|| send([0, 80, 0]));
        let bad = [scope.spawn(|| send(FAIL)), scope.spawn(|| send(PANIC))];
        std::thread::sleep(std::time::Duration::from_millis(300));
        stub.shut(false);
        assert_eq!(first.join().unwrap().status, 200);
        assert_eq!(floats(&good.join().unwrap().ok()["embeddings"][0]), Stub::expected([0, 80, 0]));
        let [fails, panics] = bad.map(|thread| thread.join().unwrap());
        assert!(fails.refusal(400, None).contains("the colour that fails"));
        assert!(panics.refusal(500, None).contains("panicked"));
    });
    assert_eq!(stub.batches()[..2], [1, 3], "requests share batches");
    assert_eq!(send([7, 7, 7]).status, 200, "the thread goes on");
}
