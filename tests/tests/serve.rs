//! `mdfe serve` through the binary: the demo, its bits, its end, and what an index keeps when it is killed.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;
use mdfe_data::Embeddings;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Stdio},
    time::Duration,
};
use support::{backbone, error, image, image_folder, mdfe, ok, repository, usage, weights, write};

/// The demo at a size that a test can wait for.
const DEMO: &str = "--set backbone.image_size=32 --set train.epochs=1";
const TOKEN: &str = "open-sesame";

/// A service that was started as a user starts it.
struct Serving {
    child: Child,
    url: String,
    /// What it said on stdout when it was ready.
    said: String,
}

impl Serving {
    fn start(dir: &Path, line: &str) -> Self {
        let mut command = mdfe(dir);
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(line.split_whitespace());
        command.env("MDFE_SERVE_TOKEN", TOKEN).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let url = said.trim().rsplit_once(" on ").map(|(_, url)| url.to_owned());
        let Some(url) = url else {
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("`mdfe serve {line}` did not start: {errors}");
        };
        Self { child, url, said }
    }

    /// Sends a request with the token; status and body.
    fn send(&self, path: &str, kind: &str, body: &[u8]) -> Result<(u16, Value), ureq::Error> {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(format!("{}{path}", self.url)).header("content-type", kind);
        let mut answer = request.header("authorization", format!("Bearer {TOKEN}")).send(body)?;
        let text = answer.body_mut().read_to_string()?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap()))
    }

    fn ok(&self, path: &str, kind: &str, body: &[u8]) -> Value {
        let (status, value) = self.send(path, kind, body).unwrap();
        assert_eq!(status, 200, "{value}");
        value
    }

    /// Asks it to end as a terminal does, and returns what it logged.
    #[cfg(unix)]
    fn interrupt(mut self) -> String {
        support::interrupt(&self.child);
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{log}");
        log
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// f32 values as they stand in JSON, to the bit.
fn bits(values: &Value) -> Vec<u32> {
    let float = |value: &Value| value.to_string().parse::<f32>().unwrap().to_bits();
    values.as_array().unwrap().iter().map(float).collect()
}

#[cfg(unix)]
#[test]
fn the_demo_is_trained_indexed_and_served_with_the_bits_of_embed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let service = Serving::start(dir, &format!("--demo {DEMO}"));
    assert!(
        service.said.starts_with("demo (64-d, 3060 images to search) on http://127.0.0.1:"),
        "{}",
        service.said
    );

    let index = Embeddings::read(&dir.join("runs/demo/index.safetensors")).unwrap();
    let path = index.paths.get(40).unwrap().to_owned();
    let bytes = std::fs::read(&path).unwrap();
    let found = service.ok("/search?k=3", "image/png", &bytes);
    let first = &found["hits"][0];
    assert_eq!((first["row"].as_u64(), first["path"].as_str()), (Some(40), Some(path.as_str())));
    assert_eq!(first["label"].as_str().map(str::to_owned), index.label_name(40));
    assert!((first["score"].as_f64().unwrap() - 1.0).abs() < 1e-6);

    image_folder(&dir.join("photos"), 2, 3);
    let model = format!("--model runs/demo --weights {}", weights().display());
    ok(dir, &format!("embed {model} --input photos --output photos.safetensors"));
    let expected = Embeddings::read(&dir.join("photos.safetensors")).unwrap();
    for (row, expected) in expected.values.chunks_exact(64).enumerate() {
        let file = dir.join(format!("photos/class{}/{}.png", row / 3, row % 3));
        let served = service.ok("/embed", "image/png", &std::fs::read(file).unwrap());
        let expected: Vec<u32> = expected.iter().map(|value| value.to_bits()).collect();
        assert_eq!(bits(&served["embeddings"][0]), expected, "photo {row}");
    }
    let refused = service.send("/v1/embeddings", "application/json", b"{\"input\":\"a red mug\"}").unwrap();
    assert!(refused.0 == 400 && refused.1.to_string().contains("takes no sentences"), "{refused:?}");
    let log = service.interrupt();
    assert!(log.contains("every request that was taken has its answer"), "{log}");
    assert!(log.contains("id=") && log.contains("path=\"/search\"") && !log.contains(TOKEN), "{log}");

    // The second time all of it is there.
    let before = std::fs::metadata(dir.join("runs/demo/index.safetensors")).unwrap().modified().unwrap();
    let log = Serving::start(dir, &format!("--demo {DEMO}")).interrupt();
    assert!(log.contains("nothing is done again"), "{log}");
    assert_eq!(
        std::fs::metadata(dir.join("runs/demo/index.safetensors")).unwrap().modified().unwrap(),
        before
    );
}

