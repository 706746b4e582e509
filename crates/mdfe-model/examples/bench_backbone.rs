//! Times backbones with random weights, one JSON line per row, in the fields of the PyTorch baseline.
//!
//! `cargo run --release -p mdfe-model --example bench_backbone -- [--models A,B] [--batches 1,8] [--dtypes f32,bf16]
//! [--threads 2] [--device cpu|cuda]`
//!
//! `level` is the instruction set of mdfe's own kernels, which `MDFE_SIMD` may lower. On the CPU, products of candle (`gemm`: the
//! patches of ConvNeXt and SAM, positions at another size) choose their own at run time.

mod random_weights;

use candle_core::{Device, Tensor};
use mdfe_model::{Architecture, BuildOptions, Dtype, Level};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use random_weights::random;
use std::{
    error::Error,
    time::{Duration, Instant},
};

/// Seconds that one row may take once it is warm, and the fewest runs.
const BUDGET: (Duration, usize) = (Duration::from_secs(8), 3);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1)).map_or_else(|| default.to_owned(), Clone::clone)
    };
    let level = Level::from_env()?;
    let threads: usize = option("--threads", "2").parse()?;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let device =
        if option("--device", "cpu").starts_with("cuda") { Device::new_cuda(0)? } else { Device::Cpu };
    for name in option("--models", "vit_base_patch16_siglip_224,vit_small_patch14_dinov2").split(',') {
        for dtype in option("--dtypes", "f32,bf16").split(',') {
            let build = BuildOptions {
                device: device.clone(),
                dtype: dtype.parse::<Dtype>()?.into(),
                ..BuildOptions::default()
            };
            let (architecture, size) = architecture(name)?;
            let backbone = architecture.build(name, &random(&architecture)?, &build)?;
            for batch in option("--batches", "1,8").split(',') {
                let batch: usize = batch.parse()?;
                let mut rng = ChaCha8Rng::seed_from_u64(2);
                let n = batch * 3 * size * size;
                let pixels: Vec<f32> = (0..n).map(|_| rng.random_range(-1.7..1.7)).collect();
                let pixels = Tensor::from_vec(pixels, (batch, 3, size, size), &device)?;
                let seconds = median(|| {
                    let features = backbone.features(&pixels)?;
                    // Waits for the device.
                    features.narrow(0, 0, 1)?.to_device(&Device::Cpu)?;
                    Ok(())
                })?;
                let row = serde_json::json!({
                    "bench": "backbone", "name": name, "dtype": dtype, "batch": batch, "threads": threads,
                    "level": level.name(),
                    "seconds": seconds, "images_per_s": batch as f64 / seconds,
                });
                writeln(&row)?;
            }
        }
    }
    Ok(())
}

/// The architecture of a name and the side of its input, 224 for DINOv2 as in the baseline.
fn architecture(name: &str) -> Result<(Architecture, usize), Box<dyn Error>> {
    let row = mdfe_model::pretrained(name)?;
    let architecture = row.architecture()?;
    let size = if name.contains("dinov2") { 224 } else { row.preprocess.size[0] };
    Ok((architecture, size))
}

/// The median seconds of `work` after two warm-up runs.
fn median(mut work: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    for _ in 0..2 {
        work()?;
    }
    let (mut times, start) = (Vec::new(), Instant::now());
    while times.len() < BUDGET.1 || (start.elapsed() < BUDGET.0 && times.len() < 100) {
        let begin = Instant::now();
        work()?;
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn writeln(row: &serde_json::Value) -> std::io::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{row}")?;
    out.flush()
}
