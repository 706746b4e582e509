//! `mdfe export --format torchscript | onnx` and `--guiec`: an embedder that runs without mdfe.

use crate::{
    args::{Export, ExportFormat, ExportInput},
    commands::model,
    exit::usage,
};
use anyhow::{Context, Result, bail};
use mdfe_export::{
    Agreement, Input, Model, OnnxOptions, Own, write_onnx, write_submission, write_torchscript,
};
use mdfe_model::{BuildOptions, EmbedderParts, LoadOptions, graph::GraphOptions};
use std::path::{Path, PathBuf};

/// The widest embedding that the challenge took.
const GUIEC_DIM: usize = 64;
/// How far the operations may be from the embedder: f32 rounding in a deep backbone stays far below.
const LIMIT: f32 = 1e-4;
/// The same in f16, whose numbers have 11 bits.
const LIMIT_F16: f32 = 2e-2;

pub(super) fn run(args: &Export) -> Result<()> {
    let options = LoadOptions {
        weights: args.files.weights.clone(),
        hub: model::hub(args.files.offline),
        ..LoadOptions::default()
    };
    let parts = EmbedderParts::open(&args.model, options)?;
    let model = build(args, &parts)?;
    if args.guiec.is_some() && model.dim() > GUIEC_DIM {
        usage!(
            "the challenge takes at most {GUIEC_DIM} dimensions and this embedder has {}; train one with fewer",
            model.dim()
        );
    }
    // Asked before anything is written: what does not agree leaves nothing behind.
    let own = if args.check { Some(own(&model, &parts)?) } else { None };
    let mut agreement = own.as_ref().map(|own| agreement(own, &model, &parts)).transpose()?;
    let files = write(args, &model)?;
    if let Some(own) = own.as_ref().filter(|_| args.format == ExportFormat::Onnx) {
        agreement = Some(agreement_of_file(own, &files[0], args.f16)?);
    }
    let bytes = files.iter().map(|file| Ok(std::fs::metadata(file)?.len())).sum::<Result<u64>>()?;
    let mut value = serde_json::json!({
        "output": files[0], "files": files, "bytes": bytes, "dim": model.dim(), "operations": model.operations(),
        "backbone": parts.file.meta.backbone.name,
    });
    let mut text = format!(
        "{}: {:.1} MB, {} operations, {} dimensions, the backbone {} inside",
        files[0].display(),
        bytes as f64 / 1e6,
        model.operations(),
        model.dim(),
        parts.file.meta.backbone.name
    );
    if let Some(Agreement { images, largest }) = agreement {
        value["check"] = serde_json::json!({ "images": images, "largest_difference": largest });
        let onnx = args.format == ExportFormat::Onnx;
        let what = if onnx { "read back and run, it agrees" } else { "its operations agree" };
        text += &format!("\n{what} with mdfe: largest difference {largest:.1e} over {images} images");
    }
    args.results.print(&value, &text)
}

/// Backbone, resize and projection.
fn build(args: &Export, parts: &EmbedderParts) -> Result<Model> {
    let meta = &parts.file.meta;
    let options = GraphOptions { size: meta.preprocess.size, proj_layer: meta.backbone.proj_layer };
    let graph = parts.architecture.graph(&meta.backbone.name, &parts.weights, &options)?;
    let mut model = Model::new(graph, &parts.file.projection, meta.preprocess.clone())?;
    if args.squash {
        model = model.squashed();
    }
    model.input = match args.input {
        ExportInput::Image => Input::Image,
        ExportInput::Pixels => Input::Pixels,
    };
    model.about = serde_json::json!({
        "format": "mdfe-export-1", "mdfe": env!("CARGO_PKG_VERSION"),
        "backbone": meta.backbone, "preprocess": model.record, "projection": meta.projection,
        "projection_fingerprint": parts.file.projection.fingerprint(),
    });
    Ok(model)
}

/// What the embedder itself gives.
fn own(model: &Model, parts: &EmbedderParts) -> Result<Own> {
    let id = &parts.file.meta.backbone;
    let options = BuildOptions { proj_layer: id.proj_layer, ..BuildOptions::default() };
    let backbone = parts.architecture.build(&id.name, &parts.weights, &options)?;
    Ok(Own::new(model.record.size, backbone.as_ref(), &parts.file.projection)?)
}

fn agreement(own: &Own, model: &Model, parts: &EmbedderParts) -> Result<Agreement> {
    let found = own.against(model)?;
    if found.largest > LIMIT {
        bail!(
            "the operations that would be written are {:e} from the embedder, more than {LIMIT:e}, so nothing was written; this is \
             a fault of mdfe, please report it with the name of the backbone, {}",
            found.largest,
            parts.file.meta.backbone.name
        );
    }
    Ok(found)
}

/// The same from the bytes that were written.
fn agreement_of_file(own: &Own, file: &Path, half: bool) -> Result<Agreement> {
    let found = own.against_onnx(file)?;
    let limit = if half { LIMIT_F16 } else { LIMIT };
    if found.largest > limit {
        let (file, largest) = (file.display(), found.largest);
        bail!(
            "{file} gives embeddings {largest:e} from mdfe's, more than {limit:e}; do not use it, or export it without --f16"
        );
    }
    Ok(found)
}

/// Writes what is asked for and returns the files, that of the model first.
fn write(args: &Export, model: &Model) -> Result<Vec<PathBuf>> {
    if let Some(dir) = &args.guiec {
        return Ok(vec![write_submission(model, dir)?]);
    }
    let output = args.output.as_ref().context("--output is needed without --guiec")?;
    match args.format {
        ExportFormat::Onnx => {
            Ok(write_onnx(model, output, OnnxOptions { half: args.f16, ..OnnxOptions::default() })?)
        }
        ExportFormat::Torchscript | ExportFormat::Safetensors => {
            write_torchscript(model, output)?;
            Ok(vec![output.clone()])
        }
    }
}
