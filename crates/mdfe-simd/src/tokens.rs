//! Proofs that the CPU has an instruction set: values that only detection makes.

/// AVX2 with FMA and BMI (x86-64-v3) is there.
#[derive(Clone, Copy, Debug)]
pub struct Avx2 {
    #[cfg(target_arch = "x86_64")]
    pub(crate) simd: pulp::x86::V3,
    #[cfg(not(target_arch = "x86_64"))]
    never: std::convert::Infallible,
}

/// AVX-512 F, BW, CD, DQ and VL (x86-64-v4) is there, and AVX2 with it.
#[derive(Clone, Copy, Debug)]
pub struct Avx512 {
    #[cfg(target_arch = "x86_64")]
    pub(crate) simd: pulp::x86::V4,
    #[cfg(not(target_arch = "x86_64"))]
    never: std::convert::Infallible,
}

/// AVX-512 as [`Avx512`] and its products of bf16 (`vdpbf16ps`) are there.
#[derive(Clone, Copy, Debug)]
pub struct Avx512Bf16 {
    base: Avx512,
}

impl Avx2 {
    /// The proof, where the CPU has it.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detect() -> Option<Self> {
        pulp::x86::V3::try_new().map(|simd| Self { simd })
    }

    /// No other architecture has it.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detect() -> Option<Self> {
        None
    }
}

impl Avx512 {
    /// The proof, where the CPU has it.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detect() -> Option<Self> {
        pulp::x86::V4::try_new().map(|simd| Self { simd })
    }

    /// No other architecture has it.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    /// What every CPU with AVX-512 has as well.
    #[cfg(target_arch = "x86_64")]
    pub fn avx2(self) -> Avx2 {
        Avx2 { simd: *self.simd }
    }

    /// What every CPU with AVX-512 has as well.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn avx2(self) -> Avx2 {
        match self.never {}
    }
}

impl Avx512Bf16 {
    /// The proof, where the CPU has it.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detect() -> Option<Self> {
        let base = Avx512::detect()?;
        is_x86_feature_detected!("avx512bf16").then_some(Self { base })
    }

    /// No other architecture has it.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detect() -> Option<Self> {
        None
    }

    /// What every CPU with these products has as well.
    pub fn avx512(self) -> Avx512 {
        self.base
    }
}
