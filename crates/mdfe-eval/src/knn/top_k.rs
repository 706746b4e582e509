//! The k best of a stream, ties by the lower id.

use std::{cmp::Ordering, collections::BinaryHeap};

/// A candidate; the greatest is the worst, so that a heap has it on top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// More is nearer.
    pub(super) nearness: f32,
    /// Row of the index.
    pub(super) id: u32,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        other.nearness.total_cmp(&self.nearness).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// The best candidates so far, at most k; whatever order they come in, the same remain.
#[derive(Clone, Debug)]
pub(super) struct TopK {
    k: usize,
    heap: BinaryHeap<Candidate>,
}

impl TopK {
    /// An empty list that will hold `k`.
    pub(super) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// Takes the candidate in if it is among the k best; says whether it was.
    pub(super) fn push(&mut self, candidate: Candidate) -> bool {
        if self.heap.len() < self.k {
            self.heap.push(candidate);
            return true;
        }
        match self.heap.peek_mut() {
            Some(mut worst) if candidate < *worst => {
                *worst = candidate;
                true
            }
            _ => false,
        }
    }

    /// The nearness that a newcomer has to reach; negative infinity while there is room.
    pub(super) fn bar(&self) -> f32 {
        match self.heap.peek() {
            Some(worst) if self.heap.len() == self.k => worst.nearness,
            _ => f32::NEG_INFINITY,
        }
    }

    /// Moves the other list's candidates into this one.
    pub(super) fn merge(&mut self, other: TopK) {
        for candidate in other.heap {
            self.push(candidate);
        }
    }

    /// The candidates, the best first.
    pub(super) fn into_sorted(self) -> Vec<Candidate> {
        self.heap.into_sorted_vec()
    }
}
