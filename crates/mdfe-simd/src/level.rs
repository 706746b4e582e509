//! The instruction sets that the kernels know, and which of them is used.

use crate::{Avx2, Avx512, Avx512Bf16, Error};
use pulp::WithSimd;
use std::{fmt, sync::OnceLock};

/// The environment variable that names the highest level to use.
pub const VARIABLE: &str = "MDFE_SIMD";

/// An instruction set that this CPU has. Each variant carries the proof, which only detection makes.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// Whatever the target has as a matter of course: SSE2, NEON.
    Portable,
    /// AVX2 and FMA.
    Avx2(Avx2),
    /// AVX-512 (F, BW, CD, DQ, VL).
    Avx512(Avx512),
    /// AVX-512 with `vdpbf16ps`: products of bf16 at twice the rate of f32.
    Avx512Bf16(Avx512Bf16),
}

impl Level {
    /// The names of all levels, lowest first, as [`VARIABLE`] takes them.
    const NAMES: [&'static str; 4] = ["portable", "avx2", "avx512", "avx512bf16"];

    /// The level to use: the CPU's best, or the lower one that [`VARIABLE`] names; asked once.
    ///
    /// A value that cannot be followed is told on stderr, once, and the CPU's best is used. Programs refuse such a value at
    /// their start with [`Level::from_env`].
    #[inline]
    pub fn current() -> Self {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(|| {
            Self::from_env().unwrap_or_else(|error| {
                eprintln!("warning: {error}");
                Self::best()
            })
        })
    }

    /// The level that the environment asks for, the CPU's best where it asks for none.
    ///
    /// # Errors
    /// [`Error`] when the variable names no level, or one above the CPU's best.
    pub fn from_env() -> Result<Self, Error> {
        match std::env::var(VARIABLE) {
            Ok(name) if !name.trim().is_empty() => Self::named(name.trim()),
            _ => Ok(Self::best()),
        }
    }

    /// The level of this name.
    ///
    /// # Errors
    /// [`Error`] when no level has it, or the CPU has less.
    pub fn named(name: &str) -> Result<Self, Error> {
        let lower = name.to_ascii_lowercase();
        let known = Self::NAMES.iter().find(|known| **known == lower);
        let known = known.ok_or_else(|| Error::Unknown { name: name.to_owned() })?;
        let found = Self::detected().into_iter().find(|level| level.name() == *known);
        found.ok_or(Error::Above { name: known, best: Self::best().name() })
    }

    /// Every level up to [`Level::current`], lowest first, for tests that run them all.
    ///
    /// None is above the one that the environment names, so that a test run under a tool that does not know the CPU's newest
    /// instructions (valgrind knows AVX2 at most) is kept away from them by [`VARIABLE`] alone.
    pub fn available() -> Vec<Self> {
        Self::detected_up_to(Self::current())
    }

    fn detected_up_to(highest: Self) -> Vec<Self> {
        let mut levels = Self::detected();
        levels.truncate(highest.rank() + 1);
        levels
    }

    /// Every level that this CPU has, lowest first; each includes those below it.
    fn detected() -> Vec<Self> {
        let mut levels = vec![Self::Portable];
        levels.extend(Avx2::detect().map(Self::Avx2));
        levels.extend(Avx512::detect().map(Self::Avx512));
        levels.extend(Avx512Bf16::detect().map(Self::Avx512Bf16));
        levels
    }

    fn best() -> Self {
        Self::detected().pop().unwrap_or(Self::Portable)
    }

    /// The name: `portable`, `avx2`, `avx512` or `avx512bf16`.
    pub fn name(self) -> &'static str {
        Self::NAMES[self.rank()]
    }

    /// The place among all levels, 0 for the lowest.
    fn rank(self) -> usize {
        match self {
            Self::Portable => 0,
            Self::Avx2(_) => 1,
            Self::Avx512(_) => 2,
            Self::Avx512Bf16(_) => 3,
        }
    }

