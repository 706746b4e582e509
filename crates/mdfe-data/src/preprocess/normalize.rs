//! From bytes `[H, W, 3]` to normalised values `[3, H, W]`.

/// `(byte / 255 - mean) / std` in f32, as torchvision's `ToTensor` and `Normalize` compute it, from a table.
pub(crate) struct Normalize {
    tables: [[f32; 256]; 3],
}

/// Values `[3, H, W]` to write to.
pub(crate) struct Canvas<'a> {
    pub(crate) values: &'a mut [f32],
    /// H and W.
    pub(crate) size: [usize; 2],
}

impl Normalize {
    /// The tables of these means and standard deviations.
    pub(crate) fn new(mean: [f32; 3], std: [f32; 3]) -> Self {
        let table = |c: usize| std::array::from_fn(|byte| (byte as f32 / 255.0 - mean[c]) / std[c]);
        Self { tables: [table(0), table(1), table(2)] }
    }

    /// Fills all of `[3, H, W]` with a byte's values.
    pub(crate) fn fill(&self, byte: u8, out: &mut [f32]) {
        let plane = out.len() / 3;
        for (table, values) in self.tables.iter().zip(out.chunks_exact_mut(plane.max(1))) {
            values.fill(table[usize::from(byte)]);
        }
    }

    /// Writes bytes `[rows, columns, 3]` to the place of the canvas whose first row and column are `origin`.
    pub(crate) fn write(
        &self,
        bytes: &[u8],
        [rows, columns]: [usize; 2],
        origin: [usize; 2],
        canvas: Canvas<'_>,
    ) {
        let [height, width] = canvas.size;
        let (red, rest) = canvas.values.split_at_mut(height * width);
        let (green, blue) = rest.split_at_mut(height * width);
        let [r, g, b] = &self.tables;
        for (y, row) in bytes.chunks_exact(columns.max(1) * 3).take(rows).enumerate() {
            let start = (origin[0] + y) * width + origin[1];
            let planes = red[start..].iter_mut().zip(&mut green[start..]).zip(&mut blue[start..]);
            for (pixel, ((x, y), z)) in row.chunks_exact(3).zip(planes) {
                *x = r[usize::from(pixel[0])];
                *y = g[usize::from(pixel[1])];
                *z = b[usize::from(pixel[2])];
            }
        }
    }
}
