//! Sums over slices that the compiler can spread over vector registers, in an order that is fixed.

use super::number::Number;

/// `a · b` in `WAYS` partial sums.
#[inline(always)]
pub(crate) fn dot<const WAYS: usize, E: Number>(a: &[E], b: &[f32]) -> f32 {
    let mut sums = [0f32; WAYS];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<WAYS>(), b.as_chunks::<WAYS>());
    for (a, b) in a.iter().zip(b) {
        for i in 0..WAYS {
            sums[i] += a[i].to_f32() * b[i];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a.to_f32() * b).sum::<f32>()
}

/// The mean `[D]` of `rows [N, D]`, summed in f64.
pub(crate) fn mean(rows: &[f32], out: &mut [f32]) {
    let mut sums = vec![0f64; out.len()];
    for row in rows.chunks_exact(out.len()) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let count = (rows.len() / out.len()) as f64;
    out.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = (sum / count) as f32);
}
