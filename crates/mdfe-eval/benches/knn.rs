//! The exact search at the sizes of an evaluation during training.

use mdfe_eval::{Knn, Level, Rows};

fn main() {
    eprintln!("level: {}", Level::current());
    divan::main();
}

#[divan::bench(args = [64, 512], sample_count = 10)]
fn search_500_by_20_000(bencher: divan::Bencher<'_, '_>, dim: usize) {
    // Any values do: the time hardly depends on them.
    let rows = |n: usize| (0..n * dim).map(|i| ((i as f32) * 0.618).sin()).collect::<Vec<f32>>();
    let (query, index) = (rows(500), rows(20_000));
    bencher.bench(|| {
        let (query, index) = (Rows::new(&query, dim)?, Rows::new(&index, dim)?);
        Knn::default().search(query, index)
    });
}
