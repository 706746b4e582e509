//! Images per second from JPEG to normalised pixels, as one JSON line:
//!
//! `cargo run --release -p mdfe-data --example bench_images -- [--threads N] [--size 384] [--input DIR]`
//!
//! Without `--input` it makes its own images of 1024x768, JPEG quality 90. The encoder knows full colour resolution (4:4:4)
//! alone, about a third more work to decode than the 4:2:0 that most cameras write, and the line says so.
#![allow(clippy::print_stdout)]

use image::{Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use mdfe_data::{OrderedOptions, PreprocessRecord, Preprocessor, ordered_map};
use mdfe_simd::Level;
use std::{error::Error, path::Path, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1));
    let threads: usize = value("--threads").map_or(Ok(1), |v| v.parse())?;
    let size: usize = value("--size").map_or(Ok(384), |v| v.parse())?;
    let (source, files) = match value("--input") {
        Some(folder) => (folder.clone(), read_folder(Path::new(folder))?),
        None => ("1024x768 JPEG q90 4:4:4".to_owned(), (0..40).map(make).collect::<Result<_, _>>()?),
    };
    let record = PreprocessRecord::plain([size, size]);
    let mut seconds: Vec<f64> = (0..5)
        .map(|_| {
            let started = Instant::now();
            let work = |worker: &mut (Preprocessor, Vec<f32>), i: usize| {
                let (worker, out) = worker;
                worker.load_bytes(Path::new("image"), &files[i], out).map_err(|e| e.to_string())
            };
            let make = || (Preprocessor::new(record.clone()), vec![0.0; 3 * size * size]);
            let mut failed = None;
            ordered_map(files.len(), OrderedOptions { threads, ahead: 64 }, make, work, |result| {
                failed = result.err();
                failed.is_none()
            });
            failed.map_or(Ok(started.elapsed().as_secs_f64()), Err)
        })
        .collect::<Result<_, _>>()?;
    seconds.sort_by(f64::total_cmp);
    let rate = files.len() as f64 / seconds[seconds.len() / 2];
    println!(
        "{}",
        serde_json::json!({
            "bench": "images", "peer": "mdfe", "size": size, "source": source, "threads": threads,
            "simd": Level::current().name(), "images_per_s": rate,
        })
    );
    Ok(())
}

fn read_folder(folder: &Path) -> Result<Vec<Vec<u8>>, std::io::Error> {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    paths.into_iter().filter(|p| p.is_file()).map(std::fs::read).collect()
}

/// Something like a photograph: smooth areas, edges and grain.
fn make(seed: u32) -> Result<Vec<u8>, image::ImageError> {
    let mut noise = seed.wrapping_mul(2_654_435_761) | 1;
    let image = RgbImage::from_fn(1024, 768, |x, y| {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let grain = f64::from(noise >> 28) - 7.5;
        let (u, v) = (f64::from(x + 31 * seed) / 97.0, f64::from(y) / 71.0);
        let edge = if (u.sin() + v.cos()) > 0.3 { 60.0 } else { 0.0 };
        Rgb([0.0, 1.3, 2.1].map(|p| (110.0 + edge + 50.0 * (u * 0.7 + v + p).sin() + grain) as u8))
    });
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(&image)?;
    Ok(bytes)
}
