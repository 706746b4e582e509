//! Stores on loopback that fail, stall and come back.
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/tests/support/http.rs"]
mod http;
#[path = "../../../tests/tests/support/s3.rs"]
mod s3;

use http::Server;
use mdfe_remote::{Destination, Error, Location, Options, Parts, Stores, Uploader};
use s3::{Bucket, SECRET};
use std::{sync::Arc, time::Duration};

struct World {
    server: Server<Bucket>,
    stores: Arc<Stores>,
}

fn options() -> Options {
    Options {
        timeout: Duration::from_millis(400),
        retries: 3,
        pause: Duration::from_millis(10),
        ..Options::default()
    }
}

fn world(objects: impl IntoIterator<Item = (String, Vec<u8>)>, options: Options) -> World {
    let server = s3::start(Bucket::with(objects));
    let environment = s3::variables(&server).map(|(name, value)| (name.to_owned(), value));
    let stores = Stores::new(options, environment.into_iter().collect()).unwrap();
    World { server, stores: Arc::new(stores) }
}

fn at(text: &str) -> Location {
    Location::parse(text).unwrap()
}

fn objects(count: usize, size: usize) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|i| (format!("bucket/set/{i:03}.jpg"), vec![i as u8; size + i])).collect()
}

#[test]
fn a_listing_has_every_page_in_order_and_says_what_changes() {
    let world = world(objects(7, 10), options());
    world.server.state().page = 3;
    let found = world.stores.list(&at("s3://bucket/set")).unwrap();
    let names: Vec<String> = found.iter().map(|object| object.location.to_string()).collect();
    assert_eq!(names.len(), 7);
    assert_eq!(names[6], "s3://bucket/set/006.jpg");
    assert_eq!(found[6].size, 16);
    assert!(!found[0].version.is_empty() && found[0].version != found[1].version);
    assert!(world.stores.list(&at("s3://bucket/other")).unwrap().is_empty());
    let seen = world.server.seen();
    assert!(seen.iter().all(|request| !request.header("authorization").contains(SECRET)));
}

#[test]
fn what_fails_and_stalls_is_tried_again_and_what_is_missing_is_named() {
    let world = world(objects(3, 200_000), options());
    world.server.faults().fail = 2;
    assert_eq!(world.stores.read(&at("s3://bucket/set/001.jpg")).unwrap(), vec![1; 200_001]);
    world.server.faults().stall = 1;
    assert_eq!(world.stores.read(&at("s3://bucket/set/002.jpg")).unwrap(), vec![2; 200_002]);
    assert_eq!(world.server.faults().stall, 0, "it did stall");
    let error = world.stores.read(&at("s3://bucket/set/none.jpg")).unwrap_err();
    assert!(error.is_missing() && error.to_string().contains("s3://bucket/set/none.jpg"), "{error}");
    world.server.faults().down = true;
    let error = world.stores.read(&at("s3://bucket/set/001.jpg")).unwrap_err();
    assert!(error.may_pass(), "{error}");
    world.server.faults().down = false;
    // The answer to HEAD has no body, and so no reason but its status.
    world.server.faults().fail = 9;
    let error = world.stores.stat(&at("s3://bucket/set/001.jpg")).unwrap_err();
    assert!(error.may_pass() && error.to_string().contains("the store answered 503"), "{error}");
    world.server.faults().fail = 0;
    world.server.faults().refuse = true;
    let error = world.stores.read(&at("s3://bucket/set/001.jpg")).unwrap_err();
    assert!(!error.may_pass() && error.to_string().contains("access is denied"), "{error}");
}

#[test]
fn an_object_that_is_too_large_is_refused() {
    let world = world(objects(1, 5000), Options { max_object: 4000, ..options() });
    for address in ["s3://bucket/set/000.jpg".to_owned(), format!("{}/public/x", world.server.endpoint)] {
        world.server.state().objects.insert("public/x".to_owned(), vec![0; 5000]);
        let error = world.stores.read(&at(&address)).unwrap_err().to_string();
        assert!(error.contains("larger than 4000 bytes"), "{error}");
    }
}

#[test]
fn web_servers_and_the_hub_are_asked_with_the_same_patience() {
    let world = world(
        [
            ("public/a b.jpg".to_owned(), vec![7; 9000]),
            ("datasets/org/name/data/x.png".to_owned(), vec![8; 10]),
            ("datasets/org/name/data/y.png".to_owned(), vec![9; 10]),
        ],
        options(),
    );
    let page = at(&format!("{}/public/a%20b.jpg", world.server.endpoint));
    (world.server.faults().fail, world.server.faults().stall) = (1, 1);
    assert_eq!(world.stores.read(&page).unwrap(), vec![7; 9000]);
    assert!(world.stores.list(&page.parent()).unwrap_err().to_string().contains("no listing"));
    let found = world.stores.list(&at("hf://datasets/org/name/data")).unwrap();
    assert_eq!(found[1].location.to_string(), "hf://datasets/org/name/data/y.png");
    world.server.faults().fail = 1;
    assert_eq!(world.stores.read(&found[1].location).unwrap(), vec![9; 10]);
}

