//! Rows and columns of something flat.

/// Rows and columns: of pixels, of patches, of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// Rows.
    pub(crate) height: usize,
    /// Columns.
    pub(crate) width: usize,
}

impl Size {
    /// As many rows as columns.
    pub(crate) fn square(side: usize) -> Self {
        Self { height: side, width: side }
    }

    /// How many places there are.
    pub(crate) fn area(self) -> usize {
        self.height * self.width
    }
}
