//! The loops, over an index that comes block by block.

use super::super::{
    Knn, Neighbours, Similarity,
    pack::{GROUP, PANEL},
    similarity::dot,
    tasks::{Task, Tasks},
    top_k::Candidate,
};
use super::{
    pack::{IndexQuad, PanelFacts, QueryCode, QueryQuad, pack_panel, pack_query, quads},
    tile::{Kernel, Scores, Sides},
};
use crate::{Error, Result, Rows};
use rayon::prelude::*;
use std::ops::Range;

/// Consecutive rows of an index in bytes, of which some may be left out.
#[derive(Clone, Copy, Debug)]
pub struct Int8Block<'a> {
    /// `[n, D]`, row-major, from -127 to 127.
    pub codes: &'a [i8],
    /// Scale of each row, `[n]` ([`Int8Code`](super::Int8Code)).
    pub scales: &'a [f32],
    /// For each row an upper bound of the L2 norm of what its codes leave out of its finer copy, `[n]`; none where rows are scored with
    /// what their codes stand for.
    pub errors: Option<&'a [f32]>,
    /// Width of a row, D.
    pub dim: usize,
    /// The id of the first row in the whole index.
    pub first: u32,
    /// The rows to look at, as positions in the block in ascending order; all of them without it.
    pub only: Option<&'a [u32]>,
    /// A length that no row's finer copy exceeds.
    pub longest: f64,
}

impl Int8Block<'_> {
    /// How many rows are looked at.
    pub(super) fn len(&self) -> usize {
        self.only.map_or(self.scales.len(), <[u32]>::len)
    }

    /// The position in the block of the `i`-th row that is looked at.
    #[inline(always)]
    pub(super) fn position(&self, i: usize) -> usize {
        self.only.map_or(i, |only| only[i] as usize)
    }

    fn check(&self, dim: usize) -> Result<()> {
        if self.dim != dim {
            return Err(Error::Dim { query: dim, index: self.dim });
        }
        let rows = self.scales.len();
        if self.codes.len() != rows * dim {
            return Err(Error::Shape { len: self.codes.len(), dim });
        }
        if let Some(errors) = self.errors.filter(|errors| errors.len() != rows) {
            return Err(Error::Length { what: "errors of rows", got: errors.len(), rows });
        }
        let end = self.first as usize + rows;
        if end > u32::MAX as usize { Err(Error::TooManyRows { rows: end }) } else { Ok(()) }
    }
}

/// A search by inner product over an index in bytes that comes block by block: [`Knn::stream_int8`].
pub struct Int8Stream<'a> {
    options: &'a Knn,
    query: Rows<'a>,
    /// `[Q]`
    codes: Vec<QueryCode>,
    /// The queries in groups, `[groups, quads, GROUP]`.
    groups: Vec<QueryQuad>,
    tasks: Tasks,
    packed: Vec<IndexQuad>,
    facts: Vec<PanelFacts>,
}

/// Rows whose products of bytes cannot overflow 32 bits.
const MAX_DIM: usize = 1 << 16;

impl Knn {
    /// As [`Knn::stream`], over rows of signed bytes that have finer copies, by inner product: the answer is that of a search over the
    /// finer copies, which are read only where the bytes leave it open.
    ///
    /// # Errors
    /// Those of [`Knn::stream`], and [`Error::InnerProductOnly`] for another similarity or more than 65,536 dimensions.
    pub fn stream_int8<'a>(&'a self, query: Rows<'a>) -> Result<Int8Stream<'a>> {
        if self.similarity != Similarity::InnerProduct || query.dim() > MAX_DIM {
            return Err(Error::InnerProductOnly);
        }
        self.check_k()?;
        self.exclude.check_queries(query.len())?;
        query.checked_norms("query")?;
        let quads = quads(query.dim());
        let mut groups = vec![[[0; 4]; GROUP]; query.len().div_ceil(GROUP) * quads];
        let pack = |q: usize| pack_query(query.row(q), q % GROUP, &mut groups[q / GROUP * quads..][..quads]);
        let codes = (0..query.len()).map(pack).collect();
        let tasks = Tasks::new(query.len(), self.k, quads * size_of::<QueryQuad>(), usize::MAX);
        Ok(Int8Stream { options: self, query, codes, groups, tasks, packed: Vec::new(), facts: Vec::new() })
    }
}

impl Int8Stream<'_> {
    /// Looks at a block. `finer` writes the finer copy of the row at a position of the block, `[D]`, or what the codes stand for where
    /// there is none. Blocks may come in any order; no row may come twice.
    ///
    /// # Errors
    /// [`Error::Dim`], [`Error::Shape`], [`Error::Length`] and [`Error::TooManyRows`] for a block that does not fit.
    pub fn push(&mut self, block: Int8Block<'_>, finer: impl Fn(usize, &mut [f32]) + Sync) -> Result<()> {
        block.check(self.query.dim())?;
        let Self { options, query, ref codes, ref groups, .. } = *self;
        let errors = block.errors.unwrap_or_default();
        let largest_error = errors.iter().fold(0.0f32, |most, error| most.max(*error));
        let bound = Bound { longest: block.longest, error: f64::from(largest_error), dim: query.dim() };
        self.tasks.list.iter_mut().for_each(|task| task.renew(|q, bar| bound.threshold(&codes[q], bar)));
        let kernel = Kernel::of(options.level);
        let quads = quads(query.dim());
        let scan = Scan { options, query, codes, groups, quads, block, bound, kernel, finer: &finer };
        scan.run(&mut self.tasks, &mut self.packed, &mut self.facts);
        Ok(())
    }

    /// The neighbours among all rows that came.
    pub fn finish(self) -> Neighbours {
        self.tasks.collect(Similarity::InnerProduct)
    }
}

