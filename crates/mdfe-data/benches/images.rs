//! Decoding, resizing and the whole way from a JPEG to a backbone's pixels, one thread.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use divan::{Bencher, counter::ItemsCount};
use image::{RgbImage, codecs::jpeg::JpegEncoder};
use mdfe_data::{PreprocessRecord, Preprocessor, decode_bytes};
use std::path::Path;

fn main() {
    println!("SIMD level: {}", mdfe_simd::Level::current());
    divan::main();
}

fn image() -> RgbImage {
    RgbImage::from_fn(1024, 768, |x, y| image::Rgb([(x / 4) as u8, (y / 3) as u8, ((x * y) >> 9) as u8]))
}

fn jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&image()).unwrap();
    bytes
}

fn worker() -> Preprocessor {
    Preprocessor::new(PreprocessRecord::plain([384, 384]))
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let bytes = jpeg();
    bencher.counter(ItemsCount::new(1_u32)).bench(|| decode_bytes(Path::new("a.jpg"), &bytes).unwrap());
}

#[divan::bench]
fn resize_crop_normalise(bencher: Bencher<'_, '_>) {
    let (image, mut worker) = (image(), worker());
    let mut out = vec![0.0; worker.output_len()];
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| worker.apply(&image, &mut out).unwrap());
}

#[divan::bench]
fn whole(bencher: Bencher<'_, '_>) {
    let (bytes, mut worker) = (jpeg(), worker());
    let mut out = vec![0.0; worker.output_len()];
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench_local(|| worker.load_bytes(Path::new("a.jpg"), &bytes, &mut out).unwrap());
}
