//! Colours of a JPEG file to RGB: libjpeg's fixed-point YCbCr, and CMYK as Pillow converts it.

use super::header::{Frame, Tables};

/// How the components become RGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colors {
    Gray,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

impl Colors {
    /// libjpeg's guess (`default_decompress_parms` in `jdapimin.c`).
    pub(super) fn of(frame: &Frame, tables: &Tables) -> Self {
        let ids: Vec<u8> = frame.components.iter().map(|c| c.id).collect();
        match (ids.len(), tables.jfif, tables.adobe) {
            (1, ..) => Self::Gray,
            (3, true, _) => Self::YCbCr,
            (3, false, Some(0)) => Self::Rgb,
            (3, false, None) if ids == *b"RGB" => Self::Rgb,
            (3, ..) => Self::YCbCr,
            (_, _, Some(0) | None) => Self::Cmyk,
            _ => Self::Ycck,
        }
    }
}

/// One row to RGB; `rows` are the components at full width.
#[inline(always)]
pub(super) fn row(colors: Colors, rows: &[Vec<u8>], out: &mut [u8]) {
    let pixels = out.chunks_exact_mut(3);
    match (colors, rows) {
        (Colors::Gray, [gray, ..]) => {
            for (pixel, &v) in pixels.zip(gray) {
                pixel.fill(v);
            }
        }
        (Colors::Rgb, [r, g, b, ..]) => {
            for (((pixel, &r), &g), &b) in pixels.zip(r).zip(g).zip(b) {
                pixel.copy_from_slice(&[r, g, b]);
            }
        }
        (Colors::YCbCr, [y, cb, cr, ..]) => {
            for (((pixel, &y), &cb), &cr) in pixels.zip(y).zip(cb).zip(cr) {
                pixel.copy_from_slice(&ycc(y, cb, cr));
            }
        }
        (Colors::Cmyk, [c, m, y, k]) => {
            for ((((pixel, &c), &m), &y), &k) in pixels.zip(c).zip(m).zip(y).zip(k) {
                pixel.copy_from_slice(&[c, m, y].map(|ink| ink_to_light(ink, k)));
            }
        }
        (Colors::Ycck, [y, cb, cr, k]) => {
            for ((((pixel, &y), &cb), &cr), &k) in pixels.zip(y).zip(cb).zip(cr).zip(k) {
                pixel.copy_from_slice(&ycc(y, cb, cr).map(|v| ink_to_light(255 - v, k)));
            }
        }
        _ => {}
    }
}

/// `jdcolor.c`: 16 fraction bits.
#[inline(always)]
fn ycc(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let r = y + ((91_881 * cr + 32_768) >> 16);
    let g = y + ((-22_554 * cb - 46_802 * cr + 32_768) >> 16);
    let b = y + ((116_130 * cb + 32_768) >> 16);
    [r.clamp(0, 255) as u8, g.clamp(0, 255) as u8, b.clamp(0, 255) as u8]
}

/// Pillow takes every CMYK JPEG as inverted (Adobe's convention), then multiplies ink and black.
#[inline(always)]
fn ink_to_light(ink: u8, black: u8) -> u8 {
    let (ink, white) = (255 - i32::from(ink), i32::from(black));
    let product = ink * white + 128;
    (white - (((product >> 8) + product) >> 8)).clamp(0, 255) as u8
}
