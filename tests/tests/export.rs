//! `mdfe export`: an embedder as TorchScript, ONNX and a submission. What PyTorch and onnxruntime make of the files is compared by
//! `tests/reference/export`.
#![allow(clippy::unwrap_used)]

mod support;
use std::path::Path;
use support::{backbone, error, image_folder, json, ok, usage, weights};

/// The embedder `runs/NAME` of `dim` dimensions, trained a little.
fn train(dir: &Path, name: &str, dim: usize) {
    let small = format!("--set backbone.image_size=32 --set train.epochs=1 --set projection.embed_dim={dim}");
    ok(dir, &format!("train --data set {} {small} --run-dir runs/{name}", backbone()));
}

#[test]
fn embedder_becomes_torchscript_onnx_and_a_submission_that_agree_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 6, 4);
    train(dir, "a", 16);
    train(dir, "wide", 65);
    let export = |rest: &str| format!("export --model runs/a --weights {} {rest}", weights().display());

    for (format, output) in [("torchscript", "saved_model.pt"), ("onnx", "model.onnx")] {
        let said = json(dir, &export(&format!("--format {format} --output {output} --check")));
        let bytes = std::fs::read(dir.join(output)).unwrap();
        assert_eq!(
            (&said["output"], &said["dim"], &said["bytes"]),
            (&output.into(), &16.into(), &bytes.len().into())
        );
        let largest = said["check"]["largest_difference"].as_f64().unwrap();
        assert!(largest < 1e-5, "{said}");
        let says = |text: &str| bytes.windows(text.len()).any(|found| found == text.as_bytes());
        assert!(
            says("tf_efficientnet_lite0.in1k") && says("\"crop_mode\":\"center\""),
            "the file says what it is"
        );
        ok(dir, &export(&format!("--format {format} --output again")));
        assert!(std::fs::read(dir.join("again")).unwrap() == bytes, "the same embedder gives the same bytes");
    }
    // A checkpoint of the run, and the backbone alone.
    let said = json(dir, &export("--checkpoint last --format torchscript --output saved_model.pt --check"));
    assert!(said["check"]["largest_difference"].as_f64().unwrap() < 1e-5, "{said}");
    for (format, output) in [("torchscript", "lite0.pt"), ("onnx", "lite0.onnx")] {
        let line = format!("export {} --format {format} --output {output} --check", backbone());
        let said = json(dir, &line);
        assert_eq!((&said["dim"], &said["backbone"]), (&1280.into(), &"tf_efficientnet_lite0.in1k".into()));
        assert!(said["check"]["largest_difference"].as_f64().unwrap() < 1e-5, "{said}");
    }
    let half = json(dir, &export("--format onnx --f16 --input pixels --output half.onnx --check"));
    assert!(
        half["bytes"].as_u64().unwrap() < 8_000_000
            && half["check"]["largest_difference"].as_f64().unwrap() > 1e-6
    );

    let said = json(dir, &export("--guiec kaggle --squash --check"));
    assert!(said["check"]["largest_difference"].as_f64().unwrap() < 1e-5, "{said}");
    let zip = std::fs::read(dir.join("kaggle/submission.zip")).unwrap();
    assert_eq!(&zip[..4], b"PK\x03\x04");
    assert_eq!(&zip[30..44], b"saved_model.pt");
    assert!(zip.windows(6).any(|found| found == b"squash"), "squashed, not cropped");
    let wide = format!("export --model runs/wide --weights {} --guiec wide", weights().display());
    assert!(usage(dir, &wide).contains("at most 64 dimensions"));

    for (flags, says) in [
        ("--output x --check", "--check is for --format torchscript and onnx"),
        ("--output x --f16 --standalone", "--f16 is for"),
        ("--output x --format onnx --standalone", "--standalone is for safetensors and hub"),
        ("--output x --format torchscript --f16", "--f16 is for --format onnx"),
        ("--output x --format onnx --squash --input pixels", "leave one of them out"),
        ("--guiec x --input pixels", "takes images"),
        ("--guiec x --output y", "--output"),
        ("--format onnx", "required arguments"),
    ] {
        let said = usage(dir, &export(flags));
        assert!(said.contains(says), "{flags}: {said}");
        assert!(!dir.join("x").exists(), "{flags}: a refusal writes nothing");
    }
    for (line, says) in [
        ("export --format onnx --output x", "required arguments"),
        ("export --backbone tf_efficientnet_lite0 --model runs/a --output x", "cannot be used with"),
        ("export --backbone tf_efficientnet_lite0 --output x", "a backbone alone is no embedder"),
        (
            "export --backbone tf_efficientnet_lite0 --checkpoint best --format onnx --output x",
            "cannot be used with",
        ),
    ] {
        let said = usage(dir, line);
        assert!(said.contains(says), "{line}: {said}");
    }
    let line = format!(
        "export {} --format onnx --output x",
        backbone().replace("tf_efficientnet_lite0 ", "vit_base_patch16_siglip_224 ")
    );
    let said = error(dir, &line);
    assert!(said.contains("tf_efficientnet_lite0.safetensors does not fit"), "{said}");
    let said = error(dir, &format!("export {} --proj-layer --format onnx --output x", backbone()));
    assert!(said.contains("has no output projection"), "{said}");
    let said = usage(dir, &format!("export {} --guiec x", backbone()));
    assert!(said.contains("at most 64 dimensions"), "{said}");
    assert!(!dir.join("x").exists());
    for flags in [
        "--format onnx --output set",
        "--format onnx --output set --check",
        "--format torchscript --output set --check",
    ] {
        let said = error(dir, &export(flags));
        assert!(said.contains("set"), "{said}");
    }
    let left = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(
        !left.into_iter().any(|name| name.to_string_lossy().starts_with('.')),
        "a check leaves nothing behind"
    );
}
