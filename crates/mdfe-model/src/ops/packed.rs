//! The right matrix of a product, laid out once in the order in which the kernels read it.

use super::{number::Number, tile::LANES};
use mdfe_simd::Level;

/// Alignment of panels in bytes: a cache line, so that no vector spans two.
const LINE: usize = 64;

/// `[K, N]` in panels of up to 64 columns: `[panel][K / GROUP][columns][GROUP]`, zero-padded to whole vectors and groups.
pub(crate) struct Packed<E> {
    data: Vec<E>,
    /// Where the panels begin in `data`.
    start: usize,
    columns: usize,
    depth: usize,
    /// Columns of a panel but the last.
    width: usize,
    level: Level,
}

/// Vectors of 16 columns that one tile of a product spans: as many as the registers hold six rows of.
fn tile_vectors(level: Level) -> usize {
    if level.avx512().is_some() { 4 } else { 1 }
}

impl<E: Number> Packed<E> {
    /// A matrix without rows and columns, for products at `level`.
    pub(super) fn empty(level: Level) -> Self {
        Self { data: Vec::new(), start: 0, columns: 0, depth: 0, width: tile_vectors(level) * LANES, level }
    }

    /// The transpose of `rows [N, K]` (row-major, as a linear layer stores its weight), ready for `x · rowsᵀ`.
    pub(crate) fn transposed(level: Level, rows: &[f32], depth: usize) -> Self {
        let mut packed = Self::empty(level);
        packed.reset(rows.len() / depth.max(1), depth);
        packed.fill(|k, n| E::from_f32(rows[n * depth + k]));
        packed
    }

    /// Makes room for a `[depth, columns]` matrix, keeping the memory of an earlier one.
    pub(super) fn reset(&mut self, columns: usize, depth: usize) {
        (self.columns, self.depth) = (columns, depth);
        let slack = LINE / size_of::<E>();
        let len = columns.next_multiple_of(LANES) * depth.next_multiple_of(E::GROUP);
        if self.data.len() < len + slack {
            self.data = vec![E::default(); len + slack];
            let offset = self.data.as_ptr().align_offset(LINE);
            self.start = if offset <= slack { offset } else { 0 };
        }
    }

    /// Writes every value, `value(k, n)` being that of row k and column n.
    #[inline(always)]
    pub(super) fn fill(&mut self, value: impl Fn(usize, usize) -> E) {
        let (depth, columns, groups) = (self.depth, self.columns, self.groups());
        for p in 0..self.panels() {
            let (first, wide) = (p * self.width, self.vectors(p) * LANES);
            let at = self.start + self.offset(p);
            let panel = &mut self.data[at..at + groups * wide * E::GROUP];
            for (g, row) in panel.chunks_exact_mut(wide * E::GROUP).enumerate() {
                for (c, group) in row.chunks_exact_mut(E::GROUP).enumerate() {
                    for (part, slot) in group.iter_mut().enumerate() {
                        let (k, n) = (g * E::GROUP + part, first + c);
                        *slot = if k < depth && n < columns { value(k, n) } else { E::default() };
                    }
                }
            }
        }
    }

    /// N.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// K.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// The level that the panels are laid out for.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    pub(super) fn groups(&self) -> usize {
        self.depth.div_ceil(E::GROUP)
    }

    pub(super) fn panels(&self) -> usize {
        self.columns.div_ceil(self.width)
    }

    /// Columns of a panel but the last.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Vectors of panel `p`.
    pub(super) fn vectors(&self, p: usize) -> usize {
        (self.columns - p * self.width).min(self.width).div_ceil(LANES)
    }

    /// Panel `p`.
    pub(super) fn panel(&self, p: usize) -> &[E] {
        let at = self.start + self.offset(p);
        &self.data[at..at + self.groups() * self.vectors(p) * LANES * E::GROUP]
    }

    fn offset(&self, p: usize) -> usize {
        p * self.width * self.groups() * E::GROUP
    }
}
