//! Broken and hostile files: a clear error, no panic, no memory for what is not there.

use crate::{
    cases::{cases, file, jpeg_cases},
    memory::peak,
};
use mdfe_data::{DecodeOptions, Error, decode_with};
use proptest::{prelude::*, sample::Index};

fn reason(name: &str) -> String {
    let path = file(name);
    match mdfe_data::decode(&path) {
        Err(Error::Image { path: named, reason }) if named == path => reason,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn broken_files_say_what_is_wrong() {
    assert!(reason("truncated.jpg").contains("truncated"), "{}", reason("truncated.jpg"));
    assert!(reason("text.jpg").contains("no JPEG"), "{}", reason("text.jpg"));
    assert!(reason("bomb.jpg").contains("65535 x 65535"), "{}", reason("bomb.jpg"));
}

#[test]
fn missing_and_empty_files_are_named() {
    assert!(matches!(mdfe_data::decode(&file("nowhere.jpg")), Err(Error::Io { .. })));
    let fault = mdfe_data::decode_bytes("a.jpg".as_ref(), &[]).unwrap_err().to_string();
    assert!(fault.contains("a.jpg") && fault.contains("empty"), "{fault}");
}

/// A small image behind a second start marker that, read as a segment, hides a frame of 65535 x 65535: one parser sees the
/// small frame, another the large one.
fn two_frames() -> Vec<u8> {
    let small = std::fs::read(file("tiny_420.jpg")).unwrap();
    let hidden = [0xFF, 0xC0, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
    [&small[..2], &[0xFF, 0xD8, 0, 2 + hidden.len() as u8], &hidden, &small[2..]].concat()
}

#[test]
fn hidden_frame_takes_no_memory() {
    let (result, bytes) = peak(|| mdfe_data::decode_bytes("a.jpg".as_ref(), &two_frames()));
    let fault = result.unwrap_err().to_string();
    assert!(fault.contains("starts twice"), "{fault}");
    assert!(bytes < 1 << 20, "{bytes} bytes");
}

#[test]
fn zero_size_is_refused() {
    let mut bytes = std::fs::read(file("420.jpg")).unwrap();
    let frame = bytes.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    bytes[frame + 5..frame + 9].fill(0);
    let fault = mdfe_data::decode_bytes("a.jpg".as_ref(), &bytes).unwrap_err().to_string();
    assert!(fault.contains("no pixels"), "{fault}");
}

#[test]
fn file_cut_anywhere_is_an_error_or_whole() {
    for name in ["420.jpg", "progressive.jpg", "restart.jpg", "cmyk.jpg"] {
        let bytes = std::fs::read(file(name)).unwrap();
        let whole = mdfe_data::decode_bytes(name.as_ref(), &bytes).unwrap();
        for length in (0..bytes.len() - 2).step_by(7) {
            if let Ok(image) = mdfe_data::decode_bytes(name.as_ref(), &bytes[..length]) {
                // Scans of a progressive file are whole before the file ends; and only the end marker may be missing.
                assert!(name == "progressive.jpg" || image == whole, "{name} cut to {length}");
            }
        }
    }
}

/// A fixture whose frame header has another marker, precision, height and width.
fn with_frame(name: &str, marker: u8, precision: u8, [height, width]: [u16; 2]) -> Vec<u8> {
    let mut bytes = std::fs::read(file(name)).unwrap();
    let frame = bytes.windows(2).position(|w| matches!(w, [0xFF, 0xC0 | 0xC2])).unwrap();
    bytes[frame + 1] = marker;
    bytes[frame + 4] = precision;
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

#[test]
fn kinds_of_jpeg_that_are_not_read_are_named() {
    let kinds = [
        (0xC9, 8, "arithmetic coding"),
        (0xCA, 8, "arithmetic coding"),
        (0xC3, 8, "lossless coding"),
        (0xC6, 8, "hierarchical coding"),
        (0xC1, 12, "12 bits"),
    ];
    for (marker, precision, name) in kinds {
        let bytes = with_frame("420.jpg", marker, precision, [37, 51]);
        let fault = mdfe_data::decode_bytes("a.jpg".as_ref(), &bytes).unwrap_err().to_string();
        assert!(fault.contains(name) && fault.contains("not supported"), "{fault}");
    }
}

#[test]
fn image_that_would_take_too_much_memory_is_refused_before_it_takes_any() {
    // The sizes are legal: Pillow decodes up to 178,956,970 pixels.
    let large = [
        with_frame("progressive.jpg", 0xC2, 8, [13_000, 13_000]),
        with_frame("cmyk.jpg", 0xC2, 8, [13_000, 13_000]),
        with_frame("cmyk.jpg", 0xC0, 8, [13_000, 13_000]),
    ];
    // By hand, in MB: samples of 4:2:0 (1.5 x 13,008^2, with padding) beside the image (3 x 13,000^2), which is more than its
    // coefficients were; four components of coefficients of two bytes and the samples of one; four of samples, and the image.
    for (bytes, megabytes) in large.iter().zip(["760.8 MB", "1521.0 MB", "1183.0 MB"]) {
        let (result, peak) = peak(|| {
            let options = DecodeOptions { max_bytes: 600 << 20, ..DecodeOptions::default() };
            decode_with("a.jpg".as_ref(), bytes, options)
        });
        let fault = result.unwrap_err().to_string();
        assert!(fault.contains("13000 x 13000") && fault.contains(megabytes), "{fault}");
        assert!(fault.contains("629.1 MB"), "{fault}");
        assert!(peak < 1 << 20, "{peak} bytes");
    }
}

/// Where the content of a WebP file's chunk begins.
fn chunk(bytes: &[u8], name: &[u8; 4]) -> usize {
    bytes.windows(4).position(|w| w == name).unwrap() + 8
}

#[test]
fn webp_frame_larger_than_its_image_is_counted() {
    let mut bytes = std::fs::read(file("alpha.webp")).unwrap();
    let frame = chunk(&bytes, b"VP8 ");
    bytes[frame + 6..frame + 10].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    let (result, peak) = peak(|| {
        let options = DecodeOptions { max_bytes: 300 << 20, ..DecodeOptions::default() };
        decode_with("a.webp".as_ref(), &bytes, options)
    });
    // 1024 x 1024 macroblocks of 384 samples, and the image.
    let fault = result.unwrap_err().to_string();
    assert!(fault.contains("51 x 37") && fault.contains("402.7 MB"), "{fault}");
    assert!(peak < 1 << 20, "{peak} bytes");
}

#[test]
fn webp_chunk_that_says_it_is_huge_takes_no_memory() {
    let mut bytes = std::fs::read(file("turned/8.webp")).unwrap();
    let exif = chunk(&bytes, b"EXIF");
    bytes[exif - 4..exif].copy_from_slice(&[0xFF; 4]);
    let (result, peak) = peak(|| {
        let options = DecodeOptions { exif_orientation: true, ..DecodeOptions::default() };
        decode_with("a.webp".as_ref(), &bytes, options)
    });
    assert!(peak < 1 << 20, "{peak} bytes");
    // What is there of the chunk is read.
    assert_eq!(result.unwrap().image.dimensions(), (5, 7));
}

/// Beside what grows with the image: tables, rows, windows of a decompressor, messages.
const TABLES: usize = 512 << 10;

/// Files of 700 x 900 pixels: every format and colour layout that the `image` crate writes, and JPEGs.
fn larger_files() -> Vec<(String, Vec<u8>)> {
    use image::{DynamicImage, ImageFormat as Format};
    let image = DynamicImage::ImageRgb8(image::RgbImage::from_fn(700, 900, |x, y| {
        image::Rgb([x as u8, y as u8, (x * y) as u8])
    }));
    let rgb = DynamicImage::ImageRgb8(image.to_rgb8());
    let rgba = DynamicImage::ImageRgba8(image.to_rgba8());
    let deep = DynamicImage::ImageRgba16(image.to_rgba16());
    let gray = DynamicImage::ImageLuma16(image.to_luma16());
    let kinds = [
        (&rgb, vec![Format::Png, Format::Tiff, Format::Bmp, Format::WebP, Format::Jpeg]),
        (&rgba, vec![Format::Png, Format::Tiff, Format::Gif, Format::WebP]),
        (&deep, vec![Format::Png, Format::Tiff]),
        (&gray, vec![Format::Png, Format::Tiff]),
    ];
    let mut files = Vec::new();
    for (image, formats) in kinds {
        for format in formats {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image.write_to(&mut bytes, format).unwrap();
            files.push((format!("{format:?} of {:?}", image.color()), bytes.into_inner()));
        }
    }
    // The data of a small image; the rest of the blocks is filled up.
    for (name, marker) in
        [("420.jpg", 0xC0), ("progressive.jpg", 0xC2), ("cmyk.jpg", 0xC0), ("gray.jpg", 0xC0)]
    {
        files.push((name.to_owned(), with_frame(name, marker, 8, [900, 700])));
    }
    files
}

#[test]
fn memory_that_is_counted_is_memory_that_is_taken() {
    for (name, bytes) in larger_files() {
        for exif_orientation in [false, true] {
            let decode = |max_bytes| {
                let options = DecodeOptions { exif_orientation, max_bytes };
                decode_with("a".as_ref(), &bytes, options).map_err(|e| e.to_string())
            };
            let (result, peak) = peak(|| decode(1 << 30));
            result.unwrap_or_else(|e| panic!("{name}: {e}"));
            let fault = decode(peak as u64 * 2 / 3).unwrap_err();
            assert!(fault.contains("700 x 900 pixels takes"), "{name}: {fault}");
            // The least limit that the image passes, roughly.
            let (mut low, mut high) = (0, 4 * peak as u64);
            while low + (16 << 10) < high {
                let middle = (low + high) / 2;
                if decode(middle).is_ok() { high = middle } else { low = middle }
            }
            let fault = decode(low).unwrap_err();
            assert!(fault.contains("memory") && fault.contains(" MB"), "{name}: {fault}");
            assert!(peak <= high as usize + TABLES, "{name} takes {peak}, counted {high}");
            // A count far above the truth would refuse images for nothing. Our own decoder knows its need; for the others
            // the worst of their kinds is counted, and for all a turned copy, which upright images do not take.
            let loose = if name.ends_with("jpg") && !exif_orientation { 1 } else { 3 };
            assert!(high as usize <= peak * loose + TABLES, "{name} takes {peak}, counted {high}");
        }
    }
}

/// One change to a file; places are shares of its length.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    /// From, number of bytes, to.
    Copy(Index, usize, Index),
}

impl Edit {
    fn any() -> impl Strategy<Value = Self> {
        let marker = prop_oneof![any::<u8>(), Just(0xFF), 0xC0..=0xCF_u8, 0xD8..=0xDF_u8];
        prop_oneof![
            4 => (any::<Index>(), marker.clone()).prop_map(|(at, byte)| Self::Set(at, byte)),
            1 => (any::<Index>(), 1..40_usize).prop_map(|(at, count)| Self::Remove(at, count)),
            1 => (any::<Index>(), prop::collection::vec(marker, 1..8)).prop_map(|(at, b)| Self::Insert(at, b)),
            1 => (any::<Index>(), 1..200_usize, any::<Index>()).prop_map(|(from, n, to)| Self::Copy(from, n, to)),
        ]
    }

    fn apply(self, bytes: &mut Vec<u8>) {
        let length = bytes.len().max(1);
        let end = |start: usize, count: usize| (start + count).min(bytes.len());
        match self {
            Self::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at.index(length)) {
                    *place = byte;
                }
            }
            Self::Remove(at, count) => {
                let start = at.index(length).min(bytes.len());
                bytes.drain(start..end(start, count));
            }
            Self::Insert(at, new) => {
                let start = at.index(length).min(bytes.len());
                bytes.splice(start..start, new);
            }
            Self::Copy(from, count, to) => {
                let start = from.index(length).min(bytes.len());
                let copy = bytes[start..end(start, count)].to_vec();
                let start = to.index(length).min(bytes.len());
                bytes.splice(start..start, copy);
            }
        }
    }
}

proptest! {
    /// `PROPTEST_CASES=100000 cargo test --release -p mdfe-data --test images changed_files` looks longer.
    #[test]
    fn changed_files_neither_panic_nor_take_more_memory_than_they_may(
        which in any::<Index>(),
        edits in prop::collection::vec(Edit::any(), 1..8),
        exif_orientation in any::<bool>(),
    ) {
        const LIMIT: usize = 4 << 20;
        let names = FILES.with(|files| files.clone());
        let name = which.get(&names);
        let mut bytes = std::fs::read(file(name)).unwrap();
        for edit in edits {
            edit.apply(&mut bytes);
        }
        let options = DecodeOptions { exif_orientation, max_bytes: LIMIT as u64 };
        let (result, bytes) = peak(|| decode_with(name.as_ref(), &bytes, options));
        if let Err(error) = result {
            prop_assert!(!error.to_string().contains("please report"), "{name}: {error}");
        }
        // What a broken file may hide from the count: see `scratch` in `image/other.rs`.
        let hidden = match name.rsplit('.').next() {
            Some("webp") => 34_000_000,
            Some("tif") => 270_000_000,
            _ => 0,
        };
        prop_assert!(bytes <= LIMIT + TABLES + hidden, "{name}: {bytes} bytes");
    }
}

thread_local! {
    /// The files that are changed: every JPEG twice, because its decoder is ours.
    static FILES: Vec<String> = {
        let (cases, jpegs) = (cases(), jpeg_cases());
        let all = cases.decoded.into_iter().chain(jpegs.plain).chain(jpegs.upright).map(|c| c.source);
        let twice = |name: String| if name.ends_with("jpg") { vec![name.clone(), name] } else { vec![name] };
        all.flat_map(twice).collect()
    };
}
