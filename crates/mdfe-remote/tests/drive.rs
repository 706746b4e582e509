//! Google Drive, played by a server on loopback that speaks the part of its protocol that OpenDAL uses.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../../../tests/tests/support/http.rs"]
mod http;

use http::{Reply, Request, Server};
use mdfe_remote::{Destination, Location, Options, Stores};
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const REFRESH: &str = "1//refresh-NeverToBeSeen";
const CLIENT_SECRET: &str = "GOCSPX-NeverToBeSeen";
const ACCESS: &str = "ya29.access-NeverToBeSeen";

const FOLDER: &str = "application/vnd.google-apps.folder";

/// A file or folder.
#[derive(Clone, Default)]
struct Item {
    name: String,
    parent: String,
    folder: bool,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Drive {
    items: BTreeMap<String, Item>,
}

impl Drive {
    fn add(&mut self, item: Item) -> String {
        let id = format!("id{}", self.items.len() + 1);
        self.items.insert(id.clone(), item);
        id
    }

    fn json(&self, id: &str) -> Value {
        let item = &self.items[id];
        let kind = if item.folder { FOLDER } else { "application/octet-stream" };
        json!({
            "id": id, "name": item.name, "mimeType": kind, "parents": [item.parent],
            "size": item.bytes.len().to_string(), "modifiedTime": "2026-11-24T12:00:00.000Z",
        })
    }

