//! Sums of centers, weighed by each sample's factors: the gradient of the embeddings for K = 1.

use super::{
    products::ROWS,
    tiles::{Corner, Cut, Tiled, add_scaled, load, six_row_stripe, store, walk},
};
use mdfe_simd::{Simd, WithSimd};

/// `out` `[B, width]`: row b += the sum over classes c of `factors[c, b]` times row c of `centers`.
///
/// `factors` is `[n, B]`, `centers` is `[n, width]`, `width` a multiple of [`LANES`](super::LANES). A sum's order is the order of its terms.
pub(crate) struct Accumulate<'a> {
    pub(crate) factors: &'a [f32],
    pub(crate) centers: &'a [f32],
    pub(crate) out: &'a mut [f32],
    pub(crate) width: usize,
}

impl WithSimd for Accumulate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let width = self.width;
        let cut = Cut { rows: self.out.len() / width, width, widest: six_row_stripe::<S>() };
        walk::<S, Self, ROWS>(simd, &mut self, cut);
    }
}

impl Tiled for Accumulate<'_> {
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, at: Corner) {
        let vectors = self.width / S::F32_LANES;
        let (centers, _) = S::as_simd_f32s(self.centers);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let samples = out.len() / vectors;
        let mut sums: [[S::f32s; N]; M] = load(simd, out, vectors, at);
        for class in 0..centers.len() / vectors {
            let factors = self.factors[class * samples + at.row..].first_chunk::<M>();
            let center = centers[class * vectors + at.vector..].first_chunk::<N>();
            // A tile lies inside the output, so that there always are as many.
            let (Some(factors), Some(center)) = (factors, center) else { return };
            for i in 0..M {
                add_scaled(simd, factors[i], center, &mut sums[i]);
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
    fn every_level_adds_weighted_centers() {
        let (classes, samples, width) = (5, 9, 112);
        let (factors, centers, start) =
            (values(classes * samples, 1), values(classes * width, 2), values(samples * width, 3));
        let sum = |sample: usize, column: usize| {
            let factor = |class: usize| f64::from(factors[class * samples + sample]);
            let products =
                (0..classes).map(|class| factor(class) * f64::from(centers[class * width + column]));
            f64::from(start[sample * width + column]) + products.sum::<f64>()
        };
        let expected: Vec<f64> = (0..samples * width).map(|i| sum(i / width, i % width)).collect();
        for level in Level::available() {
            let mut out = start.clone();
            level.dispatch(Accumulate { factors: &factors, centers: &centers, out: &mut out, width });
            assert_same(level, &out, &expected);
        }
    }
}
