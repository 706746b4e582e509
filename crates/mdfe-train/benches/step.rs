//! Whole training steps of the published sizes, 1152 -> 64, 34,800 classes, K = 3, batch 128.
//!
//! Run: cargo bench -p mdfe-train

use mdfe_train::{MemoryFeatures, Recipe, Trainer};
use std::sync::atomic::AtomicBool;

fn main() {
    divan::main();
}

/// Ten steps, with what a training sets up around them left out.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_steps_of_the_published_recipe(bencher: divan::Bencher<'_, '_>) {
    let (n, dim, classes) = (1280usize, 1152, 34_800u32);
    let value = |i: usize| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5;
    let mut labels: Vec<u32> = (0..n as u32).map(|i| i * 27 % classes).collect();
    labels[0] = classes - 1;
    let Ok(source) = MemoryFeatures::new((0..n * dim).map(value).collect(), dim, labels) else { return };
    let mut recipe = Recipe::default();
    recipe.loss.sub_centers = 3;
    recipe.train.epochs = 1;
    bencher.with_inputs(|| Trainer::new(recipe.clone(), &source)).bench_values(|trainer| {
        let stop = AtomicBool::new(false);
        trainer.and_then(|mut trainer| trainer.run(None, &mut (), &stop))
    });
}
