//! The preprocess record: how images become pixels, which travels with a backbone's weights.

use crate::DecodeOptions;
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
    /// Whether images are turned as their EXIF orientation says before anything else (default: false, the way of timm and
    /// OpenCLIP; a record that does not say it means false, and one of false does not write it).
    #[serde(default, skip_serializing_if = "is_false")]
    pub exif_orientation: bool,
}

impl PreprocessRecord {
    /// The height and width that the resize aims at before the crop: timm's `math.floor(size / crop_pct)`.
    pub fn scaled_size(&self) -> [usize; 2] {
        // The fraction is read as the decimal number that was written: 0.9 as an f32 is a little more than 0.9, and 0.875 or
        // 0.95 would else lose a pixel where the division is exact.
        let fraction = self.crop_fraction;
        let written: f64 = fraction.to_string().parse().unwrap_or_else(|_| f64::from(fraction));
        self.size.map(|size| (size as f64 / written) as usize)
    }

    /// A plain record of a height and width: the whole shorter side, bicubic, values from -1 to 1.
    pub fn plain(size: [usize; 2]) -> Self {
        Self {
            size,
            mean: [0.5; 3],
            std: [0.5; 3],
            interpolation: Interpolation::Bicubic,
            crop_mode: CropMode::Center,
            crop_fraction: 1.0,
            fill: 0,
            exif_orientation: false,
        }
    }

    /// How this record wants its images decoded.
    pub fn decode_options(&self) -> DecodeOptions {
        DecodeOptions { exif_orientation: self.exif_orientation, ..DecodeOptions::default() }
    }
}

/// The form that serde wants.
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_from_before_orientation_is_read_and_written_back_as_it_was() {
        let old = r#"{"size":[2,2],"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"interpolation":"bicubic","crop_mode":"center","crop_fraction":1.0,"fill":0}"#;
        let mut record: PreprocessRecord = serde_json::from_str(old).unwrap();
        assert!(!record.exif_orientation && !record.decode_options().exif_orientation);
        assert_eq!(serde_json::to_string(&record).unwrap(), old);
        record.exif_orientation = true;
        let new = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<PreprocessRecord>(&new).unwrap(), record);
        assert!(record.decode_options().exif_orientation);
    }
}