#[test]
fn objects_come_part_by_part_in_order_and_no_more_of_them_are_on_disk() {
    let mut all = objects(25, 100);
    all.remove(4);
    let world = world(all, Options { ahead: 8, concurrency: 3, retries: 0, ..options() });
    let wanted: Vec<Location> = (0..25).map(|i| at(&format!("s3://bucket/set/{i:03}.jpg"))).collect();
    let (mut next, mut folders) = (0, Vec::new());
    let mut parts = Parts::new(&world.stores, wanted.clone());
    for part in parts.by_ref() {
        let part = part.unwrap();
        assert!(part.objects.len() <= 4);
        for object in &part.objects {
            assert_eq!(object.location, wanted[next]);
            match &object.file {
                Ok(path) => {
                    assert_eq!(std::fs::read(path).unwrap(), vec![next as u8; 100 + next]);
                    folders.push(path.parent().unwrap().to_path_buf());
                }
                Err(reason) => assert!(next == 4 && reason.contains("no such object"), "{next}: {reason}"),
            }
            next += 1;
        }
        folders.dedup();
        assert!(folders.iter().filter(|folder| folder.exists()).count() <= 1, "older parts are gone");
    }
    assert_eq!(next, 25);
    drop(parts);
    // One that nobody reads to its end leaves nothing either.
    let mut parts = Parts::new(&world.stores, wanted);
    let part = parts.next().unwrap().unwrap();
    let folder = part.objects[0].file.as_ref().unwrap().parent().unwrap().to_path_buf();
    drop((part, parts));
    assert!(!folder.exists());
}

/// A run folder with a large checkpoint.
fn run_folder(folder: &std::path::Path) -> std::path::PathBuf {
    let run = folder.join("photos");
    std::fs::create_dir_all(run.join("checkpoints")).unwrap();
    let large: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251) as u8).collect();
    std::fs::write(run.join("checkpoints/checkpoint-1.safetensors"), large).unwrap();
    std::fs::write(run.join("config.toml"), "name = \"photos\"\n").unwrap();
    std::fs::write(run.join("run.json"), "{}").unwrap();
    run
}

fn puts(world: &World) -> usize {
    world.server.seen().iter().filter(|request| request.method == "PUT").count()
}

#[test]
fn an_upload_goes_on_where_it_was_and_sends_nothing_twice() {
    let world = world([], options());
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path());
    let dest = at("s3://bucket/runs");
    let upload = || Destination::new(Arc::clone(&world.stores), &run, &dest).unwrap().upload(|_| ());
    world.server.faults().fail = 2;
    let done = upload().unwrap();
    assert_eq!(done.sent, ["checkpoints/checkpoint-1.safetensors", "config.toml", "run.json"]);
    let key = "bucket/runs/photos/checkpoints/checkpoint-1.safetensors";
    let local = std::fs::read(run.join("checkpoints/checkpoint-1.safetensors")).unwrap();
    assert!(world.server.state().objects[key] == local, "all parts, in order");
    assert!(world.server.state().uploads.is_empty());
    let before = puts(&world);
    assert_eq!((upload().unwrap().already, puts(&world)), (3, before));
    // Another content of the same size, and an object that somebody removed.
    std::fs::write(run.join("config.toml"), "name = \"photoz\"\n").unwrap();
    world.server.state().objects.remove(key);
    assert_eq!(upload().unwrap().sent, ["checkpoints/checkpoint-1.safetensors", "config.toml"]);
    // A server that is gone: what had been sent stays sent.
    std::fs::write(run.join("scores.json"), "{}").unwrap();
    world.server.faults().down = true;
    assert!(upload().unwrap_err().may_pass());
    world.server.faults().down = false;
    assert_eq!(upload().unwrap().sent, ["scores.json"]);
    // A ledger that is none is not guessed at.
    std::fs::write(run.join("uploads.json"), "{").unwrap();
    assert!(matches!(upload().unwrap_err(), Error::Data(_)));
}

#[test]
fn the_background_upload_waits_for_a_server_that_comes_back() {
    let world = world([], Options { retries: 1, ..options() });
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path());
    world.server.faults().down = true;
    let uploader = Uploader::start(Arc::clone(&world.stores), &run, &at("s3://bucket/runs")).unwrap();
    uploader.checkpoint();
    std::thread::sleep(Duration::from_millis(300));
    assert!(world.server.state().objects.is_empty());
    world.server.faults().down = false;
    assert_eq!(uploader.finish(Duration::from_secs(60)), None);
    assert_eq!(world.server.state().objects.len(), 3);
}

#[test]
fn what_could_not_be_uploaded_is_said_in_time() {
    let world = world([], options());
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path());
    world.server.faults().refuse = true;
    let uploader = Uploader::start(Arc::clone(&world.stores), &run, &at("s3://bucket/runs")).unwrap();
    let left = uploader.finish(Duration::from_secs(60)).unwrap();
    assert_eq!(left.files.len(), 3);
    assert!(left.reason.contains("access is denied") && !left.reason.contains(SECRET), "{}", left.reason);
    (world.server.faults().refuse, world.server.faults().down) = (false, true);
    let uploader = Uploader::start(Arc::clone(&world.stores), &run, &at("s3://bucket/runs")).unwrap();
    let left = uploader.finish(Duration::from_millis(50)).unwrap();
    assert!(left.files.len() == 3 && left.reason.contains("0.05 s"), "{left:?}");
}

#[test]
fn a_folder_of_this_machine_takes_uploads_and_a_web_server_does_not() {
    let world = world([], options());
    let folder = tempfile::tempdir().unwrap();
    let run = run_folder(folder.path());
    let dest = at(&format!("file://{}/backup", folder.path().display()));
    let done = Destination::new(Arc::clone(&world.stores), &run, &dest).unwrap().upload(|_| ()).unwrap();
    assert_eq!(done.sent.len(), 3);
    let copy = folder.path().join("backup/photos/config.toml");
    assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(run.join("config.toml")).unwrap());
    let refused = Destination::new(Arc::clone(&world.stores), &run, &at("https://127.0.0.1/x"));
    assert!(refused.err().unwrap().to_string().contains("uploads go to s3://"));
}
