//! The two number types of the inference path: f32 and bf16.

use super::{cpu::Level, kernel::Tile};
use half::bf16;

/// A number type that products read. Sums are always f32.
pub(crate) trait Element: Copy + Default + Send + Sync + 'static {
    /// How many neighbouring values of the summed axis one multiply-add takes.
    const GROUP: usize;

    /// The nearest value.
    fn from_f32(x: f32) -> Self;

    /// The same value.
    fn to_f32(self) -> f32;

    /// Adds one tile of a product to its accumulators; see [`Tile`].
    ///
    /// # Safety
    /// The pointers of `tile` cover `MR` rows and `NV` vectors, and the CPU has `level`.
    #[allow(unsafe_code)]
    unsafe fn tile<const MR: usize, const NV: usize>(level: Level, tile: Tile<Self>);
}

impl Element for f32 {
    const GROUP: usize = 1;

    #[inline(always)]
    fn from_f32(x: f32) -> Self {
        x
    }

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn tile<const MR: usize, const NV: usize>(level: Level, tile: Tile<Self>) {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512Bf16 | Level::Avx512 => super::kernel_avx512::tile_f32::<MR, NV>(tile),
                #[cfg(target_arch = "x86_64")]
                Level::Fma => super::kernel_portable::tile_fma::<Self, MR, NV>(tile),
                _ => super::kernel_portable::tile::<Self, MR, NV, false>(tile),
            }
        }
    }
}

impl Element for bf16 {
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

    #[inline(always)]
    #[allow(unsafe_code)]
    unsafe fn tile<const MR: usize, const NV: usize>(level: Level, tile: Tile<Self>) {
        // SAFETY: the caller's promise is passed on.
        unsafe {
            match level {
                #[cfg(target_arch = "x86_64")]
                Level::Avx512Bf16 => super::kernel_avx512::tile_bf16::<MR, NV>(tile),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 | Level::Fma => super::kernel_portable::tile_fma::<Self, MR, NV>(tile),
                _ => super::kernel_portable::tile::<Self, MR, NV, false>(tile),
            }
        }
    }
}
