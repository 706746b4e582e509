//! The result of a search.

/// One neighbour of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Row of the index, from 0.
    pub id: u32,
    /// Inner product (larger is nearer) or squared distance (smaller is nearer), as [`Similarity`](crate::Similarity) says.
    pub score: f32,
}

/// The neighbours of every query, the nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    k: usize,
    found: Vec<Neighbour>,
    /// End of each query's neighbours in `found`, `[Q]`.
    ends: Vec<usize>,
}

impl Neighbours {
    /// Collects the queries' lists in order; `k` is what the search was asked for.
    pub fn from_rows(k: usize, rows: impl IntoIterator<Item = Vec<Neighbour>>) -> Self {
        let mut all = Self { k, found: Vec::new(), ends: Vec::new() };
        for row in rows {
            all.found.extend(row);
            all.ends.push(all.found.len());
        }
        all
    }

    /// The k of the search.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Number of queries, Q.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no query.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The neighbours of one query: `k` of them, or all index rows it may find where those are fewer. Panics, as a slice
    /// does, when there is no such query.
    pub fn row(&self, query: usize) -> &[Neighbour] {
        let start = if query == 0 { 0 } else { self.ends[query - 1] };
        &self.found[start..self.ends[query]]
    }

    /// Every query's neighbours in order.
    pub fn rows(&self) -> impl Iterator<Item = &[Neighbour]> {
        (0..self.len()).map(|q| self.row(q))
    }

    /// The ids as a full matrix, row-major `[Q, k]`, with `u32::MAX` where a query has fewer than `k` neighbours.
    pub fn ids(&self) -> Vec<u32> {
        let ids = |row: &[Neighbour]| {
            (0..self.k).map(|j| row.get(j).map_or(u32::MAX, |n| n.id)).collect::<Vec<_>>()
        };
        self.rows().flat_map(ids).collect()
    }
}