/// What the bytes leave out.
///
/// With the query `q = s p + d` and the row `x = t c + e`, of which a tile holds `t <p, c>`, the score is `<q, x> = s t <p, c> + <d, t c> + <q, e>`,
/// and by Cauchy-Schwarz the last two are at most `|d| |t c| + |q| |e|`, where `|t c| <= |x| + |e|`.
#[derive(Clone, Copy)]
struct Bound {
    /// The largest norm of a finer row.
    longest: f64,
    /// The largest error of a row.
    error: f64,
    dim: usize,
}

impl Bound {
    /// The least tile score that a row as near as `bar` can have.
    fn threshold(self, query: &QueryCode, bar: f32) -> f32 {
        let bar = f64::from(bar);
        let unit = f64::from(f32::EPSILON) / 2.0;
        let reach = self.longest + self.error;
        // The sum of bytes is exact; it is rounded to f32, and its product with the scale once more; so is a row that has no finer copy.
        let rounding = 4.0 * unit * ((query.norm + query.error) * reach + bar.abs());
        // The reported score's f64 sum.
        let sum = (self.dim + 4) as f64 * f64::EPSILON * query.norm * self.longest;
        let left_out = query.error * reach + query.norm * self.error;
        let least = (bar - left_out - rounding - sum) / query.scale - f64::from(f32::MIN_POSITIVE);
        if least.is_nan() { f32::NEG_INFINITY } else { (least as f32).next_down() }
    }
}

/// The loops over one block.
struct Scan<'a, F> {
    options: &'a Knn,
    query: Rows<'a>,
    codes: &'a [QueryCode],
    groups: &'a [QueryQuad],
    quads: usize,
    block: Int8Block<'a>,
    bound: Bound,
    kernel: Kernel,
    finer: &'a F,
}

impl<F: Fn(usize, &mut [f32]) + Sync> Scan<'_, F> {
    /// Packs as much as a cache holds, and lets every task look at it.
    fn run(&self, tasks: &mut Tasks, packed: &mut Vec<IndexQuad>, facts: &mut Vec<PanelFacts>) {
        let (quads, parts, block) = (self.quads, tasks.parts, self.block);
        let step = (self.options.block_bytes / (quads * size_of::<IndexQuad>())).max(parts);
        let panels = block.len().div_ceil(PANEL);
        let room = step.min(panels).max(facts.len());
        packed.resize(room * quads, [[0; 4]; PANEL]);
        facts.resize(room, PanelFacts { corrections: [0; PANEL], scales: [0.0; PANEL] });
        for first in (0..panels).step_by(step) {
            let count = step.min(panels - first);
            let out = packed.par_chunks_mut(quads).zip(facts.par_iter_mut()).take(count);
            out.enumerate().for_each(|(p, (out, facts))| {
                self.options.level.vectorize(|| *facts = pack_panel(&block, (first + p) * PANEL, out));
            });
            tasks.list.par_iter_mut().for_each(|task| {
                let own = task.own(count, parts);
                let panels = Panels { packed, facts, first, own };
                self.look(task, &panels);
            });
        }
    }

    /// One task's work on the packed panels.
    fn look(&self, task: &mut Task, panels: &Panels<'_>) {
        let mut scores = Scores { values: [[0.0; PANEL]; GROUP], hits: 0 };
        let mut row = vec![0.0; self.query.dim()];
        for p in panels.own.clone() {
            for g in 0..task.groups.len() {
                let start = (task.groups.start + g) * self.quads;
                let sides = Sides {
                    group: &self.groups[start..start + self.quads],
                    panel: &panels.packed[p * self.quads..(p + 1) * self.quads],
                    facts: &panels.facts[p],
                    thresholds: &task.thresholds[g],
                };
                self.kernel.compute(sides, &mut scores);
                let mut hits = scores.hits;
                while hits != 0 {
                    let q = hits.trailing_zeros() as usize;
                    hits &= hits - 1;
                    self.select(task, &scores.values[q], ((panels.first + p) * PANEL, g, q), &mut row);
                }
            }
        }
    }

    /// Scores exactly what reaches the threshold and keeps what is among the k best; `at` is the first row that was looked at, the
    /// group among the task's and the query in the group.
    fn select(&self, task: &mut Task, scores: &[f32; PANEL], at: (usize, usize, usize), row: &mut [f32]) {
        let (start, g, q) = at;
        let query = (task.groups.start + g) * GROUP + q;
        let excluded = self.options.exclude.row(query);
        let threshold = &mut task.thresholds[g][q];
        let best = &mut task.best[g * GROUP + q];
        for (lane, &score) in scores.iter().enumerate().take(self.block.len() - start) {
            if score < *threshold {
                continue;
            }
            let position = self.block.position(start + lane);
            let id = self.block.first + position as u32;
            if excluded == Some(id) {
                continue;
            }
            (self.finer)(position, row);
            // Adding zero turns a negative zero into the positive one, so that the two tie.
            let nearness = 0.0 + dot(self.query.row(query), row) as f32;
            if best.push(Candidate { nearness, id }) {
                *threshold = self.bound.threshold(&self.codes[query], best.bar());
            }
        }
    }
}

/// The packed part of a block.
struct Panels<'a> {
    packed: &'a [IndexQuad],
    facts: &'a [PanelFacts],
    /// Number of the first packed panel in the block.
    first: usize,
    /// Those that the task looks at.
    own: Range<usize>,
}
