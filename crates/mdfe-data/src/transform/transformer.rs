//! The reusable worker: from a file to the pixels of a training step.

use super::{ColorOp, CropBox, SampleKey, TransformKind, kind::RandomParts};
use crate::{
    Error, Interpolation, Notice, PreprocessRecord, Preprocessor, Result,
    image::{decode_with, read},
    preprocess::{Canvas, Normalize, Resizer, Target, View},
};
use image::RgbImage;
use rand::RngExt;
use std::path::Path;

/// What was drawn for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmentation {
    /// The part that is resized to the backbone's size.
    pub crop: CropBox,
    /// Whether left and right change places after the resize.
    pub flip: bool,
    /// Colour operations in order, after the flip.
    pub colors: Vec<ColorOp>,
}

impl RandomParts {
    /// Draws for an image of height and width `size`.
    fn draw(&self, size: [usize; 2], key: SampleKey) -> Augmentation {
        let mut random = key.generator();
        let crop = self.crop.draw(size, &mut random);
        let flip = random.random::<f64>() < self.flip;
        let colors = self.jitter.map(|j| j.draw(&mut random).to_vec()).unwrap_or_default();
        Augmentation { crop, flip, colors }
    }
}

/// Applies a [`TransformKind`] with a backbone's size, mean and standard deviation; owns the scratch memory, so keep one
/// per thread.
pub struct Transformer {
    evaluation: Preprocessor,
    parts: Option<RandomParts>,
    normalize: Normalize,
    resizer: Resizer,
    pixels: Vec<u8>,
}

impl Transformer {
    /// A worker for this transform and backbone.
    pub fn new(kind: TransformKind, record: &PreprocessRecord) -> Self {
        Self {
            evaluation: Preprocessor::new(kind.record(record)),
            parts: kind.random_parts(),
            normalize: Normalize::new(record.mean, record.std),
            resizer: Resizer::default(),
            pixels: Vec::new(),
        }
    }

    /// The number of values of one result, `3 * H * W`.
    pub fn output_len(&self) -> usize {
        self.evaluation.output_len()
    }

    /// Reads an image and writes its pixels `[3, H, W]`, normalised, to `out`. `key` decides about everything random.
    ///
    /// Result and errors as those of [`Preprocessor::load`].
    pub fn load(&mut self, path: &Path, key: SampleKey, out: &mut [f32]) -> Result<Option<Notice>> {
        self.load_bytes(path, &read(path)?, key, out)
    }

    /// [`Self::load`] for a file that is already in memory; `path` only serves the error.
    pub fn load_bytes(
        &mut self,
        path: &Path,
        bytes: &[u8],
        key: SampleKey,
        out: &mut [f32],
    ) -> Result<Option<Notice>> {
        let Some(parts) = self.parts else {
            return self.evaluation.load_bytes(path, bytes, out);
        };
        let decoded = decode_with(path, bytes, self.evaluation.record().decode_options())?;
        let image = decoded.image;
        let augmentation = parts.draw([image.height() as usize, image.width() as usize], key);
        self.augment(&image, &augmentation, out)?;
        Ok(decoded.notice)
    }

    /// Writes the pixels `[3, H, W]` of a decoded image under a given augmentation: crop, bicubic resize, flip, colours,
    /// normalise.
    ///
    /// Errors: [`Error::Invalid`] if the crop leaves the image or `out` has another length than [`Self::output_len`].
    pub fn augment(&mut self, image: &RgbImage, augmentation: &Augmentation, out: &mut [f32]) -> Result<()> {
        let size = self.evaluation.record().size;
        if out.len() != self.output_len() {
            return Err(Error::Invalid(format!(
                "{} values do not hold [3, {}, {}]",
                out.len(),
                size[0],
                size[1]
            )));
        }
        let crop = augmentation.crop;
        let view =
            View::of(image).part([crop.top, crop.left], [crop.height, crop.width]).ok_or_else(|| {
                Error::Invalid(format!("{crop:?} leaves an image of {} x {}", image.width(), image.height()))
            })?;
        self.resizer.resize(view, Target::whole(size), Interpolation::Bicubic, &mut self.pixels);
        if augmentation.flip {
            for row in self.pixels.chunks_exact_mut(size[1] * 3) {
                row.as_chunks_mut::<3>().0.reverse();
            }
        }
        for op in &augmentation.colors {
            op.apply(&mut self.pixels);
        }
        self.normalize.write(&self.pixels, size, [0, 0], Canvas { values: out, size });
        Ok(())
    }
}