    /// The proof of AVX2, which the levels above include.
    #[inline(always)]
    pub fn avx2(self) -> Option<Avx2> {
        match self {
            Self::Portable => None,
            Self::Avx2(proof) => Some(proof),
            Self::Avx512(proof) => Some(proof.avx2()),
            Self::Avx512Bf16(proof) => Some(proof.avx512().avx2()),
        }
    }

    /// The proof of AVX-512, with or without products of bf16.
    #[inline(always)]
    pub fn avx512(self) -> Option<Avx512> {
        match self {
            Self::Portable | Self::Avx2(_) => None,
            Self::Avx512(proof) => Some(proof),
            Self::Avx512Bf16(proof) => Some(proof.avx512()),
        }
    }

    /// Runs a kernel that is written over [`Simd`](crate::Simd) with this level's vectors.
    #[inline(always)]
    pub fn dispatch<K: WithSimd>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        {
            match self {
                Self::Portable => pulp::Simd::vectorize(pulp::Scalar, kernel),
                Self::Avx2(proof) => pulp::Simd::vectorize(proof.simd, kernel),
                Self::Avx512(proof) => pulp::Simd::vectorize(proof.simd, kernel),
                // Its own instructions are not among these vectors' operations.
                Self::Avx512Bf16(proof) => pulp::Simd::vectorize(proof.avx512().simd, kernel),
            }
        }
        // NEON is there as a matter of course, so that pulp's own choice is the portable level.
        #[cfg(not(target_arch = "x86_64"))]
        pulp::Arch::new().dispatch(kernel)
    }

    /// Runs `work` compiled for this level. Loops over slices inside it, inlined, become wide vector code.
    #[inline(always)]
    pub fn vectorize<R>(self, work: impl FnOnce() -> R) -> R {
        self.dispatch(Plain(work))
    }
}

/// A closure without vectors of its own.
struct Plain<F>(F);

impl<R, F: FnOnce() -> R> WithSimd for Plain<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> R {
        (self.0)()
    }
}

/// By what they are, which the proof says nothing more about.
impl PartialEq for Level {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Level {}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_found_by_name_and_never_above_the_cpu() {
        let have: Vec<_> = Level::detected().iter().map(|level| level.name()).collect();
        assert_eq!(have, Level::NAMES[..have.len()], "each level includes those below it");
        for name in Level::NAMES {
            match Level::named(name) {
                Ok(level) => assert_eq!(level.name(), name),
                Err(error) => {
                    assert_eq!(error, Error::Above { name, best: have[have.len() - 1] });
                    assert!(!have.contains(&name));
                }
            }
        }
        assert_eq!(Level::named("AVX9").unwrap_err(), Error::Unknown { name: "AVX9".to_owned() });
        assert!(Level::named("Portable").is_ok(), "case does not matter");
    }

    #[test]
    fn nothing_above_the_named_level_is_available() {
        let all = Level::detected();
        for (below, &level) in all.iter().enumerate() {
            assert_eq!(Level::detected_up_to(level), all[..=below]);
        }
        assert_eq!(Level::available().pop(), Some(Level::current()));
    }

    #[test]
    fn a_kernel_sees_the_vectors_of_its_level() {
        struct Lanes;
        impl WithSimd for Lanes {
            type Output = usize;
            fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
                S::F32_LANES
            }
        }
        for level in Level::available() {
            let lanes = level.dispatch(Lanes);
            match level {
                Level::Avx512Bf16(_) | Level::Avx512(_) => assert_eq!(lanes, 16),
                Level::Avx2(_) => assert_eq!(lanes, 8),
                Level::Portable => assert!(lanes <= 4),
            }
            assert_eq!(level.avx2().is_some(), lanes >= 8);
            assert_eq!(level.avx512().is_some(), lanes >= 16);
            assert_eq!(level.vectorize(|| 7), 7);
        }
    }
}
