//! The gradient of the embeddings with sub-centers: only the winner of each class takes part.

use super::{
    accumulate::ROWS,
    tiles::{Corner, Tiled, add_scaled, load, store, walk},
};
use mdfe_simd::{Simd, WithSimd};

/// `out` `[B, width]`: row b += the sum over classes c of `factors[c, b]` times row `c * sub_centers + winners[c, b]` of `centers`.
///
/// `factors` and `winners` are `[n, stride]`, `centers` is `[n * sub_centers, width]`, `width` a multiple of [`LANES`](super::LANES).
pub(crate) struct AccumulateWinners<'a> {
    pub(crate) factors: &'a [f32],
    pub(crate) winners: &'a [u8],
    pub(crate) stride: usize,
    pub(crate) centers: &'a [f32],
    pub(crate) sub_centers: usize,
    pub(crate) out: &'a mut [f32],
    pub(crate) width: usize,
}

impl WithSimd for AccumulateWinners<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (len, width) = (self.out.len(), self.width);
        walk::<S, Self, ROWS>(simd, &mut self, len, width);
    }
}

impl Tiled for AccumulateWinners<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let vectors = self.width / S::F32_LANES;
        let (centers, _) = S::as_simd_f32s(self.centers);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let mut sums: [[S::f32s; N]; M] = load(out, vectors, at);
        let lines = self.factors.chunks_exact(self.stride).zip(self.winners.chunks_exact(self.stride));
        for ((factors, winners), class) in lines.zip(centers.chunks_exact(vectors * self.sub_centers)) {
            let (factors, winners) = (&factors[at.row..at.row + M], &winners[at.row..at.row + M]);
            for i in 0..M {
                let row = &class[winners[i] as usize * vectors + at.vector..][..N];
                add_scaled(simd, factors[i], row, &mut sums[i]);
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

    #[test]
    fn every_level_adds_the_winners_alone() {
        let (classes, samples, sub_centers, width) = (6, 5, 3, 112);
        let stride = 16;
        let factors = values(classes * stride, 1);
        let winners: Vec<u8> = (0..classes * stride).map(|i| (i * 5 % 7 % sub_centers) as u8).collect();
        let centers = values(classes * sub_centers * width, 2);
        let sum = |sample: usize, column: usize| {
            let term = |class: usize| {
                let row = class * sub_centers + usize::from(winners[class * stride + sample]);
                f64::from(factors[class * stride + sample]) * f64::from(centers[row * width + column])
            };
            (0..classes).map(term).sum::<f64>()
        };
        let expected: Vec<f64> = (0..samples * width).map(|i| sum(i / width, i % width)).collect();
        for level in Level::available() {
            let mut out = vec![0.0; samples * width];
            level.dispatch(AccumulateWinners {
                factors: &factors,
                winners: &winners,
                stride,
                centers: &centers,
                sub_centers,
                out: &mut out,
                width,
            });
            assert_same(level, &out, &expected);
        }
    }
}
