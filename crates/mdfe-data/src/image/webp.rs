//! What a WebP file's chunks say, read without taking memory: `image-webp` believes the length of a chunk and the size of a
//! frame before it looks whether they are true.

use image::metadata::Orientation;

/// A piece of the file: its name and as much of its content as there is.
struct Chunk<'a> {
    name: [u8; 4],
    content: &'a [u8],
}

/// The chunks that stand one after the other in `bytes`.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        let (&name, rest) = bytes.split_first_chunk::<4>()?;
        let (&size, rest) = rest.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(size) as usize;
        let content = &rest[..size.min(rest.len())];
        // A chunk of odd length has a byte behind it.
        bytes = rest.get(size.saturating_add(size % 2)..).unwrap_or(&[]);
        Some(Chunk { name, content })
    })
}

/// The chunks of a file, those of an animation's frames among them.
fn all(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    chunks(bytes.get(12..).unwrap_or(&[])).flat_map(|chunk| {
        let inner = if chunk.name == *b"ANMF" { chunk.content.get(16..).unwrap_or(&[]) } else { &[] };
        std::iter::once(chunk).chain(chunks(inner))
    })
}

/// EXIF orientation.
pub(super) fn orientation(bytes: &[u8]) -> Orientation {
    let exif = all(bytes).find(|chunk| chunk.name == *b"EXIF");
    exif.and_then(|chunk| Orientation::from_exif_chunk(chunk.content)).unwrap_or(Orientation::NoTransforms)
}

/// Bytes of the planes of the largest lossy frame, whatever the size of the image it lies in.
pub(super) fn planes(bytes: &[u8]) -> u64 {
    let frame = |chunk: Chunk<'_>| {
        let &[w0, w1, h0, h1] = chunk.content.get(6..)?.first_chunk::<4>()?;
        let blocks = |low, high| u64::from(u16::from_le_bytes([low, high]) & 0x3FFF).div_ceil(16);
        // 16 x 16 samples of luma and twice 8 x 8 of chroma for each macroblock.
        Some(blocks(w0, w1) * blocks(h0, h1) * 384)
    };
    all(bytes).filter(|chunk| chunk.name == *b"VP8 ").filter_map(frame).max().unwrap_or(0)
}
