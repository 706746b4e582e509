//! JPEG as libjpeg-turbo decodes it by default, bit for bit: `islow` transform, fancy upsampling, fixed-point colours.
//!
//! The usual decoders of the Rust world round differently in the transform, the upsampling and the colours, which shows in
//! the features of a backbone. Sequential and progressive Huffman files of 8 bits are read, with one, three or four
//! components. As in libjpeg, data that ends at a marker too early is filled up; a file that ends too early is an error.

mod bits;
mod block;
mod color;
mod header;
mod huffman;
mod idct;
mod scan;
mod upsample;

use super::DecodeOptions;
use bits::Bits;
use color::Colors;
use header::{Frame, Parsed, Tables, broken};
use image::{RgbImage, metadata::Orientation};
use mdfe_simd::Level;
use scan::{Context, Plane};
use upsample::Source;

/// Decodes a file to RGB, with the instructions of `level`; the orientation is told, not applied.
///
/// This parser alone decides what the file says: the frame whose memory is checked is the frame that is decoded.
pub(super) fn decode(data: &[u8], options: DecodeOptions, level: Level) -> Parsed<(RgbImage, Orientation)> {
    let mut tables = Tables::default();
    let mut frame: Option<Frame> = None;
    let mut planes: Vec<Plane> = Vec::new();
    let mut position = 2;
    let mut scans = 0;
    while let Some(marker) = next_marker(data, &mut position) {
        match marker {
            0xD9 => break,
            // Some parsers take what follows for a segment and would see another file.
            0xD8 => return Err(broken("it starts twice")),
            _ => {}
        }
        let segment = segment(data, &mut position)
            .ok_or_else(|| "the JPEG file is truncated in its header".to_owned())?;
        match marker {
            0xDB => tables.quantisation(segment)?,
            0xC4 => tables.huffman(segment)?,
            0xDD => tables.restart_interval = segment.iter().take(2).fold(0, |v, &b| v << 8 | usize::from(b)),
            0xE0..=0xEF => tables.application(marker, segment),
            0xC0..=0xC2 if frame.is_some() => return Err(broken("two frames")),
            0xC0..=0xC2 => {
                let parsed = Frame::parse(segment, marker == 0xC2)?;
                let demand = parsed.demand();
                let demand = if options.exif_orientation { demand.and_turned() } else { demand };
                demand.check(options.max_bytes)?;
                planes = parsed.components.iter().map(|c| Plane::new(c, parsed.progressive)).collect();
                frame = Some(parsed);
            }
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let kind = match marker {
                    0xC9 | 0xCA => "arithmetic coding",
                    0xC3 | 0xCB => "lossless coding",
                    _ => "hierarchical coding",
                };
                return Err(format!(
                    "JPEG files with {kind} are not supported; save it as a baseline or progressive JPEG"
                ));
            }
            0xDA => {
                let frame = frame.as_mut().ok_or_else(|| broken("a scan before the frame header"))?;
                let scan = frame.scan(segment, &tables)?;
                let context = Context { frame, scan: &scan, tables: &tables, level };
                position = scan::decode_scan(context, Bits::new(data, position), &mut planes)?;
                scans += 1;
                // A file of a few kilobytes with thousands of empty scans would take hours.
                if scans > MAX_SCANS {
                    return Err(broken("too many scans"));
                }
            }
            _ => {}
        }
    }
    let frame = frame.ok_or_else(|| broken("no frame header"))?;
    if frame.components.iter().any(|c| c.quant.is_none()) {
        return Err("the JPEG file is truncated: a color component is missing".to_owned());
    }
    if frame.progressive {
        for (plane, component) in planes.iter_mut().zip(&frame.components) {
            plane.finish(component, level);
        }
    }
    let colors = Colors::of(&frame, &tables);
    // Wider registers than AVX2's cost 2 % of the whole decoding.
    let level = level.avx2().map_or(Level::Portable, Level::Avx2);
    let bytes = level.vectorize(
        #[inline(always)]
        || assemble(&frame, &planes, colors),
    );
    let image = RgbImage::from_raw(frame.width as u32, frame.height as u32, bytes);
    Ok((image.ok_or_else(|| broken("size"))?, tables.orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Scans of a progressive file; encoders write about ten.
const MAX_SCANS: usize = 256;

/// The next marker's code; restart markers and filling bytes are passed over.
fn next_marker(data: &[u8], position: &mut usize) -> Option<u8> {
    loop {
        let pair = data.get(*position..*position + 2)?;
        match pair {
            [0xFF, 0x00 | 0xD0..=0xD7 | 0x01] => *position += 2,
            [0xFF, 0xFF] => *position += 1,
            [0xFF, code] => {
                *position += 2;
                return Some(*code);
            }
            _ => *position += 1,
        }
    }
}

/// The content of a marker segment, without its length.
fn segment<'a>(data: &'a [u8], position: &mut usize) -> Option<&'a [u8]> {
    let head = data.get(*position..*position + 2)?;
    let length = usize::from(head[0]) << 8 | usize::from(head[1]);
    let content = data.get(*position + 2..*position + length)?;
    *position += length;
    Some(content)
}

#[inline(always)]
fn assemble(frame: &Frame, planes: &[Plane], colors: Colors) -> Vec<u8> {
    let mut rows = vec![vec![0; frame.width]; planes.len()];
    let mut sums = Vec::new();
    let mut out = vec![0; frame.width * frame.height * 3];
    for (y, line) in out.chunks_exact_mut(frame.width * 3).enumerate() {
        for ((row, component), plane) in rows.iter_mut().zip(&frame.components).zip(planes) {
            upsample::row(Source { frame, component, plane }, y, &mut sums, row);
        }
        color::row(colors, &rows, line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_gives_the_bytes_of_plain_rust() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images");
        for name in ["420", "422", "444", "progressive", "restart", "gray", "cmyk", "tiny_420", "jpeg/440"] {
            let data = std::fs::read(folder.join(name).with_extension("jpg")).unwrap();
            let options = DecodeOptions::default();
            let plain = decode(&data, options, Level::Portable).unwrap();
            for level in Level::available() {
                assert_eq!(decode(&data, options, level).unwrap(), plain, "{name} with {level}");
            }
        }
    }
}
