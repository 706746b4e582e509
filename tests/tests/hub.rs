//! An embedder as a folder for the Hugging Face hub, and from a hub on loopback.
#![allow(clippy::unwrap_used)]

mod support;
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
};
use support::{backbone, error, image_folder, json, mdfe, ok, snapshot, usage, weights};

const COMMIT: &str = "1111111111111111111111111111111111111111";
const SMALL: &str = "--set backbone.image_size=32 --set train.epochs=1 --set projection.embed_dim=16";

/// A hub that has the one file `embedder.safetensors` of `org/shared`. Returns its address and, as they come, the requests.
fn hub(file: Vec<u8>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let requests = Arc::clone(&seen);
    // Ends with the test process; each connection carries one request.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(stream, &file, &requests);
        }
    });
    (endpoint, seen)
}

fn answer(mut stream: TcpStream, file: &[u8], seen: &Mutex<Vec<String>>) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let first = lines.next()?.ok()?;
    lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    let request = first.trim_end_matches(" HTTP/1.1").to_owned();
    let found = ["main", "v1", COMMIT]
        .iter()
        .any(|revision| request.ends_with(&format!(" /org/shared/resolve/{revision}/embedder.safetensors")));
    let head = if found {
        format!(
            "HTTP/1.1 200 OK\r\nx-repo-commit: {COMMIT}\r\netag: \"{:x}\"\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            file.len(),
            file.len()
        )
    } else {
        "HTTP/1.1 404 Not Found\r\nx-error-code: RepoNotFound\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
    };
    stream.write_all(head.as_bytes()).ok()?;
    if found && request.starts_with("GET") {
        stream.write_all(file).ok()?;
    }
    seen.lock().ok()?.push(request);
    Some(())
}

/// Runs it against a hub and returns its exit code with what it printed.
fn with_hub(dir: &Path, endpoint: &str, line: &str) -> (Option<i32>, String) {
    let mut command = mdfe(dir);
    command.env("HF_ENDPOINT", endpoint).env_remove("HF_HUB_OFFLINE").args(line.split_whitespace());
    let out = command.output().unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
}

