//! Why a forced level cannot be had.

/// What is wrong with the value of `MDFE_SIMD`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No level has this name.
    #[error("MDFE_SIMD is `{name}`; known levels: avx512bf16, avx512, avx2, portable")]
    Unknown {
        /// The name that was given.
        name: String,
    },
    /// The CPU has less.
    #[error("MDFE_SIMD asks for {name}, this CPU has {best} at most; unset it or name a lower level")]
    Above {
        /// The name that was given.
        name: &'static str,
        /// The name of the highest level of the CPU.
        best: &'static str,
    },
}
