//! The two passes of a resize: with AVX2 where the level has it, in plain Rust elsewhere, with the same result.

#[cfg(target_arch = "x86_64")]
use super::avx2;
use super::{filter::Window, rows::Rows, scalar};
use mdfe_simd::Level;

/// One row of the horizontal pass. `source` begins with the window's first pixel of a row and may go on behind the row.
pub(super) fn horizontal(level: Level, source: &[u8], window: Window<'_>, out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(proof) = level.avx2() {
        return avx2::horizontal(proof, source, window, out);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    scalar::horizontal(source, window, out);
}

/// Row `i` of the vertical pass. `source` begins with the window's first row.
pub(super) fn vertical(level: Level, source: Rows<'_>, window: Window<'_>, i: usize, out: &mut [u8]) {
    let taps = window.one_by_one(i);
    let source = source.from(taps.start);
    #[cfg(target_arch = "x86_64")]
    if let Some(proof) = level.avx2() {
        let weights = avx2::Weights { one_by_one: taps.weights, by_four: window.by_four(i).weights };
        return avx2::vertical(proof, source, weights, out);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = level;
    scalar::vertical(source, taps.weights, out);
}
