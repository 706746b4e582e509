//! The maximum over sub-centers and its gradient's way back.

use mdfe_simd::{Simd, WithSimd};

/// `best` `[n, width]` = the maximum over K of `cosines` `[n * K, width]`, `winners` = which one; of equals the first.
pub(crate) struct Maximum<'a> {
    pub(crate) cosines: &'a [f32],
    pub(crate) width: usize,
    pub(crate) best: &'a mut [f32],
    pub(crate) winners: &'a mut [u8],
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

/// `out` `[n * K, width]` = `values` `[n, width]` where the sub-center is the winner, 0 elsewhere.
pub(crate) struct Spread<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) winners: &'a [u8],
    pub(crate) width: usize,
    pub(crate) out: &'a mut [f32],
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::values;
    use mdfe_simd::Level;

    #[test]
    fn every_level_finds_the_first_of_the_largest_and_spreads_to_it_alone() {
        let (width, classes, sub_centers) = (32, 5, 3);
        let mut cosines = values(classes * sub_centers * width, 1);
        // A class whose first two sub-centers are equal.
        cosines.copy_within(..width, width);
        let at = |class: usize, k: usize, sample: usize| cosines[(class * sub_centers + k) * width + sample];
        for level in Level::available() {
            let (mut best, mut winners) = (vec![9.0; classes * width], vec![9; classes * width]);
            level.dispatch(Maximum { cosines: &cosines, width, best: &mut best, winners: &mut winners });
            let mut out = vec![9.0; cosines.len()];
            level.dispatch(Spread { values: &best, winners: &winners, width, out: &mut out });
            for i in 0..classes * width {
                let (class, sample) = (i / width, i % width);
                let highest = (0..sub_centers).map(|k| at(class, k, sample)).fold(f32::MIN, f32::max);
                let first = (0..sub_centers).find(|&k| at(class, k, sample) == highest);
                assert_eq!((best[i], Some(usize::from(winners[i]))), (highest, first), "{level}: {i}");
                for k in 0..sub_centers {
                    let expected = if Some(k) == first { highest } else { 0.0 };
                    let found = out[(class * sub_centers + k) * width + sample];
                    assert_eq!(found, expected, "{level}: class {class}, sub-center {k}, sample {sample}");
                }
            }
        }
    }
}
