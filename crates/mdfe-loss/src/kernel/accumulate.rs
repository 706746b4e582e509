//! Weighted sums of rows: the gradients of centers (sums of embeddings) and, for K = 1, of embeddings (sums of centers).

use pulp::{Arch, Simd, WithSimd};

/// A matrix of factors `[n, terms]`: the factor of output `i` and term `t` is `values[i * output_stride + t * term_stride]`.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) output_stride: usize,
    pub(crate) term_stride: usize,
    pub(crate) terms: usize,
}

/// `out` `[n, width]` += `factors` `[n, terms]` times `rows` `[terms, width]`.
///
/// `width` is a multiple of [`LANES`](super::LANES). A sum's order is the order of its terms.
pub(crate) fn accumulate(factors: Factors, rows: &[f32], width: usize, out: &mut [f32]) {
    Arch::new().dispatch(Accumulate { factors, rows, width, out });
}

struct Accumulate<'a> {
    factors: Factors<'a>,
    rows: &'a [f32],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Accumulate<'_> {
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

impl Accumulate<'_> {
    #[inline(always)]
    fn stripe<S: Simd, const N: usize>(&mut self, simd: S, first: usize) {
        let count = self.out.len() / self.width;
        let mut output = 0;
        while output + 4 <= count {
            self.tile::<S, 4, N>(simd, output, first);
            output += 4;
        }
        while output < count {
            self.tile::<S, 1, N>(simd, output, first);
            output += 1;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(&mut self, simd: S, output: usize, first: usize) {
        let Factors { values, output_stride, term_stride, terms } = self.factors;
        let vectors = self.width / S::F32_LANES;
        let (rows, _) = S::as_simd_f32s(self.rows);
        let (out, _) = S::as_mut_simd_f32s(self.out);
        let starts: [&[f32]; M] = std::array::from_fn(|i| &values[(output + i) * output_stride..]);
        let mut sums: [[S::f32s; N]; M] =
            std::array::from_fn(|i| std::array::from_fn(|j| out[(output + i) * vectors + first + j]));
        for (t, row) in rows.chunks_exact(vectors).enumerate().take(terms) {
            let row = &row[first..first + N];
            for i in 0..M {
                let factor = simd.splat_f32s(starts[i][t * term_stride]);
                for j in 0..N {
                    sums[i][j] = simd.mul_add_e_f32s(factor, row[j], sums[i][j]);
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            out[(output + i) * vectors + first..][..N].copy_from_slice(sums);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::instruction_sets::{Set, assert_same, numbers};

    #[test]
    fn every_instruction_set_adds_weighted_rows() {
        let (count, terms, width) = (5, 9, 112);
        let (values, rows, start) =
            (numbers(count * terms, 1), numbers(terms * width, 2), numbers(count * width, 3));
        for (output_stride, term_stride) in [(terms, 1), (1, count)] {
            let sum = |output: usize, column: usize| {
                let factor = |t: usize| f64::from(values[output * output_stride + t * term_stride]);
                let products = (0..terms).map(|t| factor(t) * f64::from(rows[t * width + column]));
                f64::from(start[output * width + column]) + products.sum::<f64>()
            };
            let expected: Vec<f64> = (0..count * width).map(|i| sum(i / width, i % width)).collect();
            for set in Set::ALL {
                let mut out = start.clone();
                let factors = Factors { values: &values, output_stride, term_stride, terms };
                set.run(Accumulate { factors, rows: &rows, width, out: &mut out });
                assert_same(set, &out, &expected);
            }
        }
    }
}
