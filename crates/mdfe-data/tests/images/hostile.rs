//! Broken and hostile files: a clear error, no panic, no memory for what is not there.

use crate::cases::file;
use mdfe_data::Error;
use proptest::prelude::*;

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

proptest! {
    #[test]
    fn changed_bytes_never_panic(which in 0_usize..6, changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let name = ["420.jpg", "progressive.jpg", "restart.jpg", "cmyk.jpg", "palette.png", "lossy.webp"][which];
        let mut bytes = std::fs::read(file(name)).unwrap();
        for (index, value) in changes {
            let place = index.index(bytes.len());
            bytes[place] = value;
        }
        // A changed size may ask for a large image, which is slow but allowed.
        let small = imagesize(&bytes).is_none_or(|s| s < 4_000_000);
        if small {
            let _ = mdfe_data::decode_bytes(name.as_ref(), &bytes);
        }
    }
}

fn imagesize(bytes: &[u8]) -> Option<u64> {
    let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
    let (width, height) = reader.into_dimensions().ok()?;
    Some(u64::from(width) * u64::from(height))
}
