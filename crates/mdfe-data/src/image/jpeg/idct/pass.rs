//! The steps of the transform, for any kind of lanes (Loeffler, Ligtenberg and Moschytz, 1989, with 13 fraction bits and
//! 2 more between the passes).

use std::ops::{Add, Sub};

/// Eight values that go through the same steps.
pub(super) trait Lanes: Copy + Add<Output = Self> + Sub<Output = Self> {
    /// Each times a factor.
    fn times(self, factor: i32) -> Self;
    /// Each divided by `2^BITS`, halves rounded up.
    fn round_shift<const BITS: i32>(self) -> Self;
}

/// The columns' pass, of rows of coefficients.
#[inline(always)]
pub(super) fn columns<L: Lanes>(rows: [L; 8]) -> [L; 8] {
    pass::<L, 11>(rows)
}

/// The rows' pass, of columns; the samples lack 128.
#[inline(always)]
pub(super) fn rows<L: Lanes>(columns: [L; 8]) -> [L; 8] {
    pass::<L, 18>(columns)
}

/// One dimension; the constants are the transform's cosines times 2^13.
#[inline(always)]
fn pass<L: Lanes, const BITS: i32>(x: [L; 8]) -> [L; 8] {
    let common = (x[2] + x[6]).times(4433);
    let (even2, even3) = (common - x[6].times(15137), common + x[2].times(6270));
    let (even0, even1) = ((x[0] + x[4]).times(1 << 13), (x[0] - x[4]).times(1 << 13));
    let even = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

    let common = (x[7] + x[3] + x[5] + x[1]).times(9633);
    let (z1, z2) = ((x[7] + x[1]).times(-7373), (x[5] + x[3]).times(-20995));
    let (z3, z4) = (common - (x[7] + x[3]).times(16069), common - (x[5] + x[1]).times(3196));
    let odd = [
        x[1].times(12299) + z1 + z4,
        x[3].times(25172) + z2 + z3,
        x[5].times(16819) + z2 + z4,
        x[7].times(2446) + z1 + z3,
    ];
    let mut out = x;
    for i in 0..4 {
        out[i] = (even[i] + odd[i]).round_shift::<BITS>();
        out[7 - i] = (even[i] - odd[i]).round_shift::<BITS>();
    }
    out
}
