//! Preparing miniature downloads with real images.

use crate::tree::Tree;
use image::{ImageFormat, Rgb, RgbImage};
use mdfe_data::{PrepareOptions, PrepareReport, ReadOptions, prepare, read};
use std::io::Cursor;

impl Tree {
    /// Writes an image whose red and green say where a pixel is: `(x, y, 128)`.
    pub(crate) fn image(self, path: &str, width: u32, height: u32) -> Self {
        self.file(path, image_bytes(width, height))
    }

    pub(crate) fn prepare(&self, key: &str) -> PrepareReport {
        self.try_prepare(key).unwrap()
    }

    pub(crate) fn try_prepare(&self, key: &str) -> mdfe_data::Result<PrepareReport> {
        prepare(key, &self.options(), &())
    }

    pub(crate) fn options(&self) -> PrepareOptions {
        PrepareOptions { root: self.root().to_path_buf(), seed: 5, ..PrepareOptions::default() }
    }

    /// The same with `--overwrite`.
    pub(crate) fn overwrite(&self, key: &str) -> PrepareReport {
        prepare(key, &PrepareOptions { overwrite: true, ..self.options() }, &()).unwrap()
    }

    /// Width and height of an image, and the position that its first pixel came from.
    pub(crate) fn look(&self, path: &str) -> (u32, u32, [u8; 2]) {
        let image = image::open(self.root().join(path)).unwrap().into_rgb8();
        let Rgb([x, y, _]) = *image.get_pixel(0, 0);
        (image.width(), image.height(), [x, y])
    }

    /// The number of samples and classes that the reader finds.
    pub(crate) fn counts(&self, key: &str) -> (usize, usize) {
        let dataset = read(key, &ReadOptions::at(self.root())).unwrap().dataset;
        (dataset.samples.len(), dataset.num_classes())
    }

    /// What was skipped, as `path: reason`.
    pub(crate) fn skipped(report: &PrepareReport) -> Vec<String> {
        report.skipped.iter().map(ToString::to_string).collect()
    }
}

pub(crate) fn image_bytes(width: u32, height: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, 128]));
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    bytes
}
