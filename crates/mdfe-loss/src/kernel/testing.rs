//! Runs a kernel on chosen instruction sets, for tests: users get the widest alone.

use pulp::{Arch, Scalar, Simd, WithSimd};

/// Vectors of a width.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Set {
    /// One value at a time, what runs on a CPU without known vectors.
    Scalar,
    /// AVX2, or scalar where there is none.
    Narrow,
    /// What users get.
    Widest,
}

impl Set {
    pub(crate) const ALL: [Self; 3] = [Self::Scalar, Self::Narrow, Self::Widest];

    pub(crate) fn run<K: WithSimd>(self, kernel: K) -> K::Output {
        match self {
            Self::Scalar => Simd::vectorize(Scalar, kernel),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            Self::Narrow if pulp::x86::V3::is_available() => {
                Simd::vectorize(pulp::x86::V3::try_new().expect("it is available"), kernel)
            }
            Self::Narrow => Simd::vectorize(Scalar, kernel),
            Self::Widest => Arch::new().dispatch(kernel),
        }
    }
}

/// Numbers in [-1, 1) without a pattern that a kernel could share.
pub(crate) fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).collect()
}

/// Asserts that two results agree to the rounding of sums of up to a hundred numbers below one.
pub(crate) fn assert_same(set: Set, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (index, (&a, &b)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(a) - b).abs() < 1e-5, "{set:?}: value {index} is {a} where {b} is right");
    }
}
