//! Compares a full-size backbone with features that PyTorch computed.
//!
//! `cargo run --release -p mdfe-model --example compare_backbone -- NAME WEIGHTS.safetensors REFERENCE.safetensors [--proj-layer]`, both
//! files written by `tests/reference/backbones/full_size.py`. Prints one JSON line per dtype: the largest difference of
//! the features, the same after normalising them to unit length, and the lowest cosine.

use candle_core::{D, DType, Device, Tensor};
use mdfe_model::{BuildOptions, Weights};
use std::{error::Error, io::Write, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, arguments): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a.starts_with("--"));
    let proj_layer = flags.iter().any(|flag| flag == "--proj-layer");
    let [name, weights, reference] = arguments.as_slice() else {
        return Err(
            "usage: compare_backbone NAME WEIGHTS.safetensors REFERENCE.safetensors [--proj-layer]".into()
        );
    };
    let architecture = mdfe_model::pretrained(name)?.architecture()?;
    let reference = candle_core::safetensors::load(reference, &Device::Cpu)?;
    let (pixels, expected) = (&reference["pixels"], &reference["features"]);
    for dtype in [DType::F32, DType::BF16] {
        let weights = Weights::open(&[PathBuf::from(weights)])?;
        let options = BuildOptions { dtype, proj_layer, ..BuildOptions::default() };
        let features = architecture.build(name, &weights, &options)?.features(pixels)?;
        let (a, b) = (unit(&features)?, unit(expected)?);
        let cosine: f32 = (&a * &b)?.sum(D::Minus1)?.min(0)?.to_scalar()?;
        let row = serde_json::json!({
            "name": name, "dtype": format!("{dtype:?}"), "parameters": architecture.parameter_count(proj_layer)?,
            "max_abs": worst(&features, expected)?, "max_abs_unit": worst(&a, &b)?, "lowest_cosine": cosine,
        });
        writeln!(std::io::stdout(), "{row}")?;
    }
    Ok(())
}

fn unit(x: &Tensor) -> candle_core::Result<Tensor> {
    x.broadcast_div(&x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?)
}

fn worst(a: &Tensor, b: &Tensor) -> candle_core::Result<f32> {
    (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()
}
