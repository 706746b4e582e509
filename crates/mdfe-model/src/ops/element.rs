//! What products read: a number type with a kernel for every level of the CPU.

#[cfg(target_arch = "x86_64")]
use super::kernel_avx512;
use super::{kernel_portable, number::Number, tile::Tile};
use half::bf16;
use mdfe_simd::Level;

/// A number type that products read.
pub(crate) trait Element: Number {
    /// Adds one tile of `MR` rows and `NV` vectors to its accumulators; see [`Tile`].
    fn tile<const MR: usize, const NV: usize>(level: Level, tile: Tile<'_, Self>);
}

impl Element for f32 {
    #[inline(always)]
    fn tile<const MR: usize, const NV: usize>(level: Level, tile: Tile<'_, Self>) {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Bf16(cpu) => kernel_avx512::tile_f32::<MR, NV>(cpu.avx512(), tile),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(cpu) => kernel_avx512::tile_f32::<MR, NV>(cpu, tile),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(cpu) => kernel_portable::tile_avx2::<Self, MR, NV>(cpu, tile),
            _ => kernel_portable::tile::<Self, MR, NV, false>(tile),
        }
    }
}

impl Element for bf16 {
    #[inline(always)]
    fn tile<const MR: usize, const NV: usize>(level: Level, tile: Tile<'_, Self>) {
        match level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512Bf16(cpu) => kernel_avx512::tile_bf16::<MR, NV>(cpu, tile),
            // AVX-512 without products of bf16 has nothing to offer here that AVX2 lacks.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(cpu) => kernel_portable::tile_avx2::<Self, MR, NV>(cpu.avx2(), tile),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(cpu) => kernel_portable::tile_avx2::<Self, MR, NV>(cpu, tile),
            _ => kernel_portable::tile::<Self, MR, NV, false>(tile),
        }
    }
}

/// Runs the tile of `rows` (1 to 6) by `vectors` (1 to 4).
#[inline(always)]
pub(super) fn run<E: Element>(level: Level, rows: usize, vectors: usize, tile: Tile<'_, E>) {
    macro_rules! pick {
        ($($mr:literal)*) => {
            match (rows, vectors) {
                $(($mr, 1) => E::tile::<$mr, 1>(level, tile),
                ($mr, 2) => E::tile::<$mr, 2>(level, tile),
                ($mr, 3) => E::tile::<$mr, 3>(level, tile),
                ($mr, 4) => E::tile::<$mr, 4>(level, tile),)*
                _ => unreachable!("a tile has 1 to 6 rows and 1 to 4 vectors"),
            }
        };
    }
    pick!(1 2 3 4 5 6)
}
