//! The maximum over sub-centers, and which one it was.

use super::winners::WORD;
use mdfe_simd::{Simd, WithSimd};

/// `best` `[n, width]` = the maximum over K of `cosines` `[n * K, width]`; `width` is a multiple of [`LANES`](super::LANES).
pub(crate) struct Maximum<'a> {
    pub(crate) cosines: &'a [f32],
    pub(crate) width: usize,
    pub(crate) best: &'a mut [f32],
}

impl WithSimd for Maximum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let sub_centers = self.cosines.len() / self.best.len().max(1);
        let vectors = self.width / S::F32_LANES;
        let (cosines, best) = (S::as_simd_f32s(self.cosines).0, S::as_mut_simd_f32s(self.best).0);
        let classes = cosines.chunks_exact(vectors * sub_centers);
        for (class, best) in classes.zip(best.chunks_exact_mut(vectors)) {
            for j in 0..best.len() {
                let mut highest = class[j];
                for k in 1..sub_centers {
                    highest = simd.max_f32s(class[k * vectors + j], highest);
                }
                best[j] = highest;
            }
        }
    }
}

/// Which sub-center the `best` `[n, width]` of [`Maximum`] is, of equals the first: `winners` `[n, width]` by sample, `members`
/// `[n * K, width / WORD]`, rounded up, by sub-center.
pub(crate) struct Winners<'a> {
    pub(crate) cosines: &'a [f32],
    pub(crate) best: &'a [f32],
    pub(crate) width: usize,
    pub(crate) winners: &'a mut [u8],
    pub(crate) members: &'a mut [u64],
}

impl WithSimd for Winners<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let width = self.width;
        let sub_centers = self.cosines.len() / self.best.len().max(1);
        let words = width.div_ceil(WORD);
        let classes = self.cosines.chunks_exact(width * sub_centers).zip(self.best.chunks_exact(width));
        let outputs =
            self.winners.chunks_exact_mut(width).zip(self.members.chunks_exact_mut(words * sub_centers));
        for ((class, best), (winners, members)) in classes.zip(outputs) {
            winners.fill(0);
            // From the last to the first, so that the first of equals is what remains.
            for k in (0..sub_centers).rev() {
                let cosines = class[k * width..][..width].iter().zip(best);
                for (winner, (&cosine, &best)) in winners.iter_mut().zip(cosines) {
                    *winner = if cosine == best { k as u8 } else { *winner };
                }
            }
            let winners = winners.as_chunks::<8>().0;
            for k in 0..sub_centers {
                let members = &mut members[k * words..][..words];
                members.fill(0);
                for at in 0..winners.len() {
                    members[at / 8] |= equal_bytes(winners[at], k as u8) << (at % 8 * 8);
                }
            }
        }
    }
}

/// Which of eight bytes are `value`, as the low eight bits.
#[inline(always)]
fn equal_bytes(bytes: [u8; 8], value: u8) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let differences = u64::from_le_bytes(bytes) ^ (u64::from(value) * 0x0101_0101_0101_0101);
    // The high bit of each byte that is not zero; the sum carries into none of its neighbours.
    let others = ((differences & LOW) + LOW) | differences;
    // Byte i's bit, 8 i, moves to 56 + i; each pair of bit and shift has a place of its own.
    ((!others & !LOW) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::testing::values;
    use mdfe_simd::Level;

    #[test]
    fn every_level_finds_the_first_of_the_largest() {
        // One word and a part of a second.
        let (width, classes, sub_centers) = (WORD + 16, 5, 3);
        let words = width.div_ceil(WORD);
        let mut cosines = values(classes * sub_centers * width, 1);
        // A class whose first two sub-centers are equal.
        cosines.copy_within(..width, width);
        let at = |class: usize, k: usize, sample: usize| cosines[(class * sub_centers + k) * width + sample];
        for level in Level::available() {
            let (mut best, mut winners) = (vec![9.0; classes * width], vec![9; classes * width]);
            let mut members = vec![u64::MAX; classes * sub_centers * words];
            level.dispatch(Maximum { cosines: &cosines, width, best: &mut best });
            level.dispatch(Winners {
                cosines: &cosines,
                best: &best,
                width,
                winners: &mut winners,
                members: &mut members,
            });
            for i in 0..classes * width {
                let (class, sample) = (i / width, i % width);
                let highest = (0..sub_centers).map(|k| at(class, k, sample)).fold(f32::MIN, f32::max);
                let first = (0..sub_centers).find(|&k| at(class, k, sample) == highest);
                assert_eq!((best[i], Some(usize::from(winners[i]))), (highest, first), "{level}: {i}");
                for k in 0..sub_centers {
                    let word = members[(class * sub_centers + k) * words + sample / WORD];
                    let member = word >> (sample % WORD) & 1 == 1;
                    assert_eq!(
                        member,
                        Some(k) == first,
                        "{level}: class {class}, sub-center {k}, sample {sample}"
                    );
                }
            }
            let named: u32 = members.iter().map(|word| word.count_ones()).sum();
            assert_eq!(named as usize, classes * width, "{level}: no bit without a sample");
        }
    }

    #[test]
    fn bytes_are_compared_one_by_one() {
        for value in [0, 1, 127, 128, 254, 255] {
            let bytes = [0, 1, 127, 128, 254, 255, value, value ^ 128];
            let expected = (0..8).filter(|&i| bytes[i] == value).map(|i| 1 << i).sum::<u64>();
            assert_eq!(equal_bytes(bytes, value), expected, "{value}");
        }
    }
}
