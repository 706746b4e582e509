//! `--device`, `--dtype` and `--threads`, as candle and rayon want them.

use crate::{
    args::{Compute, DeviceName, Dtype},
    exit::usage,
};
use anyhow::{Context, Result};
use candle_core::{DType, Device};

impl DeviceName {
    /// The device itself; one that this build cannot have is wrong usage.
    pub(crate) fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(_) if !candle_core::utils::cuda_is_available() => {
                usage!(
                    "this mdfe was built without CUDA; build it with `--features cuda`, or use --device cpu"
                )
            }
            Self::Metal(_) if !candle_core::utils::metal_is_available() => {
                usage!(
                    "this mdfe was built without Metal; build it with `--features metal`, or use --device cpu"
                )
            }
            Self::Cuda(number) => Device::new_cuda(number).with_context(|| format!("cannot use {self}")),
            Self::Metal(number) => Device::new_metal(number).with_context(|| format!("cannot use {self}")),
        }
    }
}

impl From<Dtype> for mdfe_train::Dtype {
    fn from(dtype: Dtype) -> Self {
        match dtype {
            Dtype::F32 => Self::F32,
            Dtype::Bf16 => Self::Bf16,
            Dtype::F16 => Self::F16,
        }
    }
}

/// The number format as candle names it.
pub(crate) fn candle_dtype(dtype: mdfe_train::Dtype) -> DType {
    match dtype {
        mdfe_train::Dtype::F32 => DType::F32,
        mdfe_train::Dtype::Bf16 => DType::BF16,
        mdfe_train::Dtype::F16 => DType::F16,
    }
}

/// Sizes the pool of the CPU kernels. Must run before any of them.
pub(crate) fn set_threads(compute: &Compute) -> Result<()> {
    let Some(threads) = compute.threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot size the thread pool")
}
