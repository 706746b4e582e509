//! Resize, crop, padding and normalisation, against timm's evaluation transform.

use crate::cases::{cases, difference, expected, file, interleave, plain};
use mdfe_data::{Error, PreprocessRecord, Preprocessor};

#[test]
fn every_crop_mode_and_filter_gives_timms_bytes() {
    for case in cases().evaluation {
        let record = PreprocessRecord {
            interpolation: case.interpolation,
            crop_mode: case.crop_mode,
            crop_fraction: case.crop_fraction,
            fill: case.fill,
            ..plain(case.size)
        };
        let mut worker = Preprocessor::new(record);
        let mut out = vec![0.0; worker.output_len()];
        worker.load(&file(&case.source), &mut out).unwrap();
        let wanted = expected(&case.expected);
        assert_eq!(difference(&interleave(&out), &wanted), 0, "{} by {:?}", case.source, case.crop_mode);
    }
}

#[test]
fn values_are_normalised_per_channel_in_f32() {
    let record =
        PreprocessRecord { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], ..plain([2, 2]) };
    let image = image::RgbImage::from_fn(2, 2, |x, y| image::Rgb([10, 200, (x + 2 * y) as u8 * 80]));
    let mut out = [0.0; 12];
    Preprocessor::new(record).apply(&image, &mut out).unwrap();
    let value = |byte: u8, mean: f32, std: f32| (f32::from(byte) / 255.0 - mean) / std;
    assert_eq!(out[..4], [value(10, 0.485, 0.229); 4]);
    assert_eq!(out[4..8], [value(200, 0.456, 0.224); 4]);
    assert_eq!(out[8..], [0, 80, 160, 240].map(|b| value(b, 0.406, 0.225)));
}

#[test]
fn worker_that_is_used_again_gives_the_bytes_of_a_fresh_one() {
    let record = plain([20, 24]);
    let mut worker = Preprocessor::new(record.clone());
    let mut out = vec![0.0; worker.output_len()];
    for name in ["landscape.png", "portrait.png", "tiny_420.jpg", "landscape.png"] {
        worker.load(&file(name), &mut out).unwrap();
        let mut fresh = vec![0.0; out.len()];
        Preprocessor::new(record.clone()).load(&file(name), &mut fresh).unwrap();
        assert_eq!(out, fresh, "{name}");
    }
}

#[test]
fn buffer_of_another_length_and_a_senseless_record_are_errors() {
    let image = image::RgbImage::new(4, 4);
    let fault = Preprocessor::new(plain([2, 2])).apply(&image, &mut [0.0; 11]);
    assert!(matches!(fault, Err(Error::Invalid(_))));
    for record in [plain([0, 2]), PreprocessRecord { crop_fraction: 0.0, ..plain([2, 2]) }] {
        let mut out = vec![0.0; 3 * record.size[0] * record.size[1]];
        assert!(matches!(Preprocessor::new(record).apply(&image, &mut out), Err(Error::Invalid(_))));
    }
}

#[test]
fn strip_that_would_become_gigabytes_is_refused() {
    let image = image::RgbImage::new(1, 30_000);
    let mut out = vec![0.0; 3 * 384 * 384];
    assert!(Preprocessor::new(plain([384, 384])).apply(&image, &mut out).is_err());
}
