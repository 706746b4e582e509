//! Times the exact search on the work of the PyTorch / faiss baseline and prints one JSON line per row:
//! `cargo run --release -p mdfe-eval --example bench_knn -- --threads 2 [--dims 64,512]`. `level` is the instruction set, which
//! `MDFE_SIMD` may lower.
#![allow(clippy::print_stdout)]

use mdfe_eval::{Knn, Rows};
use rand::{RngExt, SeedableRng};
use std::time::{Duration, Instant};

const QUERIES: usize = 5_000;
const INDEX: usize = 200_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads: usize = option("--threads").map_or(Ok(2), |v| v.parse())?;
    let dims = option("--dims").unwrap_or_else(|| "64,512".into());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    for dim in dims.split(',') {
        let dim: usize = dim.parse()?;
        let (query, index) = (unit_rows(QUERIES, dim, 0), unit_rows(INDEX, dim, 1));
        let (query, index) = (Rows::new(&query, dim)?, Rows::new(&index, dim)?);
        let knn = Knn::default();
        let mut times = Vec::new();
        pool.install(|| knn.search(query, index))?;
        let begin = Instant::now();
        while times.len() < 3 || begin.elapsed() < Duration::from_secs(8) {
            let start = Instant::now();
            pool.install(|| knn.search(query, index))?;
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        let seconds = times[times.len() / 2];
        println!(
            "{{\"bench\": \"knn\", \"name\": \"mdfe-eval\", \"queries\": {QUERIES}, \"index\": {INDEX}, \"dim\": {dim}, \
             \"k\": {}, \"threads\": {threads}, \"level\": \"{}\", \"seconds\": {seconds}, \"least_seconds\": {}}}",
            knn.k, knn.level, times[0]
        );
    }
    Ok(())
}

/// The value after an option, if it was given.
fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|a| a != name);
    arguments.next().and_then(|_| arguments.next())
}

/// Random rows of unit length, `[rows, dim]`.
fn unit_rows(rows: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut data: Vec<f32> = (0..rows * dim).map(|_| normal(&mut rng)).collect();
    for row in data.chunks_mut(dim) {
        let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        row.iter_mut().for_each(|v| *v /= norm);
    }
    data
}

/// A standard normal value (Box and Muller).
fn normal(rng: &mut impl rand::Rng) -> f32 {
    let (u, v): (f32, f32) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f32::consts::TAU * v).cos()
}
