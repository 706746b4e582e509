//! L2 normalisation of centers, and the gradient's way back through it.

use mdfe_simd::{Simd, WithSimd};

/// The inverse of the least norm: shorter rows are divided by 1e-12 in place of their norm, as `torch.nn.functional.normalize` does.
pub(crate) const INVERSE_LIMIT: f32 = 1e12;

/// Normalises `rows` `[n, depth]` into `units` `[n, width]` (zero-padded) and `inverses` `[n]`, 1 / norm.
///
/// Its output is the first row that is not finite, if there is one.
pub(crate) struct Normalize<'a> {
    pub(crate) rows: &'a [f32],
    pub(crate) depth: usize,
    pub(crate) units: &'a mut [f32],
    pub(crate) width: usize,
    pub(crate) inverses: &'a mut [f32],
}

impl WithSimd for Normalize<'_> {
    type Output = Option<usize>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Option<usize> {
        let Self { rows, depth, units, width, inverses } = self;
        let mut bad = None;
        for index in 0..inverses.len() {
            let (row, unit) = (&rows[index * depth..][..depth], &mut units[index * width..][..width]);
            let squared = dot(simd, row, row);
            if depth < width {
                unit[depth..].fill(0.0);
            }
            // In this range the square neither overflows nor loses digits.
            if squared > 1e-20 && squared < 1e30 {
                let scale = 1.0 / squared.sqrt();
                inverses[index] = scale;
                let ((vectors, tail), factor) = (S::as_simd_f32s(row), simd.splat_f32s(scale));
                let unit_vectors = &mut S::as_mut_simd_f32s(unit).0[..vectors.len()];
                for j in 0..vectors.len() {
                    unit_vectors[j] = simd.mul_f32s(vectors[j], factor);
                }
                let start = depth - tail.len();
                for j in 0..tail.len() {
                    unit[start + j] = tail[j] * scale;
                }
            } else if !normalize_extreme(row, unit, &mut inverses[index]) {
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

/// The gradient by rows from the gradient by their units: `out` `[n, depth]` = (g - (g . u) u) / norm.
///
/// `gradients` and `units` are `[n, width]`, `inverses` is `[n]`. A row shorter than 1e-12 has g * 1e12, because its divisor is constant.
pub(crate) struct Project<'a> {
    pub(crate) gradients: &'a [f32],
    pub(crate) units: &'a [f32],
    pub(crate) width: usize,
    pub(crate) inverses: &'a [f32],
    pub(crate) out: &'a mut [f32],
    pub(crate) depth: usize,
}

impl WithSimd for Project<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { gradients, units, width, inverses, out, depth } = self;
        for (index, &inverse) in inverses.iter().enumerate() {
            let (gradient, unit) = (&gradients[index * width..][..width], &units[index * width..][..width]);
            let along = if inverse < INVERSE_LIMIT { dot(simd, gradient, unit) } else { 0.0 };
            let (out, tail) = S::as_mut_simd_f32s(&mut out[index * depth..][..depth]);
            let start = out.len() * S::F32_LANES;
            let vectors = (&S::as_simd_f32s(gradient).0[..out.len()], &S::as_simd_f32s(unit).0[..out.len()]);
            let (along_vector, inverse_vector) = (simd.splat_f32s(along), simd.splat_f32s(inverse));
            for j in 0..out.len() {
                let across = simd.sub_f32s(vectors.0[j], simd.mul_f32s(along_vector, vectors.1[j]));
                out[j] = simd.mul_f32s(across, inverse_vector);
            }
            for j in 0..tail.len() {
                tail[j] = (gradient[start + j] - along * unit[start + j]) * inverse;
            }
        }
    }
}

