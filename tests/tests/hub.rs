//! An embedder as a folder for the Hugging Face hub, and from a hub on loopback.
#![allow(clippy::unwrap_used)]

mod support;
// The hub that the client's own tests talk to.
#[allow(dead_code)]
#[path = "../../crates/mdfe-model/src/hub/server.rs"]
mod server;
use server::{Server, State};
use std::path::Path;
use support::{backbone, error, image_folder, json, mdfe, ok, snapshot, usage, weights};

const COMMIT: &str = "1111111111111111111111111111111111111111";
const SMALL: &str = "--set backbone.image_size=32 --set train.epochs=1 --set projection.embed_dim=16";

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

    let body = std::fs::read(dir.join("shared/embedder.safetensors")).unwrap();
    let server = Server::start(State { body, commit: COMMIT.to_owned(), ..State::default() });
    let online = |line: &str| {
        let (code, said) = with_hub(dir, &server.endpoint, line);
        assert_eq!(code, Some(0), "{line}: {said}");
        said
    };
    online(&embed("hf-hub:org/shared", "hub.safetensors"));
    assert!(std::fs::read(dir.join("hub.safetensors")).unwrap() == own);
    let gets = || server.seen().into_iter().filter(|request| request.starts_with("GET")).collect::<Vec<_>>();
    let once = [format!("GET /org/shared/resolve/{COMMIT}/embedder.safetensors")];
    assert_eq!(gets(), once);
    let asked = server.seen().len();
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
    assert_eq!(server.seen().len(), asked, "offline, nothing was asked");
    online(&embed("hf-hub:org/shared@v1", "tag.safetensors"));
    assert!(std::fs::read(dir.join("tag.safetensors")).unwrap() == own);
    assert!(server.seen().contains(&"HEAD /org/shared/resolve/v1/embedder.safetensors".to_owned()));
    assert_eq!(gets(), once, "one download, whatever it is called");

    server.state().refuse = Some((404, "RepoNotFound"));

    for (model, says) in
        [("hf-hub:org/nothing", "the hub has no such repository"), ("hf-hub:org", "hf-hub:ORG/NAME")]
    {
        let (code, said) = with_hub(dir, &server.endpoint, &embed(model, "no.safetensors"));
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
