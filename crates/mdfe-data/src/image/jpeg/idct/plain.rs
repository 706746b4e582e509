//! The transform in plain Rust.

use super::pass::{Lanes, columns, rows};
use std::ops::{Add, Sub};

/// Eight values side by side.
#[derive(Clone, Copy)]
struct Plain([i32; 8]);

impl Add for Plain {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }
}

impl Sub for Plain {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }
}

impl Lanes for Plain {
    fn times(self, factor: i32) -> Self {
        Self(self.0.map(|v| v.wrapping_mul(factor)))
    }

    fn round_shift<const BITS: i32>(self) -> Self {
        Self(self.0.map(|v| v.wrapping_add(1 << (BITS - 1)) >> BITS))
    }
}

/// See [`super::transform`].
pub(super) fn transform(block: &[i32; 64], out: &mut [u8], stride: usize) {
    let input = std::array::from_fn(|y| Plain(std::array::from_fn(|x| block[y * 8 + x])));
    let samples = transpose(rows(transpose(columns(input))));
    for (row, values) in out.chunks_mut(stride).zip(samples) {
        for (byte, value) in row[..8].iter_mut().zip(values.0) {
            *byte = value.wrapping_add(128).clamp(0, 255) as u8;
        }
    }
}

fn transpose(rows: [Plain; 8]) -> [Plain; 8] {
    std::array::from_fn(|x| Plain(std::array::from_fn(|y| rows[y].0[x])))
}
