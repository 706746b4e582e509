//! Times searches of an index of random rows of unit length and prints one JSON line for each kind:
//! `cargo run --release -p mdfe-index --example bench_index -- [--rows 1000000] [--dim 64] [--queries 1,1000] [--threads 2]`.
//! The index is made in a temporary folder; `--dir DIR` makes it there, with as much room as all kinds need one after the other.
#![allow(clippy::print_stdout)]

use mdfe_data::Embeddings;
use mdfe_eval::{Level, Rows};
use mdfe_index::{Dtype, Existing, Index, IndexOptions, Query, Rescore};
use rand::{RngExt, SeedableRng};
use std::{path::PathBuf, time::Instant};

/// Rows that are made and added at a time.
const BATCH: usize = 250_000;

const KINDS: [(Dtype, Option<Rescore>); 6] = [
    (Dtype::F32, None),
    (Dtype::F16, None),
    (Dtype::Int8, Some(Rescore::F32)),
    (Dtype::Int8, Some(Rescore::F16)),
    (Dtype::Int8, Some(Rescore::None)),
    (Dtype::Binary, Some(Rescore::F16)),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = option("--rows").map_or(Ok(1_000_000), |v| v.parse())?;
    let dim: usize = option("--dim").map_or(Ok(64), |v| v.parse())?;
    let threads: usize = option("--threads").map_or(Ok(2), |v| v.parse())?;
    let queries = option("--queries").unwrap_or_else(|| "1,1000".into());
    let base = option("--dir").map_or_else(std::env::temp_dir, PathBuf::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    let mut exact: Option<Vec<Vec<u32>>> = None;
    for (dtype, rescore) in KINDS {
        let dir = base.join(format!("mdfe-bench-index-{}", std::process::id()));
        let mut writer = Index::create(&dir, &IndexOptions { dim, dtype, rescore, embedder: None })?;
        let started = Instant::now();
        for (batch, first) in (0..rows).step_by(BATCH).enumerate() {
            let values = unit_rows(BATCH.min(rows - first), dim, batch as u64);
            writer.add(&Embeddings { values, dim, ..Embeddings::default() }, Existing::Refuse)?;
        }
        let build = started.elapsed().as_secs_f64();
        let bytes = writer.index().info().bytes;
        drop(writer);
        let started = Instant::now();
        let index = Index::open(&dir)?;
        let open = started.elapsed().as_secs_f64();
        for count in queries.split(',') {
            let count: usize = count.parse()?;
            let values = unit_rows(count, dim, u64::MAX);
            let query = Query::new(Rows::new(&values, dim)?);
            let found = pool.install(|| index.search(&query))?;
            let mut times = Vec::new();
            let begin = Instant::now();
            while times.len() < 3 || begin.elapsed().as_secs_f64() < 5.0 {
                let start = Instant::now();
                pool.install(|| index.search(&query))?;
                times.push(start.elapsed().as_secs_f64());
            }
            times.sort_by(f64::total_cmp);
            let ids: Vec<Vec<u32>> =
                found.iter().map(|hits| hits.iter().map(|hit| hit.row).collect()).collect();
            let recall = match &exact {
                Some(exact) if exact.len() == ids.len() => Some(share(exact, &ids)),
                _ => None,
            };
            println!(
                "{{\"bench\": \"index\", \"dtype\": \"{dtype}\", \"rescore\": \"{}\", \"rows\": {rows}, \"dim\": {dim}, \"bytes\": {bytes}, \
                 \"queries\": {count}, \"threads\": {threads}, \"level\": \"{}\", \"build_seconds\": {build:.3}, \"open_seconds\": {open:.6}, \
                 \"seconds\": {}, \"least_seconds\": {}, \"recall_at_5\": {}}}",
                rescore.map_or("none", Rescore::name),
                Level::current(),
                times[times.len() / 2],
                times[0],
                recall.map_or_else(|| "null".to_owned(), |r| format!("{r}")),
            );
            if dtype == Dtype::F32 {
                exact = Some(ids);
            }
        }
        drop(index);
        std::fs::remove_dir_all(&dir)?;
    }
    Ok(())
}

/// The share of the exact neighbours that were found.
fn share(exact: &[Vec<u32>], found: &[Vec<u32>]) -> f64 {
    let hits = exact.iter().zip(found).map(|(e, f)| e.iter().filter(|id| f.contains(id)).count());
    hits.sum::<usize>() as f64 / exact.iter().map(Vec::len).sum::<usize>() as f64
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