/// The dot product of two slices of one length.
#[inline(always)]
fn dot<S: Simd>(simd: S, left: &[f32], right: &[f32]) -> f32 {
    let ((left, left_tail), (right, right_tail)) = (S::as_simd_f32s(left), S::as_simd_f32s(right));
    let right = &right[..left.len()];
    let right_tail = &right_tail[..left_tail.len()];
    let mut sums = [simd.splat_f32s(0.0); 2];
    let mut at = 0;
    while at + 2 <= left.len() {
        sums[0] = simd.mul_add_e_f32s(left[at], right[at], sums[0]);
        sums[1] = simd.mul_add_e_f32s(left[at + 1], right[at + 1], sums[1]);
        at += 2;
    }
    if at < left.len() {
        sums[0] = simd.mul_add_e_f32s(left[at], right[at], sums[0]);
    }
    let mut tail = 0.0;
    for j in 0..left_tail.len() {
        tail += left_tail[j] * right_tail[j];
    }
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1])) + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::{assert_same, values};
    use mdfe_simd::Level;

    #[test]
    fn every_level_normalises_rows_and_projects_gradients() {
        // A depth that fills no vector, and rows that are short, shorter than the limit, long and not finite.
        let (depth, width, count) = (21, 32, 6);
        let mut rows = values(count * depth, 1);
        for (row, factor) in [(1, 1e-11), (2, 1e-20), (3, 1e25)] {
            rows[row * depth..][..depth].iter_mut().for_each(|value| *value *= factor);
        }
        let gradients = values(count * width, 2);
        let row = |r: usize| rows[r * depth..][..depth].iter().map(|&value| f64::from(value));
        let norm = |r: usize| row(r).map(|value| value * value).sum::<f64>().sqrt().max(1e-12);
        let mut units = vec![0.0; count * width];
        let (mut expected, mut projected) = (vec![0.0; count * width], Vec::new());
        for r in 0..count {
            let unit = &mut expected[r * width..][..depth];
            unit.iter_mut().zip(row(r)).for_each(|(unit, value)| *unit = value / norm(r));
            let gradient: Vec<f64> = gradients[r * width..][..depth].iter().map(|&g| f64::from(g)).collect();
            let along = gradient.iter().zip(unit.iter()).map(|(g, u)| g * u).sum::<f64>();
            let along = if norm(r) > 1e-12 { along } else { 0.0 };
            projected.extend(gradient.iter().zip(unit.iter()).map(|(g, u)| g - along * u));
        }
        for level in Level::available() {
            let mut inverses = vec![0.0; count];
            units.fill(9.0);
            let (units, inverses) = (&mut units[..], &mut inverses[..]);
            let bad = level.dispatch(Normalize { rows: &rows, depth, units, width, inverses });
            assert_eq!(bad, None, "{level}");
            assert_same(level, units, &expected);
            for (r, &inverse) in inverses.iter().enumerate() {
                assert!((f64::from(inverse) * norm(r) - 1.0).abs() < 1e-6, "{level}: row {r}");
            }
            let mut out = vec![9.0; count * depth];
            let out = &mut out[..];
            level.dispatch(Project { gradients: &gradients, units, width, inverses, out, depth });
            // Without the divisor, which spans forty orders of magnitude.
            let scaled: Vec<f32> = (0..count * depth).map(|i| out[i] / inverses[i / depth]).collect();
            assert_same(level, &scaled, &projected);
        }
    }

    #[test]
    fn every_level_names_the_first_row_that_is_not_finite() {
        let (depth, width, count) = (21, 32, 4);
        for bad in [f32::NAN, f32::INFINITY] {
            let mut rows = values(count * depth, 1);
            (rows[2 * depth + 20], rows[3 * depth]) = (bad, bad);
            for level in Level::available() {
                let (mut units, mut inverses) = (vec![0.0; count * width], vec![0.0; count]);
                let (units, inverses) = (&mut units[..], &mut inverses[..]);
                let found = level.dispatch(Normalize { rows: &rows, depth, units, width, inverses });
                assert_eq!(found, Some(2), "{level}");
            }
        }
    }
}
