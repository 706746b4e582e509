//! The reusable worker: from a file to a backbone's pixels.

use super::{
    CropMode, PreprocessRecord,
    normalize::{Canvas, Normalize},
    placement::Placement,
    resize::{Resizer, Target, View},
};
use crate::{
    Error, Notice, Result,
    image::{decode_with, read},
};
use image::RgbImage;
use std::path::Path;

/// Applies a [`PreprocessRecord`] to images: resize, crop, to 0..1, normalise; owns the scratch memory, so keep one per
/// thread.
///
/// It does what torchvision on Pillow images does under timm's (`timm/data/transforms_factory.py`,
/// `transforms_imagenet_eval`) and OpenCLIP's (`open_clip/transform.py`, `image_transform`) evaluation transforms; the
/// resized bytes are Pillow's bit for bit. EXIF orientation is applied only where the record says so, because neither of
/// them applies it.
pub struct Preprocessor {
    record: PreprocessRecord,
    normalize: Normalize,
    resizer: Resizer,
    resized: Vec<u8>,
}

impl Preprocessor {
    /// A worker for this record.
    pub fn new(record: PreprocessRecord) -> Self {
        let normalize = Normalize::new(record.mean, record.std);
        Self { record, normalize, resizer: Resizer::default(), resized: Vec::new() }
    }

    /// The record it applies.
    pub fn record(&self) -> &PreprocessRecord {
        &self.record
    }

    /// The number of values of one result, `3 * H * W`.
    pub fn output_len(&self) -> usize {
        3 * self.record.size[0] * self.record.size[1]
    }

    /// Reads an image and writes its pixels `[3, H, W]`, normalised, to `out`. Returns what was lost on the way, if
    /// anything; the pixels can be used all the same.
    ///
    /// Errors: [`Error::Io`] or [`Error::Image`] naming the file and the reason, [`Error::Invalid`] if `out` has
    /// another length than [`Self::output_len`].
    pub fn load(&mut self, path: &Path, out: &mut [f32]) -> Result<Option<Notice>> {
        self.load_bytes(path, &read(path)?, out)
    }

    /// [`Self::load`] for a file that is already in memory; `path` only serves the error.
    pub fn load_bytes(&mut self, path: &Path, bytes: &[u8], out: &mut [f32]) -> Result<Option<Notice>> {
        let decoded = decode_with(path, bytes, self.record.decode_options())?;
        self.apply(&decoded.image, out).map_err(|e| match e {
            Error::Invalid(reason) => Error::Image { path: path.to_path_buf(), reason },
            other => other,
        })?;
        Ok(decoded.notice)
    }

    /// Writes the pixels `[3, H, W]` of a decoded image, normalised, to `out`.
    pub fn apply(&mut self, image: &RgbImage, out: &mut [f32]) -> Result<()> {
        let size = self.record.size;
        if out.len() != self.output_len() {
            return Err(Error::Invalid(format!(
                "{} values do not hold [3, {}, {}]",
                out.len(),
                size[0],
                size[1]
            )));
        }
        let source = View::of(image);
        let placement = Placement::new(&self.record, [source.height, source.width])?;
        let inside = [0, 1].map(|i| Inside::new(placement.resized[i], placement.first[i], size[i]));
        let target = Target {
            size: placement.resized,
            first: inside.map(|i| i.source),
            count: inside.map(|i| i.count),
        };
        self.resizer.resize(source, target, self.record.interpolation, &mut self.resized);
        if inside[0].count < size[0] || inside[1].count < size[1] {
            // torchvision's `CenterCrop` pads with black.
            let fill = if self.record.crop_mode == CropMode::Longest { self.record.fill } else { 0 };
            self.normalize.fill(fill, out);
        }
        let canvas = Canvas { values: out, size };
        self.normalize.write(&self.resized, target.count, inside.map(|i| i.target), canvas);
        Ok(())
    }
}

/// The part of a crop's axis that lies inside the resized image.
#[derive(Clone, Copy)]
struct Inside {
    /// First pixel in the resized image.
    source: usize,
    /// First pixel in the crop.
    target: usize,
    count: usize,
}

impl Inside {
    fn new(resized: usize, first: isize, crop: usize) -> Self {
        let (source, target) = (first.max(0) as usize, (-first).max(0) as usize);
        Self { source, target, count: (resized - source).min(crop - target) }
    }
}
