//! The frozen model.

use super::{Takes, choices, section};
use std::path::PathBuf;

choices! {
    /// Number format that the backbone computes in.
    #[derive(Default)]
    pub enum Dtype {
        /// 32 bits.
        #[default]
        F32 = "f32",
        /// bfloat16.
        Bf16 = "bf16",
        /// Half precision.
        F16 = "f16",
    }
}

choices! {
    /// How much of a backbone is tuned.
    #[derive(Default)]
    pub enum TuneKind {
        /// Nothing: its features are extracted once.
        #[default]
        None = "none",
        /// What is behind the blocks, and the last of them.
        Last = "last",
        /// Everything.
        All = "all",
    }
}

section! {
    /// The frozen model.
    pub struct BackboneConfig {
        /// Name as timm or OpenCLIP writes it; without, the published recipe's.
        name: String = "vit_so400m_patch14_siglip_384".to_owned(), Takes::Text;
        /// Weights file or folder; without, the Hugging Face hub.
        #[serde(skip_serializing_if = "Option::is_none")]
        weights: Option<PathBuf> = None, Takes::Text;
        /// Branch, tag or commit of the hub repository; without, the pinned one.
        #[serde(skip_serializing_if = "Option::is_none")]
        revision: Option<String> = None, Takes::Text;
        /// Side of the input in pixels; without, the model's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        image_size: Option<usize> = None, Takes::Count(1);
        /// Whether the model's own output projection is kept.
        proj_layer: bool = false, Takes::Flag;
        /// Number format.
        dtype: Dtype = Dtype::F32, Takes::choice::<Dtype>();
        /// Number format of the features on disk: `f16` halves them.
        store_dtype: Dtype = Dtype::F32, Takes::choice::<Dtype>();
        /// How much of the model is tuned.
        tune: TuneKind = TuneKind::None, Takes::choice::<TuneKind>();
        /// `tune = "last"`: how many of the last blocks or stages; what is behind them is tuned too.
        tune_blocks: usize = 2, Takes::Count(0);
        /// Images in one forward pass.
        batch: usize = 16, Takes::Count(1);
        /// Images whose features are written together, which is what a stop can cost.
        shard_rows: usize = 256, Takes::Count(1);
    }
}
