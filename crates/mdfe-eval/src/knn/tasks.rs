//! How the work is cut: chunks of queries, and parts of the index where there are few queries.

use super::{
    Neighbour, Neighbours, Similarity,
    pack::GROUP,
    top_k::{Candidate, TopK},
};
use std::ops::Range;

/// Bytes of packed queries in one task: together with a panel they stay in a second-level cache.
const CHUNK_BYTES: usize = 512 << 10;

/// Tasks per thread, so that a slow one does not keep the others waiting.
const TASKS_PER_THREAD: usize = 4;

/// The queries of one task and what they have found so far.
pub(super) struct Task {
    /// Groups of queries.
    pub(super) groups: Range<usize>,
    /// Which part of each index block it looks at, of as many as [`Tasks::parts`] says; more than one where there are few queries.
    pub(super) part: usize,
    /// The best of each query, `[groups * GROUP]`.
    pub(super) best: Vec<TopK>,
    /// What a tile's score has to reach, `[groups]`; positive infinity for queries that do not exist.
    pub(super) thresholds: Vec<[f32; GROUP]>,
}

impl Task {
    /// The panels of a block of `count` that this task looks at.
    pub(super) fn own(&self, count: usize, parts: usize) -> Range<usize> {
        count * self.part / parts..count * (self.part + 1) / parts
    }

    /// Sets every threshold anew: `threshold` is asked with a query's row and the nearness that a newcomer has to reach.
    pub(super) fn renew(&mut self, threshold: impl Fn(usize, f32) -> f32) {
        let first = self.groups.start * GROUP;
        for (at, value) in self.thresholds.as_flattened_mut().iter_mut().enumerate() {
            if *value != f32::INFINITY {
                *value = threshold(first + at, self.best[at].bar());
            }
        }
    }
}

/// All tasks of a search.
pub(super) struct Tasks {
    pub(super) list: Vec<Task>,
    /// In how many parts each index block is cut.
    pub(super) parts: usize,
    queries: usize,
    k: usize,
}

impl Tasks {
    /// Cuts `queries` for the current rayon pool. `group_bytes` are those of a packed group of queries; no more than `most_parts`
    /// parts are made of a block.
    pub(super) fn new(queries: usize, k: usize, group_bytes: usize, most_parts: usize) -> Self {
        let wanted = rayon::current_num_threads() * TASKS_PER_THREAD;
        let groups = queries.div_ceil(GROUP);
        let fitting = (CHUNK_BYTES / group_bytes).max(1);
        let size = fitting.min(groups.div_ceil(wanted)).max(1);
        let parts = wanted.div_ceil(groups.div_ceil(size)).min(most_parts).max(1);
        let one = |first: usize, part: usize| {
            let groups = first..(first + size).min(groups);
            let mut thresholds = vec![[f32::NEG_INFINITY; GROUP]; groups.len()];
            for (at, threshold) in thresholds.as_flattened_mut().iter_mut().enumerate() {
                if first * GROUP + at >= queries {
                    *threshold = f32::INFINITY;
                }
            }
            Task { part, best: vec![TopK::new(k); groups.len() * GROUP], thresholds, groups }
        };
        let starts = (0..groups).step_by(size);
        let list = starts.flat_map(|first| (0..parts).map(move |part| (first, part)));
        Self { list: list.map(|(first, part)| one(first, part)).collect(), parts, queries, k }
    }

    /// Joins the parts of each query and puts the neighbours in order.
    pub(super) fn collect(self, similarity: Similarity) -> Neighbours {
        let mut joined: Vec<TopK> = Vec::with_capacity(self.queries + GROUP);
        for task in self.list {
            if task.part == 0 {
                joined.extend(task.best);
            } else {
                let start = joined.len() - task.best.len();
                joined[start..].iter_mut().zip(task.best).for_each(|(all, part)| all.merge(part));
            }
        }
        let neighbour = |c: Candidate| Neighbour { id: c.id, score: similarity.nearness(c.nearness) };
        let rows = joined.into_iter().take(self.queries);
        Neighbours::from_rows(
            self.k,
            rows.map(|best| best.into_sorted().into_iter().map(neighbour).collect()),
        )
    }
}
