//! Loss and gradients of the fused step, by loss, sub-centers and classes (batch 128, 64 dimensions). `cargo bench -p mdfe-loss`.

use mdfe_loss::{Batch, CenterShape, FusedStep, Level, LossOptions, MarginLoss};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    eprintln!("level: {}", Level::current());
    divan::main();
}

fn run(bencher: divan::Bencher, options: &LossOptions, num_classes: usize, sub_centers: usize) {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let shape = CenterShape { num_classes, sub_centers, embed_dim: 64 };
    let centers = shape.xavier_uniform(&mut rng);
    let embedding: Vec<f32> = (0..128 * 64).map(|_| rng.random::<f32>() - 0.5).collect();
    let labels: Vec<u32> = (0..128).map(|_| rng.random_range(0..num_classes as u32)).collect();
    let counts = vec![1; num_classes];
    let Ok(loss) = MarginLoss::new(options, num_classes, Some(&counts)) else { return };
    let mut state = loss.initial_state();
    let Ok(mut fused) = FusedStep::new(loss, shape) else { return };
    let batch = Batch { embedding: &embedding, labels: &labels };
    bencher.bench_local(|| fused.loss_and_grad(batch, &centers, &mut state));
}

/// Every loss at 34,800 classes and three sub-centers.
#[divan::bench(args = LossOptions::NAMES, sample_count = 10)]
fn losses(bencher: divan::Bencher, name: &str) {
    let options = LossOptions::all().into_iter().find(|options| options.name() == name);
    run(bencher, &options.unwrap_or_default(), 34_800, 3);
}

/// ArcFace, one sub-center: linear in the classes.
#[divan::bench(args = [10_000, 100_000, 1_000_000], sample_count = 5)]
fn classes(bencher: divan::Bencher, num_classes: usize) {
    run(bencher, &LossOptions::default(), num_classes, 1);
}
