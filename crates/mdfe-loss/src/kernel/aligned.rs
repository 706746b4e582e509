//! Scratch memory that starts on a cache line.

use std::ops::{Deref, DerefMut};

/// A buffer of f32 whose first value lies on a 64-byte boundary, so that no vector straddles two cache lines.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    buffer: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// Makes room for `len` values; what they are is unspecified unless the buffer has just grown, then zero.
    pub(crate) fn resize(&mut self, len: usize) {
        if self.start + len > self.buffer.len() {
            self.buffer = vec![0.0; len + 16];
            // A pointer of f32 to f32 boundary always has an offset; 0 keeps the slice valid if an allocator says otherwise.
            let offset = self.buffer.as_ptr().align_offset(64);
            self.start = if offset <= 16 { offset } else { 0 };
        }
        self.len = len;
    }
}

impl Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.buffer[self.start..self.start + self.len]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.buffer[self.start..self.start + self.len]
    }
}
