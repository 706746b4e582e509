//! The preprocess record: the numbers that travel with a backbone's weights.

use serde::{Deserialize, Serialize};

/// Filter of a resize, always antialiased as in Pillow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// Triangle filter, support 1.
    Bilinear,
    /// Keys cubic with a = -0.5, support 2.
    Bicubic,
    /// Lanczos, support 3.
    Lanczos,
}

/// How an image of any aspect ratio becomes `size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CropMode {
    /// The shorter side becomes `floor(size / crop_fraction)`, then the center is cut out (timm `center`, OpenCLIP `shortest`).
    Center,
    /// Both sides become `floor(size / crop_fraction)`, then the center is cut out; the aspect ratio is lost (timm and OpenCLIP `squash`).
    Squash,
    /// The longer side becomes `floor(size / crop_fraction)`, then the center is cut out; the rest is filled (timm `border`, OpenCLIP `longest`).
    Longest,
}

/// The deterministic transform of a backbone, as timm's `resolve_model_data_config` or OpenCLIP's `PreprocessCfg` states it.
///
/// The record is written into the feature store's manifest and the embedder's file, so that training and inference cannot
/// disagree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreprocessRecord {
    /// Height and width of the result in pixels.
    pub size: [usize; 2],
    /// Mean of each RGB channel in 0..1, subtracted.
    pub mean: [f32; 3],
    /// Standard deviation of each RGB channel in 0..1, divided by.
    pub std: [f32; 3],
    /// Filter of the resize.
    pub interpolation: Interpolation,
    /// How the aspect ratio is treated.
    pub crop_mode: CropMode,
    /// Share of the resized image's side that the crop keeps, in (0, 1], in every mode, as timm's `crop_pct`; OpenCLIP
    /// always has 1.
    pub crop_fraction: f32,
    /// Fill value of [`CropMode::Longest`], 0..=255 for every channel.
    pub fill: u8,
}
