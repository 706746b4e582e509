//! Both gradients with sub-centers: of each class only a sample's winner takes part.

use super::tiles::{Corner, Cut, Tiled, add_scaled, load, store, walk};
use mdfe_simd::{Simd, WithSimd};

/// The samples whose winner is a given sub-center, as bits of words: sample 64 w + i is bit i of word w.
pub(crate) const WORD: usize = u64::BITS as usize;

/// The gradient of the embeddings. `out` `[B, width]`: row b += the sum over classes c of `factors[c, b]` times row
/// `c * sub_centers + winners[c, b]` of `centers`.
///
/// `factors` and `winners` are `[n, B]`, `centers` is `[n * sub_centers, width]`, `width` a multiple of [`LANES`](super::LANES).
pub(crate) struct AccumulateWinners<'a> {
    pub(crate) factors: &'a [f32],
    pub(crate) winners: &'a [u8],
    pub(crate) centers: &'a [f32],
    pub(crate) sub_centers: usize,
    pub(crate) out: &'a mut [f32],
    pub(crate) width: usize,
}

impl WithSimd for AccumulateWinners<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // Samples share no row of centers, so that a tile is as wide as can be; eight sums keep the multipliers busy.
        let (rows, width) = (self.out.len() / self.width, self.width);
        if S::REGISTER_COUNT >= 32 {
            walk::<S, Self, 2>(simd, &mut self, Cut { rows, width, widest: 4 });
        } else {
            walk::<S, Self, 1>(simd, &mut self, Cut { rows, width, widest: 8 });
        }
    }
}

impl Tiled for AccumulateWinners<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let vectors = self.width / S::F32_LANES;
        let (centers, _) = S::as_simd_f32s(self.centers);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let samples = out.len() / vectors;
        let mut sums: [[S::f32s; N]; M] = load(simd, out, vectors, at);
        for class in 0..centers.len() / (vectors * self.sub_centers) {
            let factors = self.factors[class * samples + at.row..].first_chunk::<M>();
            let winners = self.winners[class * samples + at.row..].first_chunk::<M>();
            // A tile lies inside the output, so that there always are as many.
            let (Some(factors), Some(winners)) = (factors, winners) else { return };
            for i in 0..M {
                let center = class * self.sub_centers + usize::from(winners[i]);
                let row = centers[center * vectors + at.vector..].first_chunk::<N>();
                let Some(row) = row else { return };
                add_scaled(simd, factors[i], row, &mut sums[i]);
            }
        }
        store(sums, out, vectors, at);
    }
}

/// The gradient of the centers. `out` `[n * sub_centers, width]`: row `c * sub_centers + k` = the sum over the samples b that `members` names
/// of `factors[c, b]` times row b of `rows`.
///
/// `factors` is `[n, B]`, `members` is `[n * sub_centers, B / WORD]`, rounded up, `rows` is `[B, width]`, `width` a multiple of
/// [`LANES`](super::LANES). A sum's order is the order of the samples, as in a product with zeros for those that take no part.
pub(crate) struct AccumulateMembers<'a> {
    pub(crate) factors: &'a [f32],
    pub(crate) members: &'a [u64],
    pub(crate) rows: &'a [f32],
    pub(crate) out: &'a mut [f32],
    pub(crate) width: usize,
}

impl WithSimd for AccumulateMembers<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { factors, members, rows, out, width } = self;
        let (samples, centers) = (rows.len() / width, out.len() / width);
        let words = samples.div_ceil(WORD);
        let classes = factors.len() / samples;
        // The rows of one word's samples stay in the first-level cache for all centers.
        for word in 0..words {
            let mut part = Part {
                factors,
                members,
                rows,
                out: &mut *out,
                width,
                samples,
                words,
                word,
                sub_centers: centers / classes,
            };
            let widest = if S::REGISTER_COUNT >= 32 { 4 } else { 8 };
            walk::<S, Part, 1>(simd, &mut part, Cut { rows: centers, width, widest });
        }
    }
}

