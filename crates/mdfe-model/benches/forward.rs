//! Forward passes on the CPU with random weights, to compare versions of this crate: `cargo bench -p mdfe-model`.
//!
//! For figures beside timm's take `cargo xtask bench backbone`.

#[path = "../examples/random_weights/mod.rs"]
mod random_weights;

use candle_core::{DType, Device, Tensor};
use mdfe_model::{Backbone, BuildOptions, Level};
use random_weights::random;

fn main() {
    eprintln!("level of mdfe's kernels: {}", Level::current());
    divan::main();
}

/// ViT-S/14 DINOv2 with random weights.
fn backbone(dtype: DType) -> mdfe_model::Result<Box<dyn Backbone>> {
    let name = "vit_small_patch14_dinov2";
    let architecture = mdfe_model::pretrained(name)?.architecture()?;
    let options = BuildOptions { dtype, ..BuildOptions::default() };
    architecture.build(name, &random(&architecture)?, &options)
}

/// Four images of 224 x 224, in f32 and bf16.
#[divan::bench(args = ["f32", "bf16"], sample_count = 10)]
fn vit_small_batch_of_4(bencher: divan::Bencher<'_, '_>, dtype: &str) {
    let dtype = if dtype == "f32" { DType::F32 } else { DType::BF16 };
    let pixels = Tensor::ones((4, 3, 224, 224), DType::F32, &Device::Cpu);
    let (Ok(backbone), Ok(pixels)) = (backbone(dtype), pixels) else { return };
    bencher.bench(|| backbone.features(&pixels));
}
