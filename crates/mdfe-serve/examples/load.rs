//! Load on a running service: `load URL DIR [--clients 32] [--seconds 20]`, one JSON line with throughput and latency.
//!
//! Each client keeps one connection and sends the images of DIR one after the other to `/embed`, `MDFE_SERVE_TOKEN` with them. 429 is
//! counted and tried again after the time that the service asks for, divided by ten.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a tool for a terminal"
)]

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

struct Arguments {
    url: String,
    folder: PathBuf,
    clients: usize,
    seconds: u64,
}

fn arguments() -> Arguments {
    let usage = "load URL DIR [--clients 32] [--seconds 20]";
    let mut given = std::env::args().skip(1);
    let mut all = Arguments {
        url: given.next().expect(usage),
        folder: given.next().expect(usage).into(),
        clients: 32,
        seconds: 20,
    };
    while let Some(name) = given.next() {
        let value = given.next().and_then(|value| value.parse::<usize>().ok()).expect(usage);
        match name.as_str() {
            "--clients" => all.clients = value,
            "--seconds" => all.seconds = value as u64,
            _ => panic!("{usage}"),
        }
    }
    all
}

/// Every image below a folder, read.
fn images(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            images(&path, found);
        } else {
            found.push(std::fs::read(&path).unwrap());
        }
    }
}

fn main() {
    let Arguments { url, folder, clients, seconds } = arguments();
    let mut files = Vec::new();
    images(&folder, &mut files);
    let (next, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let started = Instant::now();
    let until = started + Duration::from_secs(seconds);
    let token = std::env::var("MDFE_SERVE_TOKEN").unwrap_or_default();
    let client = || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut times = Vec::new();
        while Instant::now() < until {
            let file = &files[next.fetch_add(1, Ordering::Relaxed) % files.len()];
            let sent = Instant::now();
            let request =
                agent.post(format!("{url}/embed")).header("content-type", "application/octet-stream");
            let mut answer =
                request.header("authorization", format!("Bearer {token}")).send(&file[..]).unwrap();
            let body = answer.body_mut().read_to_vec().unwrap();
            match answer.status().as_u16() {
                200 => times.push(sent.elapsed().as_secs_f64()),
                429 => {
                    busy.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(100));
                }
                other => panic!("{other}: {}", String::from_utf8_lossy(&body)),
            }
        }
        times
    };
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize] * 1e3;
    let line = serde_json::json!({
        "clients": clients,
        "images": times.len(),
        "images_per_s": times.len() as f64 / seconds,
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "answered_429": busy.into_inner(),
    });
    println!("{line}");
}
