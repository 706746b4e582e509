//! A small HTTP server on loopback, for the tests: one request for each connection, with faults on demand.
#![allow(clippy::unwrap_used, dead_code)]

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Decoded, with a slash in front.
    pub(crate) path: String,
    /// Decoded pairs.
    pub(crate) query: Vec<(String, String)>,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// How the server misbehaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Answers 503 to the next so many requests.
    pub(crate) fail: usize,
    /// Sends half of the next so many answers, or nothing to a request with a body, and then is silent.
    pub(crate) stall: usize,
    /// Closes every connection without an answer.
    pub(crate) down: bool,
    /// Answers 403 to every request.
    pub(crate) refuse: bool,
    /// Waits before every answer.
    pub(crate) slow: Duration,
    /// How long a stall lasts.
    pub(crate) silence: Duration,
}

struct Shared<S> {
    state: Mutex<S>,
    faults: Mutex<Faults>,
    seen: Mutex<Vec<Request>>,
}

/// A server; it ends with the test process.
pub(crate) struct Server<S> {
    pub(crate) endpoint: String,
    shared: Arc<Shared<S>>,
}

impl<S: Send + 'static> Server<S> {
    /// Serves `state` by `handle`.
    pub(crate) fn start(state: S, handle: fn(&mut S, &Request) -> Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            faults: Mutex::new(Faults { silence: Duration::from_secs(20), ..Faults::default() }),
            seen: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || answer(stream, &shared, handle));
            }
        });
        Self { endpoint, shared }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        self.shared.state.lock().unwrap()
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.shared.faults.lock().unwrap()
    }

    /// The requests so far, without their bodies.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }
}

fn answer<S>(mut stream: TcpStream, shared: &Shared<S>, handle: fn(&mut S, &Request) -> Reply) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let request = read(&mut reader)?;
    shared.seen.lock().unwrap().push(Request { body: Vec::new(), ..request.clone() });
    let (faults, fails, stalls) = {
        let mut faults = shared.faults.lock().unwrap();
        let (fails, stalls) = (faults.fail > 0, faults.fail == 0 && faults.stall > 0);
        faults.fail -= usize::from(fails);
        faults.stall -= usize::from(stalls);
        (faults.clone(), fails, stalls)
    };
    if faults.down {
        return Some(());
    }
    std::thread::sleep(faults.slow);
    let reply = match (faults.refuse, fails) {
        (true, _) => Reply::new(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"),
        (_, true) => Reply::new(503, "<Error><Code>SlowDown</Code><Message>later</Message></Error>"),
        _ if stalls && !request.body.is_empty() => {
            std::thread::sleep(faults.silence);
            return Some(());
        }
        _ => handle(&mut shared.state.lock().unwrap(), &request),
    };
    let mut head = format!("HTTP/1.1 {} Some\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !reply.headers.iter().any(|(name, _)| name == "content-length") && reply.status != 204 {
        head += &format!("content-length: {}\r\n", reply.body.len());
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    if request.method == "HEAD" {
        return Some(());
    }
    if stalls {
        stream.write_all(&reply.body[..reply.body.len() / 2]).ok()?;
        std::thread::sleep(faults.silence);
        return Some(());
    }
    stream.write_all(&reply.body).ok()
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
    });
    let mut request = Request { method, path: decode(path), query: query.collect(), ..Request::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    if request.header("transfer-encoding") == "chunked" {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            if size == 0 {
                break;
            }
            request.body.extend_from_slice(&chunk[..size]);
        }
    } else {
        let length = request.header("content-length").parse().unwrap_or(0);
        request.body = vec![0; length];
        reader.read_exact(&mut request.body).ok()?;
    }
    Some(request)
}

/// Takes percent encoding away.
fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, more)) = rest.split_first() {
        let digits = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &more[2..];
            }
            _ => {
                bytes.push(first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
