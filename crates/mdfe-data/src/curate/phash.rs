//! The perceptual hash: 64 bits that stay nearly the same when an image is scaled, recompressed or lightly toned.
//!
//! The image in gray is resized to 32 x 32 (Lanczos), turned into cosine frequencies (DCT-II along both axes), and
//! the 8 x 8 lowest frequencies are compared with their median: the hash of Python's `imagehash.phash`, which comes
//! from C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.

use crate::{
    preprocess::{Interpolation, Resizer, Target, View},
    transform::gray,
};
use image::RgbImage;

/// Side of the small image.
const SIDE: usize = 32;
/// Frequencies along each axis.
const LOW: usize = 8;
/// An image whose strongest frequency but the mean is below this has nothing to recognise: the hash would be noise.
/// A step of one gray level between two halves of the small image gives 1304, noise of one level about 60.
const PLAIN: f64 = 1000.0;

/// The hash of an image; nothing for a plain one (a single colour, or nearly).
pub fn perceptual_hash(image: &RgbImage) -> Option<u64> {
    if image.is_empty() {
        return None;
    }
    // The resize of this crate takes three channels; gray is the same in each, so the first one is the answer.
    let mut grays = image.clone();
    grays.pixels_mut().for_each(|p| p.0 = [gray(&p.0); 3]);
    let mut small = vec![0; SIDE * SIDE * 3];
    Resizer::default().resize(
        View::of(&grays),
        Target::whole([SIDE, SIDE]),
        Interpolation::Lanczos,
        &mut small,
    );
    let mut first = [0; SIDE * SIDE];
    first.iter_mut().zip(small.chunks_exact(3)).for_each(|(one, rgb)| *one = rgb[0]);
    hash_of_gray(&first)
}

/// The hash of a gray image of 32 x 32 pixels, row by row; nothing for a plain one.
///
/// Bit `8 v + u`, counted from the highest, says whether frequency `u` across and `v` down is above the median.
pub fn hash_of_gray(gray: &[u8; SIDE * SIDE]) -> Option<u64> {
    let cosines = cosines();
    let mut across = [[0.0; LOW]; SIDE];
    for (row, frequencies) in gray.as_chunks::<SIDE>().0.iter().zip(&mut across) {
        for (frequency, cosine) in frequencies.iter_mut().zip(&cosines) {
            *frequency = row.iter().zip(cosine).map(|(g, c)| f64::from(*g) * c).sum();
        }
    }
    let mut low = [0.0; LOW * LOW];
    for (v, cosine) in cosines.iter().enumerate() {
        for u in 0..LOW {
            low[v * LOW + u] = across.iter().zip(cosine).map(|(row, c)| row[u] * c).sum();
        }
    }
    if low[1..].iter().all(|f| f.abs() < PLAIN) {
        return None;
    }
    let mut sorted = low;
    sorted.sort_unstable_by(f64::total_cmp);
    let median = 0.5 * (sorted[LOW * LOW / 2 - 1] + sorted[LOW * LOW / 2]);
    Some(low.iter().fold(0, |hash, f| hash << 1 | u64::from(*f > median)))
}

/// `2 cos(pi u (2 x + 1) / 64)`, `[u][x]`: scipy's unnormalised DCT-II.
fn cosines() -> [[f64; SIDE]; LOW] {
    let angle = |u: usize, x: usize| std::f64::consts::PI * (u * (2 * x + 1)) as f64 / (2 * SIDE) as f64;
    std::array::from_fn(|u| std::array::from_fn(|x| 2.0 * angle(u, x).cos()))
}
