//! L2 normalisation of centers, and the gradient's way back through it.

use pulp::{Arch, Simd, WithSimd};

/// The inverse of the least norm: shorter rows are divided by 1e-12 in place of their norm, as `torch.nn.functional.normalize` does.
pub(crate) const INVERSE_LIMIT: f32 = 1e12;

/// Normalises `rows` `[n, depth]` into `units` `[n, width]` (zero-padded) and `inverses` `[n]`, 1 / norm.
///
/// Returns the first row that is not finite, if there is one.
pub(crate) fn normalize_rows(
    (rows, depth): (&[f32], usize),
    (units, width): (&mut [f32], usize),
    inverses: &mut [f32],
) -> Option<usize> {
    Arch::new().dispatch(Normalize { rows, depth, units, width, inverses })
}

/// The gradient by rows from the gradient by their units: `out` `[n, depth]` = (g - (g . u) u) / norm.
///
/// `gradients` and `units` are `[n, width]`. A row shorter than 1e-12 has g * 1e12, because its divisor is constant.
pub(crate) fn project_rows(
    (gradients, units, width): (&[f32], &[f32], usize),
    inverses: &[f32],
    (out, depth): (&mut [f32], usize),
) {
    Arch::new().dispatch(Project { gradients, units, width, inverses, out, depth });
}

struct Normalize<'a> {
    rows: &'a [f32],
    depth: usize,
    units: &'a mut [f32],
    width: usize,
    inverses: &'a mut [f32],
}

impl WithSimd for Normalize<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<usize> {
        let mut bad = None;
        let units = self.units.chunks_exact_mut(self.width);
        let rows = self.rows.chunks_exact(self.depth).zip(units).zip(self.inverses);
        for (index, ((row, unit), inverse)) in rows.enumerate() {
            let squared = dot(simd, row, row);
            unit[self.depth..].fill(0.0);
            // In this range the square neither overflows nor loses digits.
            if squared > 1e-20 && squared < 1e30 {
                let scale = 1.0 / squared.sqrt();
                *inverse = scale;
                for (unit, &value) in unit.iter_mut().zip(row) {
                    *unit = value * scale;
                }
            } else if !normalize_extreme(row, unit, inverse) {
                bad = bad.or(Some(index));
            }
        }
        bad
    }
}

/// Normalises a very short or very long row in f64; false if it is not finite.
#[cold]
fn normalize_extreme(row: &[f32], unit: &mut [f32], inverse: &mut f32) -> bool {
    let norm = row.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
    let scale = 1.0 / norm.max(1.0 / f64::from(INVERSE_LIMIT));
    *inverse = scale as f32;
    for (unit, &value) in unit.iter_mut().zip(row) {
        *unit = (f64::from(value) * scale) as f32;
    }
    norm.is_finite()
}

struct Project<'a> {
    gradients: &'a [f32],
    units: &'a [f32],
    width: usize,
    inverses: &'a [f32],
    out: &'a mut [f32],
    depth: usize,
}

impl WithSimd for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let inputs = self.gradients.chunks_exact(self.width).zip(self.units.chunks_exact(self.width));
        let outputs = self.out.chunks_exact_mut(self.depth);
        for (((gradient, unit), &inverse), out) in inputs.zip(self.inverses).zip(outputs) {
            let along = if inverse < INVERSE_LIMIT { dot(simd, gradient, unit) } else { 0.0 };
            for ((out, &g), &u) in out.iter_mut().zip(gradient).zip(unit) {
                *out = (g - along * u) * inverse;
            }
        }
    }
}

/// The dot product of two slices of one length.
#[inline(always)]
fn dot<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_tail), (right, right_tail)) = (S::as_simd_f32s(left), S::as_simd_f32s(right));
    let mut sums = [simd.splat_f32s(0.0); 2];
    for (index, (&a, &b)) in left.iter().zip(right).enumerate() {
        sums[index & 1] = simd.mul_add_e_f32s(a, b, sums[index & 1]);
    }
    let tail: f32 = left_tail.iter().zip(right_tail).map(|(a, b)| a * b).sum();
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1])) + tail
}
