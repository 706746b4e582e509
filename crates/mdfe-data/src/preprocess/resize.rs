//! Pillow's resize of 8-bit RGB, bit for bit: a horizontal and a vertical pass, each rounded to 8 bits.
//!
//! Only what the result needs is computed: the columns of the crop, and in the horizontal pass the rows that the crop's
//! vertical pass reads.

use super::{
    Interpolation,
    filter::{Axis, PRECISION_BITS, Taps},
    passes,
};

/// Half of the last bit that is kept.
pub(super) const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// A part of an RGB image, `[H, W, 3]` with rows `stride` bytes apart.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    /// From the first byte of the part to the end of the image.
    pub(crate) bytes: &'a [u8],
    /// Bytes from one row to the next.
    pub(crate) stride: usize,
    /// Pixels of a row of the part.
    pub(crate) width: usize,
    /// Rows of the part.
    pub(crate) height: usize,
}

impl<'a> View<'a> {
    /// The whole of an image.
    pub(crate) fn of(image: &'a image::RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        Self { bytes: image.as_raw(), stride: width * 3, width, height }
    }

    /// A part of it, from a first row and column on; `None` if it is empty or leaves the image.
    pub(crate) fn part(self, [top, left]: [usize; 2], [height, width]: [usize; 2]) -> Option<Self> {
        if height == 0 || width == 0 || top + height > self.height || left + width > self.width {
            return None;
        }
        Some(Self { bytes: self.at(top, left), stride: self.stride, width, height })
    }

    /// The bytes from a pixel to the end of the image.
    fn at(&self, y: usize, x: usize) -> &'a [u8] {
        &self.bytes[y * self.stride + x * 3..]
    }
}

/// What a resize computes: the result's size and the window of it that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Height and width of the whole result.
    pub(crate) size: [usize; 2],
    /// First row and column that are wanted.
    pub(crate) first: [usize; 2],
    /// Rows and columns that are wanted.
    pub(crate) count: [usize; 2],
}

impl Target {
    /// All of a result of this height and width.
    pub(crate) fn whole(size: [usize; 2]) -> Self {
        Self { size, first: [0, 0], count: size }
    }
}

/// Resizes images; owns the memory between the passes and the coefficients of the last size.
#[derive(Default)]
pub(crate) struct Resizer {
    middle: Vec<u8>,
    cached: [Option<(Axis, Interpolation, Taps)>; 2],
}

impl Resizer {
    /// Writes the wanted window, `[rows, columns, 3]`, to `out`.
    pub(crate) fn resize(
        &mut self,
        source: View<'_>,
        target: Target,
        interpolation: Interpolation,
        out: &mut Vec<u8>,
    ) {
        let [rows, columns] = target.count;
        let axis = |i: usize, input| Axis {
            input,
            output: target.size[i],
            first: target.first[i],
            count: target.count[i],
        };
        let (vertical, horizontal) = (axis(0, source.height), axis(1, source.width));
        let [cached_v, cached_h] = &mut self.cached;
        let across = taps(cached_h, horizontal, interpolation);
        let down = taps(cached_v, vertical, interpolation);
        out.resize(rows * columns * 3, 0);
        if rows * columns == 0 {
            return;
        }
        // Pillow leaves out a pass that changes nothing.
        match (source.width != target.size[1], source.height != target.size[0]) {
            (false, false) => {
                for (y, row) in out.chunks_exact_mut(columns * 3).enumerate() {
                    row.copy_from_slice(&source.at(target.first[0] + y, target.first[1])[..columns * 3]);
                }
            }
            (true, false) => {
                for (y, row) in out.chunks_exact_mut(columns * 3).enumerate() {
                    passes::horizontal(source.at(target.first[0] + y, 0), (across, 0), row);
                }
            }
            (false, true) => {
                for (i, row) in out.chunks_exact_mut(columns * 3).enumerate() {
                    passes::vertical((source.at(0, target.first[1]), source.stride), (down, i, 0), row);
                }
            }
            (true, true) if vertical_first(source, target) => {
                let reach = across.reach();
                self.middle.resize(reach.len() * rows * 3, 0);
                let lines = self.middle.chunks_exact_mut(reach.len() * 3);
                for (i, (line, row)) in lines.zip(out.chunks_exact_mut(columns * 3)).enumerate() {
                    passes::vertical((source.at(0, reach.start), source.stride), (down, i, 0), line);
                    passes::horizontal(line, (across, reach.start), row);
                }
            }
            (true, true) => {
                let reach = down.reach();
                self.middle.resize(reach.len() * columns * 3, 0);
                for (y, line) in reach.clone().zip(self.middle.chunks_exact_mut(columns * 3)) {
                    passes::horizontal(source.at(y, 0), (across, 0), line);
                }
                for (i, row) in out.chunks_exact_mut(columns * 3).enumerate() {
                    passes::vertical((&self.middle, columns * 3), (down, i, reach.start), row);
                }
            }
        }
    }
}

/// Whether the vertical pass comes first: so since Pillow 13, where the height loses more than twice as many pixels as the
/// width. Older releases always begin with the horizontal one; the results differ by rounding.
fn vertical_first(source: View<'_>, target: Target) -> bool {
    let lost = |from: usize, to: usize| from as i64 - to as i64;
    let height = lost(source.height, target.size[0]);
    height > 0 && height > 2 * lost(source.width, target.size[1])
}

/// The taps of an axis, computed anew only when the size changed.
fn taps(cached: &mut Option<(Axis, Interpolation, Taps)>, axis: Axis, interpolation: Interpolation) -> &Taps {
    if cached.as_ref().is_some_and(|c| (c.0, c.1) != (axis, interpolation)) {
        *cached = None;
    }
    &cached.get_or_insert_with(|| (axis, interpolation, Taps::new(axis, interpolation))).2
}

/// Rounds a sum of weighted pixels to 8 bits.
#[inline(always)]
pub(super) fn to_byte(sum: i32) -> u8 {
    ((sum + HALF) >> PRECISION_BITS).clamp(0, 255) as u8
}
