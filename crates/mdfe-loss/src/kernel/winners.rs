//! The gradient of the embeddings with sub-centers: only the winner of each class takes part.

use pulp::{Arch, Simd, WithSimd};

/// `out` `[B, width]`: row b += the sum over classes c of `factors[c, b]` times row `c * sub_centers + winners[c, b]` of `centers`.
///
/// `factors` and `winners` are `[n, stride]`, `centers` is `[n * sub_centers, width]`, `width` a multiple of [`LANES`](super::LANES).
pub(crate) fn accumulate_winners(
    (factors, winners, stride): (&[f32], &[u8], usize),
    (centers, sub_centers): (&[f32], usize),
    (out, width): (&mut [f32], usize),
) {
    Arch::new().dispatch(Winners { factors, winners, stride, centers, sub_centers, out, width });
}

struct Winners<'a> {
    factors: &'a [f32],
    winners: &'a [u8],
    stride: usize,
    centers: &'a [f32],
    sub_centers: usize,
    out: &'a mut [f32],
    width: usize,
}

impl WithSimd for Winners<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let vectors = self.width / S::F32_LANES;
        let mut first = 0;
        if S::REGISTER_COUNT >= 32 {
            while first + 4 <= vectors {
                self.stripe::<S, 4>(simd, first);
                first += 4;
            }
        }
        while first + 2 <= vectors {
            self.stripe::<S, 2>(simd, first);
            first += 2;
        }
        while first < vectors {
            self.stripe::<S, 1>(simd, first);
            first += 1;
        }
    }
}

impl Winners<'_> {
    #[inline(always)]
    fn stripe<S: Simd, const N: usize>(&mut self, simd: S, first: usize) {
        let count = self.out.len() / self.width;
        let mut sample = 0;
        while sample + 4 <= count {
            self.tile::<S, 4, N>(simd, sample, first);
            sample += 4;
        }
        while sample < count {
            self.tile::<S, 1, N>(simd, sample, first);
            sample += 1;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, sample: usize, first: usize) {
        let vectors = self.width / S::F32_LANES;
        let (centers, _) = S::as_simd_f32s(self.centers);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let mut sums: [[S::f32s; N]; M] =
            std::array::from_fn(|i| std::array::from_fn(|j| out[(sample + i) * vectors + first + j]));
        let lines = self.factors.chunks_exact(self.stride).zip(self.winners.chunks_exact(self.stride));
        for ((factors, winners), class) in lines.zip(centers.chunks_exact(vectors * self.sub_centers)) {
            let (factors, winners) = (&factors[sample..sample + M], &winners[sample..sample + M]);
            for i in 0..M {
                let factor = simd.splat_f32s(factors[i]);
                let row = &class[winners[i] as usize * vectors + first..][..N];
                for j in 0..N {
                    sums[i][j] = simd.mul_add_e_f32s(factor, row[j], sums[i][j]);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            out[(sample + i) * vectors + first..][..N].copy_from_slice(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::instruction_sets::{Set, assert_same, numbers};

    #[test]
    fn every_instruction_set_adds_the_winners_alone() {
        let (classes, samples, sub_centers, width) = (6, 5, 3, 112);
        let stride = 16;
        let factors = numbers(classes * stride, 1);
        let winners: Vec<u8> = (0..classes * stride).map(|i| (i * 5 % 7 % sub_centers) as u8).collect();
        let centers = numbers(classes * sub_centers * width, 2);
        let sum = |sample: usize, column: usize| {
            let term = |class: usize| {
                let row = class * sub_centers + usize::from(winners[class * stride + sample]);
                f64::from(factors[class * stride + sample]) * f64::from(centers[row * width + column])
            };
            (0..classes).map(term).sum::<f64>()
        };
        let expected: Vec<f64> = (0..samples * width).map(|i| sum(i / width, i % width)).collect();
        for set in Set::ALL {
            let mut out = vec![0.0; samples * width];
            let (factors, winners, centers) = (&factors[..], &winners[..], &centers[..]);
            set.run(Winners { factors, winners, stride, centers, sub_centers, out: &mut out, width });
            assert_same(set, &out, &expected);
        }
    }
}
