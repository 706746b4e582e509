//! Forward passes on the CPU with random weights, to compare versions of this crate: `cargo bench -p mdfe-model`.
//!
//! For figures beside timm's take `cargo xtask bench backbone`.

use candle_core::{DType, Device, Tensor};
use mdfe_model::{Backbone, BuildOptions, Weights};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;

fn main() {
    divan::main();
}

/// ViT-S/14 DINOv2 with weights small enough that sums of hundreds of products stay of order 1.
fn backbone(dtype: DType) -> mdfe_model::Result<Box<dyn Backbone>> {
    let name = "vit_small_patch14_dinov2";
    let architecture = mdfe_model::pretrained(name)?.architecture()?;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut tensors = HashMap::new();
    for (key, shape) in architecture.parameter_shapes(false)? {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-0.05..0.05)).collect();
        tensors.insert(key, Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    let options = BuildOptions { dtype, ..BuildOptions::default() };
    architecture.build(name, &Weights::from_tensors(tensors)?, &options)
}

/// Four images of 224 x 224, in f32 and bf16.
#[divan::bench(args = ["f32", "bf16"], sample_count = 10)]
fn vit_small_batch_of_4(bencher: divan::Bencher<'_, '_>, dtype: &str) {
    let dtype = if dtype == "f32" { DType::F32 } else { DType::BF16 };
    let pixels = Tensor::ones((4, 3, 224, 224), DType::F32, &Device::Cpu);
    let (Ok(backbone), Ok(pixels)) = (backbone(dtype), pixels) else { return };
    bencher.bench(|| backbone.features(&pixels));
}