#[test]
fn shared_embedder_works_from_its_folder_and_from_the_hub_wherever_a_model_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 4);
    ok(dir, &format!("train --data set {} {SMALL} --run-dir runs/a", backbone()));
    let weights = format!("--weights {}", weights().display());
    let said =
        json(dir, &format!("export --model runs/a --format hub --standalone {weights} --output shared"));
    assert_eq!((&said["standalone"], &said["output"]), (&true.into(), &"shared".into()));
    let card = std::fs::read_to_string(dir.join("shared/README.md")).unwrap();
    for part in [
        "license: apache-2.0",
        "base_model: timm/tf_efficientnet_lite0.in1k",
        "- set-train\n",
        "| mMP@5 | ",
        "hf-hub:ORG/shared",
    ] {
        assert!(card.contains(part), "{part}: {card}");
    }
    // Without the backbone it is small, and a folder again.
    ok(dir, "export --model runs/a --format hub --output small");
    assert!(std::fs::metadata(dir.join("small/embedder.safetensors")).unwrap().len() < 200_000);
    let embed = |model: &str, output: &str| format!("embed --model {model} --input set --output {output}");
    ok(dir, &embed(&format!("runs/a {weights}"), "own.safetensors"));
    ok(dir, &embed("shared", "folder.safetensors"));
    ok(dir, &embed(&format!("small {weights}"), "small.safetensors"));
    let own = std::fs::read(dir.join("own.safetensors")).unwrap();
    for file in ["folder", "small"] {
        assert!(std::fs::read(dir.join(format!("{file}.safetensors"))).unwrap() == own, "{file}");
    }

    let (endpoint, seen) = hub(std::fs::read(dir.join("shared/embedder.safetensors")).unwrap());
    let online = |line: &str| {
        let (code, said) = with_hub(dir, &endpoint, line);
        assert_eq!(code, Some(0), "{line}: {said}");
        said
    };
    online(&embed("hf-hub:org/shared", "hub.safetensors"));
    assert!(std::fs::read(dir.join("hub.safetensors")).unwrap() == own);
    let gets = |seen: &[String]| seen.iter().filter(|request| request.starts_with("GET")).count();
    assert_eq!(gets(&seen.lock().unwrap()), 1);
    // From here on it is in the cache: nothing is asked of the hub.
    let model = "--model hf-hub:org/shared";
    ok(dir, &format!("search {model} --index own.safetensors --query set/class0/0.png"));
    json(dir, &format!("evaluate {model} --query set --index own.safetensors"));
    ok(dir, &format!("export {model} --format torchscript --check --output saved_model.pt"));
    ok(dir, &format!("export {model} --format safetensors --standalone --output copy.safetensors"));
    let copy = std::fs::read(dir.join("copy.safetensors")).unwrap();
    assert!(
        copy == std::fs::read(dir.join("shared/embedder.safetensors")).unwrap(),
        "what is whole is copied"
    );
    ok(dir, &format!("export {model} --format hub --output again"));
    let init = "--init hf-hub:org/shared --run-dir runs/b";
    ok(dir, &format!("train --data set {} {SMALL} {init}", backbone()));
    let run = std::fs::read_to_string(dir.join("runs/b/run.json")).unwrap();
    assert!(
        run.contains("\"from\": \"hf-hub:org/shared\"") || run.contains("\"from\":\"hf-hub:org/shared\""),
        "{run}"
    );
    online(&embed("hf-hub:org/shared@v1", "tag.safetensors"));
    assert!(std::fs::read(dir.join("tag.safetensors")).unwrap() == own);
    assert_eq!(gets(&seen.lock().unwrap()), 1, "one download, whatever it is called");

    for (model, says) in
        [("hf-hub:org/nothing", "the hub has no such repository"), ("hf-hub:org", "hf-hub:ORG/NAME")]
    {
        let (code, said) = with_hub(dir, &endpoint, &embed(model, "no.safetensors"));
        assert!(code == Some(1) && said.contains(says), "{model}: {said}");
    }
    let said = error(dir, &embed("hf-hub:org/other", "no.safetensors"));
    assert!(said.contains("embedder.safetensors of org/other") && said.contains("--offline"), "{said}");
}

#[test]
fn an_export_for_the_hub_that_is_refused_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 4);
    ok(dir, &format!("train --data set {} {SMALL} --run-dir runs/a", backbone()));
    let wrong = dir.join("wrong.safetensors");
    let mut bytes = std::fs::read(weights()).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&wrong, bytes).unwrap();
    let before = snapshot(dir);
    let export = "export --model runs/a --format hub";
    let said = error(dir, &format!("{export} --output set"));
    assert!(said.contains("class0") && said.contains("empty folder"), "{said}");
    let said = error(dir, &format!("{export} --output runs/a"));
    assert!(said.contains("was not written by an export for the hub"), "{said}");
    let said = error(dir, &format!("{export} --standalone --weights {} --output new", wrong.display()));
    assert!(said.contains("wrong.safetensors") && said.contains("trained on"), "{said}");
    for (flags, says) in [
        (
            "export --backbone tf_efficientnet_lite0 --format hub --output new",
            "a backbone alone is no embedder",
        ),
        ("export --model runs/a --format hub --output new --check", "--check is for"),
        (
            "export --model runs/a --format hub --output new --proj-layer",
            "--proj-layer belongs to --backbone",
        ),
        ("export --model runs/a --format hub --output new --weights wrong.safetensors", "add --standalone"),
        ("export --model runs/a --format hub", "required arguments"),
    ] {
        let said = usage(dir, flags);
        assert!(said.contains(says), "{flags}: {said}");
    }
    assert!(snapshot(dir) == before, "nothing has changed");
}
