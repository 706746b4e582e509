//! What the kernels' tests share: each runs its kernel at every level of the CPU.

use mdfe_simd::Level;

/// Values in [-1, 1) without a pattern that a kernel could share.
pub(crate) fn values(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0).collect()
}

/// Asserts that two results agree to the rounding of sums of up to a hundred products below one.
pub(crate) fn assert_same(level: Level, found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (index, (&a, &b)) in found.iter().zip(expected).enumerate() {
        assert!((f64::from(a) - b).abs() < 1e-5, "{level}: value {index} is {a} where {b} is right");
    }
}
