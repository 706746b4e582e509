//! A model whose embeddings can be computed by hand, a service around it, and a client.

use base64::{Engine, prelude::BASE64_STANDARD};
use image::{ImageFormat, RgbImage};
use mdfe_data::{EmbedderId, Embeddings, PreprocessRecord, Preprocessor, identity::Fingerprint};
use mdfe_serve::{Encode, FileIndex, ModelInfo, Searcher, ServeOptions, Server, Token};
use serde_json::Value;
use std::{
    io::Cursor,
    path::Path,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

pub(crate) const TOKEN: &str = "open-sesame";
/// An image of this colour makes the model panic, and of the next one fail.
pub(crate) const PANIC: [u8; 3] = [1, 2, 3];
pub(crate) const FAIL: [u8; 3] = [3, 2, 1];

/// Embeds an image as its mean colour and 1, at unit length.
pub(crate) struct Stub {
    info: ModelInfo,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    /// Whether the model waits.
    shut: bool,
    /// Sizes of the batches so far.
    batches: Vec<usize>,
}

impl Stub {
    pub(crate) fn new(takes_text: bool) -> Arc<Self> {
        let info = ModelInfo {
            name: "stub".into(),
            id: EmbedderId { fingerprint: Fingerprint::of(b"stub"), name: "a stub".into() },
            dim: 4,
            prefixes: vec![2],
            takes_text,
            preprocess: PreprocessRecord::plain([8, 8]),
        };
        Arc::new(Self { info, gate: Mutex::default(), changed: Condvar::new() })
    }

    /// Makes the model wait, or lets it go on.
    pub(crate) fn shut(&self, shut: bool) {
        self.gate.lock().unwrap().shut = shut;
        self.changed.notify_all();
    }

    /// Waits until the model has been given as many batches.
    pub(crate) fn wait_for_batches(&self, count: usize) {
        let mut gate = self.gate.lock().unwrap();
        while gate.batches.len() < count {
            gate = self.changed.wait(gate).unwrap();
        }
    }

    pub(crate) fn batches(&self) -> Vec<usize> {
        self.gate.lock().unwrap().batches.clone()
    }

    /// What it makes of an image of one colour.
    pub(crate) fn expected(colour: [u8; 3]) -> Vec<f32> {
        let mut pixels = vec![0.0; 192];
        let mut worker = Preprocessor::new(PreprocessRecord::plain([8, 8]));
        worker.apply(&RgbImage::from_pixel(8, 8, image::Rgb(colour)), &mut pixels).unwrap();
        embedding(&pixels)
    }
}

fn embedding(pixels: &[f32]) -> Vec<f32> {
    let mean = |channel: &[f32]| channel.iter().sum::<f32>() / channel.len() as f32;
    let mut all: Vec<f32> = pixels.chunks(pixels.len() / 3).map(mean).collect();
    all.push(1.0);
    mdfe_model::normalize(&mut all);
    all
}

impl Encode for Stub {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn images(&self, count: usize, pixels: Vec<f32>) -> mdfe_model::Result<Vec<f32>> {
        let mut gate = self.gate.lock().unwrap();
        gate.batches.push(count);
        self.changed.notify_all();
        while gate.shut {
            gate = self.changed.wait(gate).unwrap();
        }
        drop(gate);
        let rows: Vec<Vec<f32>> = pixels.chunks(pixels.len() / count).map(embedding).collect();
        assert!(!rows.contains(&Self::expected(PANIC)), "the colour that panics");
        if rows.contains(&Self::expected(FAIL)) {
            return Err(mdfe_model::Error::Invalid("the colour that fails".into()));
        }
        Ok(rows.concat())
    }

    /// A colour by its name.
    fn text(&self, sentence: &str) -> mdfe_model::Result<Vec<f32>> {
        match sentence {
            "red" => Ok(Self::expected([255, 0, 0])),
            "blue" => Ok(Self::expected([0, 0, 255])),
            other => Err(mdfe_model::Error::Invalid(format!("{other:?} is no colour"))),
        }
    }
}

/// A service at work; dropped, it is stopped and must have ended well.
pub(crate) struct Running {
    pub(crate) url: String,
    pub(crate) address: std::net::SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<mdfe_serve::Result<()>>>,
}

impl Running {
    pub(crate) fn start(
        model: Arc<dyn Encode>,
        index: Option<Arc<dyn Searcher>>,
        options: ServeOptions,
    ) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = server.address();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || server.run(model, index, options, &seen));
        Self { url: format!("http://{address}"), address, stop, thread: Some(thread) }
    }

    /// Asks it to end, without waiting for it.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub(crate) fn stop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }

    /// Sends a request and returns status, content type and body.
    pub(crate) fn send(&self, request: Request<'_>) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut built = ureq::http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.url, request.path));
        for (name, value) in request.headers {
            built = built.header(*name, *value);
        }
        let mut response = agent.run(built.body(request.body).unwrap()).unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let headers =
            ["content-type", "retry-after", "x-request-id", "content-security-policy", "www-authenticate"];
        let headers = headers.map(|name| (name, header(name))).to_vec();
        Answer {
            status: response.status().as_u16(),
            headers,
            body: response.body_mut().read_to_vec().unwrap(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Request { method: "GET", path, headers: &[], body: &[] })
    }

    pub(crate) fn post(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        self.send(Request { method: "POST", path, headers: &[("content-type", kind)], body })
    }

    pub(crate) fn json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", body.to_string().as_bytes())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ask_to_stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.unwrap().unwrap();
            }
        }
    }
}

pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a [u8],
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(known, _)| *known == name).unwrap().1
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The body of a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.value()
    }

    /// The message of a refusal of this status and code, in OpenAI's form.
    pub(crate) fn refusal(&self, status: u16, code: Option<&str>) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        let error = &self.value()["error"];
        assert_eq!(error["code"].as_str(), code, "{error}");
        assert!(error["type"].is_string() && error.get("param").is_some(), "{error}");
        error["message"].as_str().unwrap().to_owned()
    }
}

/// The bytes of an image of one colour.
pub(crate) fn png(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(12, 10, image::Rgb(colour)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub(crate) fn data_uri(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes))
}

/// f32 values as they stand in JSON, to the bit.
pub(crate) fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|value| value.to_string().parse().unwrap()).collect()
}

/// The colours of [`index`], in its order.
pub(crate) const COLOURS: [[u8; 3]; 4] = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [240, 20, 0]];

/// An index of four images that lie in `dir`, with labels and domains.
pub(crate) fn index(dir: &Path) -> Arc<dyn Searcher> {
    let name = |row: usize| format!("{row}.png");
    for (row, colour) in COLOURS.iter().enumerate() {
        std::fs::write(dir.join(name(row)), png(*colour)).unwrap();
    }
    let names: Vec<String> = (0..COLOURS.len()).map(name).collect();
    let stub = Stub::new(false);
    let rows = Embeddings {
        values: COLOURS.iter().flat_map(|colour| Stub::expected(*colour)).collect(),
        dim: 4,
        labels: Some(vec![0, 1, 2, 0]),
        label_names: ["red", "green", "blue"].into_iter().collect(),
        domains: Some(vec![0, 0, 1, 1]),
        domain_names: vec!["paint".into(), "light".into()],
        paths: names.iter().map(String::as_str).collect(),
        embedder: Some(stub.info.id.clone()),
    };
    let path = dir.join("index.safetensors");
    rows.write(&path).unwrap();
    Arc::new(FileIndex::open(&path, &stub.info).unwrap())
}

/// Options with the token and a folder for what is added.
pub(crate) fn guarded(dir: &Path) -> ServeOptions {
    ServeOptions {
        token: Some(Token::new(TOKEN, "the test").unwrap()),
        uploads: Some(dir.join("added")),
        root: dir.to_path_buf(),
        ..ServeOptions::default()
    }
}
