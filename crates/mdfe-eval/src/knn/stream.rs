//! The search in f32, over an index that comes block by block.

use super::{
    Block, Knn, Neighbours, Similarity,
    pack::{GROUP, PANEL, pack, packed_dim},
    tasks::{Task, Tasks},
    tile::Tile,
    top_k::Candidate,
};
use crate::{Error, Result, Rows};
use mdfe_simd::{Simd, WithSimd};
use rayon::prelude::*;
use std::ops::Range;

/// An exact search over an index that comes block by block, so that it need not lie in memory: [`Knn::stream`]. The answer is that of
/// [`Knn::search`] over all rows at once, whatever the blocks are.
pub struct KnnStream<'a> {
    options: &'a Knn,
    query: Rows<'a>,
    /// Squared norms of the queries, `[Q]`.
    query_squares: Vec<f64>,
    /// Width of a packed row.
    dim: usize,
    /// The queries in groups, `[groups, packed_dim, GROUP]`.
    groups: Vec<[f32; GROUP]>,
    tasks: Tasks,
    /// Room for a packed block.
    packed: Vec<f32>,
}

impl<'a> KnnStream<'a> {
    /// A search of checked queries; blocks are cut into at most `most_parts`.
    pub(super) fn new(options: &'a Knn, query: Rows<'a>, most_parts: usize) -> Result<Self> {
        let query_squares = query.checked_norms("query")?;
        let dim = packed_dim(options.similarity, query.dim());
        let mut groups = vec![[0.0; GROUP]; query.len().div_ceil(GROUP) * dim];
        groups.par_chunks_mut(dim).enumerate().for_each(|(g, out)| {
            let count = GROUP.min(query.len() - g * GROUP);
            let row = |r| query.row(g * GROUP + r);
            pack::<GROUP>(count, query.dim(), row, |_| 1.0, out.as_flattened_mut());
        });
        let group_bytes = dim * GROUP * size_of::<f32>();
        let tasks = Tasks::new(query.len(), options.k, group_bytes, most_parts);
        Ok(Self { options, query, query_squares, dim, groups, tasks, packed: Vec::new() })
    }

    /// Looks at a block. Blocks may come in any order; no row may come twice.
    ///
    /// # Errors
    /// [`Error::Dim`] and [`Error::TooManyRows`] for a block that does not fit, [`Error::NotFinite`] and [`Error::TooLong`] name the
    /// offending row of the block; what came before is kept.
    pub fn push(&mut self, block: Block<'_>) -> Result<()> {
        if self.query.dim() != block.rows.dim() {
            return Err(Error::Dim { query: self.query.dim(), index: block.rows.dim() });
        }
        // The last id is kept free as "no row".
        let end = block.first as usize + block.rows.len();
        if end > u32::MAX as usize {
            return Err(Error::TooManyRows { rows: end });
        }
        let inner = self.options.similarity == Similarity::InnerProduct;
        let (longest, squares) = match block.longest {
            Some(longest) if inner => (longest, Vec::new()),
            _ => {
                let squares = block.rows.checked_norms("index")?;
                (squares.iter().copied().fold(0.0, f64::max).sqrt(), squares)
            }
        };
        let Self { options, query, dim, ref query_squares, ref groups, .. } = *self;
        let bound = Bound::new(dim, longest);
        self.tasks.list.iter_mut().for_each(|task| {
            task.renew(|q, bar| bound.threshold(options.similarity, query_squares[q], bar));
        });
        let scan = Scan { options, query, query_squares, bound, dim, groups, block, squares: &squares };
        scan.run(&mut self.tasks, &mut self.packed);
        Ok(())
    }

    /// The neighbours among all rows that came.
    pub fn finish(self) -> Neighbours {
        self.tasks.collect(self.options.similarity)
    }
}