    /// The bytes at a path below the root.
    fn at(&self, path: &str) -> Option<&[u8]> {
        let mut parent = "root".to_owned();
        let mut found = None;
        for name in path.split('/') {
            let (id, item) =
                self.items.iter().find(|(_, item)| item.parent == parent && item.name == name)?;
            (parent, found) = (id.clone(), Some(item.bytes.as_slice()));
        }
        found
    }
}

fn handle(drive: &mut Drive, request: &Request) -> Reply {
    if request.path == "/token" {
        let given = [request.query("refresh_token"), request.query("client_secret")];
        if given != [Some(REFRESH), Some(CLIENT_SECRET)] {
            return Reply::new(400, r#"{"error":"invalid_grant"}"#);
        }
        return Reply::new(200, format!(r#"{{"access_token":"{ACCESS}","expires_in":3600}}"#));
    }
    if request.header("authorization") != format!("Bearer {ACCESS}") {
        // Some servers repeat what they were given.
        let given = request.header("authorization");
        return Reply::new(401, format!(r#"{{"error":{{"message":"Invalid Credentials: {given}"}}}}"#));
    }
    let id = request.path.rsplit('/').next().unwrap_or_default().to_owned();
    match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/drive/v3/files") => {
            let query = request.query("q").unwrap();
            let of = |item: &Item| {
                query.contains(&format!("'{}' in parents", item.parent))
                    && (!query.contains("name = ") || query.contains(&format!("name = '{}'", item.name)))
                    && (!query.contains("mimeType") || item.folder)
            };
            let files: Vec<Value> =
                drive.items.iter().filter(|(_, item)| of(item)).map(|(id, _)| drive.json(id)).collect();
            Reply::new(200, json!({ "files": files }).to_string())
        }
        ("POST", "/drive/v3/files") => {
            let given: Value = serde_json::from_slice(&request.body).unwrap();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            assert_eq!(given["mimeType"], FOLDER);
            let item = Item {
                name: text(&given["name"]),
                parent: text(&given["parents"][0]),
                folder: true,
                bytes: vec![],
            };
            let id = drive.add(item);
            Reply::new(200, drive.json(&id).to_string())
        }
        ("POST", "/upload/drive/v3/files") => {
            let (given, bytes) = parts(request);
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let id = drive.add(Item {
                name: text(&given["name"]),
                parent: text(&given["parents"][0]),
                folder: false,
                bytes,
            });
            Reply::new(200, drive.json(&id).to_string())
        }
        ("PATCH", path) if path.starts_with("/upload/") && drive.items.contains_key(&id) => {
            drive.items.get_mut(&id).unwrap().bytes.clone_from(&request.body);
            Reply::new(200, drive.json(&id).to_string())
        }
        ("GET", _) if drive.items.contains_key(&id) => match request.query("alt") {
            Some("media") => Reply::new(200, drive.items[&id].bytes.clone()),
            _ => Reply::new(200, drive.json(&id).to_string()),
        },
        _ => Reply::new(404, r#"{"error":{"message":"File not found"}}"#),
    }
}

/// The two parts of an upload.
fn parts(request: &Request) -> (Value, Vec<u8>) {
    let kind = request.header("content-type");
    let boundary = format!("--{}", kind.split_once("boundary=").unwrap().1.trim_matches('"'));
    let find = |from: usize, what: &[u8]| {
        from + request.body[from..].windows(what.len()).position(|window| window == what).unwrap()
    };
    let mut bodies = Vec::new();
    let mut at = find(0, boundary.as_bytes());
    for _ in 0..2 {
        let start = find(at, b"\r\n\r\n") + 4;
        let end = find(start, format!("\r\n{boundary}").as_bytes());
        bodies.push(request.body[start..end].to_vec());
        at = end + 2;
    }
    (serde_json::from_slice(&bodies[0]).unwrap(), bodies.remove(1))
}

fn stores(server: &Server<Drive>, more: &[(&str, &str)]) -> Arc<Stores> {
    let endpoint = [("GDRIVE_ENDPOINT", server.endpoint.as_str())];
    let environment =
        endpoint.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = Options {
        timeout: Duration::from_millis(500),
        retries: 3,
        pause: Duration::from_millis(10),
        ..Options::default()
    };
    Arc::new(Stores::new(options, environment.collect()).unwrap())
}

const WHO: [(&str, &str); 3] = [
    ("GDRIVE_REFRESH_TOKEN", REFRESH),
    ("GDRIVE_CLIENT_ID", "me.apps"),
    ("GDRIVE_CLIENT_SECRET", CLIENT_SECRET),
];

#[test]
fn a_run_goes_to_a_drive_and_again_without_doubles() {
    let server = Server::start(Drive::default(), handle);
    let stores = stores(&server, &WHO);
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("photos");
    std::fs::create_dir_all(run.join("checkpoints")).unwrap();
    std::fs::write(run.join("checkpoints/checkpoint-1.safetensors"), vec![7; 100_000]).unwrap();
    std::fs::write(run.join("run.json"), "{\"state\": \"running\"}").unwrap();
    let dest = Location::parse("gdrive://embedders/2026").unwrap();
    let upload = || Destination::new(Arc::clone(&stores), &run, &dest).unwrap().upload(|_| ());
    (server.faults().fail, server.faults().stall) = (2, 1);
    assert_eq!(upload().unwrap().sent.len(), 2);
    let state = || server.state();
    assert_eq!(
        state().at("embedders/2026/photos/checkpoints/checkpoint-1.safetensors"),
        Some(vec![7; 100_000].as_slice())
    );
    assert_eq!((upload().unwrap().already, state().items.len()), (2, 6), "four folders, two files");
    std::fs::write(run.join("run.json"), "{\"state\": \"finished\"}").unwrap();
    assert_eq!(upload().unwrap().sent, ["run.json"]);
    assert_eq!(state().at("embedders/2026/photos/run.json"), Some(b"{\"state\": \"finished\"}".as_slice()));
    assert_eq!(state().items.len(), 6, "replaced, not doubled");
    // What is there can be read back.
    let found = stores.list(&dest).unwrap();
    let names: Vec<&str> = found.iter().map(|object| object.location.name()).collect();
    assert_eq!(names, ["checkpoint-1.safetensors", "run.json"]);
    assert_eq!(stores.read(&found[0].location).unwrap(), vec![7; 100_000]);
}

#[test]
fn credentials_come_from_the_environment_or_the_providers_file_and_are_in_no_message() {
    let server = Server::start(Drive::default(), handle);
    let look = Location::parse("gdrive://embedders/x").unwrap();
    let message = |more: &[(&str, &str)]| stores(&server, more).stat(&look).unwrap_err().to_string();
    assert!(message(&[]).contains("GDRIVE_ACCESS_TOKEN"), "{}", message(&[]));
    assert!(message(&WHO[..1]).contains("GDRIVE_CLIENT_ID"));
    assert!(message(&WHO).contains("no such object"), "{}", message(&WHO));
    assert!(message(&[("GDRIVE_ACCESS_TOKEN", ACCESS)]).contains("no such object"));
    let denied = message(&[("GDRIVE_ACCESS_TOKEN", "ya29.another-NeverToBeSeen")]);
    assert!(denied.contains("Invalid Credentials") && !denied.contains("NeverToBeSeen"), "{denied}");
    // What `gcloud auth application-default login` leaves.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("application_default_credentials.json");
    let adc = json!({ "type": "authorized_user", "client_id": "me", "client_secret": CLIENT_SECRET, "refresh_token": REFRESH });
    std::fs::write(&file, adc.to_string()).unwrap();
    let gcloud = [("CLOUDSDK_CONFIG", folder.path().to_str().unwrap())];
    assert!(message(&gcloud).contains("no such object"), "{}", message(&gcloud));
    // A request that fails has the credentials in its address.
    server.faults().down = true;
    let failed = message(&gcloud);
    assert!(!failed.contains("NeverToBeSeen") && failed.contains("gdrive://embedders/x"), "{failed}");
    server.faults().down = false;
    std::fs::write(&file, r#"{"type": "service_account", "private_key": "NeverToBeSeen"}"#).unwrap();
    let refused = message(&gcloud);
    assert!(refused.contains("`authorized_user`") && !refused.contains("NeverToBeSeen"), "{refused}");
    std::fs::write(&file, "NeverToBeSeen").unwrap();
    assert!(!message(&gcloud).contains("NeverToBeSeen"));
}
