//! The scores of 12 queries and 32 index rows, in registers.

use super::pack::{GROUP, PANEL};
use mdfe_simd::Simd;

/// The scores of one tile.
pub(super) struct Tile {
    /// `[GROUP, PANEL]`.
    pub(super) scores: [[f32; PANEL]; GROUP],
    /// Bit `q` is set when one of query `q`'s scores reaches its threshold.
    pub(super) hits: u32,
}

impl Tile {
    /// A tile to be written to.
    pub(super) fn new() -> Self {
        Self { scores: [[0.0; PANEL]; GROUP], hits: 0 }
    }

    /// Computes `group [dim, GROUP]` times `panel [dim, PANEL]` and compares with `thresholds`.
    #[inline(always)]
    pub(super) fn compute<S: Simd>(
        &mut self,
        simd: S,
        group: &[[f32; GROUP]],
        panel: &[[f32; PANEL]],
        thresholds: &[f32; GROUP],
    ) {
        self.hits = 0;
        // As many accumulators as the registers hold: 24 of 32 for AVX-512, 12 of 16 for AVX2 and the like.
        match S::F32_LANES {
            16 => self.part::<S, 12, 2>(simd, group, panel, thresholds),
            4 | 8 => self.part::<S, 6, 2>(simd, group, panel, thresholds),
            _ => self.part::<S, 2, 4>(simd, group, panel, thresholds),
        }
    }

    /// The tile in sub-tiles of `ROWS` queries and `VECTORS` registers of index rows.
    #[inline(always)]
    fn part<S: Simd, const ROWS: usize, const VECTORS: usize>(
        &mut self,
        simd: S,
        group: &[[f32; GROUP]],
        panel: &[[f32; PANEL]],
        thresholds: &[f32; GROUP],
    ) {
        let lanes = S::F32_LANES;
        for column in (0..PANEL).step_by(VECTORS * lanes) {
            for row in (0..GROUP).step_by(ROWS) {
                let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
                for (q, x) in group.iter().zip(panel) {
                    let (x, _) = S::as_simd_f32s(x);
                    let x = &x[column / lanes..][..VECTORS];
                    for r in 0..ROWS {
                        let q = simd.splat_f32s(q[row + r]);
                        for v in 0..VECTORS {
                            sums[r][v] = simd.mul_add_f32s(q, x[v], sums[r][v]);
                        }
                    }
                }
                for r in 0..ROWS {
                    let threshold = simd.splat_f32s(thresholds[row + r]);
                    let (out, _) = S::as_mut_simd_f32s(&mut self.scores[row + r]);
                    for v in 0..VECTORS {
                        out[column / lanes + v] = sums[r][v];
                        let reached = simd.greater_than_or_equal_f32s(sums[r][v], threshold);
                        if simd.first_true_m32s(reached) < lanes {
                            self.hits |= 1 << (row + r);
                        }
                    }
                }
            }
        }
    }
}
