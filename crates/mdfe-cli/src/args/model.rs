//! Which model runs, with which weights, and on what.

use super::{device::DeviceName, shared::at_least_one};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Where the model runs.
#[derive(Args, Clone)]
pub(crate) struct Compute {
    /// `cpu`, `cuda`, `cuda:1` or `metal`.
    #[arg(long, default_value_t = DeviceName::Cpu)]
    pub(crate) device: DeviceName,
    /// Number format the backbone computes in: f32 unless the config says otherwise.
    #[arg(long, value_enum)]
    pub(crate) dtype: Option<Dtype>,
    /// Images in one forward pass.
    #[arg(long, value_name = "B", value_parser = at_least_one())]
    pub(crate) batch: Option<usize>,
    /// Threads of decoding and of the CPU kernels; all cores by default.
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(crate) threads: Option<usize>,
    /// Share of unreadable images, in percent, above which the run stops.
    #[arg(long, default_value_t = 1.0, value_name = "PERCENT", value_parser = percent)]
    pub(crate) max_bad: f64,
}

/// A number format, of the backbone or of stored features.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub(crate) enum Dtype {
    F32,
    Bf16,
    F16,
}

/// Where the backbone's weights come from.
#[derive(Args, Clone)]
pub(crate) struct WeightsArgs {
    /// Weights file or folder (safetensors, sharded safetensors, .bin, .pt) instead of the Hugging Face hub.
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) weights: Option<PathBuf>,
    /// Make no network request: use what is in the cache (also `HF_HUB_OFFLINE=1`).
    #[arg(long)]
    pub(crate) offline: bool,
}

/// Which backbone, and where its weights come from.
#[derive(Args, Clone)]
pub(crate) struct BackboneArgs {
    /// Name as timm or OpenCLIP writes it: `vit_base_patch16_siglip_224`, `ViT-H-14/laion2b_s32b_b79k`.
    #[arg(long, value_name = "NAME")]
    pub(crate) backbone: Option<String>,
    #[command(flatten)]
    pub(crate) files: WeightsArgs,
    /// Branch, tag or commit of the hub repository.
    #[arg(long)]
    pub(crate) revision: Option<String>,
    /// Keep the model's own output projection.
    #[arg(long)]
    pub(crate) proj_layer: bool,
}

/// What turns images into embeddings: a trained embedder or a bare backbone, and where it runs.
#[derive(Args, Clone)]
pub(crate) struct ModelArgs {
    /// Trained embedder: a run folder, an embedder file, or `hf-hub:ORG/NAME[@REVISION]` on the Hugging Face hub.
    #[arg(long, value_name = "DIR|FILE|REPO", conflicts_with = "backbone")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) backbone: BackboneArgs,
    #[command(flatten)]
    pub(crate) compute: Compute,
}

fn percent(text: &str) -> Result<f64, String> {
    let fits = |share: &f64| (0.0..=100.0).contains(share);
    text.parse().ok().filter(fits).ok_or_else(|| "it takes a share from 0 to 100".to_owned())
}
