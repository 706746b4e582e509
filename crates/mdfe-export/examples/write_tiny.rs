//! Writes the tiny model of every family in both formats, with images and what mdfe makes of them, for
//! `tests/reference/export/compare.py`.
//!
//! `cargo run -p mdfe-export --example write_tiny -- OUT_DIR [NAME...]`: for each fixture `NAME.pt`, `NAME.onnx`, `NAME.f16.onnx` (f16),
//! `NAME.pixels.pt`, `NAME.pixels.onnx`, and `NAME.safetensors` with `pixels`, `image.N` (bytes `[1, 3, H, W]`) and the
//! embeddings `of_pixels`, `of_image.N`. With names of pretrained models, those in full size with random weights instead.

use candle_core::{DType, Device, Tensor};
use mdfe_data::{CropMode, Interpolation, PreprocessRecord, Preprocessor};
use mdfe_export::{Input, Model, OnnxOptions, write_onnx, write_torchscript};
use mdfe_model::{Architecture, BuildOptions, Layer, Projection, Weights, graph::GraphOptions};
use std::{collections::HashMap, error::Error, path::Path};

/// Heights and widths of the images: kept, shrunk, enlarged, long, tall.
const SIZES: [[usize; 2]; 5] = [[24, 24], [97, 61], [13, 17], [40, 211], [233, 50]];
const EMBED_DIM: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let out = std::env::args().nth(1).ok_or("usage: write_tiny OUT_DIR [NAME...]")?;
    let out = Path::new(&out);
    let names: Vec<String> = std::env::args().skip(2).collect();
    for name in &names {
        Tiny::random(name)?.write(&out.join(name))?;
    }
    if !names.is_empty() {
        return Ok(());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference");
    let mut files = Vec::new();
    for folder in ["backbones/fixtures", "pretrained/fixtures"] {
        for entry in std::fs::read_dir(root.join(folder))? {
            files.push(entry?.path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|e| e == "safetensors"));
    files.sort();
    for (i, file) in files.iter().enumerate() {
        let bytes = std::fs::read(file)?;
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes)?;
        let Some(json) = header.metadata().as_ref().and_then(|m| m.get("architecture")) else { continue };
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
        let Some(pixels) = tensors.get("in.native") else { continue };
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut weights = HashMap::new();
        for (key, tensor) in &tensors {
            if let Some(key) = key.strip_prefix("w.") {
                weights.insert(key.to_owned(), tensor.to_dtype(DType::F32)?);
            }
        }
        let (_, _, height, width) = pixels.dims4()?;
        let tiny = Tiny {
            architecture: serde_json::from_str(json)?,
            weights,
            record: record(i, [height, width]),
            pixels: pixels.to_dtype(DType::F32)?,
        };
        tiny.write(&out.join(name))?;
    }
    Ok(())
}

/// A preprocess record of another kind for each model.
fn record(i: usize, size: [usize; 2]) -> PreprocessRecord {
    let interpolations = [Interpolation::Bicubic, Interpolation::Bilinear, Interpolation::Lanczos];
    let modes = [CropMode::Center, CropMode::Squash, CropMode::Longest];
    PreprocessRecord {
        size,
        mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
        std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
        interpolation: interpolations[i % 3],
        crop_mode: modes[i / 3 % 3],
        crop_fraction: if i.is_multiple_of(2) { 0.9 } else { 1.0 },
        fill: 100,
        exif_orientation: false,
    }
}

struct Tiny {
    architecture: Architecture,
    weights: HashMap<String, Tensor>,
    record: PreprocessRecord,
    pixels: Tensor,
}