/// The share of one word's samples.
struct Part<'a> {
    factors: &'a [f32],
    members: &'a [u64],
    rows: &'a [f32],
    out: &'a mut [f32],
    width: usize,
    samples: usize,
    words: usize,
    word: usize,
    sub_centers: usize,
}

impl Tiled for Part<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let vectors = self.width / S::F32_LANES;
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let first = self.word * WORD;
        let rows = &S::as_simd_f32s(self.rows).0[first * vectors..];
        let mut sums: [[S::f32s; N]; M] =
            if self.word == 0 { [[simd.splat_f32s(0.0); N]; M] } else { load(simd, out, vectors, at) };
        for i in 0..M {
            let center = at.row + i;
            let factors = &self.factors[center / self.sub_centers * self.samples + first..];
            let mut members = self.members[center * self.words + self.word];
            while members != 0 {
                let sample = members.trailing_zeros() as usize;
                members &= members - 1;
                let row = rows[sample * vectors + at.vector..].first_chunk::<N>();
                let Some(row) = row else { return };
                add_scaled(simd, factors[sample], row, &mut sums[i]);
            }
        }
        store(sums, out, vectors, at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    /// Sizes that no tile divides.
    const CLASSES: usize = 6;
    const SUB_CENTERS: usize = 3;
    const WIDTH: usize = 240;

    fn winners(samples: usize) -> Vec<u8> {
        (0..CLASSES * samples).map(|i| (i * 5 % 7 % SUB_CENTERS) as u8).collect()
    }

    #[test]
    fn every_level_adds_the_winners_alone() {
        let samples = 5;
        let (factors, winners) = (values(CLASSES * samples, 1), winners(samples));
        let centers = values(CLASSES * SUB_CENTERS * WIDTH, 2);
        let start = values(samples * WIDTH, 3);
        let sum = |sample: usize, column: usize| {
            let term = |class: usize| {
                let row = class * SUB_CENTERS + usize::from(winners[class * samples + sample]);
                f64::from(factors[class * samples + sample]) * f64::from(centers[row * WIDTH + column])
            };
            f64::from(start[sample * WIDTH + column]) + (0..CLASSES).map(term).sum::<f64>()
        };
        let expected: Vec<f64> = (0..samples * WIDTH).map(|i| sum(i / WIDTH, i % WIDTH)).collect();
        for level in Level::available() {
            let mut out = start.clone();
            level.dispatch(AccumulateWinners {
                factors: &factors,
                winners: &winners,
                centers: &centers,
                sub_centers: SUB_CENTERS,
                out: &mut out,
                width: WIDTH,
            });
            assert_same(level, &out, &expected);
        }
    }

    #[test]
    fn every_level_gives_a_center_the_samples_that_it_won() {
        // Two words and a part of a third.
        let samples = 2 * WORD + 16;
        let (factors, winners, rows) =
            (values(CLASSES * samples, 1), winners(samples), values(samples * WIDTH, 2));
        let (words, centers) = (samples.div_ceil(WORD), CLASSES * SUB_CENTERS);
        let mut members = vec![0_u64; centers * words];
        for (i, &winner) in winners.iter().enumerate() {
            let (center, sample) = (i / samples * SUB_CENTERS + usize::from(winner), i % samples);
            members[center * words + sample / WORD] |= 1 << (sample % WORD);
        }
        let sum = |center: usize, column: usize| {
            let class = center / SUB_CENTERS;
            let won =
                |&sample: &usize| usize::from(winners[class * samples + sample]) == center % SUB_CENTERS;
            let term = |sample: usize| {
                f64::from(factors[class * samples + sample]) * f64::from(rows[sample * WIDTH + column])
            };
            (0..samples).filter(won).map(term).sum::<f64>()
        };
        let expected: Vec<f64> = (0..centers * WIDTH).map(|i| sum(i / WIDTH, i % WIDTH)).collect();
        for level in Level::available() {
            let mut out = vec![9.0; centers * WIDTH];
            let (factors, members, rows) = (&factors[..], &members[..], &rows[..]);
            level.dispatch(AccumulateMembers { factors, members, rows, out: &mut out, width: WIDTH });
            assert_same(level, &out, &expected);
        }
    }
}
