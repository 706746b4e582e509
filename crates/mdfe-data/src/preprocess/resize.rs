//! Pillow's resize of 8-bit RGB, bit for bit: a horizontal and a vertical pass, each rounded to 8 bits.
//!
//! Only what the result needs is computed: the columns of the crop, and in the horizontal pass the rows that the crop's
//! vertical pass reads.

use super::{
    Interpolation,
    filter::{Axis, Taps, Window},
    passes,
    rows::Rows,
};
use mdfe_simd::Level;

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

    /// All rows, from column `x` on.
    fn rows(&self, x: usize) -> Rows<'a> {
        Rows { bytes: self.at(0, x), stride: self.stride }
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

/// Resizes images; owns the memory between the passes and the taps of the last size.
pub(crate) struct Resizer {
    level: Level,
    middle: Vec<u8>,
    down: Cached,
    across: Cached,
}

/// The taps of the last size of one axis.
#[derive(Default)]
struct Cached(Option<Known>);

struct Known {
    axis: Axis,
    interpolation: Interpolation,
    taps: Taps,
}

impl Cached {
    /// The taps of an axis, computed anew only when the size changed.
    fn taps(&mut self, axis: Axis, interpolation: Interpolation) -> &Taps {
        if self.0.as_ref().is_some_and(|known| (known.axis, known.interpolation) != (axis, interpolation)) {
            self.0 = None;
        }
        let fresh = || Known { axis, interpolation, taps: Taps::new(axis, interpolation) };
        &self.0.get_or_insert_with(fresh).taps
    }
}

impl Default for Resizer {
    /// With the instructions that this CPU has.
    fn default() -> Self {
        Self::new(Level::current())
    }
}

impl Resizer {
    /// A resizer with the instructions of `level`; the result is the same with any.
    pub(crate) fn new(level: Level) -> Self {
        Self { level, middle: Vec::new(), down: Cached::default(), across: Cached::default() }
    }

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
        let level = self.level;
        let across = self.across.taps(horizontal, interpolation);
        let down = self.down.taps(vertical, interpolation);
        // Taps over a source that begins with the axis.
        let (all_across, all_down) = (Window { taps: across, first: 0 }, Window { taps: down, first: 0 });
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
                    passes::horizontal(level, source.at(target.first[0] + y, 0), all_across, row);
                }
            }
            (false, true) => {
                let rows = source.rows(target.first[1]);
                for (i, row) in out.chunks_exact_mut(columns * 3).enumerate() {
                    passes::vertical(level, rows, all_down, i, row);
                }
            }
            (true, true) if vertical_first(source, target) => {
                let reach = across.reach();
                self.middle.resize(reach.len() * rows * 3, 0);
                let window = Window { taps: across, first: reach.start };
                let (rows, lines) = (source.rows(reach.start), self.middle.chunks_exact_mut(reach.len() * 3));
                for (i, (line, row)) in lines.zip(out.chunks_exact_mut(columns * 3)).enumerate() {
                    passes::vertical(level, rows, all_down, i, line);
                    passes::horizontal(level, line, window, row);
                }
            }
            (true, true) => {
                let reach = down.reach();
                self.middle.resize(reach.len() * columns * 3, 0);
                for (y, line) in reach.clone().zip(self.middle.chunks_exact_mut(columns * 3)) {
                    passes::horizontal(level, source.at(y, 0), all_across, line);
                }
                let rows = Rows { bytes: &self.middle, stride: columns * 3 };
                let window = Window { taps: down, first: reach.start };
                for (i, row) in out.chunks_exact_mut(columns * 3).enumerate() {
                    passes::vertical(level, rows, window, i, row);
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    fn resized(level: Level, image: &image::RgbImage, target: Target, filter: Interpolation) -> Vec<u8> {
        let mut out = Vec::new();
        Resizer::new(level).resize(View::of(image), target, filter, &mut out);
        out
    }

    #[test]
    fn every_level_gives_the_bytes_of_plain_rust() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(2);
        // Shrunk, enlarged, one side kept, the vertical pass first, rows shorter than a register.
        let sizes = [
            ([64, 97], [20, 31]),
            ([9, 11], [33, 40]),
            ([50, 48], [50, 17]),
            ([50, 48], [21, 48]),
            ([151, 41], [36, 36]),
            ([3, 2], [2, 1]),
            ([1, 1], [5, 7]),
        ];
        for ([height, width], size) in sizes {
            // Only the darkest and the brightest bytes in one image of two: sums overshoot and are cut off at both ends.
            for extremes in [false, true] {
                let mut byte = || if extremes { random.random_range(0..2) * 255 } else { random.random() };
                let image =
                    image::RgbImage::from_fn(width, height, |_, _| image::Rgb([byte(), byte(), byte()]));
                let inner = Target { size, first: size.map(|s| s / 5), count: size.map(|s| s - 2 * (s / 5)) };
                for filter in [Interpolation::Bilinear, Interpolation::Bicubic, Interpolation::Lanczos] {
                    for target in [Target::whole(size), inner] {
                        let plain = resized(Level::Portable, &image, target, filter);
                        for level in Level::available() {
                            let found = resized(level, &image, target, filter);
                            assert_eq!(
                                found, plain,
                                "{level}: {width} x {height} to {target:?} by {filter:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}