impl Tiny {
    /// A pretrained model's architecture and record, with weights that are small enough for sums to stay of order 1.
    fn random(name: &str) -> Result<Self, Box<dyn Error>> {
        let row = mdfe_model::pretrained(name)?;
        let architecture = row.architecture()?;
        let mut state = 1_u64;
        let mut value = || {
            // A linear congruential generator (Knuth's MMIX), its upper bits.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        let mut weights = HashMap::new();
        for (key, shape) in architecture.parameter_shapes(false)? {
            let values: Vec<f32> = (0..shape.iter().product()).map(|_| value() * 0.1).collect();
            weights.insert(key, Tensor::from_vec(values, shape, &Device::Cpu)?);
        }
        let [height, width] = row.preprocess.size;
        let pixels: Vec<f32> = (0..3 * height * width).map(|_| value() * 3.0).collect();
        let pixels = Tensor::from_vec(pixels, (1, 3, height, width), &Device::Cpu)?;
        Ok(Self { architecture, weights, record: row.preprocess.clone(), pixels })
    }

    fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let weights = || Weights::from_tensors(self.weights.clone());
        let options = GraphOptions { size: self.record.size, proj_layer: false };
        let graph = self.architecture.graph("tiny", &weights()?, &options)?;
        let backbone = self.architecture.build("tiny", &weights()?, &BuildOptions::default())?;
        let projection = projection(backbone.feature_dim())?;
        let model = Model::new(graph, &projection, self.record.clone())?;
        let file = |end: &str| {
            path.with_file_name(format!("{}{end}", path.file_name().unwrap_or_default().display()))
        };
        write_torchscript(&model, &file(".pt"))?;
        write_onnx(&model, &file(".onnx"), OnnxOptions::default())?;
        write_onnx(&model, &file(".f16.onnx"), OnnxOptions { half: true, ..OnnxOptions::default() })?;
        let model = Model { input: Input::Pixels, ..model };
        write_torchscript(&model, &file(".pixels.pt"))?;
        // Its tensors beside it.
        write_onnx(&model, &file(".pixels.onnx"), OnnxOptions { inside: 0, ..OnnxOptions::default() })?;

        let embed = |pixels: &Tensor| -> Result<Tensor, Box<dyn Error>> {
            let features = backbone.features(pixels)?;
            let values = projection.embed(&features.flatten_all()?.to_vec1::<f32>()?)?;
            Ok(Tensor::from_vec(values, (pixels.dim(0)?, EMBED_DIM), &Device::Cpu)?)
        };
        let mut results = HashMap::from([
            ("pixels".to_owned(), self.pixels.clone()),
            ("of_pixels".to_owned(), embed(&self.pixels)?),
        ]);
        let mut preprocessor = Preprocessor::new(self.record.clone());
        for (i, [height, width]) in SIZES.into_iter().enumerate() {
            let image = image::RgbImage::from_fn(width as u32, height as u32, |x, y| {
                // Smooth in one half, hard edges in the other: sums overshoot there.
                let value = |c: u32| {
                    let wave = 128.0 + 120.0 * ((x * (c + 1)) as f32 * 0.21 + y as f32 * 0.13).sin();
                    if y % 9 < 5 { wave as u8 } else { ((x * 7 + y * 13 + c) % 2 * 255) as u8 }
                };
                image::Rgb([value(0), value(1), value(2)])
            });
            let mut pixels = vec![0.0; preprocessor.output_len()];
            preprocessor.apply(&image, &mut pixels)?;
            let [h, w] = self.record.size;
            let pixels = Tensor::from_vec(pixels, (1, 3, h, w), &Device::Cpu)?;
            let bytes = Tensor::from_vec(image.into_raw(), (1, height, width, 3), &Device::Cpu)?;
            results.insert(format!("image.{i}"), bytes.permute((0, 3, 1, 2))?.contiguous()?);
            results.insert(format!("of_image.{i}"), embed(&pixels)?);
        }
        candle_core::safetensors::save(&results, file(".safetensors"))?;
        Ok(())
    }
}

/// Two layers: the projection that has every operation.
fn projection(feature_dim: usize) -> mdfe_model::Result<Projection> {
    let value = |i: usize| ((i * 7919 + 31) % 2003) as f32 / 4000.0 - 0.2;
    let layer = |out: usize, input: usize| Layer {
        weight: (0..out * input).map(value).collect(),
        bias: (0..out).map(|i| value(i + 7)).collect(),
    };
    Projection::mlp(layer(12, feature_dim), layer(EMBED_DIM, 12))
}