/// The loops over one block.
struct Scan<'a> {
    options: &'a Knn,
    query: Rows<'a>,
    query_squares: &'a [f64],
    bound: Bound,
    dim: usize,
    groups: &'a [[f32; GROUP]],
    block: Block<'a>,
    /// Squared norms of the block's rows, where the similarity needs them.
    squares: &'a [f64],
}

impl Scan<'_> {
    /// Packs as much as a cache holds, and lets every task look at it.
    fn run(&self, tasks: &mut Tasks, packed: &mut Vec<f32>) {
        let (dim, parts, block) = (self.dim, tasks.parts, self.block);
        let step = (self.options.block_bytes / (dim * PANEL * size_of::<f32>())).max(parts);
        let panels = block.len().div_ceil(PANEL);
        packed.resize(packed.len().max(step.min(panels) * dim * PANEL), 0.0);
        for first in (0..panels).step_by(step) {
            let count = step.min(panels - first);
            packed.par_chunks_mut(dim * PANEL).take(count).enumerate().for_each(|(p, out)| {
                let start = (first + p) * PANEL;
                let at = |r: usize| block.position(start + r);
                let half_square = |r: usize| (-0.5 * self.squares[at(r)]) as f32;
                let many = PANEL.min(block.len() - start);
                pack::<PANEL>(many, block.rows.dim(), |r| block.rows.row(at(r)), half_square, out);
            });
            let (columns, _) = packed.as_chunks::<PANEL>();
            tasks.list.par_iter_mut().for_each(|task| {
                let own = task.own(count, parts);
                self.options.level.dispatch(Pass { scan: self, columns, first, panels: own, task });
            });
        }
    }
}

/// The terms of the rounding bound.
///
/// A sum of n products in f32, in any order, is off by at most `g |q| |x|` with `g = n u / (1 - n u)`, u = 2^-24 (Higham,
/// Accuracy and Stability of Numerical Algorithms, eq. 3.5, with the Cauchy-Schwarz inequality). Four more roundings
/// are counted for the added column and for the f64 sums.
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
    fn new(dim: usize, longest: f64) -> Self {
        let unit = f64::from(f32::EPSILON) / 2.0;
        let n = (dim + 4) as f64;
        // Above two million dimensions the bound says nothing; everything is then scored exactly.
        let gamma = if n * unit < 0.5 { n * unit / (1.0 - n * unit) } else { f64::INFINITY };
        Self { gamma, unit, longest, tiny: n * f64::from(f32::from_bits(1)) }
    }

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

/// One task's work on one packed block, compiled for each instruction set.
struct Pass<'a> {
    scan: &'a Scan<'a>,
    /// The packed block, `[panels, dim, PANEL]`.
    columns: &'a [[f32; PANEL]],
    /// Number of the packed block's first panel in the whole block.
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
        let dim = self.scan.dim;
        for p in self.panels.clone() {
            let panel = &self.columns[p * dim..(p + 1) * dim];
            for g in 0..self.task.groups.len() {
                let start = (self.task.groups.start + g) * dim;
                let group = &self.scan.groups[start..start + dim];
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
    fn select(&mut self, scores: &[f32; PANEL], start: usize, place: Place) {
        let Place { group: g, query: q } = place;
        let Scan { options, query, query_squares, block, bound, .. } = *self.scan;
        let query_row = (self.task.groups.start + g) * GROUP + q;
        let excluded = options.exclude.row(query_row);
        let threshold = &mut self.task.thresholds[g][q];
        let best = &mut self.task.best[g * GROUP + q];
        for (lane, &score) in scores.iter().enumerate().take(block.len().saturating_sub(start)) {
            if score < *threshold {
                continue;
            }
            let position = block.position(start + lane);
            let id = block.first + position as u32;
            if excluded == Some(id) {
                continue;
            }
            let exact = options.similarity.score(query.row(query_row), block.rows.row(position));
            let candidate = Candidate { nearness: options.similarity.nearness(exact), id };
            if best.push(candidate) {
                *threshold = bound.threshold(options.similarity, query_squares[query_row], best.bar());
            }
        }
    }
}
