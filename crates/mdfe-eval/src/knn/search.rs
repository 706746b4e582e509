//! The loops: index blocks one after the other, within a block one task per chunk of queries.

use super::{
    Knn, Neighbour, Neighbours, Similarity,
    pack::{GROUP, PANEL, pack, packed_dim},
    tile::Tile,
    top_k::{Candidate, TopK},
};
use crate::Rows;
use mdfe_simd::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// Bytes of packed queries in one task: together with a panel they stay in a second-level cache.
const CHUNK_BYTES: usize = 512 << 10;

/// Tasks per thread, so that a slow one does not keep the others waiting.
const TASKS_PER_THREAD: usize = 4;

/// A checked search.
pub(super) struct Search<'a> {
    pub(super) options: &'a Knn,
    pub(super) query: Rows<'a>,
    pub(super) index: Rows<'a>,
    /// Squared norms of the queries, `[Q]`.
    pub(super) query_squares: Vec<f64>,
    /// Squared norms of the index rows, `[N]`.
    pub(super) index_squares: Vec<f64>,
}

/// The queries of one task and what they have found so far.
struct Task {
    /// Groups of queries.
    groups: Range<usize>,
    /// Which part of each index block it looks at, of as many as `tasks` says; more than one where there are few queries.
    part: usize,
    /// The best of each query, `[groups * GROUP]`.
    best: Vec<TopK>,
    /// What a tile's score has to reach, `[groups]`; positive infinity for queries that do not exist.
    thresholds: Vec<[f32; GROUP]>,
}

impl Search<'_> {
    /// Runs it on the current rayon pool.
    pub(super) fn run(&self) -> Neighbours {
        let dim = packed_dim(self.options.similarity, self.query.dim());
        let groups = self.pack_queries(dim);
        let (mut tasks, parts) = self.tasks(dim);
        let block_panels = (self.options.block_bytes / (dim * PANEL * size_of::<f32>())).max(parts);
        let panels = self.index.len().div_ceil(PANEL);
        let bound = self.bound(dim);
        let level = self.options.level;
        let mut packed = vec![0.0; block_panels.min(panels) * dim * PANEL];
        for first in (0..panels).step_by(block_panels) {
            let count = block_panels.min(panels - first);
            packed.par_chunks_mut(dim * PANEL).take(count).enumerate().for_each(|(p, out)| {
                let half_square = |row: usize| (-0.5 * self.index_squares[row]) as f32;
                pack::<PANEL>(self.index, (first + p) * PANEL, half_square, out);
            });
            let (columns, _) = packed.as_chunks::<PANEL>();
            tasks.par_iter_mut().for_each(|task| {
                let own = count * task.part / parts..count * (task.part + 1) / parts;
                level.dispatch(Pass {
                    search: self,
                    bound,
                    dim,
                    groups: &groups,
                    columns,
                    first,
                    panels: own,
                    task,
                });
            });
        }
        self.collect(tasks)
    }

    /// The queries in groups, `[groups, packed_dim, GROUP]`.
    fn pack_queries(&self, dim: usize) -> Vec<[f32; GROUP]> {
        let mut groups = vec![[0.0; GROUP]; self.query.len().div_ceil(GROUP) * dim];
        groups
            .par_chunks_mut(dim)
            .enumerate()
            .for_each(|(g, out)| pack::<GROUP>(self.query, g * GROUP, |_| 1.0, out.as_flattened_mut()));
        groups
    }

    /// The tasks, and in how many parts each index block is cut.
    fn tasks(&self, dim: usize) -> (Vec<Task>, usize) {
        let wanted = rayon::current_num_threads() * TASKS_PER_THREAD;
        let groups = self.query.len().div_ceil(GROUP);
        let fitting = (CHUNK_BYTES / (dim * GROUP * size_of::<f32>())).max(1);
        let size = fitting.min(groups.div_ceil(wanted)).max(1);
        let parts = wanted.div_ceil(groups.div_ceil(size)).min(self.index.len().div_ceil(PANEL));
        let one = |first: usize, part: usize| {
            let groups = first..(first + size).min(groups);
            let mut thresholds = vec![[f32::NEG_INFINITY; GROUP]; groups.len()];
            for (at, threshold) in thresholds.as_flattened_mut().iter_mut().enumerate() {
                if first * GROUP + at >= self.query.len() {
                    *threshold = f32::INFINITY;
                }
            }
            Task { part, best: vec![TopK::new(self.options.k); groups.len() * GROUP], thresholds, groups }
        };
        let starts = (0..groups).step_by(size);
        (
            starts
                .flat_map(|first| (0..parts).map(move |part| (first, part)))
                .map(|(f, p)| one(f, p))
                .collect(),
            parts,
        )
    }

    /// How far rounding can take a tile's score from the exact one.
    ///
    /// A sum of n products in f32, in any order, is off by at most `g |q| |x|` with `g = n u / (1 - n u)`, u = 2^-24 (Higham,
    /// Accuracy and Stability of Numerical Algorithms, eq. 3.5, with the Cauchy-Schwarz inequality). Four more roundings
    /// are counted for the added column and for the f64 sums.
    fn bound(&self, dim: usize) -> Bound {
        let unit = f64::from(f32::EPSILON) / 2.0;
        let n = (dim + 4) as f64;
        // Above two million dimensions the bound says nothing; everything is then scored exactly.
        let gamma = if n * unit < 0.5 { n * unit / (1.0 - n * unit) } else { f64::INFINITY };
        let longest = self.index_squares.iter().copied().fold(0.0, f64::max);
        Bound { gamma, unit, longest: longest.sqrt(), tiny: n * f64::from(f32::from_bits(1)) }
    }

    /// Joins the parts of each query and puts the neighbours in order.
    fn collect(&self, tasks: Vec<Task>) -> Neighbours {
        let mut joined: Vec<TopK> = Vec::with_capacity(self.query.len() + GROUP);
        for task in tasks {
            if task.part == 0 {
                joined.extend(task.best);
            } else {
                let start = joined.len() - task.best.len();
                joined[start..].iter_mut().zip(task.best).for_each(|(all, part)| all.merge(part));
            }
        }
        let similarity = self.options.similarity;
        let neighbour = |c: Candidate| Neighbour { id: c.id, score: similarity.nearness(c.nearness) };
        let rows = joined.into_iter().take(self.query.len());
        Neighbours::from_rows(
            self.options.k,
            rows.map(|best| best.into_sorted().into_iter().map(neighbour).collect()),
        )
    }
}

