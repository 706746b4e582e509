//! A small server on loopback that answers as the hub does, for the tests.

use sha2::{Digest, Sha256};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

/// What the server holds and how it misbehaves.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) body: Vec<u8>,
    pub(super) commit: String,
    /// Answers every request with this status and, in `x-error-code`, this code.
    pub(super) refuse: Option<(u16, &'static str)>,
    /// Ends this many bodies early, after half of what was asked for.
    pub(super) cut: usize,
    /// Sends half of the body and then nothing, this many times.
    pub(super) stall: usize,
    /// Sends requests for paths that do not begin with this on to it: a prefix of paths here or an address elsewhere.
    pub(super) moved: Option<String>,
    /// Announces this hash in place of the body's.
    pub(super) claim: Option<String>,
    /// `METHOD PATH RANGE AUTHORIZATION` of each request.
    pub(super) seen: Vec<String>,
}

pub(super) struct Server {
    pub(super) endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub(super) fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        // Ends with the test process; each connection carries one request.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, &shared));
            }
        });
        Self { endpoint, state }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn seen(&self) -> Vec<String> {
        self.state().seen.clone()
    }
}

pub(super) fn sha256(body: &[u8]) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads one request, writes one answer and closes; a client that hangs up is not an error.
fn answer(mut stream: TcpStream, shared: &Mutex<State>) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    let mut headers = Vec::new();
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        headers.push(line);
    }
    let header = |name: &str| {
        let found =
            headers.iter().find_map(|h| h.split_once(": ").filter(|(k, _)| k.eq_ignore_ascii_case(name)));
        found.map_or(String::new(), |(_, value)| value.to_owned())
    };
    let (range, token) = (header("range"), header("authorization"));
    let mut state = shared.lock().unwrap();
    let request = first.trim_end_matches(" HTTP/1.1");
    state.seen.push(format!("{request} {range} {token}").trim_end().to_owned());
    if let Some((status, code)) = state.refuse {
        let head = format!(
            "HTTP/1.1 {status} No\r\nx-error-code: {code}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        return stream.write_all(head.as_bytes()).ok();
    }
    let from: usize = range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap_or(0);
    let body = state.body[from..].to_vec();
    let etag = state.claim.clone().unwrap_or_else(|| sha256(&state.body));
    let (commit, size) = (&state.commit, state.body.len());
    let about = format!("x-repo-commit: {commit}\r\nx-linked-etag: \"{etag}\"\r\nx-linked-size: {size}\r\n");
    let path = request.split(' ').nth(1)?;
    if let Some(to) = state.moved.as_ref().filter(|to| !path.starts_with(to.as_str())) {
        // A renamed repository says nothing about its files; a file that is kept elsewhere has the hub's word.
        let about = if to.starts_with('/') { "" } else { &about };
        let head = format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}{path}\r\n{about}content-length: 0\r\nconnection: close\r\n\r\n"
        );
        return stream.write_all(head.as_bytes()).ok();
    }
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    let head = format!(
        "HTTP/1.1 {status}\r\n{about}etag: \"other\"\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len(),
    );
    stream.write_all(head.as_bytes()).ok()?;
    if request.starts_with("HEAD") {
        return Some(());
    }
    let half = &body[..body.len() / 2];
    if state.cut > 0 {
        state.cut -= 1;
        return stream.write_all(half).ok();
    }
    if state.stall > 0 {
        state.stall -= 1;
        drop(state);
        stream.write_all(half).ok()?;
        std::thread::sleep(Duration::from_millis(600));
        return Some(());
    }
    drop(state);
    stream.write_all(&body).ok()
}
