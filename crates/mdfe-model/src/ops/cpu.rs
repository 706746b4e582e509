//! What the CPU can do, asked once at run time.

use std::sync::OnceLock;

/// The instruction sets that the kernels know, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// AVX-512 with `vdpbf16ps`: products of bf16 at twice the rate of f32.
    Avx512Bf16,
    /// AVX-512 (F, BW, DQ, VL).
    Avx512,
    /// AVX2 and FMA.
    Fma,
    /// Whatever the target has as a matter of course: SSE2, NEON.
    Portable,
}

impl Level {
    /// The level of this machine.
    pub fn detect() -> Self {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(Self::ask)
    }

    #[cfg(target_arch = "x86_64")]
    fn ask() -> Self {
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match (avx512, is_x86_feature_detected!("fma") && is_x86_feature_detected!("avx2")) {
            (true, true) if is_x86_feature_detected!("avx512bf16") => Self::Avx512Bf16,
            (true, true) => Self::Avx512,
            (false, true) => Self::Fma,
            _ => Self::Portable,
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn ask() -> Self {
        Self::Portable
    }

    /// Vectors of 16 columns that one tile of a product spans: as many as the registers hold six rows of.
    pub(super) fn tile_vectors(self) -> usize {
        match self {
            Self::Avx512Bf16 | Self::Avx512 => 4,
            Self::Fma | Self::Portable => 1,
        }
    }

    /// Runs `work` compiled for this level. Loops over slices inside it, inlined, become wide vector code.
    #[inline(always)]
    pub(crate) fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        {
            #[allow(unsafe_code)]
            match self {
                // SAFETY: `detect` is the only source of these levels outside tests, which run what was detected or less.
                Self::Avx512Bf16 | Self::Avx512 => return unsafe { with_avx512(work) },
                // SAFETY: as above.
                Self::Fma => return unsafe { with_fma(work) },
                Self::Portable => {}
            }
        }
        work()
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_fma<R>(work: impl FnOnce() -> R) -> R {
    work()
}
