//! The scores of 12 queries and 32 index rows of bytes.

use super::super::pack::{GROUP, PANEL};
use super::pack::{IndexQuad, PanelFacts, QueryQuad};
use mdfe_simd::Level;

/// The scores of one tile, without the queries' scales.
pub(super) struct Scores {
    /// `[GROUP, PANEL]`; those of queries that reach no threshold may be anything.
    pub(super) values: [[f32; PANEL]; GROUP],
    /// Bit `q` is set when one of query `q`'s scores reaches its threshold.
    pub(super) hits: u32,
}

/// What a tile is computed from: both sides have the same number of quads.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) group: &'a [QueryQuad],
    pub(super) panel: &'a [IndexQuad],
    pub(super) facts: &'a PanelFacts,
    pub(super) thresholds: &'a [f32; GROUP],
}

/// How tiles are computed; the sums of bytes are exact, so that all give the same scores.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    /// Plain loops.
    Portable,
    /// Pairs of products in 16 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(mdfe_simd::Avx2),
    /// Four products in one instruction.
    #[cfg(target_arch = "x86_64")]
    Vnni(super::vnni::Vnni),
}

impl Kernel {
    /// The best that `level` allows and the CPU has.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn of(level: Level) -> Self {
        let vnni = level.avx512().and_then(super::vnni::Vnni::detect);
        vnni.map(Self::Vnni).or(level.avx2().map(Self::Avx2)).unwrap_or(Self::Portable)
    }

    /// The best that `level` allows and the CPU has.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn of(_: Level) -> Self {
        Self::Portable
    }

    /// Computes a tile.
    #[inline]
    pub(super) fn compute(self, sides: Sides<'_>, scores: &mut Scores) {
        assert_eq!(sides.group.len(), sides.panel.len(), "both sides have the same quads");
        match self {
            Self::Portable => portable(sides, scores),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(proof) => super::avx2::compute(proof, sides, scores),
            #[cfg(target_arch = "x86_64")]
            Self::Vnni(proof) => super::vnni::compute(proof, sides, scores),
        }
    }
}

/// The tile in plain loops.
fn portable(sides: Sides<'_>, scores: &mut Scores) {
    scores.hits = 0;
    for q in 0..GROUP {
        let mut sums = [0i32; PANEL];
        for (query, rows) in sides.group.iter().zip(sides.panel) {
            let query = query[q].map(i32::from);
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum += (0..4).map(|i| query[i] * i32::from(row[i])).sum::<i32>();
            }
        }
        let mut reached = false;
        let facts = sides.facts.corrections.iter().zip(&sides.facts.scales);
        for ((value, sum), (correction, scale)) in scores.values[q].iter_mut().zip(sums).zip(facts) {
            *value = (sum - correction) as f32 * scale;
            reached |= *value >= sides.thresholds[q];
        }
        scores.hits |= u32::from(reached) << q;
    }
}
