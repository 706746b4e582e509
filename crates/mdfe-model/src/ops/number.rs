//! The two number types of the inference path: f32 and bf16.

use half::bf16;

/// A number type that slices are held in. Sums are always f32.
pub(crate) trait Number: Copy + Default + Send + Sync + 'static {
    /// How many neighbouring values of the summed axis one multiply-add of a product takes.
    const GROUP: usize;

    /// The nearest value.
    fn from_f32(x: f32) -> Self;

    /// The same value.
    fn to_f32(self) -> f32;
}

impl Number for f32 {
    const GROUP: usize = 1;

    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }
}

impl Number for bf16 {
    const GROUP: usize = 2;

    /// Round to nearest, ties to even, as `half` does, without its branch for NaN (a quiet NaN stays one).
    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        let bits = x.to_bits();
        let odd = (bits >> 16) & 1;
        Self::from_bits((bits.wrapping_add(0x7fff + odd) >> 16) as u16)
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.to_bits()) << 16)
    }
}
