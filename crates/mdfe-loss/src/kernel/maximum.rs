//! The maximum over sub-centers and its gradient's way back.

use pulp::{Arch, Simd, WithSimd};

/// `best` `[n, width]` = the maximum over K of `cosines` `[n * K, width]`, `winners` = which one; of equals the first.
pub(crate) fn maximum((cosines, width): (&[f32], usize), best: &mut [f32], winners: &mut [u8]) {
    Arch::new().dispatch(Maximum { cosines, width, best, winners });
}

/// `out` `[n * K, width]` = `values` `[n, width]` where the sub-center is the winner, 0 elsewhere.
pub(crate) fn spread((values, winners, width): (&[f32], &[u8], usize), out: &mut [f32]) {
    Arch::new().dispatch(Spread { values, winners, width, out });
}

struct Maximum<'a> {
    cosines: &'a [f32],
    width: usize,
    best: &'a mut [f32],
    winners: &'a mut [u8],
}

impl WithSimd for Maximum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.width;
        let sub_centers = self.cosines.len() / self.best.len().max(1);
        let classes = self.cosines.chunks_exact(width * sub_centers);
        let outputs = self.best.chunks_exact_mut(width).zip(self.winners.chunks_exact_mut(width));
        for (class, (best, winners)) in classes.zip(outputs) {
            best.copy_from_slice(&class[..width]);
            winners.fill(0);
            for (k, cosines) in class.chunks_exact(width).enumerate().skip(1) {
                for ((best, winner), &cosine) in best.iter_mut().zip(winners.iter_mut()).zip(cosines) {
                    let wins = cosine > *best;
                    *best = if wins { cosine } else { *best };
                    *winner = if wins { k as u8 } else { *winner };
                }
            }
        }
    }
}

struct Spread<'a> {
    values: &'a [f32],
    winners: &'a [u8],
    width: usize,
    out: &'a mut [f32],
}

impl WithSimd for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.width;
        let sub_centers = self.out.len() / self.values.len().max(1);
        let inputs = self.values.chunks_exact(width).zip(self.winners.chunks_exact(width));
        for ((values, winners), class) in inputs.zip(self.out.chunks_exact_mut(width * sub_centers)) {
            for (k, out) in class.chunks_exact_mut(width).enumerate() {
                for ((out, &value), &winner) in out.iter_mut().zip(values).zip(winners) {
                    *out = if winner == k as u8 { value } else { 0.0 };
                }
            }
        }
    }
}
