//! Rows of bytes in memory, as the vertical pass reads them.

/// Bytes whose rows begin `stride` bytes apart.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) stride: usize,
}

impl<'a> Rows<'a> {
    /// From row `y` on.
    pub(super) fn from(self, y: usize) -> Self {
        Self { bytes: &self.bytes[y * self.stride..], ..self }
    }
}
