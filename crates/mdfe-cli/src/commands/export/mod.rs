//! `mdfe export`: an embedder for elsewhere.

mod copy;
mod hub;
#[cfg(feature = "full")]
mod program;
mod source;

use crate::{
    args::{Export, ExportFormat, ExportInput},
    exit::usage,
};
use anyhow::Result;

pub(crate) fn run(args: &Export) -> Result<()> {
    refuse(args)?;
    match (&args.output, args.format) {
        (Some(output), ExportFormat::Safetensors) => copy::run(args, output),
        (Some(dir), ExportFormat::Hub) => hub::run(args, dir),
        _ => program(args),
    }
}

/// Refuses flags that mean nothing together.
fn refuse(args: &Export) -> Result<()> {
    let format = if args.guiec.is_some() { ExportFormat::Torchscript } else { args.format };
    let program_only = [
        ("--check", args.check),
        ("--squash", args.squash),
        ("--input", args.input == ExportInput::Pixels),
        ("--f16", args.f16),
    ];
    if matches!(format, ExportFormat::Safetensors | ExportFormat::Hub) {
        if let Some((flag, _)) = program_only.iter().find(|(_, given)| *given) {
            usage!("{flag} is for --format torchscript and onnx; add one of them, or leave {flag} out");
        }
        if args.backbone.files.weights.is_some() && !args.standalone && args.checkpoint.is_none() {
            usage!("--weights go into a standalone file only; add --standalone, or leave them out");
        }
    } else if args.standalone {
        usage!(
            "--standalone is for safetensors and hub; TorchScript and ONNX always have the backbone inside, so leave it out"
        );
    }
    if args.backbone.proj_layer && args.model.is_some() {
        usage!("--proj-layer belongs to --backbone; a trained embedder knows whether its backbone has one");
    }
    if args.f16 && format == ExportFormat::Torchscript {
        usage!(
            "--f16 is for --format onnx; a TorchScript module is made f16 by `.half()` where it is loaded"
        );
    }
    if args.input == ExportInput::Pixels && args.squash {
        usage!("--squash is how images are resized, and with --input pixels none is; leave one of them out");
    }
    if args.input == ExportInput::Pixels && args.guiec.is_some() {
        usage!("a submission takes images, not pixels; leave --input out");
    }
    Ok(())
}

#[cfg(feature = "full")]
fn program(args: &Export) -> Result<()> {
    program::run(args)
}

#[cfg(not(feature = "full"))]
fn program(_: &Export) -> Result<()> {
    usage!(
        "this build of mdfe exports safetensors and hub alone; build it with `--features full` for TorchScript and ONNX"
    )
}