#[test]
fn what_was_acknowledged_is_in_the_index_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 2, 2);
    ok(dir, &format!("embed {} --input set --output index.safetensors", backbone()));
    let mut service = Serving::start(dir, &format!("{} --index index.safetensors", backbone()));
    let mut kept = Vec::new();
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let service = &service;
                scope.spawn(move || {
                    let mut kept = Vec::new();
                    for i in 0..1000u32 {
                        let mut bytes = std::io::Cursor::new(Vec::new());
                        image(1000 + sender * 1000 + i)
                            .write_to(&mut bytes, image::ImageFormat::Png)
                            .unwrap();
                        match service.send("/index?label=new", "image/png", bytes.get_ref()) {
                            Ok((200, value)) => {
                                let row = value["rows"][0].as_u64().unwrap() as usize;
                                kept.push((row, value["paths"][0].as_str().unwrap().to_owned()));
                            }
                            // Its end comes in the middle of some request.
                            _ => break,
                        }
                    }
                    kept
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(1500));
        let id = service.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-9", &id]).status().unwrap().success());
        kept = senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
    });
    service.child.wait().unwrap();
    assert!(kept.len() > 3, "it was killed at work: {}", kept.len());
    let index = Embeddings::read(&dir.join("index.safetensors")).unwrap();
    for (row, path) in &kept {
        assert_eq!(index.paths.get(*row), Some(path.as_str()));
        assert_eq!(index.label_name(*row).as_deref(), Some("new"));
        assert!(image::open(path).is_ok(), "{path}");
    }
    // And it is served again.
    Serving::start(dir, &format!("{} --index index.safetensors", backbone()));
}

#[test]
fn an_index_folder_is_served_and_added_to() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 2, 2);
    ok(dir, &format!("index build {} --input set --output index", backbone()));
    let service = Serving::start(dir, &format!("{} --index index", backbone()));
    assert!(service.said.contains("4 images to search"), "{}", service.said);
    let mut bytes = std::io::Cursor::new(Vec::new());
    image(77).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let added = service.ok("/index?label=new", "image/png", bytes.get_ref());
    assert_eq!(added["rows"], serde_json::json!([4]));
    let found = service.ok("/search?k=1&label=new", "image/png", bytes.get_ref());
    assert_eq!(found["hits"][0]["path"], added["paths"][0]);
    drop(service);
    // Killed, it has kept it.
    let info = support::json(dir, "index info --index index");
    assert_eq!(info["rows"], 5);
}

#[test]
fn what_cannot_be_served_is_said_before_anything_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let says = |line: &str, word: &str| {
        let message = usage(dir, line);
        assert!(message.contains(word), "{line}: {message}");
    };
    says("serve --listen 127.0.0.1:0", "--demo");
    says(&format!("serve --listen 127.0.0.1:0 {} --tokenizer t.json", backbone()), "--tokenizer");
    says(&format!("serve --listen 127.0.0.1:0 {} --uploads up", backbone()), "--uploads");
    for line in
        ["serve --demo --model runs/x", "serve --set a=b", "serve --listen nowhere", "serve --demo --queue 0"]
    {
        usage(dir, line);
    }
    write(&dir.join("empty"), " \n");
    let message = error(dir, "serve --demo --listen 127.0.0.1:0 --token-file empty");
    assert!(message.contains("empty holds no token"), "{message}");
    assert!(error(dir, "serve --demo --listen 127.0.0.1:0 --token-file none").contains("none"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let message = error(dir, &format!("serve --demo --listen {}", taken.local_addr().unwrap()));
    assert!(message.contains("cannot listen on 127.0.0.1:") && message.contains("--listen"), "{message}");
    assert!(!dir.join("runs").exists(), "nothing was trained");

    image_folder(&dir.join("set"), 1, 2);
    ok(dir, &format!("embed {} --input set --output index.safetensors", backbone()));
    let mut other = Embeddings::read(&dir.join("index.safetensors")).unwrap();
    (other.values, other.dim) = (vec![1.0; 4], 2);
    other.write(&dir.join("other.safetensors")).unwrap();
    let message = error(dir, &format!("serve --listen 127.0.0.1:0 {} --index other.safetensors", backbone()));
    assert!(message.contains("2 dimensions, the model makes 1280"), "{message}");
}

#[test]
fn a_service_without_an_index_embeds() {
    let dir = tempfile::tempdir().unwrap();
    let service = Serving::start(dir.path(), &format!("{} --name lite", backbone()));
    assert!(service.said.starts_with("lite (1280-d) on http://"), "{}", service.said);
    let bytes = std::fs::read(repository().join("data/demo/images").join(first_image())).unwrap();
    let value = service.ok("/embed", "image/png", &bytes);
    assert_eq!(value["embeddings"][0].as_array().unwrap().len(), 1280);
}

/// An image of the demo, below its folder of images.
fn first_image() -> String {
    let list = std::fs::read_to_string(repository().join("data/demo/train.csv")).unwrap();
    list.lines().nth(1).unwrap().split(',').next().unwrap().strip_prefix("images/").unwrap().to_owned()
}
