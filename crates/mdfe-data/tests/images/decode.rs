//! Every format and colour layout, against Pillow's `convert("RGB")`.

use crate::cases::{cases, difference, expected, file};

#[test]
fn every_format_decodes_to_pillows_bytes() {
    let cases = cases().decoded;
    assert!(cases.len() >= 21, "the fixtures are all there");
    for case in cases {
        let image = mdfe_data::decode(&file(&case.source)).unwrap();
        let wanted = expected(&case.expected);
        assert_eq!(image.dimensions(), wanted.dimensions(), "{}", case.source);
        // Bit for bit: the JPEG decoder follows libjpeg-turbo in integers, the other formats leave no choice.
        assert_eq!(difference(&image, &wanted), 0, "{}", case.source);
    }
}

#[test]
fn exif_orientation_is_not_applied() {
    let image = mdfe_data::decode(&file("exif_turned.jpg")).unwrap();
    assert_eq!(image.dimensions(), (37, 51));
}

#[test]
fn content_and_not_the_name_tells_the_format() {
    let bytes = std::fs::read(file("rgb.png")).unwrap();
    let image = mdfe_data::decode_bytes("a.jpg".as_ref(), &bytes).unwrap();
    assert_eq!(image.dimensions(), (51, 37));
}
