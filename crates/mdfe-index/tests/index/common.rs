//! Rows to put into an index, and what a plain loop finds among them.

use half::f16;
use mdfe_data::{EmbedderId, Embeddings, identity::Fingerprint};
use mdfe_index::{Dtype, Filter, Hit, Index, IndexOptions, Query, Rescore, Writer};
use rand::{RngExt, SeedableRng};
use std::path::Path;

/// Every kind of index.
pub(crate) const KINDS: [(Dtype, Option<Rescore>); 8] = [
    (Dtype::F32, None),
    (Dtype::F16, None),
    (Dtype::Int8, Some(Rescore::None)),
    (Dtype::Int8, Some(Rescore::F16)),
    (Dtype::Int8, Some(Rescore::F32)),
    (Dtype::Binary, Some(Rescore::None)),
    (Dtype::Binary, Some(Rescore::F16)),
    (Dtype::Binary, Some(Rescore::F32)),
];

pub(crate) fn create(dir: &Path, dim: usize, kind: (Dtype, Option<Rescore>)) -> Writer {
    Index::create(dir, &IndexOptions { dim, dtype: kind.0, rescore: kind.1, embedder: None }).unwrap()
}

pub(crate) fn embedder(name: &str) -> EmbedderId {
    EmbedderId { fingerprint: Fingerprint::of(name.as_bytes()), name: name.to_owned() }
}

/// Rows of unit length.
pub(crate) fn unit(count: usize, dim: usize, seed: u64) -> Vec<f32> {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<f32> = (0..count * dim).map(|_| rng.random::<f32>() * 2.0 - 1.0).collect();
    for row in values.chunks_mut(dim) {
        let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        row.iter_mut().for_each(|v| *v = (f64::from(*v) / norm) as f32);
    }
    values
}

/// Rows `first..first + count` of a list without end: paths, three classes, two domains.
pub(crate) fn rows(first: usize, count: usize, dim: usize) -> Embeddings {
    let all = unit(first + count, dim, 7);
    let ids = first..first + count;
    let paths: Vec<String> = ids.clone().map(|i| format!("images/{i}.jpg")).collect();
    Embeddings {
        values: all[first * dim..].to_vec(),
        dim,
        labels: Some(ids.clone().map(|i| (i % 3) as i64).collect()),
        label_names: ["mug", "plate", "spoon"].into_iter().collect(),
        domains: Some(ids.map(|i| (i / 2 % 2) as i64).collect()),
        domain_names: vec!["cars".into(), "goods".into()],
        paths: paths.iter().map(String::as_str).collect(),
        embedder: None,
    }
}

/// What a row is scored with in an index of this kind, computed without it.
pub(crate) fn stored(row: &[f32], kind: (Dtype, Option<Rescore>)) -> Vec<f32> {
    let half = |row: &[f32]| row.iter().map(|v| f16::from_f32(*v).to_f32()).collect();
    match kind {
        (Dtype::F32, _) | (_, Some(Rescore::F32)) => row.to_vec(),
        (Dtype::F16, _) | (_, Some(Rescore::F16)) => half(row),
        (Dtype::Int8, _) => {
            let scale = row.iter().fold(0.0f32, |m, v| m.max(v.abs())) / 127.0;
            row.iter().map(|v| scale * (v / scale).round()).collect()
        }
        (Dtype::Binary, _) => row.iter().map(|v| if *v > 0.0 { 1.0 } else { -1.0 }).collect(),
    }
}

/// The score of a plain f64 loop, rounded once.
pub(crate) fn score(query: &[f32], row: &[f32], kind: (Dtype, Option<Rescore>)) -> f32 {
    let row = stored(row, kind);
    if kind == (Dtype::Binary, Some(Rescore::None)) {
        let differ = query.iter().zip(&row).filter(|(q, x)| (**q > 0.0) != (**x > 0.0)).count();
        return 1.0 + 2.0 * -(differ as f32) / row.len() as f32;
    }
    query.iter().zip(&row).map(|(q, x)| f64::from(*q) * f64::from(*x)).sum::<f64>() as f32
}

/// Searches, with as many candidates as there may be rows, so that signs miss nothing.
pub(crate) fn search(index: &Index, query: &[f32], k: usize, filter: &Filter) -> Vec<Vec<Hit>> {
    let mut wanted = Query::new(mdfe_eval::Rows::new(query, index.dim()).unwrap());
    (wanted.k, wanted.filter, wanted.candidates) = (k, filter.clone(), 100_000);
    index.search(&wanted).unwrap()
}

/// Ids and scores.
pub(crate) fn pairs(hits: &[Hit]) -> Vec<(u32, f32)> {
    hits.iter().map(|hit| (hit.row, hit.score)).collect()
}
