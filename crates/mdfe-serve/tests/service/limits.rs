//! What is too much, and how it ends.

use crate::stub::{Answer, Request, Running, Stub, png};
use mdfe_serve::ServeOptions;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

fn embed(service: &Running) -> Answer {
    service.post("/embed", "image/png", &png([5, 5, 5]))
}

#[test]
fn overload_is_answered_429_and_passes() {
    let stub = Stub::new(false);
    let options = ServeOptions { queue: 4, batch: 2, ..ServeOptions::default() };
    let service = Running::start(stub.clone(), None, options);
    stub.shut(true);
    std::thread::scope(|scope| {
        let taken: Vec<_> = (0..4).map(|_| scope.spawn(|| embed(&service))).collect();
        stub.wait_for_batches(1);
        // The other three are taken soon after; only then is it full.
        let deadline = Instant::now() + Duration::from_secs(20);
        while embed_or_give_up(&service).is_none_or(|answer| answer.status != 429) {
            assert!(Instant::now() < deadline, "it is never full");
        }
        for _ in 0..40 {
            let answer = embed(&service);
            assert!(answer.refusal(429, Some("queue_full")).contains("4 requests"));
            assert_eq!(answer.header("retry-after"), "1");
        }
        assert_eq!(service.get("/health").status, 200, "it is busy, not ill");
        stub.shut(false);
        let done = taken.into_iter().map(|thread| thread.join().unwrap().status);
        assert!(done.filter(|status| *status == 200).count() >= 3);
    });
    assert_eq!(embed(&service).status, 200, "and takes again");
    let metrics = service.get("/metrics");
    assert!(metrics.text().contains("route=\"/embed\",status=\"429\""), "{}", metrics.text());
}

/// A request that may be the last that finds a place and then waits: it is given up after a moment.
fn embed_or_give_up(service: &Running) -> Option<Answer> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_millis(100)))
        .build()
        .into();
    let request = agent.post(format!("{}/embed", service.url)).header("content-type", "image/png");
    request.send(&png([5, 5, 5])[..]).ok().filter(|answer| answer.status() == 429).map(|_| embed(service))
}

#[test]
fn a_body_that_is_too_large_is_413_however_it_comes() {
    let options = ServeOptions { max_body: 2000, ..ServeOptions::default() };
    let service = Running::start(Stub::new(false), None, options);
    let large = vec![0; 5000];
    for kind in ["image/png", "application/json"] {
        let path = if kind == "image/png" { "/embed" } else { "/v1/embeddings" };
        let message = service.post(path, kind, &large).refusal(413, Some("body_too_large"));
        assert!(message.contains("2000 bytes"), "{message}");
    }
    let form = [&b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"[..], &large, b"\r\n--X--\r\n"]
        .concat();
    service.post("/embed", "multipart/form-data; boundary=X", &form).refusal(413, Some("body_too_large"));
    // Without a length the bytes are counted.
    let mut stream = TcpStream::connect(service.address).unwrap();
    stream.write_all(b"POST /embed HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
    for _ in 0..5 {
        let _ = stream.write_all(format!("3E8\r\n{}\r\n", "x".repeat(1000)).as_bytes());
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    assert_eq!(embed(&service).status, 200);
}

#[test]
fn an_image_of_too_many_pixels_is_refused_before_memory_is_taken() {
    let options = ServeOptions { max_image_memory: 1 << 20, ..ServeOptions::default() };
    let service = Running::start(Stub::new(false), None, options);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(3000, 3000).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let message = service.post("/embed", "image/png", bytes.get_ref()).refusal(400, Some("invalid_image"));
    assert!(message.contains("3000 x 3000") && message.contains("make it smaller"), "{message}");
}

#[test]
fn a_request_that_takes_too_long_is_given_up() {
    let stub = Stub::new(false);
    let options = ServeOptions { timeout: Duration::from_millis(300), ..ServeOptions::default() };
    let service = Running::start(stub.clone(), None, options);
    stub.shut(true);
    embed(&service).refusal(408, Some("timeout"));
    // Neither is a body waited for that does not come.
    let mut stream = TcpStream::connect(service.address).unwrap();
    stream
        .write_all(
            b"POST /embed HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 99\r\n\r\nabc",
        )
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    stub.shut(false);
    assert_eq!(embed(&service).status, 200);
}

#[test]
fn the_end_finishes_what_was_taken_and_takes_no_more() {
    let stub = Stub::new(false);
    let mut service = Running::start(stub.clone(), None, ServeOptions::default());
    stub.shut(true);
    std::thread::scope(|scope| {
        let taken: Vec<_> = (0..5).map(|_| scope.spawn(|| embed(&service))).collect();
        stub.wait_for_batches(1);
        let seen = |text: &str| text.contains("mdfe_requests_in_flight 6");
        let deadline = Instant::now() + Duration::from_secs(20);
        while !seen(service.get("/metrics").text()) {
            assert!(Instant::now() < deadline, "five are taken");
        }
        service.ask_to_stop();
        while TcpStream::connect(service.address).is_ok() {
            assert!(Instant::now() < deadline, "it listens on");
        }
        stub.shut(false);
        for thread in taken {
            assert_eq!(thread.join().unwrap().status, 200);
        }
    });
    service.stop();
}

#[test]
fn a_client_that_says_nothing_does_not_keep_the_service_alive() {
    let options = ServeOptions { timeout: Duration::from_millis(500), ..ServeOptions::default() };
    let mut service = Running::start(Stub::new(false), None, options);
    let mut silent = TcpStream::connect(service.address).unwrap();
    silent.write_all(b"POST /embed HTTP/1.1\r\nhost").unwrap();
    assert_eq!(service.get("/health").status, 200);
    let started = Instant::now();
    service.stop();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn ids_travel_both_ways() {
    let service = Running::start(Stub::new(false), None, ServeOptions::default());
    let ask = |id: &str| {
        let headers = [("x-request-id", id)];
        let answer = service.send(Request { method: "GET", path: "/nowhere", headers: &headers, body: &[] });
        assert_eq!(answer.status, 404);
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(ask("mine-1"), "mine-1");
    let long = "x".repeat(129);
    let (first, second) = (ask(&long), ask("two words"));
    assert!(first.len() == 16 && second.len() == 16 && first != second, "{first} {second}");
}

#[test]
fn several_services_in_one_process_count_for_themselves() {
    let one = Running::start(Stub::new(false), None, ServeOptions::default());
    let other = Running::start(Stub::new(true), None, ServeOptions::default());
    assert_eq!(embed(&one).status, 200);
    assert_eq!(other.json("/v1/embeddings", &json!({ "input": "red" })).status, 200);
    let (one, other) = (one.get("/metrics"), other.get("/metrics"));
    assert!(one.text().contains("mdfe_embeddings_total{kind=\"image\"} 1"), "{}", one.text());
    assert!(one.text().contains("mdfe_embeddings_total{kind=\"text\"} 0"), "{}", one.text());
    assert!(other.text().contains("mdfe_embeddings_total{kind=\"text\"} 1"), "{}", other.text());
}
