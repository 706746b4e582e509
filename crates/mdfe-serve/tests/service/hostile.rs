//! Malformed requests: an answer each, and the service goes on.

use crate::stub::{Request, Running, Stub, TOKEN, data_uri, guarded, index, png};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

const PATHS: [&str; 6] = ["/v1/embeddings", "/embed", "/search", "/index", "/search?k=%zz", "/search?k=2"];
const KINDS: [&str; 6] =
    ["application/json", "image/png", "multipart/form-data; boundary=X", "image/jpeg", "", "x/y;;="];

/// A good body with something changed, or noise.
fn body(random: &mut ChaCha8Rng) -> Vec<u8> {
    let image = png([9, 80, 200]);
    let uri = data_uri(&image);
    let mut body = match random.random_range(0..7) {
        0 => image,
        1 => format!("{{\"input\":\"{uri}\"}}").into_bytes(),
        2 => format!("{{\"image\":\"{uri}\",\"k\":3,\"filter\":{{\"domain\":\"paint\"}}}}").into_bytes(),
        3 => b"{\"vector\":[1e3,-2,NaN,\"x\"],\"k\":99999999999999999999}".to_vec(),
        4 => [&b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"[..], &image, b"\r\n--X--\r\n"]
            .concat(),
        5 => "[".repeat(random.random_range(1..5000)).into_bytes(),
        _ => (0..random.random_range(0..600)).map(|_| random.random()).collect(),
    };
    for _ in 0..random.random_range(0..6) {
        if !body.is_empty() {
            let at = random.random_range(0..body.len());
            match random.random_range(0..3) {
                0 => body[at] = random.random(),
                1 => body.truncate(at),
                _ => body.insert(at, random.random()),
            }
        }
    }
    body
}

#[test]
fn random_bodies_are_answered_and_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let service = Running::start(Stub::new(true), Some(index(dir.path())), guarded(dir.path()));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let bearer = format!("Bearer {TOKEN}");
    let mut statuses = std::collections::BTreeMap::new();
    for _ in 0..3000 {
        let body = body(&mut random);
        let path = PATHS[random.random_range(0..PATHS.len())];
        let kind = KINDS[random.random_range(0..KINDS.len())];
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        let answer = service.send(Request { method: "POST", path, headers: &headers, body: &body });
        assert!(
            matches!(answer.status, 200 | 400 | 404 | 413 | 415),
            "{path} {kind} {body:?}: {}",
            answer.text()
        );
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    assert!(statuses[&200] > 20 && statuses[&400] > 500 && statuses[&415] > 100, "{statuses:?}");
    assert_eq!(service.get("/health").status, 200);
}

#[test]
fn bytes_that_are_no_http_end_their_connection_alone() {
    let service = Running::start(Stub::new(true), None, Default::default());
    let mut random = ChaCha8Rng::seed_from_u64(8);
    for round in 0..300 {
        let mut stream = TcpStream::connect(service.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        let mut noise: Vec<u8> = (0..random.random_range(1..300)).map(|_| random.random()).collect();
        if round % 2 == 0 {
            noise.splice(0..0, b"POST /embed HTTP/1.1\r\nhost: x\r\n".iter().copied());
            noise.extend(b"\r\n\r\n");
        }
        let _ = stream.write_all(&noise);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read(&mut [0; 512]);
    }
    assert_eq!(service.get("/health").status, 200);
}
