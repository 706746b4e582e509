//! The fixtures that the reference script wrote.

use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
pub(crate) struct Cases {
    pub(crate) decoded: Vec<Decoded>,
    pub(crate) evaluation: Vec<Evaluation>,
    pub(crate) augmentation: Vec<Augmented>,
}

#[derive(Deserialize)]
pub(crate) struct Decoded {
    pub(crate) source: String,
    pub(crate) expected: String,
}

#[derive(Deserialize)]
pub(crate) struct Evaluation {
    pub(crate) source: String,
    pub(crate) size: [usize; 2],
    pub(crate) interpolation: mdfe_data::Interpolation,
    pub(crate) crop_mode: mdfe_data::CropMode,
    pub(crate) crop_fraction: f32,
    pub(crate) fill: u8,
    pub(crate) expected: String,
}

#[derive(Deserialize)]
pub(crate) struct Augmented {
    #[serde(rename = "box")]
    pub(crate) crop: [usize; 4],
    pub(crate) size: usize,
    pub(crate) flip: bool,
    pub(crate) colors: Vec<(String, f32)>,
    pub(crate) expected: String,
}

/// The fixtures of `jpegs.py`.
#[derive(Deserialize)]
pub(crate) struct JpegCases {
    /// As they are decoded by default.
    pub(crate) plain: Vec<Decoded>,
    /// Turned as their EXIF orientation says.
    pub(crate) upright: Vec<Decoded>,
}

pub(crate) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images").join(name)
}

pub(crate) fn cases() -> Cases {
    serde_json::from_slice(&std::fs::read(file("cases.json")).unwrap()).unwrap()
}

pub(crate) fn jpeg_cases() -> JpegCases {
    serde_json::from_slice(&std::fs::read(file("jpeg_cases.json")).unwrap()).unwrap()
}

/// Expected bytes `[H, W, 3]`, read with the `image` crate alone: an RGB PNG of 8 bits has one meaning.
pub(crate) fn expected(name: &str) -> image::RgbImage {
    image::open(file(name)).unwrap().into_rgb8()
}

/// Largest difference of two images' bytes.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> u8 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

/// A record that leaves bytes as they are, in `[3, H, W]`.
pub(crate) fn plain(size: [usize; 2]) -> mdfe_data::PreprocessRecord {
    mdfe_data::PreprocessRecord {
        size,
        mean: [0.0; 3],
        std: [1.0 / 255.0; 3],
        interpolation: mdfe_data::Interpolation::Bicubic,
        crop_mode: mdfe_data::CropMode::Center,
        crop_fraction: 1.0,
        fill: 0,
        exif_orientation: false,
    }
}

/// `[3, H, W]` values of a plain record as bytes `[H, W, 3]`.
pub(crate) fn interleave(values: &[f32]) -> Vec<u8> {
    let plane = values.len() / 3;
    (0..values.len()).map(|i| values[i % 3 * plane + i / 3].round() as u8).collect()
}
