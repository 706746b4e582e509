//! `--device`, `--dtype` and `--threads`.

use crate::args::{Compute, Dtype};
use anyhow::{Context, Result, bail};
use candle_core::{DType, Device};

/// The device that the user named.
pub(crate) fn device(name: &str) -> Result<Device> {
    let (kind, ordinal) = match name.split_once(':') {
        Some((kind, n)) => {
            (kind, n.parse().with_context(|| format!("`{n}` in --device {name} is not a number"))?)
        }
        None => (name, 0),
    };
    match kind {
        "cpu" => Ok(Device::Cpu),
        "cuda" if !candle_core::utils::cuda_is_available() => {
            bail!("this mdfe was built without CUDA; build it with `--features cuda`, or use --device cpu")
        }
        "metal" if !candle_core::utils::metal_is_available() => {
            bail!("this mdfe was built without Metal; build it with `--features metal`, or use --device cpu")
        }
        "cuda" => Device::new_cuda(ordinal).with_context(|| format!("no CUDA device {ordinal}")),
        "metal" => Device::new_metal(ordinal).with_context(|| format!("no Metal device {ordinal}")),
        _ => bail!("unknown device `{name}`; known: cpu, cuda, cuda:N, metal"),
    }
}

/// The number format as candle names it.
pub(crate) fn dtype(dtype: Dtype) -> DType {
    match dtype {
        Dtype::F32 => DType::F32,
        Dtype::Bf16 => DType::BF16,
        Dtype::F16 => DType::F16,
    }
}

/// Sizes the pool of the CPU kernels. Must run before any of them.
pub(crate) fn set_threads(compute: &Compute) -> Result<()> {
    let Some(threads) = compute.threads else { return Ok(()) };
    if threads == 0 {
        bail!("--threads must be at least 1");
    }
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot size the thread pool")
}
