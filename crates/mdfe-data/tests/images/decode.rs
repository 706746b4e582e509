//! Every format and colour layout, against Pillow's `convert("RGB")`.

use crate::cases::{Decoded, cases, difference, expected, file, jpeg_cases, plain};
use mdfe_data::{DecodeOptions, Notice, PreprocessRecord, Preprocessor, decode_with};

fn compare(cases: Vec<Decoded>, options: DecodeOptions) {
    for case in cases {
        let bytes = std::fs::read(file(&case.source)).unwrap();
        let image = decode_with(case.source.as_ref(), &bytes, options).unwrap().image;
        let wanted = expected(&case.expected);
        assert_eq!(image.dimensions(), wanted.dimensions(), "{}", case.source);
        // Bit for bit: the JPEG decoder follows libjpeg-turbo in integers, the other formats leave no choice.
        assert_eq!(difference(&image, &wanted), 0, "{}", case.source);
    }
}

#[test]
fn every_format_decodes_to_pillows_bytes() {
    let cases = cases().decoded;
    assert!(cases.len() >= 21, "the fixtures are all there");
    compare(cases, DecodeOptions::default());
}

#[test]
fn every_kind_of_jpeg_decodes_to_pillows_bytes() {
    let cases = jpeg_cases().plain;
    assert!(cases.len() >= 17, "the fixtures are all there");
    compare(cases, DecodeOptions::default());
}

#[test]
fn exif_orientation_is_applied_where_it_is_asked_for() {
    let cases = jpeg_cases().upright;
    assert!(cases.len() >= 12, "the fixtures are all there");
    compare(cases, DecodeOptions { exif_orientation: true, ..DecodeOptions::default() });
}

#[test]
fn exif_orientation_is_not_applied_by_default_but_for_tiff() {
    let dimensions = |name: &str| mdfe_data::decode(&file(name)).unwrap().dimensions();
    assert_eq!(dimensions("exif_turned.jpg"), (37, 51));
    for name in ["turned/6.jpg", "turned/5.png", "turned/8.webp"] {
        assert_eq!(dimensions(name), (7, 5), "{name}");
    }
    // Pillow turns a TIFF file when it loads it.
    let tiff = mdfe_data::decode(&file("turned/7.tif")).unwrap();
    assert_eq!(tiff, expected("turned/7_tif.expected.png"));
}

#[test]
fn orientation_is_a_matter_of_the_record() {
    for (exif_orientation, turned) in [(false, false), (true, true)] {
        let mut worker = Preprocessor::new(PreprocessRecord { exif_orientation, ..plain([7, 5]) });
        let mut out = vec![0.0; worker.output_len()];
        worker.load(&file("turned/6.jpg"), &mut out).unwrap();
        let upright = expected("turned/6_jpg.expected.png");
        assert_eq!(crate::cases::interleave(&out) == *upright.as_raw(), turned);
    }
}

#[test]
fn gray_that_is_cut_off_is_told() {
    let bytes = std::fs::read(file("gray16.png")).unwrap();
    let decoded = decode_with("a.png".as_ref(), &bytes, DecodeOptions::default()).unwrap();
    let white = decoded.image.pixels().filter(|p| p.0 == [255; 3]).count();
    let notice = decoded.notice.unwrap();
    assert_eq!(notice, Notice::GrayCutOff { above: white, pixels: 51 * 37 });
    assert!(notice.to_string().contains("16-bit gray"), "{notice}");

    // Gray of 16 bits that stays below 256 loses nothing.
    let dark = image::ImageBuffer::from_fn(16, 16, |x, y| image::Luma([(x + 16 * y) as u16]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::DynamicImage::ImageLuma16(dark).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let decoded = decode_with("a.png".as_ref(), bytes.get_ref(), DecodeOptions::default()).unwrap();
    assert_eq!((decoded.image[(15, 15)].0, decoded.notice), ([255; 3], None));
}

#[test]
fn content_and_not_the_name_tells_the_format() {
    let bytes = std::fs::read(file("rgb.png")).unwrap();
    let image = mdfe_data::decode_bytes("a.jpg".as_ref(), &bytes).unwrap();
    assert_eq!(image.dimensions(), (51, 37));
}