/// The terms of the rounding bound.
#[derive(Clone, Copy)]
struct Bound {
    gamma: f64,
    unit: f64,
    /// The largest norm of an index row.
    longest: f64,
    /// What gradual underflow can add.
    tiny: f64,
}

impl Bound {
    /// The least tile score that a row as near as `bar` can have.
    fn threshold(self, similarity: Similarity, query_square: f64, bar: f32) -> f32 {
        let bar = f64::from(bar);
        let products = query_square.sqrt() * self.longest;
        let slack = self.tiny + 4.0 * self.unit * bar.abs();
        let least = match similarity {
            Similarity::InnerProduct => bar - self.gamma * products - slack,
            // Of d = |q|^2 - 2 <q, x> + |x|^2 the tile holds <q, x> - |x|^2 / 2.
            Similarity::SquaredL2 => {
                let half = self.longest * self.longest / 2.0;
                (query_square + bar) / 2.0 - self.gamma * (products + half + query_square / 2.0) - slack
            }
        };
        if least.is_nan() { f32::NEG_INFINITY } else { (least as f32).next_down() }
    }
}

/// One task's work on one index block, compiled for each instruction set.
struct Pass<'a> {
    search: &'a Search<'a>,
    bound: Bound,
    dim: usize,
    groups: &'a [[f32; GROUP]],
    /// The packed block, `[panels, dim, PANEL]`.
    columns: &'a [[f32; PANEL]],
    /// Number of the block's first panel in the whole index.
    first: usize,
    /// The panels to look at, counted from `first`.
    panels: Range<usize>,
    task: &'a mut Task,
}

impl WithSimd for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut tile = Tile::new();
        for p in self.panels.clone() {
            let panel = &self.columns[p * self.dim..(p + 1) * self.dim];
            for g in 0..self.task.groups.len() {
                let start = (self.task.groups.start + g) * self.dim;
                let group = &self.groups[start..start + self.dim];
                tile.compute(simd, group, panel, &self.task.thresholds[g]);
                let mut hits = tile.hits;
                while hits != 0 {
                    let q = hits.trailing_zeros() as usize;
                    hits &= hits - 1;
                    self.select(&tile.scores[q], (self.first + p) * PANEL, Place { group: g, query: q });
                }
            }
        }
    }
}

/// A query of a task: the group among the task's, and the query in the group.
#[derive(Clone, Copy)]
struct Place {
    group: usize,
    query: usize,
}

impl Pass<'_> {
    /// Scores exactly what reaches the threshold and keeps what is among the k best.
    #[inline(always)]
    fn select(&mut self, scores: &[f32; PANEL], first_row: usize, place: Place) {
        let Place { group: g, query: q } = place;
        let Search { options, query, index, query_squares, .. } = self.search;
        let query_row = (self.task.groups.start + g) * GROUP + q;
        let excluded = options.exclude.row(query_row);
        let threshold = &mut self.task.thresholds[g][q];
        let best = &mut self.task.best[g * GROUP + q];
        for (lane, &score) in scores.iter().enumerate().take(index.len().saturating_sub(first_row)) {
            let id = (first_row + lane) as u32;
            if score < *threshold || excluded == Some(id) {
                continue;
            }
            let exact = options.similarity.score(query.row(query_row), index.row(id as usize));
            let candidate = Candidate { nearness: options.similarity.nearness(exact), id };
            if best.push(candidate) {
                *threshold = self.bound.threshold(options.similarity, query_squares[query_row], best.bar());
            }
        }
    }
}
