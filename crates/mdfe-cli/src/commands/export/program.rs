//! `mdfe export --format torchscript | onnx` and `--guiec`: an embedder that runs without mdfe.

use super::source;
use crate::{
    args::{Export, ExportFormat, ExportInput},
    exit::usage,
};
use anyhow::{Context, Result, bail};
use mdfe_export::{
    Agreement, Input, Model, OnnxOptions, Own, SUBMISSION, write_onnx, write_submission, write_torchscript,
};
use mdfe_model::{EmbedderParts, LoadOptions, Projection, ProjectionKind, graph::GraphOptions};
use std::path::{Path, PathBuf};

/// The widest embedding that the challenge took.
const GUIEC_DIM: usize = 64;
/// How far the operations may be from the embedder: f32 rounding in a deep backbone stays far below.
const LIMIT: f32 = 1e-4;
/// The same in f16, whose numbers have 11 bits.
const LIMIT_F16: f32 = 2e-2;

pub(super) fn run(args: &Export) -> Result<()> {
    let parts = source::parts(args)?;
    let model = build(args, &parts)?;
    if args.guiec.is_some() && model.dim() > GUIEC_DIM {
        usage!(
            "the challenge takes at most {GUIEC_DIM} dimensions and this has {}; train an embedder with fewer",
            model.dim()
        );
    }
    let (files, agreement) = if args.check {
        let (files, agreement) = write_checked(args, &model, &own(&model, &parts)?)?;
        (files, Some(agreement))
    } else {
        (write(args, &model, &target(args)?)?, None)
    };
    let bytes = files.iter().map(|file| Ok(std::fs::metadata(file)?.len())).sum::<Result<u64>>()?;
    let mut value = serde_json::json!({
        "output": files[0], "files": files, "bytes": bytes, "dim": model.dim(), "operations": model.operations(),
        "backbone": parts.id.name,
    });
    let mut text = format!(
        "{}: {:.1} MB, {} operations, {} dimensions, the backbone {} inside",
        files[0].display(),
        bytes as f64 / 1e6,
        model.operations(),
        model.dim(),
        parts.id.name
    );
    if let Some(Agreement { images, largest }) = agreement {
        value["check"] = serde_json::json!({ "images": images, "largest_difference": largest });
        let unit = if parts.projection.is_some() { "" } else { " of the largest feature" };
        text += &format!(
            "\nread back and run, it agrees with mdfe: largest difference {largest:.1e}{unit} over {images} images"
        );
    }
    args.results.print(&value, &text)
}

/// Backbone, resize and projection.
fn build(args: &Export, parts: &EmbedderParts) -> Result<Model> {
    let EmbedderParts { id, architecture, weights, preprocess, projection, .. } = parts;
    let options = GraphOptions { size: preprocess.size, proj_layer: id.proj_layer };
    let graph = architecture.graph(&id.name, weights, &options)?;
    let mut model = match projection {
        Some(projection) => Model::new(graph, projection, preprocess.clone())?,
        None => Model::of_features(graph, preprocess.clone())?,
    };
    if args.squash {
        model = model.squashed();
    }
    model.input = match args.input {
        ExportInput::Image => Input::Image,
        ExportInput::Pixels => Input::Pixels,
    };
    model.about = serde_json::json!({
        "format": "mdfe-export-1", "mdfe": env!("CARGO_PKG_VERSION"),
        "backbone": id, "preprocess": model.record, "projection": projection.as_ref().map(ProjectionKind::of),
        "projection_fingerprint": projection.as_ref().map(Projection::fingerprint),
    });
    Ok(model)
}

/// What the embedder itself gives.
fn own(model: &Model, parts: &EmbedderParts) -> Result<Own> {
    let backbone = parts.build(&LoadOptions::default())?;
    Ok(Own::new(model.record.size, backbone.as_ref(), parts.projection.as_ref())?)
}

/// How far the bytes that were written are from the embedder.
fn agreement(own: &Own, file: &Path, args: &Export) -> Result<Agreement> {
    let onnx = args.format == ExportFormat::Onnx;
    let found = if onnx { own.against_onnx(file)? } else { own.against_torchscript(file)? };
    let largest = found.largest;
    if args.f16 && largest > LIMIT_F16 {
        bail!(
            "in f16 the embeddings are {largest:e} from mdfe's, more than {LIMIT_F16:e}, so nothing was written; export it without --f16"
        );
    }
    if !args.f16 && largest > LIMIT {
        bail!(
            "the file that would be written gives embeddings {largest:e} from mdfe's, more than {LIMIT:e}, so nothing was written; this \
             is a fault of mdfe, please report it with the name of the backbone"
        );
    }
    Ok(found)
}

/// The file of the model.
fn target(args: &Export) -> Result<PathBuf> {
    match &args.guiec {
        Some(dir) => Ok(dir.join(SUBMISSION)),
        None => args.output.clone().context("--output is needed without --guiec"),
    }
}

/// Writes into a folder beside the target, reads what lies there, and moves it into its place if it agrees: a file that does not leaves
/// nothing behind, and what was there stays.
fn write_checked(args: &Export, model: &Model, own: &Own) -> Result<(Vec<PathBuf>, Agreement)> {
    let target = target(args)?;
    let folder = target.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let stage = tempfile::Builder::new().prefix(".mdfe-check-").tempdir_in(folder);
    let stage = stage.with_context(|| format!("cannot write in {}", folder.display()))?;
    let name = target.file_name().with_context(|| format!("{} names no file", target.display()))?;
    let staged = write(args, model, &stage.path().join(name))?;
    let agreement = agreement(own, &staged[0], args)?;
    let mut files = Vec::new();
    // The model comes last, behind the tensors that it points to.
    for file in staged.iter().rev() {
        let place = target.with_file_name(file.file_name().unwrap_or(name));
        std::fs::rename(file, &place).with_context(|| format!("cannot write {}", place.display()))?;
        files.insert(0, place);
    }
    Ok((files, agreement))
}

/// Writes what is asked for to `target` and returns the files, that of the model first.
fn write(args: &Export, model: &Model, target: &Path) -> Result<Vec<PathBuf>> {
    let onnx = OnnxOptions { half: args.f16, ..OnnxOptions::default() };
    match (&args.guiec, args.format) {
        (Some(_), _) => Ok(vec![write_submission(model, target.parent().unwrap_or(Path::new(".")))?]),
        (None, ExportFormat::Onnx) => Ok(write_onnx(model, target, onnx)?),
        (None, ExportFormat::Torchscript | ExportFormat::Safetensors | ExportFormat::Hub) => {
            write_torchscript(model, target)?;
            Ok(vec![target.to_path_buf()])
        }
    }
}
